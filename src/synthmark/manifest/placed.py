"""Where we put a manifest ourselves: into the ID3 tag of MP3 and FLAC, into a chunk of WAV."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from synthmark.facts import Finding
from synthmark.manifest import tagged
from synthmark.media import Format, Pieces
from synthmark.media.formats import WAV
from synthmark.media.parts import id3

STUBS: dict[Format, bytes] = {**tagged.STUBS, WAV: b"RIFF\4\0\0\0WAVE"}
"""The least that the engine takes for a file of each format."""


# Numbers as long as those of a place in the first frame of a tag, 24 to 255, and of the bytes of
# most manifests, 256 to 65,535.
_IN_TAG, _LENGTH = 65, 2**15
_ID3_HEAD = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where a manifest lies in a file.

    Attributes:
        before: What stands before it.
        head: What stands right before it, and is left out of the hash with it.
        behind: What stands behind it.
        notes: What was moved for it.
    """

    before: Pieces
    head: bytes
    behind: Pieces
    notes: tuple[Finding, ...] = ()


def least_place(encoded: Pieces, format: Format) -> tuple[int, int]:
    """Return numbers as long as those of the place and the length that the hash leaves out."""
    return (len(encoded), _LENGTH) if format is WAV else (_IN_TAG, _LENGTH)


def around(encoded: Pieces, format: Format, size: int) -> Place:
    """Return the place for a manifest.

    Args:
        encoded: The file, perhaps with a tag.
        format: Its format.
        size: Bytes of the manifest.
    """
    if format is WAV:
        # The last chunk (C2PA specification 2.2, A.3.8); the engine leaves its head out as well.
        pad = b"\0" * (size & 1)
        whole = len(encoded) + 8 + size + len(pad)
        head = b"RIFF" + struct.pack("<I", whole - 8) + b"WAVE"
        before = Pieces(head, encoded.cut(len(head)))
        return Place(before, b"C2PA" + struct.pack("<I", size), Pieces(pad))
    end = id3.length(encoded[:_ID3_HEAD])
    before_it, behind, notes = tagged.around(encoded[:end], format, size)
    return Place(Pieces(before_it), b"", Pieces(behind, encoded.cut(end)), notes)
