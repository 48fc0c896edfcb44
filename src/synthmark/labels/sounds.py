"""AIGC labels in sound files, where TC260-PG-202510A puts them.

    WAV      a RIFF chunk ``AIGC``
    MP3      an ID3v2 user text frame (TXXX) with the description AIGC
    FLAC     a Vorbis comment ``AIGC=``; so in Ogg Vorbis and Ogg Opus
    M4A      ``moov.udta.meta``, key AIGC

The value is the JSON of seven keys. The IPTC source type has no place of its own in sound; the
manifest's actions hold it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from synthmark.facts import AigcLabel, Finding
from synthmark.labels import aigc, xmp
from synthmark.labels.aigc import Place, Standing, serialise
from synthmark.media import Block, Format, LabelPlace, Metadata
from synthmark.media.parts import id3, inventory, vorbis
from synthmark.media.sounds import m4a, mp3

_NAME = "AIGC"
_CHUNK = Place("WAV chunk AIGC", Standing.NORMATIVE)
_FRAME = Place("ID3 TXXX AIGC", Standing.NORMATIVE)
_KEYED = Place("M4A moov.udta.meta AIGC", Standing.NORMATIVE)
_LOOSE = Place("M4A moov.meta AIGC", Standing.FOREIGN)
_COMMENT = Place("Vorbis comment AIGC", Standing.NORMATIVE)
_TRACES = (b"AIGC", b"ContentProducer", "ContentProducer".encode("utf-16-le"))
_NORMATIVE = {
    LabelPlace.RIFF_CHUNK: _CHUNK,
    LabelPlace.ID3_TEXT: _FRAME,
    LabelPlace.VORBIS_COMMENT: _COMMENT,
    LabelPlace.M4A_KEY: _KEYED,
}
# Text longer than this is no label; it is not searched.
_LONGEST = 256 * 2**10


def find(metadata: Metadata, format: Format) -> Iterator[tuple[AigcLabel, Block]]:
    """Yield the labels among the blocks of a sound file, and what holds each.

    One in a place that the guide means for another format is foreign.
    """
    for block in metadata.blocks:
        if len(block.data) > _LONGEST:
            continue
        place, content = _content(block)
        if place is not None and (
            format.label_place is None or place != _NORMATIVE.get(format.label_place)
        ):
            place = Place(place.name, Standing.FOREIGN)
        if place is None:
            if not any(trace in content for trace in _TRACES):
                continue
            name = "".join(c if c.isprintable() else "?" for c in block.kind)
            place = Place(f"{name} of the file's tags", Standing.FOREIGN, named=False)
        label = aigc.read(content, place)
        if label is not None:
            yield label, block


def write(metadata: Metadata, format: Format, values: Mapping[str, str]) -> Metadata:
    """Return `metadata` with one AIGC label at the format's place, all else kept.

    Args:
        metadata: Of the sound about to be encoded.
        format: Of its file.
        values: The seven keys, as `aigc.compose` returns them.
    """
    holders = [block for _, block in find(metadata, format)]
    kept = tuple(block for block in metadata.blocks if block not in holders)
    cleared = _without_labelled_xmp(replace(metadata, blocks=kept))
    text = serialise(values)
    if format.label_place is LabelPlace.RIFF_CHUNK:
        return replace(cleared, blocks=(*kept, Block(_NAME, text.encode())))
    if format.label_place is LabelPlace.ID3_TEXT:
        frame = id3.user_text(mp3.version(cleared), _NAME, text)
        return mp3.with_frame(cleared, frame)
    if format.label_place is LabelPlace.M4A_KEY:
        return replace(cleared, blocks=(*kept, m4a.keyed(_NAME, text)))
    comment = Block(vorbis.COMMENT, f"{_NAME}={text}".encode())
    return replace(cleared, blocks=(*kept, comment))


def _content(block: Block) -> tuple[Place | None, bytes | str]:
    """Return the place that a block is, if it is one for labels, and what stands there."""
    if block.kind == vorbis.COMMENT:
        name, content = vorbis.split(block)
        return (_COMMENT if name == _NAME else None), content
    if block.kind in (m4a.KEY, m4a.LOOSE_KEY):
        name, content = m4a.split(block)
        named = _KEYED if block.kind == m4a.KEY else _LOOSE
        return (named if name.upper() == _NAME else None), content
    user_text = id3.read_user_text(block)
    if user_text is not None:
        description, text = user_text
        if description.upper() == _NAME:
            return _FRAME, text
        return None, text.encode()
    return (_CHUNK if block.kind == _NAME else None), block.data


def _without_labelled_xmp(metadata: Metadata) -> Metadata:
    """Drop an XMP packet that holds a label: one label is allowed, and XMP is not its place."""
    if metadata.xmp is None:
        return metadata
    try:
        if not xmp.read(metadata.xmp).aigc:
            return metadata
    except xmp.XmpError:
        return metadata
    dropped = Finding.warning(
        "xmp.dropped",
        "the XMP held an AIGC label, and was dropped with it",
        accounts_for=(inventory.XMP,),
    )
    return replace(metadata, xmp=None, notes=(*metadata.notes, dropped))
