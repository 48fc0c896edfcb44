from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched
from tests.pictures import coded, scene

CUT = {
    "a.png": coded(scene(1))[:40_000],
    "a.jpg": coded(scene(1), "JPEG")[:9_000],
    "a.webp": coded(scene(1), "WEBP")[:9_000],
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("verb", ["embed", "verify", "inspect"])
def test_it_is_one_line(synthmark: Run, tmp_path: Path, verb: str, name: str) -> None:
    (tmp_path / name).write_bytes(CUT[name])
    synthmark(verb, name).refused(3, f"{name}: ", "truncated")
    untouched(tmp_path, name)
