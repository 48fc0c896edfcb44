"""What a file holds, as far as it must not change: its items and the facts of its signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from synthmark import labels, media
from synthmark.facts import Medium
from synthmark.labels import xmp
from synthmark.limits import Limits
from synthmark.media import Container, Data, Format, Item, Track
from synthmark.media.formats import WAV
from synthmark.media.parts import inventory

_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds beside the numbers of its signal.

    Attributes:
        items: What it says, without labels; XMP property by property.
        facts: What its header says of the signal, by name.
        labels: Places of the AIGC labels that were left out.
        lossless: Whether its samples come back as they were written.
    """

    items: tuple[Item, ...]
    facts: Mapping[str, object]
    labels: tuple[str, ...]
    lossless: bool


def look(data: Data, format: Format, *, limits: Limits = _DEFAULT_LIMITS) -> Contents:
    """Read what a file says, and the facts of its signal; decode nothing.

    Raises:
        MediaError: Its header cannot be read, or it is over a limit.
    """
    if format.medium is Medium.SOUND:
        track = media.inspect_sound(data, format, limits=limits)
        metadata, facts, lossless = track.metadata, _of_sound(track), track.lossless
    else:
        container = media.inspect(data, format, limits=limits)
        metadata, facts, lossless = container.metadata, _of_picture(container), False
    holders = tuple(labels.find(metadata, format))
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
    return Contents(tuple(kept), facts, tuple(held), lossless)


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


def _of_picture(container: Container) -> dict[str, object]:
    return {
        "size": (container.width, container.height),
        # What an animation's frames are stored as is its coder's choice; what is shown counts.
        "mode": "" if container.durations else container.mode,
        "depth": container.bit_depth,
        "profile": container.icc,
        "colours": container.colours,
        "frames": len(container.durations),
        "durations": container.durations,
        "loop": container.loop,
        "default image": container.default_image,
        "lossless": container.lossless,
        "progressive": container.progressive,
        "stores RGB": container.rgb,
        "sampling": container.sampling,
        "tables": container.tables,
        "byte order": container.byte_order,
    }


def _of_sound(track: Track) -> dict[str, object]:
    return {
        "codec": track.codec,
        "rate": track.sample_rate,
        "channels": track.channels,
        "depth": track.depth,
        "form": track.form if track.format is WAV else b"",
        "samples": track.frames,
        "bit rate": track.bit_rate,
        "variable": track.variable,
    }
