"""The index before an MP3's frames: how many there are, and what a player leaves out of them.

Xing, with LAME's extension ("Mp3 info tag", rev. 1), and Fraunhofer's VBRI: a frame of silence.
"""

from __future__ import annotations

from dataclasses import dataclass

from synthmark.media.sounds import mpeg

DECODER_DELAY = 529
"""Samples by which every decoder is late, which a player leaves out beside the encoder's."""

ENCODER_DELAY = 576
"""Samples by which LAME is late, as libsndfile uses it."""

GAINS = "LAME gains"
"""Kind of the block that holds the peak and the two ReplayGain values of an index."""

_FRAMES, _BYTES, _TOC, _QUALITY = 1, 2, 4, 8
# Bytes of each part that the flags name, and of what LAME appends.
_PARTS = ((_FRAMES, 4), (_BYTES, 4), (_TOC, 100), (_QUALITY, 4))
_LAME, _DELAYS = 36, 21
_GAINS = slice(11, 19)
_SIZE = 8 + sum(size for _, size in _PARTS) + _LAME
# What wrote the frames; players look for the first four letters.
_ENCODER = b"LAME3.100"
_CRC = 0xA001


@dataclass(frozen=True, slots=True)
class Index:
    """What stands in the index.

    Attributes:
        frames: Frames behind it, None where it does not say.
        delay: Samples in front that the encoder made up, None where it does not say.
        padding: Samples behind that it made up.
    """

    frames: int | None
    delay: int | None
    padding: int


def read(data: bytes, place: int) -> Index | None:
    """Return the index that the frame at `place` is, None when it is sound."""
    frame = mpeg.header(data, place)
    if frame is None:
        return None
    if data[place + 36 : place + 40] == b"VBRI":
        return Index(int.from_bytes(data[place + 50 : place + 54]) or None, None, 0)
    begin = place + mpeg.HEAD + frame.side
    if data[begin : begin + 4] not in (b"Xing", b"Info"):
        return None
    flags = int.from_bytes(data[begin + 4 : begin + 8])
    count = int.from_bytes(data[begin + 8 : begin + 12]) if flags & _FRAMES else 0
    lame = _lame(data, place)
    if lame is None:
        return Index(count or None, None, 0)
    delays = int.from_bytes(data[lame + _DELAYS : lame + _DELAYS + 3])
    return Index(count or None, delays >> 12, delays & 0xFFF)


def gains(data: bytes, place: int) -> bytes:
    """Return what the index at `place` tells of peak and loudness, nothing where that is nothing.

    They stay true: a mark changes a sound's loudness by less than they are told with, 0.1 dB.
    """
    lame = _lame(data, place)
    told = b"" if lame is None else data[lame:][_GAINS]
    return told if any(told) else b""


def with_gains(index: bytes, told: bytes) -> bytes:
    """Return an index that tells this of peak and loudness, as `gains` gave it."""
    lame = _lame(index, 0)
    if lame is None or gains(index, 0) == told:
        return index
    changed = bytearray(index)
    end = lame + _LAME - 2
    changed[lame + _GAINS.start : lame + _GAINS.stop] = told or bytes(_GAINS.stop - _GAINS.start)
    changed[end : end + 2] = checksum(bytes(changed[:end])).to_bytes(2)
    return bytes(changed)


def build(head: bytes, frames: int, size: int, *, delay: int, padding: int) -> bytes:
    """Return a frame that is the index of those behind it, as of a constant bit rate.

    Args:
        head: The header of one of them.
        frames: How many there are.
        size: Their bytes.
        delay: Samples in front that the encoder made up.
        padding: Samples behind that it made up.
    """
    whole = _silence(head, _SIZE)
    frame = mpeg.header(whole, 0)
    assert frame is not None  # noqa: S101 - just made
    lame = bytearray(_LAME - 2)
    lame[: len(_ENCODER)] = _ENCODER
    lame[_DELAYS : _DELAYS + 3] = (delay << 12 | padding).to_bytes(3)
    index = b"".join(
        (
            whole[: mpeg.HEAD + frame.side],
            b"Info",
            (_FRAMES | _BYTES | _TOC | _QUALITY).to_bytes(4),
            frames.to_bytes(4),
            (size + frame.length).to_bytes(4),
            bytes(256 * percent // 100 for percent in range(100)),
            bytes(4),
            lame,
        )
    )
    return (index + checksum(index).to_bytes(2)).ljust(frame.length, b"\0")


def for_decoder(head: bytes, frames: int, size: int, *, start: int, end: int) -> bytes:
    """Return an index that has libmpg123 decode moments `start` to `end` of the frames behind it.

    With any index it leaves out its own delay: so where all is to be heard, a frame of silence
    goes in front, and is left out.
    """
    silence = b""
    frame = mpeg.header(head, 0)
    assert frame is not None  # noqa: S101 - the head of a frame
    total = frames * frame.samples
    if start < DECODER_DELAY:
        silence = _silence(head, 0)
        frames, start = frames + 1, start + frame.samples
    index = build(
        head,
        frames,
        size + len(silence),
        delay=start - DECODER_DELAY,
        padding=total - end + DECODER_DELAY,
    )
    return index + silence


def _silence(head: bytes, room: int) -> bytes:
    """Return a frame without sound, of the lowest bit rate that has `room` bytes of it."""
    for rate in range(1, 15):
        # Without a checksum, as none is computed.
        mine = bytes((255, head[1] | 1, rate << 4 | head[2] & 0x0C, head[3] & 0xC0))
        frame = mpeg.header(mine, 0)
        if frame is not None and frame.length >= mpeg.HEAD + frame.side + room:
            return mine.ljust(frame.length, b"\0")
    raise AssertionError("the highest bit rate has room for every index")


def _lame(data: bytes, place: int) -> int | None:
    """Return where LAME's extension lies in the index at `place`, None where there is none."""
    frame = mpeg.header(data, place)
    begin = place + mpeg.HEAD + (frame.side if frame else 0)
    if frame is None or data[begin : begin + 4] not in (b"Xing", b"Info"):
        return None
    flags = int.from_bytes(data[begin + 4 : begin + 8])
    lame = begin + 8 + sum(size for flag, size in _PARTS if flags & flag)
    return lame if lame + _LAME <= place + frame.length and data[lame] else None


def checksum(data: bytes) -> int:
    """Return the CRC-16 of ANSI, from 0, over the index up to where it stands."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CRC if crc & 1 else 0)
    return crc
