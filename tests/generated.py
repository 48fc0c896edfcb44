"""Files of random tags and structure, and what has to be in them afterwards.

Each item holds letters that occur nowhere else, so that whatever writes the file again, its bytes
can be looked for. The signals are small: what stands beside them counts here.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from synthmark import media
from synthmark.media.parts.directory import Field, pack
from tests.media.samples import chunk as png_chunk
from tests.media.samples import raw_tiff, segment, with_chunks, with_segments
from tests.media.sound_files import chunk as riff_chunk
from tests.media.sound_files import coded
from tests.pictures import scene
from tests.sounds import voice

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Generated:
    """A file, and the bytes of each item that it holds."""

    kind: str
    data: bytes
    items: tuple[bytes, ...]


class _Maker:
    """Draws items and keeps what they hold."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - no secrets
        self.items: list[bytes] = []

    def some(self, most: int) -> range:
        return range(self.random.randint(0, most))

    def chance(self) -> bool:
        return self.random.random() < 0.5

    def one(self, *choices: bytes) -> bytes:
        return self.random.choice(choices)

    def text(self, encoding: str = "latin-1") -> bytes:
        """Draw a text that is there once, in an encoding, sometimes with letters beyond ASCII."""
        drawn = "".join(self.random.choices(LETTERS, k=self.random.randint(12, 40)))
        if encoding == "latin-1":
            drawn += self.random.choice(("", " é", "/", " ; "))
        elif encoding != "ascii":
            drawn += self.random.choice(("", " 说明", "\n", "😀", "="))
        return self.kept(drawn.encode(encoding))

    def blob(self, most: int = 300) -> bytes:
        return self.kept(self.random.randbytes(self.random.randint(12, most)))

    def kept(self, data: bytes) -> bytes:
        self.items.append(data)
        return data

    def shuffled(self, parts: list[bytes]) -> list[bytes]:
        self.random.shuffle(parts)
        return parts


def generated(kind: str, seed: int) -> Generated:
    """Return the file of a kind and a seed."""
    maker = _Maker(seed)
    data = KINDS[kind](maker)
    return Generated(kind, data, tuple(maker.items))


# --- ID3 -----------------------------------------------------------------------------------------


def _mp3(maker: _Maker) -> bytes:
    version = maker.random.choice((2, 3, 4))
    tag = _id3(maker, version) if maker.chance() else b""
    behind = b""
    if maker.chance():
        behind += _ape(maker)
    if maker.chance():
        title = bytes(maker.random.choices(LETTERS.encode(), k=30))
        behind += b"TAG" + maker.kept(title) + bytes(95)
    return tag + _sound("mp3") + behind


def _id3(maker: _Maker, version: int) -> bytes:
    frames = [_frame(maker, version) for _ in maker.some(12)]
    body = b"".join(maker.shuffled(frames)) + bytes(maker.random.choice((0, 0, 10, 1000)))
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, 0)) + size + body


def _frame(maker: _Maker, version: int) -> bytes:
    codes = {0: "latin-1", 1: "utf-16"} | ({2: "utf-16-be", 3: "utf-8"} if version == 4 else {})
    code = maker.random.choice(list(codes))
    head, end = bytes((code,)), bytes(2 if code in (1, 2) else 1)
    short = maker.one(b"d", b"description").decode().encode(codes[code]) + end
    forms: dict[bytes, Callable[[], bytes]] = {
        maker.one(b"TIT2", b"TPE1", b"TALB", b"TCOM", b"TSRC", b"TZZZ"): lambda: (
            head + maker.text(codes[code])
        ),
        b"TXXX": lambda: head + short + maker.text(codes[code]),
        b"COMM": lambda: head + b"eng" + short + maker.text(codes[code]),
        b"USLT": lambda: head + b"deu" + short + maker.text(codes[code]),
        b"WOAR": lambda: maker.text("ascii"),
        b"PRIV": lambda: maker.text("ascii") + maker.one(b"\0", b"") + maker.blob(),
        b"UFID": lambda: b"http://x\0" + maker.blob(64),
        b"POPM": lambda: maker.text("ascii") + b"\0\x80" + bytes(4),
        b"APIC": lambda: head + _picture_kind(version) + b"\3" + short + maker.blob(900),
        b"GEOB": lambda: head + b"text/plain\0" + short + short + maker.blob(),
        b"XQZA": maker.blob,
        b"CHAP": lambda: maker.text("ascii") + b"\0" + bytes(16),
    }
    name = maker.random.choice(list(forms))
    content = forms[name]()
    if version == 2:
        names = {b"TXXX": b"TXX", b"APIC": b"PIC", b"COMM": b"COM", b"CHAP": b"TCP"}
        return names.get(name, name[:3]) + len(content).to_bytes(3) + content
    size = len(content)
    plain = size.to_bytes(4)
    safe = bytes(size >> shift & 127 for shift in (21, 14, 7, 0))
    return name + (safe if version == 4 else plain) + bytes(2) + content


