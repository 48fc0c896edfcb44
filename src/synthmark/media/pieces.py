"""Bytes that lie here and there, read as one file: none is copied to put them together."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


# Bytes up to which a temporary file stays in memory.
_MOST_HELD = 2**23


class Scratch(SpooledTemporaryFile[bytes]):
    """A temporary file, in memory while it is small; gone with the last that refers to it."""

    def __init__(self) -> None:
        """Begin with nothing in it."""
        super().__init__(_MOST_HELD)

    def __del__(self) -> None:
        """Close it, which nobody else is bound to do."""
        self.close()


@dataclass(frozen=True, slots=True)
class Span:
    """A range of an open file, which keeps that file open."""

    file: BinaryIO
    begin: int
    length: int

    def __len__(self) -> int:
        """Return its length in bytes."""
        return self.length

    def read_into(self, target: memoryview, place: int) -> None:
        """Fill `target` with what begins at `place`."""
        self.file.seek(self.begin + place)
        self.file.readinto(target)  # type: ignore[attr-defined]


Piece = bytes | memoryview | Span
"""A memoryview is one of single bytes."""


class Pieces:
    """The pieces of a file, in their order."""

    def __init__(self, *pieces: Piece) -> None:
        """Take the pieces; what they refer to must not change."""
        self._pieces = tuple(piece for piece in pieces if len(piece))

    def __len__(self) -> int:
        """Return the length of the whole, in bytes."""
        return sum(map(len, self._pieces))

    def open(self) -> BinaryIO:
        """Return the whole as a file to read, for which this costs nothing."""
        return cast("BinaryIO", _Reader(self._pieces))

    def tobytes(self) -> bytes:
        """Return the whole, copied together."""
        return self.open().read()


class _Reader(io.RawIOBase):
    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        self._pieces = [each if isinstance(each, Span) else memoryview(each) for each in pieces]
        self._begins = [0, *accumulate(map(len, pieces))]
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._begins[-1]}[whence]
        if base + offset < 0:
            raise ValueError(f"negative place {base + offset}")
        self._place = base + offset
        return self._place

    def readall(self) -> bytes:
        whole = bytearray(max(self._begins[-1] - self._place, 0))
        self.readinto(whole)
        return bytes(whole)

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(target) and self._place < self._begins[-1]:
            number = bisect_right(self._begins, self._place) - 1
            piece, within = self._pieces[number], self._place - self._begins[number]
            count = min(len(target) - filled, len(piece) - within)
            part = target[filled : filled + count]
            if isinstance(piece, Span):
                piece.read_into(part, within)
            else:
                part[:] = piece[within : within + count]
            filled += count
            self._place += count
        return filled
