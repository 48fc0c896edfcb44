"""The Ogg container (RFC 3533) of Vorbis and Opus (RFC 7845): its pages, read and written."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

import numpy as np

from synthmark.errors import LimitError, UnreadableError, UnsupportedError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace
from synthmark.media.header import Block, Form, Metadata, Obstacle, counted
from synthmark.media.parts import vorbis
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data, Piece, Pieces
from synthmark.media.sounds import libsndfile
from synthmark.media.sounds.track import Samples, SoundFormat, Track

_CAPTURE = b"OggS"
_FIRST, _LAST = 2, 4
SUFFIX = "OpusTags suffix"
"""Kind of a block that holds what follows the comments of Opus, where it says that it matters."""

_HEADERS = {b"\1vorbis": ("VORBIS", 3, b"\3vorbis"), b"OpusHead": ("OPUS", 2, b"OpusTags")}
_FOREIGN = {
    b"\x7fFLAC": "FLAC", b"Speex   ": "Speex", b"\x80theora": "Theora video", b"OVP80": "VP8 video",
    b"BBCD": "Dirac video", b"fishead\0": "a skeleton of several streams", b"PCM     ": "PCM",
    b"\x80kate": "Kate texts",
}  # fmt: skip
# Opus is decoded at this rate; the header names the rate of what was coded once (RFC 7845, 5.1).
_OPUS_RATE = 48_000
# Where an OpusHead holds that rate and the gain, and what maps its channels.
_OPUS_INPUT, _OPUS_GAIN, _OPUS_FAMILY = slice(12, 16), slice(16, 18), 18
# Mapping families that are written: mono and stereo, and the layouts of Vorbis up to 7.1.
_FAMILIES = (0, 1)
_MOST_LACES = 255
# Bits a second for each channel that the compression levels of Opus reach, the highest and the
# lowest; and steps in which that of Vorbis is found.
_OPUS_BIT_RATES = (256e3, 6e3)
_STEPS = 7
# Bytes with their bits in reverse: Ogg's checksum is zlib's, from the other end.
_REVERSED = bytes(int(f"{each:08b}"[::-1], 2) for each in range(256))


@dataclass(frozen=True, slots=True)
class _Page:
    """One page: where it lies, and what its header says."""

    start: int
    body: int
    end: int
    flags: int
    granule: int
    serial: int
    laces: bytes


@dataclass(frozen=True, slots=True)
class _Stream:
    """The header packets of the first stream, and where its sound begins."""

    codec: str
    packets: tuple[bytes, ...]
    serial: int
    sound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OggForm(Form):
    """What an Ogg alone says.

    Attributes:
        page: Its first page, with the header of the codec.
    """

    page: bytes


def parse(data: Data, limits: Limits) -> Track[OggForm]:
    """Read the header packets and walk through the pages; decode nothing.

    Raises:
        UnreadableError: Its headers are damaged.
        UnsupportedError: It holds another codec.
        LimitError: The sound or its comments are larger than the limit.
    """
    data = bytes(data)
    stream = _headers(data, limits.metadata_bytes)
    comments = stream.packets[1]
    if len(comments) > limits.metadata_bytes:
        raise LimitError(
            f"the comments of this Ogg exceed {limits.metadata_bytes} bytes", code="limit.metadata"
        )
    head, opus = stream.packets[0], stream.codec == "OPUS"
    channels = head[9] if opus else head[11]
    rate = _OPUS_RATE if opus else struct.unpack_from("<I", head, 12)[0]
    skipped = struct.unpack_from("<H", head, 10)[0] if opus else 0
    granule, last, flags, others = 0, stream.sound, 0, False
    for page in _pages(data, stream.sound):
        others = others or page.serial != stream.serial or bool(page.flags & _FIRST)
        granule, last, flags = max(granule, page.granule), page.end, page.flags
    frames = max(0, granule - skipped)
    if not rate or not channels:
        raise UnreadableError("the header of this Ogg is damaged", code="media.damaged")
    limits.check_sound(frames, rate, channels)
    nominal = 0 if opus else struct.unpack_from("<i", head, 20)[0]
    mean = 8 * (last - stream.sound) * rate / max(frames, 1)
    whole = last == len(data) and bool(flags & _LAST)
    blocks, notes = _comments(stream)
    constant = opus and _is_constant(data, stream.sound)
    end = next(_pages(data, 0)).end
    first = data[:end]
    plain = _plain(first) if opus else first
    bare: tuple[Piece, ...] = (plain, memoryview(data)[end:])
    if _DAMAGED in notes:
        # A decoder would refuse it all.
        tags = _mark(stream.codec) + vorbis.build(b"", ()) + b"\1"
        packets = [tags, *stream.packets[2:]]
        bare = tuple(_joined(plain, packets, data, stream.sound, stream.serial))
    return Track(
        format=FORMAT,
        codec=stream.codec,
        sample_rate=rate,
        channels=channels,
        frames=frames,
        metadata=Metadata(blocks=blocks, notes=(*notes, *((_CONSTANT,) if constant else ()))),
        bare=Pieces(*bare),
        form=OggForm(page=first),
        bit_rate=nominal if nominal > 0 else mean,
        variable=opus and not constant,
        whole=whole,
        obstacle=_CHAINED if others else None,
        notes=() if whole else (_SHORT,),
    )


def assemble(coded: BinaryIO, track: Track[OggForm], metadata: Metadata) -> Pieces:
    """Return the Ogg `coded` with the comments of `metadata` in place of its own.

    The number of the stream is that of the file that `track` was read from, and so is what the
    header of Opus says of gain and of the rate before it was coded.

    Raises:
        UnsupportedError: The old file maps its channels in a way that is not written.
    """
    coded.seek(0)
    encoded = coded.read()
    stream = _headers(encoded, len(encoded))
    opus = stream.codec == "OPUS"
    (old,) = _pages(track.form.page, 0)
    first, *_ = _pages(encoded, 0)
    head = encoded[: first.end]
    if opus:
        told = track.form.page[old.body : old.end]
        if told[_OPUS_FAMILY] not in _FAMILIES:
            raise UnsupportedError(
                f"this Opus maps its channels by family {told[_OPUS_FAMILY]}; 0 and 1 are written",
                code="media.channels",
            )
        head = _with_head(head, told[_OPUS_INPUT], told[_OPUS_GAIN])
    mark = _mark(stream.codec)
    tags = mark + vorbis.build(vorbis.parse(stream.packets[1][len(mark) :]).vendor, metadata.blocks)
    # Vorbis closes its comments with a framing bit.
    tags += b"".join(each.data for each in metadata.blocks if each.kind == SUFFIX)
    tags += b"" if opus else b"\1"
    return Pieces(*_joined(head, [tags, *stream.packets[2:]], encoded, stream.sound, old.serial))


def code(file: BinaryIO, blocks: Iterable[Samples], track: Track[OggForm]) -> None:
    """Write an Ogg of nothing but samples, of a track's codec and about its bit rate."""
    rate, channels = track.sample_rate, track.channels
    if track.codec == "OPUS":
        level = libsndfile.level(track.bit_rate / channels, *_OPUS_BIT_RATES)
    else:
        level = _vorbis_level(rate, channels, round(track.bit_rate))
    libsndfile.code(
        file, blocks, rate, channels, kind="OGG", subtype=track.codec, compression_level=level
    )