def _picture_kind(version: int) -> bytes:
    return b"PNG" if version == 2 else b"image/png\0"


def _ape(maker: _Maker) -> bytes:
    items = []
    for number in range(maker.random.randint(1, 4)):
        text = maker.text("utf-8")
        items.append(struct.pack("<II", len(text), 0) + b"Key%d\0" % number + text)
    body = b"".join(items)
    shared = struct.pack("<III", 2000, len(body) + 32, len(items))
    header = b"APETAGEX" + shared + struct.pack("<I", 0xA0000000) + bytes(8)
    return header + body + b"APETAGEX" + shared + struct.pack("<I", 0x80000000) + bytes(8)


# --- RIFF, Vorbis comments, boxes ----------------------------------------------------------------


def _wav(maker: _Maker) -> bytes:
    plain = _sound(maker.random.choice(("wav16", "wav24", "float")))
    chunks = []
    for _ in maker.some(8):
        kind = maker.one(b"bext", b"iXML", b"cue ", b"smpl", b"LIST", b"axml", b"XyZw", b"id3 ")
        content = maker.blob()
        if kind == b"LIST":
            content = b"INFO" + riff_chunk(b"INAM", maker.text()) + riff_chunk(b"ICMT", content)
        chunks.append(riff_chunk(kind, content))
    cut = maker.random.randint(0, len(chunks))
    # Some stand before the samples, the others behind.
    front, behind = b"".join(chunks[:cut]), b"".join(chunks[cut:])
    whole = plain[8:12] + front + plain[12:] + behind
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def _comments(maker: _Maker) -> bytes:
    texts = []
    for _ in maker.some(10):
        name = maker.one(b"TITLE", b"artist", b"ARTIST", b"Comment", b"X-A.B", b"lyrics")
        texts.append(name + b"=" + maker.text("utf-8"))
    parts = [struct.pack("<I", 3), b"we!", struct.pack("<I", len(texts))]
    for text in texts:
        parts += [struct.pack("<I", len(text)), text]
    return b"".join(parts)


def _flac(maker: _Maker) -> bytes:
    plain = _sound(maker.random.choice(("flac16", "flac24")))
    end, last = 4, False
    while not last:
        last = bool(plain[end] & 128)
        end += 4 + int.from_bytes(plain[end + 1 : end + 4])
    blocks = [(4, _comments(maker))]
    for _ in maker.some(4):
        kind = maker.random.choice((2, 6, 6, 1))
        if kind == 6:
            mime = b"image/png"
            text, data = maker.text("utf-8"), maker.blob(2000)
            content = struct.pack(">II", 3, len(mime)) + mime + struct.pack(">I", len(text)) + text
            blocks.append((6, content + bytes(16) + struct.pack(">I", len(data)) + data))
        else:
            blocks.append((kind, b"appl" + maker.blob() if kind == 2 else bytes(50)))
    maker.random.shuffle(blocks)
    parts = [plain[:4], b"\0" + plain[5:42]]
    parts += [bytes((kind,)) + len(data).to_bytes(3) + data for kind, data in blocks]
    head = bytes((128 + 1,)) + (8).to_bytes(3) + bytes(8)
    return b"".join((*parts, head, plain[end:]))


