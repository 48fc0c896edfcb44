"""What an M4A says of its coding: elementary stream descriptor and AudioSpecificConfig.

ISO/IEC 14496-1, 7.2.6 and ISO/IEC 14496-3, 1.6.2.1. The sample entry around them says two channels
by convention, and the rate of the core or that of the output: these decide.
"""

from __future__ import annotations

from dataclasses import dataclass

_STREAM, _DECODER, _SPECIFIC = 3, 4, 5
# Object type indications of AAC (MPEG-4, and the profiles of MPEG-2), and names of others.
_AAC = frozenset({0x40, 0x66, 0x67, 0x68})
_OTHERS = {0x69: "MP3", 0x6B: "MP3", 0xA5: "AC-3", 0xA6: "E-AC-3", 0xA9: "DTS", 0xDD: "Vorbis",
           0xE1: "QCELP"}  # fmt: skip
_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
          8_000, 7_350)  # fmt: skip
_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8)
_LC, _SBR, _ESCAPE, _PS = 2, 5, 31, 29
# Those that begin as AAC-LC does (GASpecificConfig).
_GENERAL = frozenset({1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23})
_PROFILES = {1: "AAC Main", 3: "AAC SSR", 4: "AAC LTP", 23: "AAC-LD", 39: "AAC-ELD", 42: "xHE-AAC"}
_SYNC_SBR, _SYNC_PS = 0x2B7, 0x548


@dataclass(frozen=True, slots=True)
class Coding:
    """How a track is coded.

    Attributes:
        codec: ``AAC``, or the name of what is not.
        profile: The sort of AAC, empty where it is AAC-LC.
        rate: Samples a second that come out, 0 where nothing says.
        channels: Channels that come out, 0 where nothing says.
    """

    codec: str
    profile: str = ""
    rate: int = 0
    channels: int = 0


def read(entry: bytes) -> Coding:
    """Return the coding that an ``mp4a`` sample entry describes, wherever its ``esds`` stands."""
    place = entry.find(b"esds")
    if place < 0:
        return Coding("AAC")
    body = _descriptor(entry[place + 8 :], _STREAM)
    flags = body[2] if len(body) > 2 else 0
    skip = 3 + 2 * (flags >> 7) + 2 * (flags >> 5 & 1)
    if flags & 0x40 and len(body) > skip:
        skip += 1 + body[skip]
    decoder = _descriptor(body[skip:], _DECODER)
    if decoder and decoder[0] not in _AAC:
        return Coding(_OTHERS.get(decoder[0], f"object type {decoder[0]:#04x}"))
    return _config(_Bits(_descriptor(decoder[13:], _SPECIFIC)))


class _Bits:
    """Bits from the highest on; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self.left = 8 * len(data)

    def take(self, count: int) -> int:
        self.left -= count
        taken = self._value >> self.left if self.left >= 0 else 0
        return taken & (1 << count) - 1


def _descriptor(data: bytes, tag: int) -> bytes:
    """Return the content of a descriptor of this tag, empty where another stands there."""
    if not data or data[0] != tag:
        return b""
    length, place = 0, 1
    while place < min(len(data), 5):
        length = length << 7 | data[place] & 127
        place += 1
        if not data[place - 1] & 128:
            break
    return data[place : place + length]


def _config(bits: _Bits) -> Coding:
    """Read an AudioSpecificConfig."""
    if bits.left < 16:
        return Coding("AAC")
    kind, rate = _kind(bits), _rate(bits)
    layout = bits.take(4)
    channels = _CHANNELS[layout] if layout < len(_CHANNELS) else 0
    profile = ""
    if kind in (_SBR, _PS):
        profile = "HE-AAC" if kind == _SBR else "HE-AAC v2"
        channels = 2 if kind == _PS else channels
        rate, kind = _rate(bits), _kind(bits)
    if kind in _GENERAL:
        bits.take(1)
        if bits.take(1):
            bits.take(14)
        extended = bits.take(1)
        if not layout:
            channels = _program(bits)
        if kind in (6, 20):
            bits.take(3)
        if extended:
            bits.take({22: 16, 17: 3, 19: 3, 20: 3, 23: 3}.get(kind, 0) + 1)
    extension = not profile and kind == _LC and bits.left >= 16 and bits.take(11) == _SYNC_SBR
    if extension and _kind(bits) == _SBR and bits.take(1):
        profile, rate = "HE-AAC", _rate(bits)
        if bits.left >= 12 and bits.take(11) == _SYNC_PS and bits.take(1):
            profile, channels = "HE-AAC v2", 2
    return Coding("AAC", profile or _PROFILES.get(kind, ""), rate, channels)


def _kind(bits: _Bits) -> int:
    kind = bits.take(5)
    return kind if kind != _ESCAPE else 32 + bits.take(6)


def _rate(bits: _Bits) -> int:
    index = bits.take(4)
    if index == 15:
        return bits.take(24)
    return _RATES[index] if index < len(_RATES) else 0


def _program(bits: _Bits) -> int:
    """Return the channels of a program config element (ISO/IEC 14496-3, 4.5.1.2)."""
    bits.take(10)
    elements = sum(bits.take(4) for _ in range(3))
    low = bits.take(2)
    bits.take(7)
    for size in (4, 4, 3):
        if bits.take(1):
            bits.take(size)
    return low + sum(1 + (bits.take(5) >> 4) for _ in range(elements))
