"""M4A: AAC in an ISO base media file (ISO/IEC 14496-12 and -14), its boxes read and written."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from synthmark.errors import LimitError, UnreadableError
from synthmark.limits import Limits
from synthmark.media.formats import M4A
from synthmark.media.picture import Block, Metadata, counted, obstacle
from synthmark.media.pieces import Pieces
from synthmark.media.sound import Track

KEY = "mdta"
"""Kind of a block that holds one keyed value of ``moov.udta.meta``: key, NUL, type, value."""
LOOSE_KEY = "moov.meta mdta"
"""Kind of one in ``moov.meta``, where QuickTime puts them."""

_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_TEXT = 1
# The delay and padding of the coder that is replaced.
_CODING = b"iTunSMPB"
_DEEPEST = 8

_Box = tuple[bytes, int, int, int]
"""Type, start, start of the content, and end."""


def parse(data: bytes, limits: Limits) -> Track:
    """Read the boxes of an M4A file; decode nothing.

    Raises:
        UnreadableError: There is no track of sound.
        LimitError: The sound or its metadata is larger than the limit.
    """
    movie = _find(data, b"moov")
    if movie is None:
        raise UnreadableError("this M4A has no movie box", code="media.damaged")
    if movie[1] - movie[0] > limits.metadata_bytes + limits.seconds * 1000:
        raise LimitError("the movie box of this M4A is too large", code="limit.metadata")
    tracks = [box for box in _boxes(data, *movie) if box[0] == b"trak"]
    described = [_track(data, box) for box in tracks]
    sounds = [each for each in described if each is not None]
    if not sounds:
        raise UnreadableError("this M4A has no track of sound", code="media.damaged")
    codec, rate, channels, frames = sounds[0]
    limits.check_sound(frames, rate, channels)
    coded = sum(end - content for kind, _, content, end in _boxes(data, 0, len(data))
                if kind == b"mdat")  # fmt: skip
    xmp, blocks = _metadata(data, movie, limits)
    foreign = None
    if codec != b"mp4a" or len(tracks) > 1:
        name = codec.decode("latin-1").strip()
        what = f"is coded as {name}" if codec != b"mp4a" else f"has {len(tracks)} tracks"
        foreign = obstacle("media.m4a", f"this M4A {what}; one track of AAC is supported")
    return Track(
        media_type=M4A,
        codec="AAC",
        sample_rate=rate,
        channels=channels,
        frames=frames,
        metadata=Metadata(xmp=xmp, blocks=tuple(blocks)),
        bare=Pieces(data),
        bit_rate=8 * coded * rate / max(frames, 1),
        obstacle=foreign,
    )


def assemble(encoded: bytes, metadata: Metadata) -> bytes:
    """Return the M4A `encoded`, whose movie box comes last, with other metadata in that."""
    movie = _find(encoded, b"moov")
    if movie is None or any(
        kind == b"mdat" and start > movie[0]
        for kind, start, _, _ in _boxes(encoded, 0, len(encoded))
    ):
        raise UnreadableError("the movie box does not come last", code="media.damaged")
    start, end = movie
    parts = [encoded[begin:stop] for kind, begin, _, stop in _boxes(encoded, start, end)
             if kind not in (b"udta", b"meta")]  # fmt: skip
    keyed = [each.data for each in metadata.blocks if each.kind in (KEY, LOOSE_KEY)]
    user = [each.data for each in metadata.blocks if each.kind not in (KEY, LOOSE_KEY)]
    if keyed:
        user.append(_keyed_meta(keyed))
    if user:
        parts.append(_box(b"udta", *user))
    xmp = [_box(b"uuid", _XMP, metadata.xmp)] if metadata.xmp is not None else []
    return b"".join((encoded[: start - 8], _box(b"moov", *parts), *xmp))


def keyed(key: str, text: str) -> Block:
    """Return the block of a keyed text."""
    return Block(KEY, key.encode() + b"\0" + struct.pack(">I", _TEXT) + text.encode())


def split(block: Block) -> tuple[str, bytes]:
    """Return key and value of a keyed block."""
    key, _, rest = block.data.partition(b"\0")
    return key.decode("utf-8", "replace"), rest[4:]


def _metadata(
    data: bytes, movie: tuple[int, int], limits: Limits
) -> tuple[bytes | None, list[Block]]:
    blocks: list[Block] = []
    xmp, budget = None, limits.metadata_bytes
    loose = [box for box in _boxes(data, *movie) if box[0] == b"meta"]
    users = [box for box in _boxes(data, *movie) if box[0] == b"udta"]
    inside = [box for user in users for box in _boxes(data, user[2], user[3])]
    for place, (kind, start, content, end) in ((KEY, box) for box in inside):
        budget -= end - start
        if budget < 0:
            raise LimitError("the metadata of this M4A is too large", code="limit.metadata")
        if kind == b"meta" and _handler(data, content, end) == b"mdta":
            blocks += _keyed(data, content, end, place)
        elif kind == b"meta":
            blocks.append(Block("meta", _without_coding(data, content, end)))
        else:
            blocks.append(Block(kind.decode("latin-1"), data[start:end]))
    for _, _, content, end in loose:
        if _handler(data, content, end) == b"mdta":
            blocks += _keyed(data, content, end, LOOSE_KEY)
    for kind, _, content, end in _boxes(data, 0, len(data)):
        if kind == b"uuid" and data.startswith(_XMP, content) and end - content <= budget:
            xmp = xmp or data[content + 16 : end]
    return xmp, blocks


def _track(data: bytes, trak: _Box) -> tuple[bytes, int, int, int] | None:
    """Return codec, rate, channels and frames of a track of sound."""
    media = _within(data, trak[2], trak[3], b"mdia")
    header = media and _within(data, *media, b"mdhd")
    table = media
    for name in (b"minf", b"stbl", b"stsd"):
        table = table and _within(data, *table, name)
    sound = media and _within(data, *media, b"hdlr")
    if not header or not table or not sound or data[sound[0] + 8 : sound[0] + 12] != b"soun":
        return None
    body = data[header[0] : header[1]]
    entry = data[table[0] + 8 : table[1]]
    if len(body) < 20 or len(entry) < 36:
        return None
    scale, length = struct.unpack_from(">IQ" if body[0] else ">II", body, 20 if body[0] else 12)
    channels = int.from_bytes(entry[24:26])
    rate = int.from_bytes(entry[32:34]) or scale
    return entry[4:8], rate, channels, length * rate // max(scale, 1)


def _keyed(data: bytes, content: int, end: int, kind: str) -> Iterator[Block]:
    """Yield the keyed values of a ``meta`` box: its ``keys`` name what its ``ilst`` holds."""
    begin = _children(data, content, end)
    keys = _within(data, begin, end, b"keys")
    items = _within(data, begin, end, b"ilst")
    names = [data[place + 8 : stop] for _, place, _, stop in _boxes(data, keys[0] + 8, keys[1])
             ] if keys else []  # fmt: skip
    for number, _, inner, stop in _boxes(data, *items) if items else ():
        value = _within(data, inner, stop, b"data")
        place = int.from_bytes(number)
        if value and 1 <= place <= len(names) and value[1] - value[0] >= 8:
            form, text = data[value[0] : value[0] + 4], data[value[0] + 8 : value[1]]
            yield Block(kind, names[place - 1] + b"\0" + form + text)


def _keyed_meta(blocks: list[bytes]) -> bytes:
    keys, items = [], []
    for number, each in enumerate(blocks, 1):
        name, _, rest = each.partition(b"\0")
        keys.append(_box(b"mdta", name))
        items.append(_box(struct.pack(">I", number), _box(b"data", rest[:4], bytes(4), rest[4:])))
    handler = _box(b"hdlr", bytes(8), b"mdta", bytes(13))
    count = struct.pack(">II", 0, len(keys))
    return _box(b"meta", bytes(4), handler, _box(b"keys", count, *keys), _box(b"ilst", *items))


def _without_coding(data: bytes, content: int, end: int) -> bytes:
    """Return a ``meta`` box of iTunes' sort without what it says of the old coding."""
    begin = _children(data, content, end)
    parts = [data[content:begin]]
    for kind, start, inner, stop in _boxes(data, begin, end):
        if kind != b"ilst":
            parts.append(data[start:stop])
            continue
        items = (data[a:b] for _, a, _, b in _boxes(data, inner, stop))
        parts.append(_box(b"ilst", *(item for item in items if _CODING not in item)))
    return _box(b"meta", *parts)


def _handler(data: bytes, content: int, end: int) -> bytes:
    place = _within(data, _children(data, content, end), end, b"hdlr")
    return data[place[0] + 8 : place[0] + 12] if place else b""


def _children(data: bytes, content: int, end: int) -> int:
    """Return where the boxes in a ``meta`` begin: QuickTime's has no version before them."""
    return content if data[content + 4 : min(content + 8, end)] == b"hdlr" else content + 4


def _within(data: bytes, start: int, end: int, name: bytes) -> tuple[int, int] | None:
    return next(((inner, stop) for kind, _, inner, stop in _boxes(data, start, end)
                 if kind == name), None)  # fmt: skip


def _find(data: bytes, name: bytes) -> tuple[int, int] | None:
    return _within(data, 0, len(data), name)


def _boxes(data: bytes, start: int, end: int) -> Iterator[_Box]:
    """Yield each whole box from `start` to `end`."""
    return iter(counted(_each_box(data, start, end)))


def _each_box(data: bytes, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= end:
            (size,), head = struct.unpack_from(">Q", data, start + 8), 16
        size = size or end - start
        if size < head or start + size > end:
            return
        yield kind, start, start + head, start + size
        start += size


def _box(kind: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)