def _ogg(maker: _Maker) -> bytes:
    plain = _sound(maker.random.choice(("vorbis", "opus")))
    sound = media.Sound.decode(plain)
    body = _comments(maker)
    count, place, blocks = struct.unpack_from("<I", body, 7)[0], 11, []
    for _ in range(count):
        (length,) = struct.unpack_from("<I", body, place)
        blocks.append(media.Block("comment", body[place + 4 : place + 4 + length]))
        place += 4 + length
    metadata = media.Metadata(blocks=tuple(blocks))
    return bytes(sound.assemble(io.BytesIO(plain), metadata))


def _m4a(maker: _Maker) -> bytes:
    plain = _aac()
    place = plain.index(b"moov") - 4
    size = int.from_bytes(plain[place : place + 4])
    movie, rest = plain[place + 8 : place + size], plain[place + size :]
    movie = _without(movie, b"udta")
    user = []
    if maker.chance():
        items = []
        for _ in maker.some(6):
            name = maker.one(b"\xa9nam", b"\xa9ART", b"\xa9cmt", b"cprt", b"----", b"covr")
            if name == b"----":
                mean = _box(b"mean", bytes(4) + b"com.apple.iTunes")
                mean += _box(b"name", bytes(4) + maker.text("ascii"))
                items.append(_box(name, mean + _data(1, maker.text("utf-8"))))
            elif name == b"covr":
                items.append(_box(name, _data(14, maker.blob(900))))
            else:
                items.append(_box(name, _data(1, maker.text("utf-8"))))
        handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
        user.append(_box(b"meta", bytes(4) + handler + _box(b"ilst", b"".join(items))))
    for _ in maker.some(3):
        user.append(_box(maker.one(b"XyZw", b"cprt", b"titl"), bytes(4) + maker.blob()))
    boxes = [_box(b"udta", b"".join(user))] if user else []
    boxes += [_box(b"uuid", maker.random.randbytes(16) + maker.blob()) for _ in maker.some(1)]
    after = [_box(b"uuid", maker.random.randbytes(16) + maker.blob()) for _ in maker.some(2)]
    whole = _box(b"moov", movie + b"".join(boxes))
    return plain[:place] + whole + rest + b"".join(after)


def _without(boxes: bytes, kind: bytes) -> bytes:
    parts, place = [], 0
    while place + 8 <= len(boxes):
        size = int.from_bytes(boxes[place : place + 4])
        parts += [boxes[place : place + size]] if boxes[place + 4 : place + 8] != kind else []
        place += size
    return b"".join(parts)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _data(kind: int, content: bytes) -> bytes:
    return _box(b"data", struct.pack(">II", kind, 0) + content)


# --- pictures ------------------------------------------------------------------------------------


def _exif(maker: _Maker) -> bytes:
    order = maker.random.choice("<>")
    inner = tuple(_fields(maker, (0x9003, 0x9286, 0x927C, 0xA430, 0xA431, 0xEA1C)))
    gps = tuple(_fields(maker, (0x001B, 0x001C)))
    fields = _fields(maker, (0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x8298, 0x9C9B, 0xC612))
    fields += [Field(0x8769, 4, b"", inner)] if inner else []
    fields += [Field(0x8825, 4, b"", gps)] if gps else []
    head = b"II*\0\x08\0\0\0" if order == "<" else b"MM\0*\0\0\0\x08"
    return head + pack(fields, order, 8)


def _fields(maker: _Maker, tags: tuple[int, ...]) -> list[Field]:
    chosen = [tag for tag in tags if maker.chance()]
    return [Field(tag, 2, maker.text("ascii") + b"\0") for tag in chosen]


def _xmp(maker: _Maker) -> bytes:
    text = maker.text("ascii").decode()
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        'syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'dc:source="{text}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


def _png(maker: _Maker) -> bytes:
    chunks = []
    for _ in maker.some(8):
        kind = maker.one(b"tEXt", b"zTXt", b"iTXt", b"prVt", b"teSt")
        if kind == b"zTXt":
            content = b"Key\0\0" + maker.kept(zlib.compress(maker.random.randbytes(40)))
        elif kind == b"iTXt":
            content = b"Key\0\0\0zh\0\0" + maker.text("utf-8")
        elif kind == b"tEXt":
            content = b"Key\0" + maker.text()
        else:
            content = maker.blob()
        chunks.append(png_chunk(kind, content))
    singles: dict[bytes, Callable[[], bytes]] = {
        b"eXIf": lambda: _exif(maker),
        b"iTXt": lambda: b"XML:com.adobe.xmp" + bytes(5) + _xmp(maker),
        b"pHYs": lambda: struct.pack(">IIB", 2835, 2834, 1),
        b"sBIT": lambda: b"\5\6\5",
    }
    chunks += [png_chunk(kind, content()) for kind, content in singles.items() if maker.chance()]
    return with_chunks(_picture("PNG"), *maker.shuffled(chunks))


