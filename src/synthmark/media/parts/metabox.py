"""The meta box of HEIF (ISO/IEC 14496-12, 8.11; 23008-12): items, properties, references.

Read whole and written whole: an item whose coded bytes are replaced leaves all others, and what
points from one to the other, as they were.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from synthmark.errors import LimitError
from synthmark.media.header import counted

URN_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
"""How auxiliary pictures say that they are alpha."""

# Padding, which offsets alone see.
_PADDING = (b"free", b"skip")
_READ = (b"pitm", b"iloc", b"iinf", b"iprp", b"iref", b"idat")
# Items may share bytes, but none is told so many times.
_MOST_SHARED = 4
_CAPTION = struct.Struct(">I4s")
# EXIF orientation of quarter turns to the left, by the axis that is mirrored after them, if any.
_ORIENTATIONS = {
    None: (1, 8, 3, 6),
    0: (4, 5, 2, 7),
    1: (2, 7, 4, 5),
}


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an item.

    Attributes:
        kind: Type of its box, such as ``colr``.
        data: Its payload.
        essential: Whether a reader that does not know it must not show the item.
    """

    kind: bytes
    data: bytes
    essential: bool = False


@dataclass(slots=True)
class Entry:
    """One item.

    Attributes:
        kind: Its type, such as ``av01``.
        named: The rest of its description: name and content type, each with a NUL.
        flags: 1 where it is hidden.
        parts: Start and length of its bytes in the file.
        inside: Whether they lie in the meta box.
        properties: In the order in which they apply.
        protection: Number of the protection scheme, 0 for none.
    """

    kind: bytes = b""
    named: bytes = b""
    flags: bytes = bytes(3)
    protection: bytes = bytes(2)
    parts: list[tuple[int, int]] = field(default_factory=list)
    inside: bool = False
    properties: list[Property] = field(default_factory=list)

    @property
    def content_type(self) -> bytes:
        """Media type of an item of the type ``mime``."""
        words = self.named.split(b"\0")
        return words[1] if len(words) > 1 else b""

    def get(self, kind: bytes) -> bytes:
        """Return the first property of a kind, empty without one."""
        return next((each.data for each in self.properties if each.kind == kind), b"")


