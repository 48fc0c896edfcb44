"""M4A: AAC in an ISO base media file (ISO/IEC 14496-12 and -14), its boxes read and written."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import BinaryIO

from synthmark.errors import LimitError, UnreadableError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import Block, Form, Metadata, Obstacle
from synthmark.media.parts import boxes, esds, inventory, movie, remux
from synthmark.media.parts.boxes import Span
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.movie import Trak
from synthmark.media.parts.pieces import Data, Pieces
from synthmark.media.sounds import aac
from synthmark.media.sounds.track import Samples, SoundFormat, Track

KEY = "mdta"
"""Kind of a block that holds one keyed value of ``moov.udta.meta``: key, NUL, the value's boxes."""
LOOSE_KEY = "moov.meta mdta"
"""Kind of one in ``moov.meta``, where QuickTime puts them."""

XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
MANIFEST = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""Types of ``uuid`` boxes: XMP (part 3 of its specification), and C2PA's manifest."""

_BRANDS = frozenset({b"M4A ", b"M4B "})
_TEXT = 1
# Samples of a frame of AAC-LC, which is what is written.
_FRAME = 1024
# What iTunes says of the coder: its delay, its padding and the samples between, in hexadecimal.
_GAPLESS = re.compile(rb"(iTunSMPB.{16} 0{8} )([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{16})", re.S)
_CODING = "----:com.apple.iTunes:iTunSMPB"
_LOOSE = "moov.meta"
_USER = "udta"
_ITEM = "ilst item"
"""Kind of a block that holds one item of the list in the ``meta`` box before it."""
_UUIDS = frozenset({XMP, MANIFEST})
_CODECS = {
    b"alac": "Apple Lossless", b"ac-3": "AC-3", b"ec-3": "E-AC-3", b"Opus": "Opus",
    b"fLaC": "FLAC", b".mp3": "MP3", b"samr": "AMR", b"sawb": "AMR wideband", b"enca": "encrypted",
}  # fmt: skip
# Handlers of tracks that go with the sound: texts, and what is timed to it.
_BESIDE = frozenset({b"text", b"sbtl", b"subt", b"clcp", b"meta"})
_FRAGMENTED = Finding.info("media.fragments", accounts_for=("ftyp",))
_SHORT = Finding.warning("media.truncated", format="M4A", accounts_for=("samples",))


@dataclass(frozen=True, slots=True, kw_only=True)
class M4aForm(Form):
    """What an M4A alone says.

    Attributes:
        shell: The file without its sound.
        layout: Where its channels stand, in FFmpeg's words, once the decoder was asked.
    """

    shell: bytes
    layout: str = ""


def begins(data: Data) -> bool:
    """Tell whether an ISO base media file is sound by its tracks: its brand says little of that.

    Pictures that a track of sound refers to are its chapters'.
    """
    if data[4:8] != b"ftyp":
        return False
    span = boxes.within(data, (0, len(data)), b"moov")
    tracks = movie.tracks(data, span) if span else []
    if not tracks:
        return data[8:12] in _BRANDS
    chapters = {number for each in tracks for number in each.chapters}
    handlers = {each.handler for each in tracks if each.number not in chapters}
    return b"soun" in handlers and b"vide" not in handlers


def parse(data: Data, limits: Limits) -> Track[M4aForm]:
    """Read the boxes of an M4A file; decode nothing.

    Raises:
        UnreadableError: There is no track of sound.
        LimitError: The sound or its metadata is larger than the limit.
    """
    data = bytes(data)
    whole = (0, len(data))
    span = boxes.within(data, whole, b"moov")
    if span is None:
        raise UnreadableError("this M4A has no movie box", code="media.damaged")
    if span[1] - span[0] > limits.metadata_bytes + limits.seconds * 1000:
        raise LimitError("the movie box of this M4A is too large", code="limit.metadata")
    tracks = movie.tracks(data, span)
    sound = next((each for each in tracks if each.handler == b"soun"), None)
    if sound is None:
        raise UnreadableError("this M4A has no track of sound", code="media.damaged")
    coding = _coding(sound)
    rate = coding.rate or int.from_bytes(sound.entry[32:34]) or sound.scale
    channels = coding.channels or int.from_bytes(sound.entry[24:26])
    lasting, taken = movie.coded(data, span, sound)
    heard = movie.heard(sound, lasting, movie.timescale(data, span))
    gapless = _GAPLESS.search(data, *span)
    if gapless and not sound.edits and not coding.profile:
        delay, samples = int(gapless[2], 16), int(gapless[4], 16)
        heard = min(heard - Fraction(delay, rate), Fraction(samples, rate)) or heard
    frames = round(heard * rate)
    limits.check_sound(frames, rate, channels)
    xmp, blocks = _metadata(data, span, limits)
    ended = all(end == len(data) for *_, end in list(boxes.each(data, *whole))[-1:])
    fragmented = boxes.within(data, whole, b"moof") is not None
    return Track(
        format=FORMAT,
        codec="AAC",
        sample_rate=rate,
        channels=channels,
        frames=frames,
        metadata=Metadata(
            xmp=xmp, blocks=tuple(blocks), notes=tuple(_notes(coding, fragmented=fragmented))
        ),
        bare=Pieces(data),
        form=M4aForm(shell=remux.shell(data, span, sound, _UUIDS | {b"udta", b"meta"})),
        bit_rate=float(8 * taken / max(Fraction(lasting, sound.scale), Fraction(1, rate))),
        whole=ended,
        obstacle=_obstacle(data, tracks, sound, coding, fragmented=fragmented),
        notes=() if ended else (_SHORT,),
    )


