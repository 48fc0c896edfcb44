"""ID3 tags (id3.org, versions 2.2 to 2.4, and 1): their frames, read and written as they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from synthmark.media.header import Block
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data

HEADER = "ID3v2"
"""Kind of the block that a tag begins with: it holds the version, the frames follow."""

REST = "ID3 rest"
"""Kind of the block that holds what is no frame at a tag's end."""

TAIL = "ID3v1"
"""Kind of the block that holds the 128 bytes of version 1 at a file's end."""

ENHANCED = "ID3v1 enhanced"
"""Kind of the block that holds the ``TAG+`` before them."""

TAIL_SIZE, ENHANCED_SIZE = 128, 227
"""Bytes of both."""

NEWEST = 4
"""The version of a tag where there was none."""

_HEAD = 10
_UNSYNCHRONISED, _EXTENDED = 0x80, 0x40
# Of a frame's second byte of flags in version 2.4.
_FRAME_UNSYNCHRONISED = 0x02
_TEXT_CODES = ("latin-1", "utf-16", "utf-16-be", "utf-8")
# Some writers put the three letters of version 2.2 into the newer ones.
_NAMES = {2: re.compile(rb"[A-Z0-9]{3}"), 3: re.compile(rb"[A-Z0-9]{3}[A-Z0-9 \0]")}
_ZEROS = re.compile(rb"\0*")
_MANIFEST_TYPES = (b"application/c2pa\0", b"application/x-c2pa-manifest-store\0")
# What stands before a manifest: encoding, media type, file name and description, as C2PA's engine
# writes them.
_MANIFEST_HEAD = b"\0application/c2pa\0c2pa\0c2pa manifest store\0"
# Fields of version 1: where they lie, and the frame that says the same in the newest version.
_FIELDS = (("TIT2", 3, 33), ("TPE1", 33, 63), ("TALB", 63, 93), ("TDRC", 93, 97), ("COMM", 97, 127))
_NO_GENRE = 255


@dataclass(frozen=True, slots=True)
class Tag:
    """One ID3v2 tag.

    Attributes:
        version: 2, 3 or 4.
        frames: Its frames, each with its header, in its version's form; last what is no frame.
        recoded: Whether it was coded in a way that is not written again: unsynchronised, with an
            extended header, or with sizes of another version. The frames say the same.
    """

    version: int
    frames: tuple[Block, ...]
    recoded: bool = False


def length(data: bytes) -> int:
    """Return the bytes of the ID3v2 tag that `data` begins with, 0 without one."""
    if data[:3] != b"ID3" or len(data) < _HEAD or data[3] == 0xFF or max(data[6:10]) > 127:
        return 0
    footer = _HEAD if data[3] == 4 and data[5] & 0x10 else 0
    return _HEAD + _syncsafe(data[6:10]) + footer


def parse(data: bytes) -> Tag | None:
    """Read the tag that `data` begins with, None when there is none.

    C2PA's frame is left out: it belongs to the bytes that are being replaced.
    """
    size = length(data)
    if not size or data[3] not in (2, 3, 4):
        return None
    version, flags = data[3], data[5]
    body = data[_HEAD : _HEAD + _syncsafe(data[6:10])]
    recoded = False
    if flags & _UNSYNCHRONISED and version < 4:
        body, recoded = _synchronised(body), True
    if flags & _EXTENDED and version > 2:
        skipped = _syncsafe(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4])
        body, recoded = body[skipped:], True
    unsynchronised = version == 4 and bool(flags & _UNSYNCHRONISED)
    frames = []
    for frame, changed in _frames(body, version, unsynchronised=unsynchronised):
        if not _is_manifest(frame):
            frames.append(frame)
            recoded = recoded or changed
    return Tag(version, tuple(frames), recoded)


def build(tag: Tag) -> bytes:
    """Return the tag's bytes, nothing when it has no frames."""
    if not tag.frames:
        return b""
    return _tag(tag.version, b"".join(frame.data for frame in tag.frames))


def blocks(tag: Tag) -> tuple[Block, ...]:
    """Return a tag as blocks of a file's metadata."""
    return Block(HEADER, b"%d" % tag.version), *tag.frames