@dataclass(slots=True)
class Meta:
    """What a file of the HEIF family holds.

    Attributes:
        primary: Number of the item that is the picture.
        items: By number.
        sources: The items that each derived one is put together from (``dimg``).
        references: Type, item and targets of every other reference.
        before: Boxes before the meta box, with their heads; without padding and media data.
        others: Boxes in the meta box that are not read here, with their heads.
        after: Boxes after the meta box, as `before`.
        end: Where the last box says that it ends.
        moving: Whether there is a track.
    """

    primary: int = 0
    items: dict[int, Entry] = field(default_factory=dict)
    sources: dict[int, list[int]] = field(default_factory=dict)
    references: list[tuple[bytes, int, tuple[int, ...]]] = field(default_factory=list)
    before: list[bytes] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)
    after: list[bytes] = field(default_factory=list)
    end: int = 0
    moving: bool = False

    def targets(self, kind: bytes) -> dict[int, set[int]]:
        """Return by item what it refers to in this way."""
        found: dict[int, set[int]] = {}
        for name, item, to in self.references:
            if name == kind:
                found.setdefault(item, set()).update(to)
        return found

    def alpha(self) -> int | None:
        """Return the number of the primary item's alpha."""
        for number, to in self.targets(b"auxl").items():
            entry = self.items.get(number, Entry())
            if self.primary in to and entry.get(b"auxC")[4:].startswith(URN_ALPHA):
                return number
        return None

    def parts(self, item: int) -> list[int]:
        """Return the item and all that it is put together from, itself first."""
        found = dict.fromkeys([item] if item in self.items else ())
        waiting = list(found)
        for number in waiting:
            new = [n for n in self.sources.get(number, ()) if n in self.items and n not in found]
            found |= dict.fromkeys(new)
            waiting += dict.fromkeys(new)
        return waiting


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield type, start, start of the content and end of each box; the last may be cut short."""
    while start + 8 <= end:
        size, kind = _CAPTION.unpack_from(data, start)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", data, start + 8), 16
        elif size == 0:
            size = end - start
        if size < head:
            return
        yield kind, start, start + head, start + size
        start += size


def read(data: bytes) -> Meta:
    """Read the boxes of a file.

    Raises:
        struct.error, IndexError: They are damaged.
        LimitError: There are more parts than any writer makes.
    """
    meta = Meta()
    seen = False
    for kind, start, first, past in counted(boxes(data, 0, len(data))):
        meta.end = past
        if kind == b"meta" and not seen:
            seen = True
            _read_meta(data, first + 4, min(past, len(data)), meta)
        elif kind == b"moov":
            meta.moving = True
        elif kind not in (b"mdat", *_PADDING):
            (meta.after if seen else meta.before).append(data[start:past])
    held = sum(
        max(0, min(start + length, len(data)) - start)
        for entry in meta.items.values()
        for start, length in entry.parts
    )
    if held > _MOST_SHARED * len(data):
        raise LimitError("the items of this file are longer than the file", code="limit.metadata")
    return meta


def content(data: bytes, entry: Entry) -> bytes:
    """Return the bytes of an item, shorter where they lie outside the file."""
    return b"".join(data[start : start + length] for start, length in entry.parts)


def write(meta: Meta, contents: dict[int, bytes]) -> bytes:
    """Return the file that `meta` describes, with these bytes for each item."""
    kept = [number for number in meta.items if number in contents]
    inside = [number for number in kept if meta.items[number].inside]
    loose = [number for number in kept if not meta.items[number].inside]
    front = b"".join(meta.before)
    size = len(_meta(meta, contents, inside, dict.fromkeys(loose, 0)))
    place, places = len(front) + size + 8, {}
    for number in loose:
        places[number] = place
        place += len(contents[number])
    coded = b"".join(contents[number] for number in loose)
    packed = _meta(meta, contents, inside, places)
    return b"".join((front, packed, _box(b"mdat", coded), *meta.after))


# --- reading -------------------------------------------------------------------------------------


def _read_meta(data: bytes, start: int, end: int, meta: Meta) -> None:
    found: dict[bytes, tuple[int, int]] = {}
    for kind, own, first, past in counted(boxes(data, start, end)):
        if kind in _READ:
            found.setdefault(kind, (first, min(past, end)))
        elif kind not in _PADDING:
            meta.others.append(data[own : min(past, end)])
    body = {kind: data[first:last] for kind, (first, last) in found.items() if kind != b"idat"}
    if primary := body.get(b"pitm"):
        meta.primary = int.from_bytes(primary[4 : 8 if primary[0] else 6])
    if described := body.get(b"iinf"):
        _read_kinds(described, meta)
    if located := body.get(b"iloc"):
        _read_places(located, meta, found.get(b"idat", (0, 0))[0])
    if referred := body.get(b"iref"):
        _read_references(referred, meta)
    if properties := body.get(b"iprp"):
        _read_properties(properties, meta)


def _read_kinds(body: bytes, meta: Meta) -> None:
    for kind, _, first, last in counted(boxes(body, 8 if body[0] else 6, len(body))):
        version = body[first]
        if kind != b"infe" or version < 2:
            continue
        wide = 4 if version > 2 else 2
        place = first + 4 + wide
        entry = meta.items.setdefault(int.from_bytes(body[first + 4 : place]), Entry())
        entry.flags, entry.protection = body[first + 1 : first + 4], body[place : place + 2]
        entry.kind, entry.named = body[place + 2 : place + 6], body[place + 6 : last]


def _read_places(body: bytes, meta: Meta, inside: int) -> None:
    for item, method, start, length in counted(_places(body)):
        entry = meta.items.get(item)
        if entry is not None and method < 2:
            entry.inside = method == 1
            entry.parts.append((start + inside if entry.inside else start, length))


def _places(body: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield item, construction method, start and length of each part."""
    version, sizes = body[0], int.from_bytes(body[4:6])
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version > 1 else 2
    at = 6

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(body):
            raise IndexError
        return int.from_bytes(body[at - size : at])

    for _ in range(number(wide)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        for _ in range(number(2)):
            number(index_size)
            yield item, method, base + number(offset_size), number(length_size)


def _read_references(body: bytes, meta: Meta) -> None:
    wide = 4 if body[0] else 2
    for kind, _, first, _ in counted(boxes(body, 4, len(body))):
        count = int.from_bytes(body[first + wide : first + wide + 2])
        listed = body[first + wide + 2 : first + wide + 2 + wide * count]
        targets = (listed[place : place + wide] for place in range(0, len(listed), wide))
        item = int.from_bytes(body[first : first + wide])
        numbers = tuple(map(int.from_bytes, targets))
        if kind == b"dimg":
            meta.sources.setdefault(item, []).extend(numbers)
        else:
            meta.references.append((kind, item, numbers))


def _read_properties(body: bytes, meta: Meta) -> None:
    pool: list[tuple[bytes, bytes]] = []
    for kind, _, first, last in boxes(body, 0, len(body)):
        if kind == b"ipco":
            pool += [(k, body[a:b]) for k, _, a, b in counted(boxes(body, first, last))]
        elif kind == b"ipma":
            for item, number, essential in counted(_associations(body[first:last])):
                entry = meta.items.get(item)
                if entry is not None and 0 < number <= len(pool):
                    entry.properties.append(Property(*pool[number - 1], essential))


def _associations(body: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield each item with the number of a property, from 1, and whether that is essential."""
    item_size, wide = (4 if body[0] else 2), 2 if body[3] & 1 else 1
    (count,), at = struct.unpack_from(">I", body, 4), 8
    for _ in range(count):
        item = int.from_bytes(body[at : at + item_size])
        at += item_size
        end = at + 1 + wide * body[at]
        for place in range(at + 1, end, wide):
            number = int.from_bytes(body[place : place + wide])
            top = 1 << (8 * wide - 1)
            yield item, number & (top - 1), bool(number & top)
        at = end


# --- writing -------------------------------------------------------------------------------------


def _meta(
    meta: Meta, contents: dict[int, bytes], inside: list[int], places: dict[int, int]
) -> bytes:
    references = [*((b"dimg", *each) for each in meta.sources.items()), *meta.references]
    wide = max((*meta.items, *(n for _, own, to in references for n in (own, *to)))) > 0xFFFF
    number = ">I" if wide else ">H"
    head = [box for box in meta.others if box[4:8] == b"hdlr"]
    rest = [box for box in meta.others if box[4:8] != b"hdlr"]
    parts = [*head, _box(b"pitm", _full(wide) + struct.pack(number, meta.primary))]
    parts.append(_box(b"iloc", _located(contents, inside, places, number)))
    infos = b"".join(_info(each, entry, number) for each, entry in meta.items.items())
    count = struct.pack(number, len(meta.items))
    parts.append(_box(b"iinf", _full(wide) + count + infos))
    if references:
        referred = b"".join(
            _box(kind, struct.pack(f"{number}H", item, len(to)) + _packed(to, number))
            for kind, item, to in references
        )
        parts.append(_box(b"iref", _full(wide) + referred))
    parts.append(_box(b"iprp", _properties(meta, number)))
    if inside:
        parts.append(_box(b"idat", b"".join(contents[each] for each in inside)))
    return _box(b"meta", bytes(4) + b"".join((*parts, *rest)))


def _located(
    contents: dict[int, bytes], inside: list[int], places: dict[int, int], number: str
) -> bytes:
    """Return the places of all items, each of one part; version 1 or 2, offsets of 4 bytes."""
    version = 2 if number == ">I" else 1
    body = [bytes((version, 0, 0, 0, 0x44, 0)), struct.pack(number, len(inside) + len(places))]
    at = 0
    for each in (*inside, *places):
        method = int(each not in places)
        place = at if method else places[each]
        at += len(contents[each]) if method else 0
        body.append(struct.pack(number, each) + struct.pack(">HHHII", method, 0, 1, place,
                    len(contents[each])))  # fmt: skip
    return b"".join(body)


def _info(item: int, entry: Entry, number: str) -> bytes:
    version = b"\3" if number == ">I" else b"\2"
    head = version + entry.flags + struct.pack(number, item) + entry.protection
    return _box(b"infe", head + entry.kind + entry.named)


def _properties(meta: Meta, number: str) -> bytes:
    pool: dict[tuple[bytes, bytes], int] = {}
    for entry in meta.items.values():
        for each in entry.properties:
            pool.setdefault((each.kind, each.data), len(pool) + 1)
    large = len(pool) > 127
    layout, mark = (">H", 0x8000) if large else (">B", 0x80)
    rows = []
    described = {item: entry for item, entry in meta.items.items() if entry.properties}
    for item, entry in sorted(described.items()):
        numbers = [
            pool[each.kind, each.data] | (mark if each.essential else 0)
            for each in entry.properties
        ]
        rows.append(struct.pack(number, item) + bytes((len(numbers),)) + _packed(numbers, layout))
    held = b"".join(_box(kind, data) for kind, data in pool)
    head = bytes((number == ">I", 0, 0, large)) + struct.pack(">I", len(rows))
    return _box(b"ipco", held) + _box(b"ipma", head + b"".join(rows))


def _packed(numbers: Iterable[int], layout: str) -> bytes:
    return b"".join(struct.pack(layout, each) for each in numbers)


def _full(version: int) -> bytes:
    return bytes((version, 0, 0, 0))


def _box(kind: bytes, body: bytes) -> bytes:
    return _CAPTION.pack(8 + len(body), kind) + body


def size(entry: Entry) -> tuple[int, int]:
    """Return width and height of what an item is stored as (6.5.3), 0 and 0 where it says none."""
    told = entry.get(b"ispe")
    if len(told) < 12:
        return 0, 0
    width, height = struct.unpack_from(">II", told, 4)
    return width, height


def orientation(entry: Entry) -> int:
    """Return the EXIF orientation that a picture's turn and mirroring amount to.

    ISO/IEC 23008-12, 6.5.10 and 6.5.12; turned first, as MIAF (23000-22, 7.3.6.7) asks.
    """
    turn, axis = entry.get(b"irot"), entry.get(b"imir")
    return _ORIENTATIONS[axis[0] & 1 if axis else None][turn[0] & 3 if turn else 0]


def window(entry: Entry, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Return the clean aperture (ISO/IEC 14496-12, 12.1.4), None where all is shown."""
    aperture = entry.get(b"clap")
    if len(aperture) < 32:
        return None
    numbers = struct.unpack(">IIIIiIiI", aperture[:32])
    if not all(numbers[1::2]):
        return None
    wide, high, right, down = (a / b for a, b in zip(numbers[::2], numbers[1::2], strict=True))
    left, top = (round((width - wide) / 2 + right), round((height - high) / 2 + down))
    window = top, left, top + round(high), left + round(wide)
    sound = 0 <= top < window[2] <= height and 0 <= left < window[3] <= width
    return window if sound and window != (0, 0, height, width) else None
