"""What a file says beside its signal, item by item, exactly as it stands there.

Each format's file has `items`, which walks all of the file, whatever `parse` chooses to keep: so
that two files can be compared, and what was forgotten on the way from one to the other is seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from synthmark.media.parts import directory

XMP = "XMP"
"""Place of a whole XMP packet."""

_PREFIX = b"Exif\0\0"
_FIRST, _THUMBNAIL = "EXIF", "EXIF thumbnail"
# Directories of a block that are read: the picture's, its thumbnail's.
_NAMES = (_FIRST, _THUMBNAIL)
_THUMBNAIL_START, _THUMBNAIL_LENGTH = 0x0201, 0x0202
# Where a value lies is structure.
_POINTERS = frozenset({_THUMBNAIL_START})


@dataclass(frozen=True, slots=True)
class Item:
    """One item of what a file says beside its signal.

    Attributes:
        place: Where it stands, from the outside in: ``tEXt``, ``ID3 TPE1``, ``EXIF 0x010f``,
            ``moov.udta.cprt``. A finding accounts for a difference by the beginning of its place.
        data: Its bytes as they stand there.
    """

    place: str
    data: bytes


def exif(block: bytes) -> list[Item]:
    """Return the fields of an EXIF block, entry by entry, through all its directories.

    Args:
        block: A TIFF structure, perhaps with ``Exif`` and two NULs before it.
    """
    block = block.removeprefix(_PREFIX)
    order = directory.byte_order(block)
    if order is None or len(block) < 8:
        return [Item(_FIRST, block)]
    found: list[Item] = []
    offset = int.from_bytes(block[4:8], "little" if order == "<" else "big")
    for name in _NAMES:
        told, following = directory.read(block, order, offset, most=len(block))
        found += fields(name, told.values())
        if name == _THUMBNAIL and {_THUMBNAIL_START, _THUMBNAIL_LENGTH} <= told.keys():
            (start,), (length,) = (
                told[tag].numbers(order)[:1] or (0,)
                for tag in (_THUMBNAIL_START, _THUMBNAIL_LENGTH)
            )
            found.append(Item(_THUMBNAIL, block[start : start + length]))
        offset = following
        if not offset:
            break
    return found


def fields(name: str, told: Iterable[directory.Field]) -> list[Item]:
    """Return fields as items, those of the directories they point to among them.

    Args:
        name: The place of each begins with it.
        told: The fields.
    """
    found = []
    for field in told:
        place = f"{name} 0x{field.tag:04x}"
        if field.inner:
            found += fields(place, field.inner)
        elif field.tag not in _POINTERS:
            found.append(Item(place, field.value))
    return found
