"""ID3 tags (id3.org, versions 2.2 to 2.4, and 1): their frames, read and written as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from synthmark.media.picture import Block

TAIL = "ID3v1"
"""Kind of the block that holds the 128 bytes of version 1 at a file's end."""

ENHANCED = "ID3v1 enhanced"
"""Kind of the block that holds the ``TAG+`` before them."""

TAIL_SIZE, ENHANCED_SIZE = 128, 227
"""Bytes of both."""

_HEAD = 10
_UNSYNCHRONISED, _EXTENDED = 0x80, 0x40
_TEXT_CODES = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_MANIFEST = b"application/x-c2pa-manifest-store"


@dataclass(frozen=True, slots=True)
class Tag:
    """One ID3v2 tag.

    Attributes:
        version: 2, 3 or 4.
        frames: Its frames, each with its header, in its version's form.
    """

    version: int
    frames: tuple[Block, ...]


def length(data: bytes) -> int:
    """Return the bytes of the ID3v2 tag that `data` begins with, 0 without one."""
    if data[:3] != b"ID3" or len(data) < _HEAD or data[3] == 0xFF or max(data[6:10]) > 127:
        return 0
    footer = _HEAD if data[3] == 4 and data[5] & 0x10 else 0
    return _HEAD + _syncsafe(data[6:10]) + footer


def parse(data: bytes) -> Tag | None:
    """Read the tag that `data` begins with up to the first damage, None when there is none.

    The C2PA engine's frame is left out: it belongs to the bytes that are being replaced.
    """
    size = length(data)
    if not size or data[3] not in (2, 3, 4):
        return None
    version, flags = data[3], data[5]
    body = data[_HEAD : _HEAD + _syncsafe(data[6:10])]
    if flags & _UNSYNCHRONISED and version < 4:
        body = body.replace(b"\xff\0", b"\xff")
    if flags & _EXTENDED and version > 2:
        skipped = _syncsafe(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4])
        body = body[skipped:]
    frames = (frame for frame in _frames(body, version) if not _is_manifest(frame))
    return Tag(version, tuple(frames))


def build(tag: Tag) -> bytes:
    """Return the tag's bytes, nothing when it has no frames."""
    if not tag.frames:
        return b""
    body = b"".join(frame.data for frame in tag.frames)
    return b"ID3" + bytes((tag.version, 0, 0)) + _to_syncsafe(len(body)) + body


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
    if version == 2:
        return Block("TXX", b"TXX" + len(content).to_bytes(3) + content)
    size = _to_syncsafe(len(content)) if version == 4 else len(content).to_bytes(4)
    return Block("TXXX", b"TXXX" + size + b"\0\0" + content)


def read_user_text(frame: Block) -> tuple[str, str] | None:
    """Return description and text of a user-defined text frame, None for any other frame."""
    if frame.kind not in ("TXXX", "TXX"):
        return None
    content = frame.data[6 if frame.kind == "TXX" else 10 :]
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


def _frames(body: bytes, version: int) -> Iterator[Block]:
    head, name = (6, 3) if version == 2 else (_HEAD, 4)
    offset = 0
    while offset + head <= len(body):
        kind = body[offset : offset + name]
        if not kind.isalnum() or kind.upper() != kind:
            return
        size = body[offset + name : offset + name + (3 if version == 2 else 4)]
        count = _syncsafe(size) if version == 4 else int.from_bytes(size)
        if version == 4 and max(size) > 127:
            # Some writers put plain sizes into version 2.4.
            count = int.from_bytes(size)
        end = offset + head + count
        if end > len(body):
            return
        yield Block(kind.decode("ascii"), body[offset:end])
        offset = end


def _is_manifest(frame: Block) -> bool:
    return frame.kind == "GEOB" and _MANIFEST in frame.data[: 64 + len(_MANIFEST)]


def _syncsafe(four: bytes) -> int:
    number = 0
    for each in four:
        number = number << 7 | each & 127
    return number


def _to_syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))
