from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched

VERBS = ["embed", "verify", "inspect"]


@pytest.mark.parametrize("verb", VERBS)
def test_an_empty_file(synthmark: Run, tmp_path: Path, verb: str) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    synthmark(verb, "a.png").refused(3, "a.png: the file is empty")
    untouched(tmp_path, "a.png")


@pytest.mark.parametrize("verb", VERBS)
def test_empty_standard_input(synthmark: Run, tmp_path: Path, verb: str) -> None:
    synthmark(verb, "-").refused(3, "-: the file is empty")
    untouched(tmp_path)
