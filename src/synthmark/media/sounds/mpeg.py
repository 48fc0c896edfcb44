"""MPEG audio frames (ISO/IEC 11172-3 and 13818-3, and the unofficial 2.5): their headers, runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from synthmark.media.parts.pieces import Data

HEAD = 4
"""Bytes of a frame's header."""

# Kilobits a second of layer III by the header's index, MPEG 1 and the lower rates.
_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_SAMPLE_RATES = (44_100, 48_000, 32_000)
# Bytes of the longest frame of a bit rate of the encoder's own that is looked for.
_LONGEST_FREE = 4 * 1441


@dataclass(frozen=True, slots=True)
class Frame:
    """The header of one layer III frame.

    Attributes:
        length: Bytes of the frame.
        samples: Moments that it holds.
        sample_rate: Samples a second.
        channels: 1 or 2.
        bit_rate: Bits a second.
        side: Bytes of side information, behind which a Xing or Info header begins.
    """

    length: int
    samples: int
    sample_rate: int
    channels: int
    bit_rate: int
    side: int

    def like(self, other: Frame | None) -> bool:
        """Tell whether one decoder goes from this frame to the other."""
        return self is other or (
            other is not None
            and self.sample_rate == other.sample_rate
            and self.channels == other.channels
        )


@dataclass(frozen=True, slots=True)
class Run:
    """Frames that follow one another without a gap, all of one sample rate.

    Attributes:
        first: The first frame's header.
        start: Where it lies.
        end: Where the last whole frame ends.
        frames: How many there are.
        bit_rates: Of all frames, each with the place of the first that has it.
    """

    first: Frame
    start: int
    end: int
    frames: int
    bit_rates: tuple[tuple[int, int], ...]


def header(data: Data, place: int) -> Frame | None:
    """Return the header of the layer III frame at `place`, None when there is none."""
    return _header(data[place : place + HEAD])


def run(data: Data, place: int, end: int, *, most: int | None = None) -> Run | None:
    """Return the whole frames from `place` on and before `end`, None where there is none.

    Args:
        data: A file.
        place: Where the first one has to begin.
        end: Where the last one has to end, at most.
        most: How many are looked at.
    """
    first = frame = header(data, place)
    start, count, last = place, 0, 0
    rates: dict[int, int] = {}
    while frame is not None and frame.like(first) and place + frame.length <= end:
        if frame.bit_rate != last:
            last = frame.bit_rate
            rates.setdefault(last, place)
        count += 1
        place += frame.length
        if count == most:
            break
        frame = _header(data[place : place + HEAD])
    return Run(first, start, place, count, tuple(rates.items())) if first and count else None


def find(data: Data, start: int, end: int) -> int | None:
    """Return where the next frame lies that one like it follows, None when there is none."""
    place = start
    while (place := data.find(b"\xff", place, end)) >= 0:
        frame = header(data, place)
        if frame is not None and frame.like(header(data, place + frame.length)):
            return place
        place += 1
    return None


def is_stream(data: Data, place: int, *, frames: int) -> bool:
    """Tell whether as many frames follow one another from `place` on, or all there is room for."""
    first = header(data, place)
    if first is None:
        return False
    place += first.length
    for _ in range(1, frames):
        frame = header(data, place)
        if frame is None or not first.like(frame):
            # The last one may be cut off.
            return place >= len(data)
        place += frame.length
    return True


def is_free(data: Data, place: int) -> bool:
    """Tell whether layer III frames of a bit rate that their header does not name begin here.

    Such a frame ends where the next one like it begins (ISO/IEC 11172-3, 2.4.2.3).
    """
    head = data[place : place + HEAD]
    if len(head) < HEAD or head[2] & 0xF0 or _header(head[:2] + b"\x10" + head[3:]) is None:
        return False
    same = head[:2]
    second = data.find(same, place + HEAD, place + _LONGEST_FREE)
    while second >= 0:
        length = second - place
        # A frame may be a byte longer than the one before.
        third = data.find(same, second + length - 1, second + length + 3)
        if third >= 0 and not (data[second + 2] | data[third + 2]) & 0xF0:
            return True
        second = data.find(same, second + 1, place + _LONGEST_FREE)
    return False


@lru_cache(maxsize=2**12)
def _header(head: bytes) -> Frame | None:
    if len(head) < HEAD or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate, sampling = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer != 1 or rate in (0, 15) or sampling == 3:
        return None
    lower = version != 3
    sample_rate = _SAMPLE_RATES[sampling] >> {3: 0, 2: 1, 0: 2}[version]
    bit_rate = 1000 * _RATES[lower][rate]
    mono = head[3] >> 6 == 3
    return Frame(
        length=(72 if lower else 144) * bit_rate // sample_rate + (head[2] >> 1 & 1),
        samples=576 if lower else 1152,
        sample_rate=sample_rate,
        channels=1 if mono else 2,
        bit_rate=bit_rate,
        side=(9 if mono else 17) if lower else (17 if mono else 32),
    )
