"""A file as it comes in: bytes, a path or an open file, checked against the limits."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import BinaryIO, cast

from synthmark.errors import MediaError, UnreadableError
from synthmark.facts import Medium
from synthmark.limits import Limits
from synthmark.media.format import Format
from synthmark.media.formats import sniff
from synthmark.media.parts.pieces import Data, Pieces, Scratch, Span

Input = bytes | str | os.PathLike[str] | BinaryIO
"""A file's bytes, its path, or a binary file open for reading."""

_DEFAULT_LIMITS = Limits()
# Bytes that tell what a file is, and that are read at once.
_HEAD, _READ = 2**16, 2**20
# Files that lie on a disk: these are read where they lie, from where they have been read to.
_ON_DISK = (io.FileIO, io.BufferedReader, io.BufferedRandom)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to look at or to label, of a format that is known.

    Attributes:
        data: Its bytes; of a file on a disk only those are read that are asked for.
        format: Its format.
    """

    data: Data
    format: Format

    @classmethod
    def of(cls, file: Input | Data | Source, *, limits: Limits = _DEFAULT_LIMITS) -> Source:
        """Take a file; of one that is over the limit, hardly any is read.

        What cannot be read here and there, such as a pipe, is copied to a temporary file.

        Raises:
            UnreadableError: It is empty, missing or cannot be read.
            UnsupportedError: It is of no format that is known.
            LimitError: It is larger than ``limits.sound_bytes``, or ``limits.file_bytes`` unless it
                begins like a sound.
        """
        if isinstance(file, Source):
            return file
        try:
            data = _taken(file, limits)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadableError(f"cannot be read: {reason}", code="media.unreadable") from None
        limits.check_file(len(data), sound=_begins_like_sound(data[:_HEAD]))
        return cls(data, sniff(data))


class _File(io.FileIO):
    """A file on a disk; closed with the last that refers to it."""

    def __del__(self) -> None:
        self.close()


def _taken(file: Input | Pieces, limits: Limits) -> Data:
    if isinstance(file, bytes | Pieces):
        return file
    opened = _File(file) if isinstance(file, str | os.PathLike) else file
    if isinstance(opened, _ON_DISK) and opened.seekable():
        here = opened.tell()
        length = opened.seek(0, os.SEEK_END) - here
        # A device, and what a system makes up as it is read, have no length.
        if length > 0:
            return Pieces(Span(cast("BinaryIO", opened), here, length))
        opened.seek(here)
    return _copied(opened, limits)


def _copied(file: BinaryIO, limits: Limits) -> Data:
    """Copy what is left of a file, once its size, as far as it can be told, is allowed."""
    head = file.read(_HEAD)
    sound = _begins_like_sound(head)
    left = _left(file)
    if left is not None:
        limits.check_file(len(head) + left, sound=sound)
    # It may grow, and a pipe or a device tells no size.
    most = limits.sound_bytes if sound else limits.file_bytes
    copy, count = cast("BinaryIO", Scratch()), len(head)
    copy.write(head)
    while count <= most and (part := file.read(min(_READ, most + 1 - count))):
        count += copy.write(part)
    limits.check_file(count, sound=sound, whole=False)
    return Pieces(Span(copy, 0, count))


def _left(file: BinaryIO) -> int | None:
    """Return how many bytes there are behind the place reached, None where that is not known."""
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, ValueError):
        return None
    return end - here


def _begins_like_sound(head: bytes) -> bool:
    try:
        return sniff(head).medium is Medium.SOUND
    except MediaError:
        return False