def _jpeg(maker: _Maker) -> bytes:
    segments = []
    for _ in maker.some(6):
        marker = maker.random.choice((0xE3, 0xE4, 0xEC, 0xED, 0xEF, 0xFE))
        segments.append(segment(marker, maker.text() if marker == 0xFE else maker.blob()))
    if maker.chance():
        segments.append(segment(0xE1, b"Exif\0\0" + _exif(maker)))
    if maker.chance():
        segments.append(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + _xmp(maker)))
    return with_segments(_picture("JPEG"), *maker.shuffled(segments))


def _webp(maker: _Maker) -> bytes:
    exif = _exif(maker) if maker.chance() else b""
    xmp = _xmp(maker) if maker.chance() else b""
    data = _picture("WEBP", exif=exif, xmp=xmp)
    more = [riff_chunk(maker.one(b"XyZw", b"priv"), maker.blob()) for _ in maker.some(3)]
    if not more or data[12:16] != b"VP8X":
        del maker.items[len(maker.items) - len(more) :]
        return data
    whole = data[8:] + b"".join(more)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def _tiff(maker: _Maker) -> bytes:
    order = maker.random.choice("<>")
    tags = (0x010D, 0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x013C, 0x8298, 0xC4A5, 0xFDE8)
    fields = _fields(maker, tags)
    if maker.chance():
        fields.append(Field(0x8769, 4, b"", tuple(_fields(maker, (0x9003, 0x927C, 0xA430)))))
        fields = [each for each in fields if each.kind == 2 or each.inner]
    if maker.chance():
        fields.append(Field(700, 1, _xmp(maker)))
    return raw_tiff(_pixels(), 2, *fields, order=order)


def _gif(maker: _Maker) -> bytes:
    plain = _picture("GIF")
    table = 13 + 3 * 2 ** ((plain[10] & 7) + 1)
    parts = []
    for _ in maker.some(5):
        text = maker.text()
        if maker.chance():
            parts.append(b"\x21\xfe" + bytes((len(text),)) + text + b"\0")
        else:
            name = maker.kept(bytes(maker.random.choices(LETTERS.encode(), k=11)))
            parts.append(b"\x21\xff\x0b" + name + bytes((len(text),)) + text + b"\0")
    return b"GIF89a" + plain[6:table] + b"".join(parts) + plain[table:]


def _avif(maker: _Maker) -> bytes:
    exif = _exif(maker) if maker.chance() else b""
    xmp = _xmp(maker) if maker.chance() else b""
    return _picture("AVIF", exif=exif, xmp=xmp)


def _picture(kind: str, **options: bytes) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(_pixels())
    (image.quantize(32) if kind == "GIF" else image).save(
        file, kind, **{name: each for name, each in options.items() if each}
    )
    return file.getvalue()


@cache
def _pixels() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return scene(7, 96, 120)


@cache
def _sound(kind: str) -> bytes:
    return coded(voice(0.8, seed=7), kind)


@cache
def _aac() -> bytes:
    import av

    file = io.BytesIO()
    wave = voice(0.8, seed=7)
    with av.open(file, "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        for begin in range(0, len(wave) - 1023, 1024):
            part = wave[None, begin : begin + 1024]
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16_000, begin
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


KINDS: dict[str, Callable[[_Maker], bytes]] = {
    "MP3": _mp3,
    "WAV": _wav,
    "FLAC": _flac,
    "Ogg": _ogg,
    "M4A": _m4a,
    "PNG": _png,
    "JPEG": _jpeg,
    "WebP": _webp,
    "TIFF": _tiff,
    "GIF": _gif,
    "AVIF": _avif,
}
