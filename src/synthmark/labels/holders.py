"""What of a file holds an AIGC label outside XMP, so that it can be told from all else there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from synthmark.facts import Medium
from synthmark.labels import sounds, tags
from synthmark.media import Block, Format, Item, Metadata

# Shorter content is part of many others.
_LEAST = 8


@dataclass(frozen=True, slots=True)
class Holder:
    """One block of a file's metadata, or one field of its EXIF, that holds a label."""

    holder: Block | int

    def holds(self, item: Item) -> bool:
        """Tell whether an item of the file is this one, with or without what frames it."""
        if isinstance(self.holder, int):
            first, *_, last = (*item.place.split(" "), "")[:3]
            return first == "EXIF" and last == f"0x{self.holder:04x}"
        content = self.holder.data
        return len(item.data) >= _LEAST and (item.data in content or content in item.data)


def holders(metadata: Metadata, format: Format) -> Iterator[Holder]:
    """Yield what holds a label among a file's metadata, but for its XMP."""
    if format.medium is Medium.SOUND:
        for _, block in sounds.find(metadata, format):
            yield Holder(block)
    else:
        for found in tags.find(metadata):
            yield Holder(found.holder)
