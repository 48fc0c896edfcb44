from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched
from tests.pictures import coded, scene

VERBS = ["embed", "verify", "inspect"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_missing_file(synthmark: Run, tmp_path: Path, verb: str) -> None:
    synthmark(verb, "nowhere.png").refused(3, "nowhere.png: ", "No such file")
    untouched(tmp_path)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "embed"])
def test_a_folder(synthmark: Run, tmp_path: Path, verb: str) -> None:
    (tmp_path / "folder").mkdir()
    synthmark(verb, "folder").refused(3, "folder: ", "Is a directory")


@pytest.mark.parametrize("verb", VERBS)
def test_damaged_pixels(synthmark: Run, tmp_path: Path, verb: str) -> None:
    data = bytearray(coded(scene(1, 256, 256)))
    data[5_000:9_000] = bytes(4_000)
    (tmp_path / "a.png").write_bytes(data)
    synthmark(verb, "a.png").refused(3, "a.png: ", "damaged")
    untouched(tmp_path, "a.png")