def tags(metadata: Iterable[Block], beside: Collection[str]) -> list[Tag]:
    """Return the tags among the blocks of a file's metadata.

    Args:
        metadata: All blocks.
        beside: Kinds of those that belong to no tag.
    """
    found: list[tuple[int, list[Block]]] = []
    for block in metadata:
        if block.kind == HEADER:
            found.append((int(block.data), []))
        elif found and block.kind not in beside:
            found[-1][1].append(block)
    return [Tag(version, tuple(frames)) for version, frames in found]


def leading_end(data: Data) -> int:
    """Return where the tags end that a file begins with."""
    end = 0
    while size := length(data[end : end + _HEAD]):
        end += size
    return end


def leading(data: Data) -> Tag | None:
    """Return the tags that a file begins with as one; those of other versions are left out."""
    merged: Tag | None = None
    place, end = 0, leading_end(data)
    while place < end:
        size = length(data[place : place + _HEAD])
        tag = parse(data[place : place + size])
        place += size
        if merged is None:
            merged = tag
        elif tag is not None and tag.version == merged.version:
            merged = Tag(tag.version, (*merged.frames, *tag.frames), merged.recoded or tag.recoded)
    return merged


def items(data: bytes) -> Iterator[Item]:
    """Yield the frames of the tag that `data` begins with, in its order, without their headers."""
    tag = parse(data)
    if tag is None:
        yield Item(REST, data)
        return
    for frame in tag.frames:
        head = 0 if frame.kind == REST else _head(tag.version)
        yield Item(frame.kind if not head else f"ID3 {frame.kind}", frame.data[head:])


def around_manifest(data: bytes, size: int) -> tuple[bytes, bytes]:
    """Return what stands before and behind a manifest that is put into a file.

    It stands in the first frame of the tag that the file begins with, or of a new one, whose other
    frames stay as they are (C2PA specification 2.2, A.3.4).

    Args:
        data: The file, whose tag was written by `build`.
        size: Bytes of the manifest.
    """
    end = length(data)
    version = data[3] if end else NEWEST
    head = _frame(version, "GEOB", _MANIFEST_HEAD, more=size)
    rest = data[_HEAD:end]
    whole = len(head) + size + len(rest)
    front = b"ID3" + bytes((version, 0, 0)) + _to_syncsafe(whole) + head
    return front, rest + data[end:]


def parted(data: bytes, kept: Iterable[Block], others: Iterable[Block]) -> bytes:
    """Return a file whose first tag holds the frames `kept`, and a second one the `others`."""
    version = data[3]
    first, second = (b"".join(each.data for each in part) for part in (kept, others))
    return b"".join(
        (_tag(version, first), _tag(version, second) if second else b"", data[length(data) :])
    )


def from_version_1(data: bytes) -> tuple[Block, ...]:
    """Return frames of the newest version that say what the 128 bytes of version 1 say.

    A player that finds a newer tag does not look into the old one.
    """
    found = []
    for kind, begin, end in _FIELDS:
        text = data[begin:end].split(b"\0")[0].rstrip(b" ")
        if text:
            # An empty description makes the comment the one that players show.
            lead = b"\0eng\0" if kind == "COMM" else b"\0"
            found.append(Block(kind, _frame(NEWEST, kind, lead + text)))
    track, genre = data[126], data[127]
    if track and not data[125]:
        found.append(Block("TRCK", _frame(NEWEST, "TRCK", b"\0%d" % track)))
    if genre != _NO_GENRE:
        found.append(Block("TCON", _frame(NEWEST, "TCON", b"\0%d" % genre)))
    return tuple(found)


def user_text(version: int, description: str, text: str) -> Block:
    """Return a user-defined text frame (TXXX; TXX in version 2.2).

    Version 2.4 writes UTF-8; the older ones know Latin-1 and UTF-16.
    """
    if version == 4:
        content = b"\3" + description.encode() + b"\0" + text.encode()
    elif text.isascii():
        content = b"\0" + description.encode("ascii") + b"\0" + text.encode("ascii")
    else:
        content = b"\1" + description.encode("utf-16") + b"\0\0" + text.encode("utf-16")
    kind = "TXX" if version == 2 else "TXXX"
    return Block(kind, _frame(version, kind, content))


