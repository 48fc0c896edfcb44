"""A file in pieces reads like the same file in one."""

from __future__ import annotations

import io
import os
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark.media.parts.pieces import Pieces, Scratch, Span


def spread(parts: list[bytes]) -> Pieces:
    """Return the parts as bytes, as views and as ranges of a file, in turn."""
    file = cast("BinaryIO", Scratch())
    pieces: list[bytes | memoryview | Span] = []
    for number, part in enumerate(parts):
        match number % 3:
            case 0:
                pieces.append(part)
            case 1:
                pieces.append(memoryview(b"<" + part + b">")[1:-1])
            case _:
                begin = file.write(b"|") and file.tell()
                file.write(part)
                pieces.append(Span(file, begin, len(part)))
    return Pieces(*pieces)


@given(
    st.lists(st.binary(max_size=9), max_size=7),
    st.lists(
        st.tuples(st.integers(-40, 40), st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END]))
    ),
    st.integers(0, 20),
)
def test_it_reads_like_one_file(
    parts: list[bytes], seeks: list[tuple[int, int]], count: int
) -> None:
    pieces, whole = spread(parts), io.BytesIO(b"".join(parts))
    assert bytes(pieces) == whole.getvalue()
    assert len(pieces) == len(whole.getvalue())
    file = pieces.open()
    for offset, whence in seeks:
        base = (0, whole.tell(), len(pieces))[whence]
        if base + offset < 0:
            with pytest.raises(ValueError, match="negative"):
                file.seek(offset, whence)
            continue
        assert file.seek(offset, whence) == whole.seek(base + offset)
        assert file.read(count) == whole.read(count)
        assert file.tell() == whole.tell()
    assert file.read() == whole.read()


def test_readers_do_not_share_their_place() -> None:
    pieces = spread([b"one", b"two", b"three"])
    first, second = pieces.open(), pieces.open()
    assert first.read(5) == b"onetw"
    assert second.read(8) == b"onetwoth"
    assert first.read() == b"othree"
