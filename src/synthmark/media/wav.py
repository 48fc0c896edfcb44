"""The RIFF container of WAV (IBM and Microsoft 1991; ITU-R BS.2088), read and written."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from synthmark.errors import LimitError, UnreadableError
from synthmark.limits import Limits
from synthmark.media.formats import WAV
from synthmark.media.picture import Block, Metadata, counted, note, obstacle
from synthmark.media.pieces import Piece, Pieces, Span
from synthmark.media.sound import Track
from synthmark.report import Finding, Severity

XMP = "_PMX"

# Format tags (mmreg.h) and bits a sample that can be decoded and written again.
_CODECS = {
    (1, 8): "PCM_U8",
    (1, 16): "PCM_16",
    (1, 24): "PCM_24",
    (1, 32): "PCM_32",
    (3, 32): "FLOAT",
    (3, 64): "DOUBLE",
    (6, 8): "ALAW",
    (7, 8): "ULAW",
}
_EXTENSIBLE = 0xFFFE
# Bytes within which libsndfile's samples begin.
_HEAD = 4096
# What belongs to the coding and is written anew, padding, and the manifest.
_DROPPED = frozenset({"fmt ", "data", "fact", "PEAK", "JUNK", "PAD ", "FLLR", "C2PA", XMP})


def parse(data: bytes, limits: Limits) -> Track:
    """Read the chunks of a WAV file as far as they go, whatever its sizes claim; decode nothing.

    Raises:
        UnreadableError: There is no sound header, or no samples.
        LimitError: The sound or a metadata chunk is larger than the limit.
    """
    form, samples, claimed = b"", None, 0
    xmp: bytes | None = None
    blocks: list[Block] = []
    budget = limits.metadata_bytes
    for kind, start, length in counted(_chunks(data)):
        end = min(start + length, len(data))
        if kind == "fmt " and not form:
            form = data[start:end]
        elif kind == "data" and samples is None:
            samples, claimed = (start, end), length
        elif kind not in _DROPPED or kind == XMP:
            budget -= end - start
            if budget < 0:
                raise LimitError(
                    f"the chunk {kind.strip()!r} in this WAV exceeds {limits.metadata_bytes} bytes",
                    code="limit.metadata",
                )
            if kind == XMP:
                xmp = xmp or data[start:end]
            elif start + length <= len(data):
                blocks.append(Block(kind, data[start:end]))
    if len(form) < 16 or samples is None:
        raise UnreadableError("this WAV has no sound header", code="media.damaged")
    tag, channels, rate, _, align, bits = struct.unpack_from("<HHIIHH", form)
    if tag == _EXTENSIBLE and len(form) >= 26:
        (tag,) = struct.unpack_from("<H", form, 24)
    codec = _CODECS.get((tag, bits), "")
    if not channels or not rate or (codec and align != channels * bits // 8):
        raise UnreadableError("the header of this WAV is damaged", code="media.damaged")
    start, end = samples
    frames = (end - start) // align if codec else None
    if frames is not None:
        limits.check_sound(frames, rate, channels)
        end = start + frames * align
    # A length of 0 or of all ones is that of a stream whose end was not known.
    open_end = claimed in (0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 36)
    whole = open_end or start + claimed <= len(data)
    return Track(
        media_type=WAV,
        codec=codec,
        sample_rate=rate,
        channels=channels,
        frames=frames,
        metadata=Metadata(xmp=xmp, blocks=tuple(blocks)),
        bare=_riff(_chunk("fmt ", form), *_long_chunk("data", memoryview(data)[start:end])),
        form=form,
        depth=bits if tag == 1 else 16 if tag in (6, 7) else 0,
        whole=whole,
        obstacle=None if codec else _foreign(tag, bits),
        notes=() if whole else (_SHORT,),
    )


def assemble(coded: BinaryIO, track: Track, metadata: Metadata) -> Pieces:
    """Return the samples of the WAV `coded` under the old header, with metadata behind them."""
    coded.seek(0)
    head = coded.read(_HEAD)
    start, length = next((start, length) for kind, start, length in _chunks(head) if kind == "data")
    parts = [_chunk("fmt ", track.form)]
    if not track.codec.startswith("PCM"):
        parts.append(_chunk("fact", struct.pack("<I", track.frames or 0)))
    behind = [_chunk(each.kind, each.data) for each in metadata.blocks]
    if metadata.xmp is not None:
        behind.append(_chunk(XMP, metadata.xmp))
    return _riff(*parts, *_long_chunk("data", Span(coded, start, length)), *behind)


_SHORT = note("media.truncated", "this WAV holds fewer samples than it claims", Severity.WARNING)


def _foreign(tag: int, bits: int) -> Finding:
    return obstacle(
        "media.wav-codec",
        f"this WAV is coded as format {tag} with {bits} bits; PCM of 8, 16, 24 and 32 bits, "
        "floating point, A-law and mu-law are supported",
    )


def _chunks(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and claimed length of each chunk; the last may be cut short."""
    offset = 12
    while offset + 8 <= len(data):
        kind = data[offset : offset + 4].decode("latin-1")
        (length,) = struct.unpack_from("<I", data, offset + 4)
        if kind == "data" and length == 0:
            # A stream that was never closed: all that follows is sound.
            length = len(data) - offset - 8
        yield kind, offset + 8, length
        offset += 8 + length + (length & 1)


def _riff(*chunks: Piece) -> Pieces:
    length = len(b"WAVE") + sum(map(len, chunks))
    return Pieces(b"RIFF" + struct.pack("<I", length) + b"WAVE", *chunks)


def _chunk(kind: str, payload: bytes) -> bytes:
    head, _, pad = _long_chunk(kind, payload)
    return b"".join((head, payload, pad))


def _long_chunk(kind: str, payload: Piece) -> tuple[bytes, Piece, bytes]:
    head = kind.encode("latin-1") + struct.pack("<I", len(payload))
    return head, payload, b"\0" * (len(payload) & 1)
