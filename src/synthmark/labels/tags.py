"""AIGC labels in the containers' other places: PNG texts, EXIF fields, JPEG segments.

The practice guides know PNG ``tEXt`` with the keyword AIGC and EXIF ``UserComment`` as alternatives
(TC260-PG-20259A, Annex B); the others were seen in files of real services.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from synthmark.errors import LimitError
from synthmark.facts import AigcLabel
from synthmark.labels import aigc, xmp
from synthmark.labels.aigc import Place, Standing
from synthmark.media import Block, Metadata
from synthmark.media.parts import exif
from synthmark.media.pictures import gif, jpeg, png

_TRACES = (b"AIGC", b"ContentProducer")
_EXIF_FIELDS = {
    exif.USER_COMMENT: Place("EXIF UserComment", Standing.ALTERNATIVE, named=False),
    exif.IMAGE_DESCRIPTION: Place("EXIF ImageDescription", Standing.FOREIGN, named=False),
}
# Text longer than this is no label; it is not searched.
_LONGEST = 256 * 2**10


@dataclass(frozen=True, slots=True)
class Found:
    """A label and what holds it.

    Attributes:
        label: The label as it was read.
        holder: The block, or the number of the EXIF field.
    """

    label: AigcLabel
    holder: Block | int


def find(metadata: Metadata) -> Iterator[Found]:
    """Yield the labels outside the XMP packet: EXIF, then the blocks in the file's order."""
    yield from _in_exif(metadata.exif or b"")
    for block in metadata.blocks:
        yield from (Found(label, block) for label in _in_block(block))


def without_labels(metadata: Metadata) -> Metadata:
    """Return `metadata` without the labels that `find` finds; all else stays as it was."""
    holders = {each.holder for each in find(metadata)}
    block = metadata.exif
    for holder in holders:
        if isinstance(holder, int) and block is not None:
            block = exif.without(block, holder)
    kept = tuple(each for each in metadata.blocks if each not in holders)
    return replace(metadata, exif=block, blocks=kept)


def _in_exif(block: bytes) -> Iterator[Found]:
    for tag, place in _EXIF_FIELDS.items():
        value = exif.value(block, tag)
        if value is None or len(value) > _LONGEST:
            continue
        content = _comment(value) if tag == exif.USER_COMMENT else value
        label = aigc.read(content, place)
        if label is not None:
            yield Found(label, tag)


def _comment(value: bytes) -> bytes | str:
    """Return the text of a UserComment; its first 8 bytes name the character code."""
    code, text = value[:8], value[8:]
    if code.startswith(b"UNICODE"):
        order = "utf-16-le" if text[1:2] == b"\0" else "utf-16-be"
        return text.decode(order, "replace")
    return text if code.startswith(b"ASCII") or not code.strip(b"\0") else value


def _in_block(block: Block) -> Iterator[AigcLabel]:
    if block.kind in ("tEXt", "zTXt", "iTXt"):
        yield from _in_text(block)
        return
    # Photoshop resources and ExtendedXMP have forms of their own.
    if block.kind == "APP13" or block.data.startswith(jpeg.EXTENSION_HEADER):
        return
    if any(trace in block.data for trace in _TRACES):
        name = block.kind if block.kind == gif.COMMENT else f"JPEG {block.kind}"
        place = Place(name, Standing.FOREIGN, named=False)
        label = aigc.read(block.data, place)
        if label is not None:
            yield label


def _in_text(block: Block) -> Iterator[AigcLabel]:
    try:
        keyword, content = png.read_text(block, _LONGEST)
    except LimitError:
        return
    # A sound keyword is printable and has 79 bytes at most (PNG 11.3.3.2); reports show no other.
    name = "".join(c if c.isprintable() else "?" for c in keyword[:79].decode("latin-1"))
    if keyword == png.XMP_KEYWORD:
        place = Place(f"PNG {block.kind} {name}, a second packet", Standing.FOREIGN)
        try:
            values = [each.value for each in xmp.read(content).aigc]
        except xmp.XmpError:
            return
        yield from (label for value in values if (label := aigc.read(value, place)))
        return
    named = b"AIGC" in keyword.upper()
    if not named and not any(trace in content for trace in _TRACES):
        return
    standing = Standing.ALTERNATIVE if named else Standing.FOREIGN
    label = aigc.read(content, Place(f"PNG {block.kind} {name}", standing, named))
    if label is not None:
        yield label
