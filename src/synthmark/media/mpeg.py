"""MPEG audio frames (ISO/IEC 11172-3 and 13818-3, and the unofficial 2.5): their headers."""

from __future__ import annotations

from dataclasses import dataclass

# Kilobits a second of layer III by the header's index, MPEG 1 and the lower rates.
_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_SAMPLE_RATES = (44_100, 48_000, 32_000)
# How far behind damage the next frame is looked for, over a whole file.
_MOST_SEARCHED = 2**20


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


@dataclass(frozen=True, slots=True)
class Stream:
    """All frames of a file.

    Attributes:
        first: The first frame's header.
        start: Where it lies.
        end: Where the last whole frame ends.
        spans: Where frames follow one another, as (start, end); between them is damage.
        frames: How many there are; a Xing or Info header, which holds no sound, not counted.
        bit_rates: Of all frames.
        whole: Whether nothing was skipped and no frame was cut short.
    """

    first: Frame
    start: int
    end: int
    spans: tuple[tuple[int, int], ...]
    frames: int
    bit_rates: frozenset[int]
    whole: bool


def header(data: bytes, place: int) -> Frame | None:
    """Return the header of the layer III frame at `place`, None when there is none."""
    head = data[place : place + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
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


def scan(data: bytes, start: int) -> Stream | None:
    """Walk over the frames from `start` on, past damage, to the end; None when there is none."""
    place = found = _next(data, start)
    first = None if place is None else header(data, place)
    if place is None or found is None or first is None:
        return None
    whole, searched, count, end = place == start, place - start, 0, place
    rates = set()
    spans: list[tuple[int, int]] = []
    begin = place
    while place is not None and searched <= _MOST_SEARCHED:
        frame = header(data, place)
        if frame is None or frame.sample_rate != first.sample_rate:
            if place >= len(data) or data[place : place + 3] in (b"TAG", b"APE"):
                break
            following = _next(data, place + 1)
            if following is not None:
                spans.append((begin, place))
                begin = following
            whole = whole and following is None and not data[place : place + 128].strip(b"\0")
            searched += (following or place) - place
            place = following
            continue
        if place + frame.length > len(data):
            whole = False
            break
        if count or not _is_index(data, place, frame):
            rates.add(frame.bit_rate)
            count += 1
        place += frame.length
        end = place
    spans.append((begin, end))
    return Stream(first, found, end, tuple(spans), count, frozenset(rates), whole)


def _next(data: bytes, start: int) -> int | None:
    """Return where the next frame lies that another one follows, or that ends the file."""
    place = start
    while (place := data.find(b"\xff", place, start + _MOST_SEARCHED)) >= 0:
        frame = header(data, place)
        if frame is not None:
            behind = place + frame.length
            if header(data, behind) is not None or behind == len(data):
                return place
            if data[behind : behind + 3] == b"TAG":
                return place
        place += 1
    return None


def _is_index(data: bytes, place: int, frame: Frame) -> bool:
    """Tell a Xing, Info or VBRI header, which looks like a frame of silence."""
    begin = place + 4 + frame.side
    return data[begin : begin + 4] in (b"Xing", b"Info") or data[place + 36 : place + 40] == b"VBRI"