def assemble(coded: BinaryIO, track: Track[M4aForm], metadata: Metadata) -> Pieces:
    """Return the file that `track` was read from with other sound and metadata.

    Args:
        coded: An M4A of the new sound alone.
        track: What was read.
        metadata: Of the file.
    """
    coded.seek(0)
    encoded = coded.read()
    kept: dict[str, list[bytes]] = {KEY: [], LOOSE_KEY: [], _LOOSE: [], _USER: []}
    held: list[tuple[Block, list[Block]]] = []
    for each in metadata.blocks:
        if each.kind == _ITEM and held:
            held[-1][1].append(each)
        else:
            held.append((each, []))
    for block, items in held:
        data = _with_items(block.data, items) if items else block.data
        kept[block.kind if block.kind in kept else _USER].append(data)
    user = [*kept[_USER], *_keyed_meta(kept[KEY])]
    more = [*kept[_LOOSE], *_keyed_meta(kept[LOOSE_KEY])]
    if user:
        more.append(boxes.build(b"udta", *user))
    span = boxes.within(encoded, (0, len(encoded)), b"moov") or (0, 0)
    (source,) = movie.tracks(encoded, span)
    delay = sum(begin for _, begin, _ in source.edits)
    frames = movie.coded(encoded, span, source)[0] - delay
    padding = max(0, len(movie.sizes(encoded, source)) * _FRAME - delay - frames)
    said = _GAPLESS.sub(rb"\g<1>%08X %08X %016X" % (delay, padding, frames), b"".join(more))
    same = frames == track.frames
    heard = Fraction(frames, track.sample_rate)
    whole = remux.fill(track.form.shell, encoded, source, heard, same=same, more=said)
    packet = metadata.xmp
    return Pieces(whole, boxes.build(b"uuid", XMP, packet) if packet is not None else b"")


def code(file: BinaryIO, blocks: Iterable[Samples], track: Track[M4aForm]) -> None:
    """Write an M4A of nothing but samples, in a format whose sample entries go with the brand."""
    quicktime = track.form.shell[4:12] == b"ftypqt  "
    aac.code(file, blocks, track, muxer="mov" if quicktime else "ipod", layout=track.form.layout)


def told(track: Track[M4aForm]) -> Track[M4aForm]:
    """Return a track with rate, channels and their layout as the decoder finds them."""
    found, layout = aac.told(track)
    return replace(found, form=replace(track.form, layout=layout))


def keyed(key: str, text: str) -> Block:
    """Return the block of a keyed text."""
    value = struct.pack(">II", _TEXT, 0) + text.encode()
    return Block(KEY, key.encode() + b"\0" + boxes.build(b"data", value))


def split(block: Block) -> tuple[str, bytes]:
    """Return key and first value of a keyed block."""
    key, _, rest = block.data.partition(b"\0")
    return key.decode("utf-8", "replace"), boxes.content(rest, (0, len(rest)), b"data")[8:]


def _coding(sound: Trak) -> esds.Coding:
    name = sound.entry[4:8]
    if name == b"mp4a":
        return esds.read(sound.entry)
    return esds.Coding(_CODECS.get(name, name.decode("latin-1").strip()))


def _obstacle(
    data: bytes, tracks: list[Trak], sound: Trak, coding: esds.Coding, *, fragmented: bool
) -> Obstacle | None:
    """Return why a file cannot be decoded, or written again without loss."""
    sounds = [each for each in tracks if each.handler == b"soun"]
    beside = [each for each in tracks if each.handler != b"soun"]
    odd = [
        each.handler.decode("latin-1")
        for each in beside
        if each.handler not in _BESIDE and each.number not in sound.chapters
    ]
    begins = [begin for _, begin, _ in sound.edits]
    reasons = {
        f"is coded as {coding.codec}; AAC is supported": coding.codec != "AAC",
        f"has {len(sounds)} tracks of sound; one is supported": len(sounds) > 1,
        f"has a track of the sort {''.join(odd[:1])!r}; sound and its texts are supported": odd,
        f"has {len(tracks)} tracks in fragments; one is supported there": fragmented and beside,
        "is put together by an edit list; one stretch of sound is supported": (
            any(begin < 0 for begin in begins[1:] if begins[0] >= 0)
            or sum(begin >= 0 for begin in begins) > 1
            or any(rate != remux.NORMAL for _, _, rate in sound.edits)
        ),
        "has its samples in another file": any(movie.is_elsewhere(data, each) for each in tracks),
    }
    found = next((reason for reason, holds in reasons.items() if holds), None)
    return Obstacle("media.m4a", f"this M4A {found}") if found else None


