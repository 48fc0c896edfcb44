"""Bytes that lie here and there, read as one file: none is copied to put them together."""

from __future__ import annotations

import hashlib
import io
import os
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, Protocol, overload

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


# Bytes up to which a temporary file stays in memory.
_MOST_HELD = 2**23
# Bytes that are copied at once, and that a reader reads ahead.
_AT_ONCE, _BUFFERED = 2**20, 2**16


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

    def read_into(self, target: memoryview, place: int) -> int:
        """Fill `target` with what begins at `place`; return how many bytes there were."""
        self.file.seek(self.begin + place)
        return int(self.file.readinto(target))  # type: ignore[attr-defined]


class Writable(Protocol):
    """What bytes can be written to."""

    def write(self, data: bytes, /) -> object:
        """Write some more."""


Piece = bytes | memoryview | Span
"""A memoryview is one of single bytes."""


class Pieces:
    """A file in pieces, to be read like bytes, part by part; what is not asked for is not held.

    Attributes:
        pieces: None of them empty, in their order.
    """

    def __init__(self, *pieces: Piece | Pieces) -> None:
        """Take the pieces; what they refer to must not change."""
        flat = (each for piece in pieces for each in _flat(piece))
        self.pieces: tuple[Piece, ...] = tuple(piece for piece in flat if len(piece))
        self._length = sum(map(len, self.pieces))

    def __len__(self) -> int:
        """Return the length of the whole, in bytes."""
        return self._length

    def __bytes__(self) -> bytes:
        """Return the whole, copied together unless it is one piece of bytes."""
        if len(self.pieces) == 1 and isinstance(self.pieces[0], bytes):
            return self.pieces[0]
        whole = io.BytesIO()
        self.copy_to(whole)
        return whole.getvalue()

    @overload
    def __getitem__(self, part: int) -> int: ...
    @overload
    def __getitem__(self, part: slice) -> bytes: ...
    def __getitem__(self, part: int | slice) -> int | bytes:
        """Return one byte, or a copy of a part without steps, as of bytes."""
        if isinstance(part, int):
            return self[part : part + 1 or None][0]
        begin, end, _ = part.indices(self._length)
        file = _Reader(self.pieces)
        file.seek(begin)
        return file.read(max(end - begin, 0)) or b""

    def startswith(self, prefix: bytes | tuple[bytes, ...], start: int = 0) -> bool:
        """Tell whether `prefix`, or one of several, stands at `start`, as of bytes."""
        longest = len(prefix) if isinstance(prefix, bytes) else max(map(len, prefix))
        return self[start : start + longest].startswith(prefix)

    def find(self, part: bytes, start: int = 0, end: int | None = None) -> int:
        """Return where `part` lies first between two places, -1 where it does not, as of bytes."""
        end = self._length if end is None else min(end, self._length)
        for place in range(start, end, _AT_ONCE):
            stop = min(end, place + _AT_ONCE + len(part) - 1)
            if (found := self[place:stop].find(part)) >= 0:
                return place + found
        return -1

    def cut(self, begin: int, end: int | None = None) -> Pieces:
        """Return what lies from `begin` to `end`, in pieces."""
        end = len(self) if end is None else end
        parts, place = [], 0
        for piece in self.pieces:
            parts.append(_part(piece, max(begin - place, 0), max(end - place, 0)))
            place += len(piece)
        return Pieces(*parts)

    def digest(self, algorithm: str = "sha256") -> bytes:
        """Return the digest of the whole."""
        with self.open() as file:
            return hashlib.file_digest(file, algorithm).digest()  # type: ignore[arg-type]

    def open(self) -> BinaryIO:
        """Return the whole as a file to read, for which this costs nothing."""
        return io.BufferedReader(_Reader(self.pieces), _BUFFERED)

    def copy_to(self, target: Writable) -> None:
        """Write the whole to an open file."""
        with self.open() as file:
            while part := file.read(_AT_ONCE):
                target.write(part)


Data = bytes | Pieces
"""A file to read: all its bytes, or pieces of which only what is asked for is read."""


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
                # A file that somebody else cuts short meanwhile ends there.
                count, asked = piece.read_into(part, within), count
            else:
                part[:], asked = piece[within : within + count], count
            filled += count
            self._place += count
            if count < asked:
                break
        return filled
