from __future__ import annotations

from pathlib import Path

import pytest

from synthmark import media
from synthmark.errors import UnreadableError


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"):
        media.load(tmp_path / "nothing.png")


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="directory"):
        media.load(str(tmp_path))


def test_a_path_that_cannot_be() -> None:
    with pytest.raises(UnreadableError):
        media.load("a\0b")


def test_what_is_there_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with (tmp_path / "a").open("rb") as file:
        assert media.load(tmp_path / "a") == media.load(file) == media.load(b"abc") == b"abc"
