"""Read the labels of a file, wherever they stand, and judge them together."""

from __future__ import annotations

from synthmark import media
from synthmark.errors import MediaError
from synthmark.facts import AigcLabel, Finding, LabelLayer
from synthmark.labels import aigc, places, xmp
from synthmark.labels.aigc import Place, Standing
from synthmark.limits import Limits
from synthmark.media import Data, Format, LabelPlace, Metadata

_DEFAULT_LIMITS = Limits()
_NORMAL = Place("XMP TC260:AIGC", Standing.NORMATIVE)
_OF_OTHERS = Place("XMP TC260:AIGC", Standing.FOREIGN)
_STRAY = Place("XMP, outside TC260:AIGC", Standing.FOREIGN)
_EXTENDED = Place("ExtendedXMP", Standing.FOREIGN)


def read(data: Data, format: Format, *, limits: Limits = _DEFAULT_LIMITS) -> LabelLayer:
    """Report the labels in a file's metadata; nothing is decoded, and nothing found is raised.

    Args:
        data: The whole file.
        format: What `media.sniff` says of it.
        limits: What the file and its metadata blocks cannot pass; beyond them is a finding.
    """
    try:
        metadata = media.inspect(data, format, limits=limits).metadata
    except MediaError as error:
        unread = Finding.warning("labels.unread", reason=error.message)
        return LabelLayer(problems=(unread,))
    elsewhere = [each.label for each in places.find(metadata, format)]
    in_packets, source_types, problems = _read_packets(metadata, format)
    if format.label_place is LabelPlace.XMP:
        found = [*in_packets, *elsewhere]
    else:
        found = sorted([*elsewhere, *in_packets], key=lambda each: not each.conforms)
    problems += _judge_several(found) + _judge_source_types(source_types)
    return LabelLayer(
        found[0] if found else None, source_types[0] if source_types else None, tuple(problems)
    )


def _read_packets(
    metadata: Metadata, format: Format
) -> tuple[list[AigcLabel], list[str], list[Finding]]:
    """Return the labels, source types and problems of the XMP packets."""
    normal = _NORMAL if format.label_place is LabelPlace.XMP else _OF_OTHERS
    found: list[AigcLabel] = []
    source_types: list[str] = []
    problems: list[Finding] = []
    for packet, extended in ((metadata.xmp, False), (metadata.extended_xmp, True)):
        if packet is None:
            continue
        try:
            properties = xmp.read(packet)
        except xmp.XmpError as error:
            problems.append(Finding.warning("xmp.unreadable", reason=str(error)))
            continue
        source_types += properties.source_types
        for each in sorted(properties.aigc, key=lambda each: not each.normative):
            place = _EXTENDED if extended else normal if each.normative else _STRAY
            label = aigc.read(each.value, place)
            found += [label] if label else []
    return found, source_types, problems


def _judge_several(found: list[AigcLabel]) -> list[Finding]:
    if len(found) < 2:
        return []
    listed = tuple(label.place for label in found[:5])
    agree = all(label.values == found[0].values for label in found)
    serious = Finding.warning if agree else Finding.error
    return [serious("aigc.several", count=len(found), agree=agree, places=listed)]


def _judge_source_types(source_types: list[str]) -> list[Finding]:
    problems = []
    if len(set(source_types)) > 1:
        problems.append(Finding.warning("iptc.several"))
    if source_types and "/digitalsourcetype/" not in source_types[0]:
        problems.append(Finding.warning("iptc.source-type"))
    return problems
