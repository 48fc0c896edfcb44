"""Write the labels of an output: one AIGC label, one source type, each at the format's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from synthmark.facts import Finding
from synthmark.labels import places, xmp
from synthmark.labels.aigc import serialise
from synthmark.media import Format, LabelPlace, Metadata
from synthmark.media.parts import inventory
from synthmark.media.pictures import extended_xmp


@dataclass(frozen=True, slots=True)
class Written:
    """Metadata with labels, and which of those that were ordered it holds now.

    Attributes:
        metadata: The metadata.
        aigc: The keys of the AIGC label, None where the format has no place for one.
        source_type: URI of the IPTC digital source type, None where the format has no place for it:
            of sound the manifest's actions alone say it.
    """

    metadata: Metadata
    aigc: Mapping[str, str] | None = None
    source_type: str | None = None


def write(
    metadata: Metadata, format: Format, *, aigc: Mapping[str, str], source_type: str
) -> Written:
    """Return `metadata` with one AIGC label and one digital source type, all else kept.

    An old label is replaced wherever it stands (GB 45438-2025 6.1 c: one label a file). Where the
    format has no place for a label, nothing is written and nothing changes.

    Args:
        metadata: Of the content about to be encoded.
        format: Of its file.
        aigc: The seven keys, as `aigc.compose` returns them.
        source_type: URI of the IPTC digital source type.
    """
    place = format.label_place
    if place is None:
        return Written(metadata)
    cleared, text = places.without_labels(metadata, format), serialise(aigc)
    if place is LabelPlace.XMP:
        return Written(_with_packet(cleared, text, source_type), aigc, source_type)
    return Written(places.put(_without_labelled_xmp(cleared), place, text), aigc)


def _with_packet(metadata: Metadata, text: str, source_type: str) -> Metadata:
    """Put label and source type into the XMP packet, a new one where there is none to be read."""
    notes = list(metadata.notes)
    cleared = _without_extended_label(metadata, notes)
    packet = None
    if cleared.xmp is not None:
        try:
            packet = xmp.update(cleared.xmp, text, source_type)
        except xmp.XmpError as error:
            notes.append(
                Finding.warning("xmp.replaced", reason=str(error), accounts_for=(inventory.XMP,))
            )
    return replace(cleared, xmp=packet or xmp.make(text, source_type), notes=tuple(notes))


def _without_extended_label(metadata: Metadata, notes: list[Finding]) -> Metadata:
    """Drop an ExtendedXMP that holds a label: its parts are hashed and cannot be edited singly."""
    if metadata.extended_xmp is None:
        return metadata
    try:
        properties = xmp.read(metadata.extended_xmp)
    except xmp.XmpError:
        return metadata
    if not properties.aigc and not properties.source_types:
        return metadata
    notes.append(Finding.warning("xmp.extension-dropped", accounts_for=(inventory.XMP,)))
    kept = (each for each in metadata.blocks if not each.data.startswith(extended_xmp.HEADER))
    return replace(metadata, extended_xmp=None, blocks=tuple(kept))


def _without_labelled_xmp(metadata: Metadata) -> Metadata:
    """Drop an XMP packet that holds a label: one is allowed, and this is not the format's place."""
    if metadata.xmp is None:
        return metadata
    try:
        if not xmp.read(metadata.xmp).aigc:
            return metadata
    except xmp.XmpError:
        return metadata
    dropped = Finding.warning("xmp.dropped", accounts_for=(inventory.XMP,))
    return replace(metadata, xmp=None, notes=(*metadata.notes, dropped))
