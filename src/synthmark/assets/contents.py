"""What a file holds, as far as it must not change: its items and the facts of its signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from synthmark import labels, media
from synthmark.labels import xmp
from synthmark.limits import Limits
from synthmark.media import Data, Format, Item
from synthmark.media.parts import inventory

_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds beside the numbers of its signal.

    Attributes:
        items: What it says, without labels; XMP property by property.
        facts: What its header says of the signal, by name.
        labels: Places of the AIGC labels that were left out.
    """

    items: tuple[Item, ...]
    facts: Mapping[str, object]
    labels: tuple[str, ...]


def look(data: Data, format: Format, *, limits: Limits = _DEFAULT_LIMITS) -> Contents:
    """Read what a file says, and the facts of its signal; decode nothing.

    Raises:
        MediaError: Its header cannot be read, or it is over a limit.
    """
    header = media.inspect(data, format, limits=limits)
    holders = tuple(labels.find(header.metadata, format))
    kept: list[Item] = []
    held: list[str] = []
    for item in media.items(data, format):
        if any(holder.holds(item) for holder in holders):
            held.append(item.place)
        elif item.place == inventory.XMP:
            properties, labelled = _properties(item)
            kept += properties
            held += [item.place] * labelled
        else:
            kept.append(item)
    return Contents(tuple(kept), header.facts(), tuple(held))


def _properties(packet: Item) -> tuple[list[Item], bool]:
    """Return a packet's properties but those that are labels, and whether it holds an AIGC label.

    A packet that is no XMP is an item as it stands.
    """
    try:
        labelled = bool(xmp.read(packet.data).aigc)
        found = xmp.properties(packet.data)
    except xmp.XmpError:
        return [packet], False
    return [Item(f"{packet.place} {name}", value.encode()) for name, value in found], labelled
