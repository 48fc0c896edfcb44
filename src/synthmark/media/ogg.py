"""The Ogg container (RFC 3533) of Vorbis and Opus (RFC 7845): its pages, read and written."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from synthmark.errors import LimitError, UnreadableError
from synthmark.limits import Limits
from synthmark.media import vorbis
from synthmark.media.formats import OGG
from synthmark.media.picture import Metadata, counted, note, obstacle
from synthmark.media.pieces import Pieces
from synthmark.media.sound import Track
from synthmark.report import Severity

_CAPTURE = b"OggS"
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_HEADERS = {b"\1vorbis": ("VORBIS", 3, b"\3vorbis"), b"OpusHead": ("OPUS", 2, b"OpusTags")}
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
_MOST_LACES = 255
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


def parse(data: bytes, limits: Limits) -> Track:
    """Read the header packets and the last page; decode nothing.

    Raises:
        UnreadableError: There are no sound headers.
        LimitError: The sound or its comments are larger than the limit.
    """
    stream = _headers(data, limits.metadata_bytes)
    comments = stream.packets[1]
    if len(comments) > limits.metadata_bytes:
        raise LimitError(
            f"the comments of this Ogg exceed {limits.metadata_bytes} bytes", code="limit.metadata"
        )
    head, opus = stream.packets[0], stream.codec == "OPUS"
    channels = head[9] if opus else head[11]
    (rate,) = struct.unpack_from("<I", head, 12)
    skipped = struct.unpack_from("<H", head, 10)[0] if opus else 0
    frames, last, others = 0, stream.sound, False
    for page in counted(_pages(data, stream.sound)):
        others = others or page.serial != stream.serial or bool(page.flags & _FIRST)
        if page.granule >= 0:
            frames = max(frames, page.granule)
        last = page.end
    if opus:
        rate = rate if rate in _OPUS_RATES else _OPUS_RATES[-1]
        frames = max(0, frames - skipped) * rate // _OPUS_RATES[-1]
    if not rate or not channels:
        raise UnreadableError("the header of this Ogg is damaged", code="media.damaged")
    limits.check_sound(frames, rate, channels)
    nominal = 0 if opus else struct.unpack_from("<i", head, 20)[0]
    mean = 8 * (last - stream.sound) * rate / max(frames, 1)
    whole = last == len(data)
    return Track(
        media_type=OGG,
        codec=stream.codec,
        sample_rate=rate,
        channels=channels,
        frames=frames,
        metadata=Metadata(blocks=vorbis.parse(comments[len(_mark(stream.codec)) :])[1]),
        bare=Pieces(data),
        form=head,
        bit_rate=nominal if nominal > 0 else mean,
        whole=whole,
        obstacle=_CHAINED if others else None,
        notes=() if whole else (_SHORT,),
    )


def assemble(encoded: bytes, metadata: Metadata) -> bytes:
    """Return the Ogg `encoded` with the comments of `metadata` in place of its own."""
    stream = _headers(encoded, len(encoded))
    mark = _mark(stream.codec)
    vendor, _ = vorbis.parse(stream.packets[1][len(mark) :])
    tags = mark + vorbis.build(vendor, metadata.blocks)
    # Vorbis closes its comments with a framing bit.
    tags += b"\1" if stream.codec == "VORBIS" else b""
    first, *_ = _pages(encoded, 0)
    parts = [encoded[: first.end]]
    parts += _paged([tags, *stream.packets[2:]], stream.serial, number=1)
    number = len(parts)
    for page in _pages(encoded, stream.sound):
        old = encoded[page.start : page.end]
        parts.append(_numbered(old, number))
        number += 1
    return b"".join(parts)


def nominal(data: bytes) -> int:
    """Return the bit rate that the header of an Ogg Vorbis names, in bits a second."""
    head = _headers(data, len(data)).packets[0]
    return int(struct.unpack_from("<i", head, 20)[0])


_SHORT = note("media.truncated", "this Ogg is damaged or cut short", Severity.WARNING)
_CHAINED = obstacle(
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
            if known is None or len(packets[0]) < (19 if known == b"OpusHead" else 30):
                break
            codec, wanted, _ = _HEADERS[known]
        if len(packets) >= wanted or sum(map(len, packets)) + len(part) > most + 2**20:
            break
    if not codec or len(packets) != wanted or not packets[1].startswith(_mark(codec)):
        raise UnreadableError(
            "this Ogg has no sound headers of Vorbis or Opus", code="media.damaged"
        )
    return _Stream(codec, tuple(packets), serial, page.end)


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
        )
        place += size
        continued = page[-1] == _MOST_LACES


def _numbered(page: bytes, number: int) -> bytes:
    """Return a page under another number, with the checksum that goes with it."""
    blank = page[:18] + struct.pack("<II", number, 0) + page[26:]
    return blank[:22] + struct.pack("<I", _checksum(blank)) + blank[26:]


def _checksum(page: bytes) -> int:
    """Return the CRC-32 of RFC 3533, section 6: zero at the start, the highest bit first."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
