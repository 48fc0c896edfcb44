"""Where AIGC labels stand in files: found in every place that was seen, written to one.

The practice guides name the place that a format's record gives (`media.LabelPlace`), and for
pictures two alternatives, a PNG text with the keyword AIGC and EXIF ``UserComment``
(TC260-PG-20259A, Annex B; of sound, TC260-PG-202510A). Any other place, one that is meant for
another format among them, is foreign: labels of real services were seen in such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from synthmark.errors import LimitError
from synthmark.facts import AigcLabel, Medium
from synthmark.labels import aigc, xmp
from synthmark.labels.aigc import Place, Standing
from synthmark.media import Block, Format, Item, LabelPlace, Metadata
from synthmark.media.parts import exif, id3, vorbis
from synthmark.media.pictures import extended_xmp, gif, png
from synthmark.media.sounds import m4a, mp3

_NAME = "AIGC"
_LOOSE_KEY = "M4A moov.meta AIGC"
_TEXTS = ("tEXt", "zTXt", "iTXt")
_EXIF_FIELDS = {
    exif.USER_COMMENT: Place("EXIF UserComment", Standing.ALTERNATIVE, named=False),
    exif.IMAGE_DESCRIPTION: Place("EXIF ImageDescription", Standing.FOREIGN, named=False),
}
_TRACES = (b"AIGC", b"ContentProducer")
# Bytes; what is longer is no label, and is not searched.
_LONGEST = 256 * 2**10
# Bytes; shorter content is part of much else.
_LEAST_HELD = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A label outside the XMP packet, and what holds it.

    Attributes:
        label: The label as it was read.
        holder: The block, or the number of the EXIF field.
    """

    label: AigcLabel
    holder: Block | int

    def holds(self, item: Item) -> bool:
        """Tell whether an item of the file is the holder, with or without what frames it."""
        if isinstance(self.holder, int):
            first, *_, last = (*item.place.split(" "), "")[:3]
            return first == "EXIF" and last == f"0x{self.holder:04x}"
        content = self.holder.data
        return len(item.data) >= _LEAST_HELD and (item.data in content or content in item.data)


def find(metadata: Metadata, format: Format) -> Iterator[Found]:
    """Yield the labels outside the XMP packet: in EXIF, then in the blocks in the file's order."""
    for holder, place, content in _searched(metadata, format):
        label = aigc.read(content, place)
        if label is not None:
            yield Found(label, holder)


def without_labels(metadata: Metadata, format: Format) -> Metadata:
    """Return `metadata` without the labels that `find` finds; all else stays as it was."""
    holders = {each.holder for each in find(metadata, format)}
    block = metadata.exif
    for holder in holders:
        if isinstance(holder, int) and block is not None:
            block = exif.without(block, holder)
    kept = tuple(each for each in metadata.blocks if each not in holders)
    return replace(metadata, exif=block, blocks=kept)


def put(metadata: Metadata, place: LabelPlace, text: str) -> Metadata:
    """Return `metadata` with a label at `place`, which is none in XMP; all else stays as it was.

    Args:
        metadata: Without labels.
        place: Of its format.
        text: From `aigc.serialise`.
    """
    if place is LabelPlace.ID3_TEXT:
        return mp3.with_frame(metadata, id3.user_text(mp3.version(metadata), _NAME, text))
    if place is LabelPlace.RIFF_CHUNK:
        block = Block(_NAME, text.encode())
    elif place is LabelPlace.M4A_KEY:
        block = m4a.keyed(_NAME, text)
    else:
        block = Block(vorbis.COMMENT, f"{_NAME}={text}".encode())
    return replace(metadata, blocks=(*metadata.blocks, block))


def _searched(
    metadata: Metadata, format: Format
) -> Iterator[tuple[Block | int, Place, bytes | str]]:
    """Yield where a label may stand: what would hold it, what that place is, what stands there."""
    for tag, place in _EXIF_FIELDS.items():
        value = exif.value(metadata.exif or b"", tag)
        if value is not None and len(value) <= _LONGEST:
            yield tag, place, _comment(value) if tag == exif.USER_COMMENT else value
    for block in metadata.blocks:
        if len(block.data) <= _LONGEST:
            in_block = _in_text if block.kind in _TEXTS else _in_tag
            for place, content in in_block(block, format):
                yield block, place, content


def _comment(value: bytes) -> bytes | str:
    """Return the text of a UserComment; its first 8 bytes name the character code."""
    code, text = value[:8], value[8:]
    if code.startswith(b"UNICODE"):
        order = "utf-16-le" if text[1:2] == b"\0" else "utf-16-be"
        return text.decode(order, "replace")
    return text if code.startswith(b"ASCII") or not code.strip(b"\0") else value


def _in_text(block: Block, format: Format) -> Iterator[tuple[Place, bytes | str]]:
    """Yield what a text chunk of a PNG holds; a second XMP packet may hold several labels."""
    try:
        keyword, content = png.read_text(block, _LONGEST)
    except LimitError:
        return
    # A sound keyword is printable and has 79 bytes at most (PNG 11.3.3.2); reports show no other.
    name = f"{format.name} {block.kind} {_printable(keyword[:79].decode('latin-1'))}"
    if keyword == png.XMP_KEYWORD:
        try:
            properties = xmp.read(content)
        except xmp.XmpError:
            return
        place = Place(f"{name}, a second packet", Standing.FOREIGN)
        yield from ((place, each.value) for each in properties.aigc)
        return
    named = _NAME.encode() in keyword.upper()
    if named or any(trace in content for trace in _TRACES):
        alternative = named and format.medium is Medium.PICTURE
        yield Place(name, Standing.ALTERNATIVE if alternative else Standing.FOREIGN, named), content


def _in_tag(block: Block, format: Format) -> Iterator[tuple[Place, bytes | str]]:
    """Yield what any other block holds, if it says AIGC by its name or somewhere in its text."""
    # Photoshop resources and ExtendedXMP have forms of their own.
    if block.kind == "APP13" or block.data.startswith(extended_xmp.HEADER):
        return
    name, content = _named(block)
    if name is not None:
        own = format.label_place is not None and name == format.label_place.value
        yield Place(name, Standing.NORMATIVE if own else Standing.FOREIGN), content
    elif any(trace in content for trace in _TRACES):
        name = _printable(block.kind)
        if format.medium is Medium.SOUND:
            name = f"{name} of the file's tags"
        elif block.kind != gif.COMMENT:
            name = f"{format.name} {name}"
        yield Place(name, Standing.FOREIGN, named=False), content


def _named(block: Block) -> tuple[str | None, bytes]:
    """Return the name of the place that a block is, if it is one for labels, and its text."""
    if block.kind == vorbis.COMMENT:
        name, content = vorbis.split(block)
        return (LabelPlace.VORBIS_COMMENT.value if name == _NAME else None), content
    if block.kind in (m4a.KEY, m4a.LOOSE_KEY):
        name, content = m4a.split(block)
        place = LabelPlace.M4A_KEY.value if block.kind == m4a.KEY else _LOOSE_KEY
        return (place if name.upper() == _NAME else None), content
    user_text = id3.read_user_text(block)
    if user_text is not None:
        name, text = user_text
        return (LabelPlace.ID3_TEXT.value if name.upper() == _NAME else None), text.encode()
    return (LabelPlace.RIFF_CHUNK.value if block.kind == _NAME else None), block.data


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)
