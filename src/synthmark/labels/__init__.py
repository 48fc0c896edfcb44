"""Labels in metadata: the AIGC element of GB 45438-2025 and the IPTC digital source type.

    layer = labels.read(data, media.sniff(data))                 # -> LabelLayer
    metadata = labels.write(picture.metadata, aigc=labels.aigc.compose(provider, content_id),
                            source_type=SourceType.GENERATED.value)

Reading accepts every form and place that was seen; writing knows one: in pictures the XMP packet,
in sound what the guide for it says (`write_sound`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from synthmark import media
from synthmark.errors import MediaError
from synthmark.facts import AigcLabel, Finding, LabelLayer, Medium
from synthmark.labels import aigc, sounds, tags, xmp
from synthmark.labels.aigc import Place, Standing, serialise
from synthmark.labels.holders import holders
from synthmark.labels.sounds import write as write_sound
from synthmark.limits import Limits
from synthmark.media import Format, Metadata
from synthmark.media.parts import inventory
from synthmark.media.pictures import jpeg

__all__ = ["aigc", "holders", "read", "sounds", "tags", "write", "write_sound", "xmp"]

_DEFAULT_LIMITS = Limits()
_NORMAL = Place("XMP TC260:AIGC", Standing.NORMATIVE)
_STRAY = Place("XMP, outside TC260:AIGC", Standing.FOREIGN)
_IN_SOUND = Place("XMP TC260:AIGC", Standing.FOREIGN)
_EXTENDED = Place("ExtendedXMP", Standing.FOREIGN)


def read(data: bytes, format: Format, *, limits: Limits = _DEFAULT_LIMITS) -> LabelLayer:
    """Report the labels in a file's metadata; nothing is decoded, and nothing found is raised.

    Args:
        data: The whole file.
        format: What `media.sniff` says of it.
        limits: What the file and its metadata blocks cannot pass; beyond them is a finding.
    """
    sound = format.medium is Medium.SOUND
    try:
        inspected = (media.inspect_sound if sound else media.inspect)(data, format, limits=limits)
    except MediaError as error:
        unread = f"the metadata was not read: {error.message}"
        return LabelLayer(problems=(Finding.warning("labels.unread", unread),))
    metadata = inspected.metadata
    found: list[AigcLabel] = []
    source_types: list[str] = []
    problems: list[Finding] = []
    for packet, extended in ((metadata.xmp, False), (metadata.extended_xmp, True)):
        if packet is None:
            continue
        try:
            properties = xmp.read(packet)
        except xmp.XmpError as error:
            problems.append(Finding.warning("xmp.unreadable", str(error)))
            continue
        source_types += properties.source_types
        for each in sorted(properties.aigc, key=lambda each: not each.normative):
            place = _EXTENDED if extended else _NORMAL if each.normative else _STRAY
            if sound and place is _NORMAL:
                place = _IN_SOUND
            label = aigc.read(each.value, place)
            found += [label] if label else []
    if sound:
        placed = [label for label, _ in sounds.find(metadata, format)]
        found = sorted([*placed, *found], key=lambda each: not each.conforms)
    else:
        found += [each.label for each in tags.find(metadata)]
    problems += _judge_several(found) + _judge_source_types(source_types)
    return LabelLayer(
        found[0] if found else None, source_types[0] if source_types else None, tuple(problems)
    )


def write(metadata: Metadata, *, aigc: Mapping[str, str], source_type: str) -> Metadata:
    """Return `metadata` with one AIGC label and one digital source type, all else kept.

    An old label is replaced wherever it stands (GB 45438-2025 6.1 c: one label a file).

    Args:
        metadata: Of the picture about to be encoded.
        aigc: The seven keys, as `aigc.compose` returns them.
        source_type: URI of the IPTC digital source type.
    """
    text = serialise(aigc)
    notes = list(metadata.notes)
    cleared = _without_extended_label(tags.without_labels(metadata), notes)
    packet = None
    if cleared.xmp is not None:
        try:
            packet = xmp.update(cleared.xmp, text, source_type)
        except xmp.XmpError as error:
            replaced = f"{error}; a new packet takes its place"
            notes.append(Finding.warning("xmp.replaced", replaced, accounts_for=(inventory.XMP,)))
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
    notes.append(
        Finding.warning(
            "xmp.extension-dropped",
            "the ExtendedXMP held a label and was dropped",
            accounts_for=(inventory.XMP,),
        )
    )
    kept = (each for each in metadata.blocks if not each.data.startswith(jpeg.EXTENSION_HEADER))
    return replace(metadata, extended_xmp=None, blocks=tuple(kept))


def _judge_several(found: list[AigcLabel]) -> list[Finding]:
    if len(found) < 2:
        return []
    places = ", ".join(label.place for label in found[:5])
    same = all(label.values == found[0].values for label in found)
    serious, agree = (Finding.warning, "agree") if same else (Finding.error, "differ")
    message = f"{len(found)} AIGC labels where one is allowed, and they {agree}: {places}"
    return [serious("aigc.several", message)]


def _judge_source_types(source_types: list[str]) -> list[Finding]:
    problems = []
    if len(set(source_types)) > 1:
        problems.append(
            Finding.warning("iptc.several", "more than one DigitalSourceType, and they differ")
        )
    if source_types and "/digitalsourcetype/" not in source_types[0]:
        problems.append(
            Finding.warning("iptc.source-type", "DigitalSourceType is no URI of IPTC or C2PA")
        )
    return problems
