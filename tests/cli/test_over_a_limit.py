from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched
from tests.media.samples import raw_png


@pytest.mark.parametrize("verb", ["embed", "verify", "inspect"])
def test_a_decompression_bomb(synthmark: Run, tmp_path: Path, verb: str) -> None:
    (tmp_path / "bomb.png").write_bytes(raw_png(60_000, 60_000, 8, 2, b""))
    synthmark(verb, "bomb.png").refused(3, "bomb.png: ", "60000x60000", "the limit is")
    untouched(tmp_path, "bomb.png")


@pytest.mark.parametrize("verb", ["embed", "verify", "inspect"])
def test_a_file_that_is_too_large(synthmark: Run, tmp_path: Path, verb: str) -> None:
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(200 * 2**20)
    synthmark(verb, "large.png").refused(
        3, "large.png: ", "has 209715200 bytes, the limit is 134217728"
    )
    untouched(tmp_path, "large.png")