@lru_cache(maxsize=64)
def _vorbis_level(rate: int, channels: int, bit_rate: int) -> float:
    """Return the level whose nominal bit rate, which Vorbis writes into its header, is the same."""
    low, high = 0.0, 1.0
    silence = [np.zeros((64, channels), np.float32)]
    for _ in range(_STEPS):
        level, file = (low + high) / 2, io.BytesIO()
        libsndfile.code(
            file, silence, rate, channels, kind="OGG", subtype="VORBIS", compression_level=level
        )
        low, high = (level, high) if _nominal(file.getvalue()) > bit_rate else (low, level)
    return (low + high) / 2


def _nominal(data: bytes) -> int:
    """Return the bit rate that the header of an Ogg Vorbis names, in bits a second."""
    head = _headers(data, len(data)).packets[0]
    return int(struct.unpack_from("<i", head, 20)[0])


def items(data: Data) -> Iterator[Item]:
    """Yield vendor and comments, what follows them, and what the header of Opus says by the way."""
    data = bytes(data)
    stream = _headers(data, len(data))
    comments = vorbis.parse(stream.packets[1][len(_mark(stream.codec)) :])
    if stream.codec == "OPUS":
        head = stream.packets[0]
        yield Item("OpusHead input rate", head[_OPUS_INPUT])
        yield Item("OpusHead gain", head[_OPUS_GAIN])
    yield from vorbis.items(comments)
    rest = comments.rest if stream.codec == "OPUS" else comments.rest[1:]
    if any(rest):
        yield Item(SUFFIX, rest)


