from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, runner
from tests.pictures import coded, scene


@pytest.fixture
def synthmark(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> Run:
    """Run the command line in `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    return runner(monkeypatch, capsysbinary)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(coded(scene(0)))
    return path


@pytest.fixture
def labelled(synthmark: Run, picture: Path) -> Path:
    """A picture labelled by the command line, alone in `tmp_path`, known to the default store."""
    path = picture.with_name("labelled.png")
    assert synthmark("embed", picture, "-o", path).code == 0
    picture.unlink()
    return path
