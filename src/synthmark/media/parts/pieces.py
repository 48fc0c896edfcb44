"""Bytes that lie here and there, read as one file: none is copied to put them together."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


# Bytes up to which a temporary file stays in memory.
_MOST_HELD = 2**23
# Bytes that are copied at once.
_AT_ONCE = 2**20


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

    def __getitem__(self, part: slice) -> Span:
        """Return a part of it, with neither step nor negative places."""
        begin, end, _ = part.indices(self.length)
        return Span(self.file, self.begin + begin, end - begin)

    def read_into(self, target: memoryview, place: int) -> None:
        """Fill `target` with what begins at `place`."""
        self.file.seek(self.begin + place)
        self.file.readinto(target)  # type: ignore[attr-defined]


Piece = bytes | memoryview | Span
"""A memoryview is one of single bytes."""


class Pieces:
    """A file in pieces.

    Attributes:
        pieces: None of them empty, in their order.
    """

    def __init__(self, *pieces: Piece | Pieces) -> None:
        """Take the pieces; what they refer to must not change."""
        flat = (each for piece in pieces for each in _flat(piece))
        self.pieces: tuple[Piece, ...] = tuple(piece for piece in flat if len(piece))

    def __len__(self) -> int:
        """Return the length of the whole, in bytes."""
        return sum(map(len, self.pieces))

    def cut(self, begin: int, end: int | None = None) -> Pieces:
        """Return what lies from `begin` to `end`, in pieces."""
        end = len(self) if end is None else end
        parts, place = [], 0
        for piece in self.pieces:
            parts.append(_part(piece, max(begin - place, 0), max(end - place, 0)))
            place += len(piece)
        return Pieces(*parts)

    def digest(self) -> bytes:
        """Return the SHA-256 of the whole."""
        with self.open() as file:
            return hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]

    def open(self) -> BinaryIO:
        """Return the whole as a file to read, for which this costs nothing."""
        return cast("BinaryIO", _Reader(self.pieces))

    def tobytes(self) -> bytes:
        """Return the whole, copied together."""
        whole = io.BytesIO()
        with self.open() as file:
            shutil.copyfileobj(file, whole, _AT_ONCE)
        return whole.getvalue()


def _flat(piece: Piece | Pieces) -> tuple[Piece, ...]:
    return piece.pieces if isinstance(piece, Pieces) else (piece,)


def _part(piece: Piece, begin: int, end: int) -> Piece:
    return memoryview(piece)[begin:end] if isinstance(piece, bytes) else piece[begin:end]


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