def _comments(stream: _Stream) -> tuple[tuple[Block, ...], tuple[Finding, ...]]:
    """Return what is kept of the comment header, and what is to be said of it."""
    found = vorbis.parse(stream.packets[1][len(_mark(stream.codec)) :])
    opus = stream.codec == "OPUS"
    rest = found.rest if opus else found.rest[1:]
    # The lowest bit says that the rest is no padding (RFC 7845, 5.2).
    if opus and rest and rest[0] & 1:
        return (*found.blocks, Block(SUFFIX, rest)), (vorbis.RECODED,)
    return found.blocks, (vorbis.RECODED, *((_DAMAGED,) if any(rest) else ()))


def _joined(
    head: bytes, packets: list[bytes], data: bytes, sound: int, serial: int
) -> Iterator[bytes]:
    """Yield the pages of a stream: the first, header packets, and those from `sound` on."""
    headers = list(_paged(packets, serial, number=1))
    yield _numbered(head, 0, serial)
    yield from headers
    for number, page in enumerate(_pages(data, sound), 1 + len(headers)):
        yield _numbered(data[page.start : page.end], number, serial)


def _is_constant(data: bytes, sound: int) -> bool:
    """Tell whether all packets but the first and the last are of one size."""
    sizes, size = [], 0
    for page in _pages(data, sound):
        for lace in page.laces:
            size += lace
            if lace < _MOST_LACES:
                sizes.append(size)
                size = 0
    return len(sizes) > 3 and len(set(sizes[1:-1])) == 1


def _plain(page: bytes) -> bytes:
    """Return the first page of an Opus that is decoded as it is: at its own rate, with no gain."""
    return _with_head(page, struct.pack("<I", _OPUS_RATE), bytes(2))


def _with_head(page: bytes, rate: bytes, gain: bytes) -> bytes:
    (place,) = _pages(page, 0)
    head = bytearray(page[place.body : place.end])
    head[_OPUS_INPUT], head[_OPUS_GAIN] = rate, gain
    return _numbered(page[: place.body] + head, 0, place.serial)


_CONSTANT = Finding.info("media.opus-rate", accounts_for=("variable",))
_DAMAGED = Finding.warning("media.after-comments", accounts_for=(SUFFIX,))
_SHORT = Finding.warning("media.truncated", format="Ogg", accounts_for=("samples",))
_CHAINED = Obstacle(
    "media.ogg-streams",
    "this Ogg holds several streams, side by side or one behind the other; one of sound is "
    "supported",
)


