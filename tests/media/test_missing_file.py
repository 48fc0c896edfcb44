from __future__ import annotations

from pathlib import Path

import pytest

from synthmark import media
from synthmark.errors import UnreadableError


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"):
        media.Source.of(tmp_path / "nothing.png")


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="directory"):
        media.Source.of(str(tmp_path))


def test_a_path_that_cannot_be() -> None:
    with pytest.raises(UnreadableError):
        media.Source.of("a\0b")
