"""MP3: ID3 in front, frames, and what stands behind them; read and written."""

from __future__ import annotations

from dataclasses import replace

from synthmark.errors import LimitError, UnreadableError
from synthmark.limits import Limits
from synthmark.media import id3, mpeg
from synthmark.media.formats import MP3
from synthmark.media.picture import Block, Metadata, counted, note
from synthmark.media.pieces import Pieces
from synthmark.media.sound import Track
from synthmark.report import Severity

APE = "APEv2"
"""Kind of the block that holds a whole APE tag."""

VERSIONS = {"2": 2, "3": 3, "4": 4}
_DEFAULT_VERSION = 4
_HEADER = "ID3v2"


def parse(data: bytes, limits: Limits) -> Track:
    """Read tags and frame headers; decode nothing.

    Raises:
        UnreadableError: There are no frames.
        LimitError: A tag is larger than the limit, or the sound is.
    """
    start = 0
    blocks: list[Block] = []
    while size := id3.length(data[start : start + 10]):
        if size > limits.metadata_bytes:
            raise LimitError(
                f"the ID3 tag of this MP3 exceeds {limits.metadata_bytes} bytes",
                code="limit.metadata",
            )
        tag = id3.parse(data[start : start + size])
        if tag is not None and not blocks:
            # The first block says which version the frames are of.
            blocks = [Block(_HEADER, b"%d" % tag.version), *counted(tag.frames)]
        start += size
    stream = mpeg.scan(data, start)
    if stream is None:
        raise UnreadableError("no MP3 frames are in this file", code="media.damaged")
    blocks += _tail(data, stream.end, limits)
    first = stream.first
    frames = stream.frames * first.samples
    limits.check_sound(frames, first.sample_rate, first.channels)
    size = stream.end - stream.start
    notes = []
    if not stream.whole:
        notes = [note("media.truncated", "this MP3 is damaged or cut short", Severity.WARNING)]
    return Track(
        media_type=MP3,
        codec="MP3",
        sample_rate=first.sample_rate,
        channels=first.channels,
        frames=frames,
        metadata=Metadata(blocks=tuple(blocks)),
        # Decoders are given no damage to complain about.
        bare=Pieces(*(memoryview(data)[begin:end] for begin, end in stream.spans)),
        bit_rate=8 * size * first.sample_rate / max(frames, 1),
        variable=len(stream.bit_rates) > 1,
        whole=stream.whole,
        notes=tuple(notes),
    )


def assemble(encoded: bytes, metadata: Metadata) -> bytes:
    """Return the bare MP3 `encoded` between its tags."""
    blocks = metadata.blocks
    front = tuple(each for each in blocks if each.kind not in (_HEADER, APE, id3.TAIL))
    behind = [each.data for kind in (APE, id3.TAIL) for each in blocks if each.kind == kind]
    tag = id3.build(id3.Tag(version(metadata), front))
    return b"".join((tag, encoded[id3.length(encoded) :], *behind))


def version(metadata: Metadata) -> int:
    """Return the ID3v2 version of the tag's frames, 4 where there is no tag yet."""
    head = next((each.data for each in metadata.blocks if each.kind == _HEADER), None)
    return int(head) if head else _DEFAULT_VERSION


def with_frame(metadata: Metadata, frame: Block) -> Metadata:
    """Return metadata with one more frame in its ID3v2 tag."""
    head = Block(_HEADER, b"%d" % version(metadata))
    others = tuple(each for each in metadata.blocks if each.kind != _HEADER)
    return replace(metadata, blocks=(head, frame, *others))


def _tail(data: bytes, end: int, limits: Limits) -> list[Block]:
    """Return the tags behind the frames: ID3v1 at the very end, an APE tag before it."""
    found = []
    if len(data) - 128 >= end and data[-128:-125] == b"TAG":
        found.append(Block(id3.TAIL, data[-128:]))
    footer = len(data) - 128 * len(found) - 32
    if footer >= end and data[footer : footer + 8] == b"APETAGEX":
        size = int.from_bytes(data[footer + 12 : footer + 16], "little")
        begin = footer + 32 - size
        begin -= 32 if data[begin - 32 : begin - 24] == b"APETAGEX" else 0
        if end <= begin and footer - begin <= limits.metadata_bytes:
            found.insert(0, Block(APE, data[begin : footer + 32]))
    return found