def read_user_text(frame: Block) -> tuple[str, str] | None:
    """Return description and text of a user-defined text frame, None for any other frame."""
    if frame.kind not in ("TXXX", "TXX"):
        return None
    content = frame.data[_head(2 if frame.kind == "TXX" else 3) :]
    if not content or content[0] >= len(_TEXT_CODES):
        return None
    code, rest = _TEXT_CODES[content[0]], content[1:]
    if content[0] in (1, 2):
        cut = next((i for i in range(0, len(rest) - 1, 2) if rest[i : i + 2] == b"\0\0"), None)
        parts = (rest, b"") if cut is None else (rest[:cut], rest[cut + 2 :])
    else:
        before, _, after = rest.partition(b"\0")
        parts = before, after
    description, text = (part.decode(code, "replace").strip("\0\ufeff") for part in parts)
    return description, text


def _frames(body: bytes, version: int, *, unsynchronised: bool) -> Iterator[tuple[Block, bool]]:
    """Yield the frames, and whether each was coded differently."""
    head, pattern = _head(version), _NAMES[min(version, 3)]
    offset = 0
    while (found := pattern.match(body, offset)) is not None and offset + head <= len(body):
        count, plain = _count(body, offset, version)
        end = offset + head + count
        if end > len(body):
            break
        kind = found[0].decode("ascii").rstrip(" \0")
        frame, changed = body[offset:end], plain
        if version == 4 and (unsynchronised or frame[9] & _FRAME_UNSYNCHRONISED):
            content = _synchronised(frame[head:])
            flags = bytes((frame[8], frame[9] & ~_FRAME_UNSYNCHRONISED))
            frame, changed = frame[:4] + _to_syncsafe(len(content)) + flags + content, True
        elif plain:
            frame = frame[:4] + _to_syncsafe(count) + frame[8:]
        yield Block(kind, frame), changed
        offset = end
    if body[offset:].strip(b"\0"):
        yield Block(REST, body[offset:]), False


def _count(body: bytes, offset: int, version: int) -> tuple[int, bool]:
    """Return the bytes of a frame's content, and whether version 2.4 says them as 2.3 does."""
    if version == 2:
        return int.from_bytes(body[offset + 3 : offset + 6]), False
    size = body[offset + 4 : offset + 8]
    plain = int.from_bytes(size)
    if version == 3:
        return plain, False
    if max(size) > 127:
        return plain, True
    safe = _syncsafe(size)
    if safe != plain and not _ends(body, offset + _HEAD + safe):
        # Some writers put plain sizes into version 2.4: then another frame begins there.
        return (plain, True) if _ends(body, offset + _HEAD + plain) else (safe, False)
    return safe, False


def _ends(body: bytes, place: int) -> bool:
    """Tell whether a frame can end at `place`: another begins there, or only padding follows."""
    if place > len(body) or _NAMES[3].match(body, place) is not None:
        return place <= len(body)
    padding = _ZEROS.match(body, place)
    return padding is not None and padding.end() == len(body)


def _frame(version: int, kind: str, content: bytes, *, more: int = 0) -> bytes:
    """Return a frame with its header, as if `more` bytes of content followed."""
    size = len(content) + more
    if version == 2:
        return {"GEOB": "GEO"}.get(kind, kind).encode() + size.to_bytes(3) + content
    coded = _to_syncsafe(size) if version == 4 else size.to_bytes(4)
    return kind.encode() + coded + b"\0\0" + content


def _tag(version: int, body: bytes) -> bytes:
    return b"ID3" + bytes((version, 0, 0)) + _to_syncsafe(len(body)) + body


def _head(version: int) -> int:
    """Return the bytes of a frame's header."""
    return 6 if version == 2 else _HEAD


def _is_manifest(frame: Block) -> bool:
    if frame.kind not in ("GEOB", "GEO"):
        return False
    content = frame.data[_head(2 if frame.kind == "GEO" else 3) :]
    return content[1:].startswith(_MANIFEST_TYPES)


def _synchronised(data: bytes) -> bytes:
    return data.replace(b"\xff\0", b"\xff")


def _syncsafe(four: bytes) -> int:
    number = 0
    for each in four:
        number = number << 7 | each & 127
    return number


def _to_syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))