def _notes(coding: esds.Coding, *, fragmented: bool) -> Iterator[Finding]:
    if coding.profile:
        yield Finding.info("media.aac-profile", profile=coding.profile, stated=True)
    if fragmented:
        yield _FRAGMENTED


def _metadata(data: bytes, span: Span, limits: Limits) -> tuple[bytes | None, list[Block]]:
    blocks: list[Block] = []
    xmp, budget = None, limits.metadata_bytes
    for outer, start, content, end in boxes.each(data, *span):
        budget -= end - start if outer in (b"udta", b"meta") else 0
        if budget < 0:
            raise LimitError("the metadata of this M4A is too large", code="limit.metadata")
        if outer == b"meta":
            blocks += _meta(data, content, end, LOOSE_KEY)
        if outer != b"udta":
            continue
        for kind, begin, inner, stop in boxes.each(data, content, end):
            if kind == b"meta":
                blocks += _meta(data, inner, stop, KEY)
            else:
                blocks.append(Block(kind.decode("latin-1"), data[begin:stop]))
    for kind, _, content, end in boxes.each(data, 0, len(data)):
        if kind == b"uuid" and data.startswith(XMP, content) and end - content <= budget:
            xmp = xmp or data[content + 16 : end]
    return xmp, blocks


def _meta(data: bytes, content: int, end: int, kind: str) -> Iterator[Block]:
    """Yield the blocks of a ``meta`` box: its values one by one."""
    if _handler(data, content, end) == b"mdta":
        yield from (Block(kind, key + b"\0" + value) for key, value in _keyed(data, content, end))
    else:
        begin = boxes.children(data, content, end)
        parts, items = [data[content:begin]], []
        for name, first, inner, stop in boxes.each(data, begin, end):
            if name == b"ilst":
                items += [Block(_ITEM, data[a:b]) for _, a, _, b in boxes.each(data, inner, stop)]
            parts.append(boxes.build(name) if name == b"ilst" else data[first:stop])
        yield Block("meta" if kind == KEY else _LOOSE, boxes.build(b"meta", *parts))
        yield from items


def _with_items(meta: bytes, items: list[Block]) -> bytes:
    """Return a whole ``meta`` box with more items behind those of its list."""
    begin = boxes.children(meta, 8, len(meta))
    more = b"".join(each.data for each in items)
    parts = [
        boxes.build(b"ilst", meta[content:end], more) if kind == b"ilst" else meta[start:end]
        for kind, start, content, end in boxes.each(meta, begin, len(meta))
    ]
    return boxes.build(b"meta", meta[8:begin], *parts)


