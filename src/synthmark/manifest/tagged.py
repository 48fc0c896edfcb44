"""Where a manifest lies in a file that an ID3 tag stands before: MP3 and FLAC."""

from __future__ import annotations

from collections.abc import Iterator

from synthmark.facts import Finding
from synthmark.manifest import engine
from synthmark.media import Block, Format
from synthmark.media.formats import FLAC, MP3
from synthmark.media.parts import id3

STUBS: dict[Format, bytes] = {MP3: b"\xff\xfb\x90\x44" + bytes(413), FLAC: b"fLaC" + bytes(38)}
"""The least that the engine takes for a file of each format."""

# Groups into which the frames of a tag are parted, at most, to find those that cannot be read.
_MOST_GROUPS = 512


def around(encoded: bytes, format: Format, size: int) -> tuple[bytes, bytes, tuple[Finding, ...]]:
    """Return what stands before and behind a manifest, and what was moved for it.

    The engine finds nothing in a tag of which it cannot read every frame: those that it cannot read
    are put into a second tag, where an MP3 may have one, and left out before FLAC.

    Args:
        encoded: The file, perhaps with a tag.
        format: Its format.
        size: Bytes of the manifest.
    """
    end = id3.length(encoded)
    tag = id3.parse(encoded[:end])
    if tag is None or _is_found(encoded[:end], format, size):
        return *id3.around_manifest(encoded, size), ()
    refused = tuple(_refused(tag, tag.frames, format, size))
    if not refused:
        return *id3.around_manifest(encoded, size), ()
    unread = set(refused)
    kept = tuple(frame for frame in tag.frames if frame not in unread)
    moved = format is MP3
    encoded = id3.parted(encoded, kept, refused if moved else ())
    return *id3.around_manifest(encoded, size), (_told(refused, moved=moved),)


def _refused(tag: id3.Tag, frames: tuple[Block, ...], format: Format, size: int) -> Iterator[Block]:
    """Yield those of a tag's frames that the engine cannot read, found by halving."""
    if _is_found(id3.build(id3.Tag(tag.version, frames)), format, size):
        return
    if len(frames) <= max(1, len(tag.frames) // _MOST_GROUPS):
        yield from frames
        return
    half = len(frames) // 2
    for part in (frames[:half], frames[half:]):
        yield from _refused(tag, part, format, size)


def _is_found(tag: bytes, format: Format, size: int) -> bool:
    before, behind = id3.around_manifest(tag, size)
    return engine.finds(b"".join((before, bytes(size), behind, STUBS[format])), format.media_type)


def _told(refused: tuple[Block, ...], *, moved: bool) -> Finding:
    kinds = dict.fromkeys(frame.kind for frame in refused)
    return Finding.warning(
        "manifest.id3-frames",
        moved=moved,
        frames=tuple(kinds),
        accounts_for=tuple(kind if kind == id3.REST else f"ID3 {kind}" for kind in kinds),
    )
