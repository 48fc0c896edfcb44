"""Vorbis comments (Vorbis I, section 5): the texts of FLAC, Ogg Vorbis and Ogg Opus."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from synthmark.facts import Finding
from synthmark.media.header import Block, counted
from synthmark.media.parts.inventory import Item

COMMENT = "comment"
"""Kind of a block that holds one comment, ``NAME=text``."""

VENDOR = "comment vendor"
"""Place of the name of who coded the sound, which changes with the coder."""

RECODED = Finding.info("media.vendor", accounts_for=(VENDOR,))


@dataclass(frozen=True, slots=True)
class Comments:
    """What a comment header holds.

    Attributes:
        vendor: Who coded the sound.
        blocks: The comments, each a block of kind `COMMENT`.
        rest: What follows the last whole one.
    """

    vendor: bytes
    blocks: tuple[Block, ...]
    rest: bytes


def parse(data: bytes) -> Comments:
    """Read vendor and comments, up to the first damage.

    Raises:
        LimitError: There are more comments than any writer makes.
    """
    vendor, place = _field(data, 0)
    count = int.from_bytes(data[place : place + 4], "little")
    place = min(place + 4, len(data))
    blocks: list[Block] = []
    for _ in counted(range(count)):
        text, end = _field(data, place)
        if end == place:
            break
        blocks.append(Block(COMMENT, text))
        place = end
    return Comments(vendor, tuple(blocks), data[place:])


def build(vendor: bytes, blocks: Iterable[Block]) -> bytes:
    """Return the comments among `blocks`, under the name of who coded the sound."""
    comments = [each.data for each in blocks if each.kind == COMMENT]
    parts = [struct.pack("<I", len(vendor)), vendor, struct.pack("<I", len(comments))]
    for each in comments:
        parts += [struct.pack("<I", len(each)), each]
    return b"".join(parts)


def items(comments: Comments) -> Iterator[Item]:
    """Yield the vendor, and the comments by their names."""
    yield Item(VENDOR, comments.vendor)
    for each in comments.blocks:
        yield Item(f"comment {split(each)[0]}", each.data)


def split(comment: Block) -> tuple[str, bytes]:
    """Return the name, in capitals, and the text."""
    name, _, text = comment.data.partition(b"=")
    return name.decode("ascii", "replace").upper(), text


def _field(data: bytes, place: int) -> tuple[bytes, int]:
    """Return the bytes of a field and where it ends; where it is not whole, where it begins."""
    start = place + 4
    end = start + int.from_bytes(data[place:start], "little")
    return (data[start:end], end) if start <= len(data) and end <= len(data) else (b"", place)