def _keyed(data: bytes, content: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and boxes of each value: ``keys`` names what ``ilst`` holds."""
    inside = (boxes.children(data, content, end), end)
    keys = boxes.within(data, inside, b"keys")
    items = boxes.within(data, inside, b"ilst")
    names = [data[place:stop] for _, _, place, stop in boxes.each(data, keys[0] + 8, keys[1])
             ] if keys else []  # fmt: skip
    for number, _, inner, stop in boxes.each(data, *items) if items else ():
        place = int.from_bytes(number)
        if 1 <= place <= len(names):
            yield names[place - 1], data[inner:stop]


def _keyed_meta(blocks: list[bytes]) -> Iterator[bytes]:
    """Yield the ``meta`` box of keyed values, where there are any."""
    if not blocks:
        return
    keys, items = [], []
    for number, each in enumerate(blocks, 1):
        name, _, value = each.partition(b"\0")
        keys.append(boxes.build(b"mdta", name))
        items.append(boxes.build(struct.pack(">I", number), value))
    handler = boxes.build(b"hdlr", bytes(8), b"mdta", bytes(13))
    listed = boxes.build(b"keys", struct.pack(">II", 0, len(keys)), *keys)
    yield boxes.build(b"meta", bytes(4), handler, listed, boxes.build(b"ilst", *items))


def items(data: Data) -> Iterator[Item]:
    """Yield everything that the boxes say beside the sound and its tables, but not the manifest.

    Headers without their numbers of units, for those follow the samples; keyed values and iTunes'
    items one by one; of the other tracks every sample.
    """
    data = bytes(data)
    for kind, _, content, end in boxes.each(data, 0, len(data)):
        body = data[content:end]
        if kind == b"moov":
            yield from _movie_items(data, (content, end))
        elif kind == b"uuid" and body.startswith(XMP):
            yield Item(inventory.XMP, body[16:])
        elif kind == b"uuid" and not body.startswith(MANIFEST):
            yield Item(f"uuid {body[:16].hex()}", body[16:])
        elif kind not in remux.LAID_OUT_ANEW | {b"mdat", b"uuid"}:
            yield Item(_text(kind), body)


def _movie_items(data: bytes, span: Span) -> Iterator[Item]:
    for kind, _, content, end in boxes.each(data, *span):
        if kind == b"trak":
            track = movie.track(data, (content, end))
            if track is not None:
                yield from _track_items(data, track)
        elif kind == b"udta":
            yield from _user_items(data, (content, end), "moov.udta")
        elif kind == b"meta":
            yield from _meta_items(data, (content, end), "moov.meta")
        elif kind == b"mvhd":
            yield Item("moov.mvhd", _without_units(data[content:end], 12, 8))
        elif kind != b"mvex":
            yield Item(f"moov.{_text(kind)}", data[content:end])


def _track_items(data: bytes, track: Trak) -> Iterator[Item]:
    place = f"moov.trak {_text(track.handler)}"
    sound = track.handler == b"soun"
    for kind, _, content, end in boxes.each(data, *track.span):
        if kind == b"tkhd":
            yield Item(f"{place}.tkhd", _without_units(data[content:end], 20, 4))
        elif kind == b"udta":
            yield from _user_items(data, (content, end), f"{place}.udta")
        elif kind == b"meta":
            yield from _meta_items(data, (content, end), f"{place}.meta")
        elif kind not in (b"mdia", b"edts") or (kind == b"edts" and not sound):
            yield Item(f"{place}.{_text(kind)}", data[content:end])
    for kind, _, content, end in boxes.each(
        data, *(boxes.within(data, track.span, b"mdia") or (0, 0))
    ):
        if kind == b"mdhd":
            yield Item(f"{place}.mdhd", _without_units(data[content:end], 12, 8))
        elif kind != b"minf":
            yield Item(f"{place}.{_text(kind)}", data[content:end])
    if sound:
        return
    for name in (b"stsd", b"stts", b"ctts", b"stss"):
        yield Item(f"{place}.{_text(name)}", boxes.content(data, track.span, *movie.TABLE, name))
    for begin, stop in movie.chunks(data, track):
        yield Item(f"{place} samples", data[begin:stop])


def _user_items(data: bytes, span: Span, place: str) -> Iterator[Item]:
    for kind, _, content, end in boxes.each(data, *span):
        if kind == b"meta":
            yield from _meta_items(data, (content, end), f"{place}.meta")
        elif kind not in (b"free", b"skip"):
            yield Item(f"{place}.{_text(kind)}", data[content:end])


def _meta_items(data: bytes, span: Span, place: str) -> Iterator[Item]:
    if _handler(data, *span) == b"mdta":
        for key, value in _keyed(data, *span):
            yield Item(f"{place}.mdta.{_text(key)}", value)
        return
    for kind, _, content, end in boxes.each(data, boxes.children(data, *span), span[1]):
        if kind != b"ilst":
            if kind not in (b"free", b"skip"):
                yield Item(f"{place}.{_text(kind)}", data[content:end])
            continue
        for name, _, inner, stop in boxes.each(data, content, end):
            item = _text(name)
            if name == b"----":
                mean, own = (boxes.content(data, (inner, stop), n)[4:] for n in (b"mean", b"name"))
                item += f":{_text(mean)}:{_text(own)}"
            if item != _CODING:
                yield Item(f"{place}.ilst.{item}", data[inner:stop])


def _without_units(body: bytes, narrow: int, width: int) -> bytes:
    """Return a header without `width` bytes of its length, which a version of 1 widens by 4."""
    if body[:1] == b"\1":
        narrow, width = narrow + 8, width + 4
    return body[:narrow] + body[narrow + width :]


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace") if len(name) > 4 else name.decode("latin-1")


def _handler(data: bytes, content: int, end: int) -> bytes:
    inside = (boxes.children(data, content, end), end)
    return boxes.content(data, inside, b"hdlr")[8:12]


FORMAT = SoundFormat(
    media_type="audio/mp4",
    name="M4A",
    medium=Medium.SOUND,
    suffixes=(".m4a",),
    begins=begins,
    parse=parse,
    items=items,
    decode=aac.decode,
    code=code,
    assemble=assemble,
    told=told,
    label_place=LabelPlace.M4A_KEY,
    manifest_place=ManifestPlace.BOX,
    extra="m4a",
)
