from __future__ import annotations

import io
from pathlib import Path

import pytest

from synthmark import media
from synthmark.errors import UnreadableError


@pytest.mark.parametrize(
    "function", [media.sniff, media.Picture.decode, media.inspect, media.Source.of]
)
def test_no_bytes(function: object) -> None:
    assert callable(function)
    with pytest.raises(UnreadableError, match="empty") as caught:
        function(b"")
    assert caught.value.code == "media.empty"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    with pytest.raises(UnreadableError, match="empty"):
        media.Source.of(tmp_path / "empty.png")
    with pytest.raises(UnreadableError, match="empty"):
        media.Source.of(io.BytesIO())