def _headers(data: bytes, most: int) -> _Stream:
    """Return the header packets of the first stream.

    Raises:
        UnreadableError: They are damaged, or of another codec.
    """
    packets: list[bytes] = []
    part = b""
    codec, wanted, serial = "", 1, -1
    for page in counted(_pages(data, 0)):
        if serial < 0:
            serial = page.serial
        if page.serial != serial:
            continue
        place = page.body
        for lace in page.laces:
            part += data[place : place + lace]
            place += lace
            if lace < _MOST_LACES:
                packets.append(part)
                part = b""
        if packets and not codec:
            known = next((mark for mark in _HEADERS if packets[0].startswith(mark)), None)
            if known is None and (name := _foreign(packets[0])):
                raise UnsupportedError(
                    f"this Ogg holds {name}; Vorbis and Opus are supported", code="media.ogg-codec"
                )
            if known is None or len(packets[0]) < (19 if known == b"OpusHead" else 30):
                break
            codec, wanted, _ = _HEADERS[known]
        if len(packets) >= wanted or sum(map(len, packets)) + len(part) > most + 2**20:
            break
    if not codec or len(packets) != wanted or not packets[1].startswith(_mark(codec)):
        raise UnreadableError(
            "this Ogg is damaged: its Vorbis or Opus headers cannot be read", code="media.damaged"
        )
    return _Stream(codec, tuple(packets), serial, page.end)


def _foreign(packet: bytes) -> str | None:
    return next((name for mark, name in _FOREIGN.items() if packet.startswith(mark)), None)


def _mark(codec: str) -> bytes:
    return next(mark for name, _, mark in _HEADERS.values() if name == codec)


def _pages(data: bytes, offset: int) -> Iterator[_Page]:
    """Yield each whole page, up to the first damage."""
    while data.startswith(_CAPTURE, offset) and offset + 27 <= len(data):
        flags, granule, serial, _, _, count = struct.unpack_from("<xBqIIIB", data, offset + 4)
        body = offset + 27 + count
        laces = data[offset + 27 : body]
        end = body + sum(laces)
        if end > len(data):
            return
        yield _Page(offset, body, end, flags, granule, serial, laces)
        offset = end


def _paged(packets: list[bytes], serial: int, number: int) -> Iterator[bytes]:
    """Yield pages that hold header packets one behind the other; sound begins on a new page."""
    laces: list[int] = []
    for packet in packets:
        full, rest = divmod(len(packet), _MOST_LACES)
        laces += [*[_MOST_LACES] * full, rest]
    body = b"".join(packets)
    place, continued = 0, False
    for begin in range(0, len(laces), _MOST_LACES):
        page = laces[begin : begin + _MOST_LACES]
        size = sum(page)
        # A granule of -1 says that no packet ends here.
        granule = 0 if min(page) < _MOST_LACES else -1
        head = struct.pack("<BBqIIIB", 0, continued, granule, serial, 0, 0, len(page))
        yield _numbered(
            _CAPTURE + head + bytes(page) + body[place : place + size],
            number + begin // _MOST_LACES,
            serial,
        )
        place += size
        continued = page[-1] == _MOST_LACES


def _numbered(page: bytes, number: int, serial: int) -> bytes:
    """Return a page under another number and serial, with the checksum that goes with them."""
    blank = page[:14] + struct.pack("<III", serial, number, 0) + page[26:]
    return blank[:22] + struct.pack("<I", _checksum(blank)) + blank[26:]


def _checksum(page: bytes) -> int:
    """Return the CRC-32 of RFC 3533, section 6: zero at the start, the highest bit first."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


FORMAT = SoundFormat(
    media_type="audio/ogg",
    name="Ogg",
    medium=Medium.SOUND,
    suffixes=(".ogg", ".oga", ".opus"),
    begins=lambda data: data.startswith(_CAPTURE),
    parse=parse,
    items=items,
    decode=libsndfile.decode,
    code=code,
    assemble=assemble,
    label_place=LabelPlace.VORBIS_COMMENT,
    # C2PA knows no place in Ogg.
    manifest_place=None,
)
