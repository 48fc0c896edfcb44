"""Pictures and containers the tests make for themselves."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from synthmark import media
from synthmark.media import Format, formats
from synthmark.media.parts.directory import Field, numeric, pack
from tests.media import sound_files
from tests.sounds import voice

ICC = b"\0\0\1\0" + bytes(range(256)) * 4


def header(data: bytes) -> Any:
    """What a file's header says, of whatever format it is."""
    return media.inspect(data)


def colours(height: int = 48, width: int = 64, channels: int = 3) -> NDArray[np.uint8]:
    """A picture with edges, slopes and noise, different in every corner."""
    generator = np.random.default_rng(height * 1000 + width)
    y, x = np.mgrid[:height, :width]
    planes = [3 * x + 20 * k + (y > height // 3) * 60 + y * k for k in range(channels)]
    noise = generator.integers(0, 12, (height, width, channels))
    picture = np.clip(np.stack(planes, axis=2) + noise, 0, 255).astype(np.uint8)
    return picture[:, :, 0] if channels == 1 else picture


def coded(pixels: NDArray[np.uint8], kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def heic(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(
        out, quality=90, enc_params={"preset": "ultrafast"}, **options
    )
    return out.getvalue()


def chunk(kind: bytes, payload: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(payload, zlib.crc32(kind)))
    return struct.pack(">I", len(payload)) + kind + payload + checksum


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Put chunks right after the header of a PNG."""
    return png[:33] + b"".join(chunks) + png[33:]


def raw_png(
    width: int,
    height: int,
    depth: int,
    colour: int,
    rows: bytes,
    *chunks: bytes,
) -> bytes:
    """A PNG from its header's numbers and its filtered rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """Put segments right after the start of a JPEG."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def exif(
    orientation: int = 1, *, order: str = "<", comment: bytes = b"", description: bytes = b""
) -> bytes:
    """An EXIF block with orientation, software, and perhaps a comment and a description."""
    software = b"camera 1.0\0"
    fields = [(0x0112, 3, 1, struct.pack(order + "HH", orientation, 0))]
    fields.append((0x0131, 2, len(software), software))
    if description:
        fields.append((0x010E, 2, len(description), description))
    inner = [(0x9000, 7, 4, b"0232")]
    if comment:
        inner.append((0x9286, 7, len(comment), comment))
    first = 8
    second = first + 2 + 12 * (len(fields) + 1) + 4
    heap = second + 2 + 12 * len(inner) + 4
    fields.append((0x8769, 4, 1, struct.pack(order + "I", second)))
    tail = b""
    tables = []
    for table in (sorted(fields), inner):
        text = struct.pack(order + "H", len(table))
        for tag, kind, count, value in table:
            if len(value) > 4:
                place = struct.pack(order + "I", heap + len(tail))
                tail += value + bytes(len(value) % 2)
            else:
                place = value.ljust(4, b"\0")
            text += struct.pack(order + "HHI", tag, kind, count) + place
        tables.append(text + bytes(4))
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "I", first) + tables[0] + tables[1] + tail


def raw_tiff(
    samples: np.ndarray[Any, np.dtype[Any]],
    photometric: int,
    *more: Field,
    order: str = "<",
    page: int | None = None,
) -> bytes:
    """An uncompressed TIFF of one strip, perhaps with a further, reduced or full page."""
    height, width = samples.shape[:2]
    count = 1 if samples.ndim == 2 else samples.shape[2]
    strip = samples.astype(samples.dtype.newbyteorder(order)).tobytes()  # type: ignore[arg-type]
    strip += bytes(len(strip) % 2)
    fields = [
        numeric(256, [width], order),
        numeric(257, [height], order),
        numeric(258, [8 * samples.itemsize] * count, order),
        numeric(262, [photometric], order),
        numeric(273, [8], order, long=True),
        numeric(277, [count], order),
        numeric(279, [len(strip)], order, long=True),
    ]
    fields = list({field.tag: field for field in (*fields, *more)}.values())
    first = pack(fields, order, 8 + len(strip))
    second = b""
    if page is not None:
        end = 2 + 12 * len(fields)
        link = numeric(0, [8 + len(strip) + len(first)], order, long=True).value
        first = first[:end] + link + first[end + 4 :]
        second = pack([numeric(254, [page], order, long=True), *fields], order, 0)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    start = numeric(0, [8 + len(strip)], order, long=True).value
    return mark + start + strip + first + second


# One file of every format; what tests/media/test_formats.py does with each, it does with a new one.
SAMPLES: dict[Format, Callable[[], bytes]] = {
    formats.PNG: lambda: coded(colours(), "PNG"),
    formats.JPEG: lambda: coded(colours(), "JPEG"),
    formats.WEBP: lambda: coded(colours(), "WEBP", quality=90),
    formats.GIF: lambda: coded(colours(), "GIF"),
    formats.TIFF: lambda: coded(colours(), "TIFF"),
    formats.AVIF: lambda: coded(colours(), "AVIF", quality=90),
    formats.HEIC: lambda: heic(colours()),
    formats.WAV: lambda: sound_files.coded(voice(1.0), "wav16"),
    formats.FLAC: lambda: sound_files.coded(voice(1.0), "flac16"),
    formats.OGG: lambda: sound_files.coded(voice(1.0), "vorbis"),
    formats.M4A: lambda: sound_files.m4a(voice(1.0)),
    formats.MP3: lambda: sound_files.coded(voice(1.0), "mp3"),
}
