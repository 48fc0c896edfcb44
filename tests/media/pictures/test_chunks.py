"""Chunks of PNG, WebP and GIF: kept where they hold for changed pixels, named where they do not."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from synthmark import media, words
from synthmark.errors import UnsupportedError
from synthmark.media.formats import GIF, PNG, WEBP
from synthmark.media.header import AFTER
from tests.media.samples import ICC, chunk, coded, colours, exif, header, raw_png, with_chunks

PIXELS = b"\0" + bytes(range(24))


def written(data: bytes) -> tuple[media.Picture, bytes]:
    picture = media.Picture.decode(data)
    frames = [frame.pixels for frame in picture.frames]
    return picture, picture.encode(*frames, metadata=picture.metadata)


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Type and content of each chunk, by a walk of the test's own."""
    found, place = [], 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        found.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"sBIT", b"\5\6\5"),
        (b"bKGD", b"\0\xff\0\xfe\0\xfd"),
        (b"oFFs", bytes(9)),
        (b"pCAL", b"name\0" + bytes(10)),
        (b"sCAL", b"\x011.0\0002.0"),
        (b"sTER", b"\1"),
        (b"sPLT", b"name\0\x08" + bytes(6)),
        (b"mDCV", bytes(24)),
        (b"cLLI", bytes(8)),
        (b"vpAg", b"private, may be copied"),
        (b"caNv", bytes(16)),
    ],
)
def test_a_chunk_that_still_holds_stays(kind: bytes, content: bytes) -> None:
    each = chunk(kind, content)
    picture, encoded = written(with_chunks(coded(colours(), "PNG"), each))
    assert encoded.count(each) == 1
    assert picture.notes == ()
    assert (np.asarray(Image.open(io.BytesIO(encoded))) == colours()).all()


def test_a_chunk_stays_on_its_side_of_the_pixels() -> None:
    data = with_chunks(coded(colours(), "PNG"), chunk(b"prIw", b"before"))
    data = data[:-12] + chunk(b"prIx", b"after") + data[-12:]
    _, encoded = written(data)
    kinds = [kind for kind, _ in chunks(encoded)]
    assert kinds.index(b"prIw") < kinds.index(b"IDAT") < kinds.index(b"prIx")
    assert kinds[-1] == b"IEND"


@pytest.mark.parametrize("kind", [b"iDOT", b"prVW", b"orNT"])
def test_a_chunk_that_may_not_be_copied_is_named(kind: bytes) -> None:
    picture, encoded = written(with_chunks(coded(colours(), "PNG"), chunk(kind, b"of the pixels")))
    assert kind not in encoded
    (note,) = picture.notes
    assert (note.code, note.accounts_for) == ("media.chunks", (kind.decode(),))
    assert kind.decode() in words.sentence(note)


def test_of_two_chunks_where_one_may_be_the_second_is_named() -> None:
    two = chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"gAMA", struct.pack(">I", 50000))
    picture, encoded = written(with_chunks(coded(colours(), "PNG"), *two))
    assert two[0] in encoded
    assert two[1] not in encoded
    assert [note.accounts_for for note in picture.notes] == [("gAMA",)]


def test_of_two_exif_blocks_the_second_is_named() -> None:
    two = [chunk(b"eXIf", exif(1)), chunk(b"eXIf", exif(1, description=b"another\0"))]
    data = with_chunks(coded(colours(), "PNG"), *two)
    picture, encoded = written(data)
    assert two[0] in encoded
    (note,) = picture.notes
    lost = set(media.items(data, PNG)) - set(media.items(encoded, PNG))
    assert [item.place for item in lost] == list(note.accounts_for) == ["eXIf"]


def test_a_palette_that_is_only_proposed_stays() -> None:
    palette, histogram = chunk(b"PLTE", bytes(range(12))), chunk(b"hIST", bytes(8))
    _, encoded = written(with_chunks(coded(colours(), "PNG"), palette, histogram))
    assert palette + histogram in encoded


PALETTE = chunk(b"PLTE", bytes((*range(9), 200, 100, 50)))


@pytest.mark.parametrize(
    ("depth", "colour", "rows", "before", "sbit", "bkgd"),
    [
        (2, 3, b"\0\x1b", (PALETTE,), (b"\5\6\5", b"\5\6\5"), (b"\3", b"\0\xc8\0\x64\0\x32")),
        (
            2,
            3,
            b"\0\x1b",
            (PALETTE, chunk(b"tRNS", b"\x07")),
            (b"\5\6\5", b"\5\6\5\x08"),
            (b"\3", b"\0\xc8\0\x64\0\x32"),
        ),
        (2, 0, b"\0\x1b", (), (b"\2", b"\2"), (b"\0\2", b"\0\xaa")),
        (8, 0, b"\0\1\2\3\4", (chunk(b"tRNS", b"\0\1"),), (b"\7", b"\7\x08"), (b"\0\2", b"\0\2")),
        (8, 4, b"\0" + bytes(8), (), (b"\7\x08", b"\7\x08"), (b"\0\2", b"\0\2")),
    ],
)
def test_significant_bits_and_background_are_told_for_the_colours_that_are_written(
    depth: int,
    colour: int,
    rows: bytes,
    before: tuple[bytes, ...],
    sbit: tuple[bytes, bytes],
    bkgd: tuple[bytes, bytes],
) -> None:
    told = [chunk(b"sBIT", sbit[0]), *before, chunk(b"bKGD", bkgd[0])]
    picture, encoded = written(raw_png(4, 1, depth, colour, rows, *told))
    found = dict(chunks(encoded))
    assert found[b"sBIT"] == sbit[1]
    assert found[b"bKGD"] == bkgd[1]
    accounted = {place for note in picture.notes for place in note.accounts_for}
    assert sbit[0] == sbit[1] or "sBIT" in accounted
    assert bkgd[0] == bkgd[1] or "bKGD" in accounted


ANIMATED = {
    "P": (b"\1\2\3", b"\0"),
    "L": (b"\1", b"\0\7"),
    "LA": (b"\1\2", b"\0\7"),
    "RGB": (b"\1\2\3", bytes(6)),
    "RGBA": (b"\1\2\3\4", bytes(6)),
    "1": (b"\1", b"\0\1"),
}


@pytest.mark.parametrize("mode", ANIMATED)
def test_so_they_are_of_animations_which_are_written_in_colour(mode: str) -> None:
    frames = [Image.fromarray(np.roll(colours(), 8 * k, 1)).convert(mode) for k in range(2)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=100)
    sbit, bkgd = ANIMATED[mode]
    data = with_chunks(out.getvalue(), chunk(b"sBIT", sbit))
    place = data.index(b"IDAT") - 4
    data = data[:place] + chunk(b"bKGD", bkgd) + data[place:]
    picture, encoded = written(data)
    found = dict(chunks(encoded))
    assert len(found[b"sBIT"]) == 3
    assert len(found[b"bKGD"]) == 6
    accounted = {place for note in picture.notes for place in note.accounts_for}
    assert sbit == found[b"sBIT"] or "sBIT" in accounted
    assert bkgd == found[b"bKGD"] or "bKGD" in accounted


@pytest.mark.parametrize("transfer", [16, 18])
def test_a_high_dynamic_range_is_refused(transfer: int) -> None:
    data = with_chunks(coded(colours(), "PNG"), chunk(b"cICP", bytes((9, transfer, 0, 1))))
    with pytest.raises(UnsupportedError, match="this PNG has a high dynamic range") as caught:
        media.Picture.decode(data)
    assert caught.value.code == "media.hdr"
    assert header(data).kept[0].kind == "cICP"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_so_is_one_that_the_profile_tells(kind: str) -> None:
    tag = b"cicp" + bytes(4) + bytes((9, 16, 0, 1))
    profile = bytes(128) + struct.pack(">I4sII", 1, b"cicp", 144, 12) + tag
    with pytest.raises(UnsupportedError, match="high dynamic range"):
        media.Picture.decode(coded(colours(), kind, icc_profile=profile))
    ordinary = profile.replace(bytes((9, 16, 0, 1)), bytes((1, 13, 0, 1)))
    assert (
        media.Picture.decode(coded(colours(), kind, icc_profile=ordinary)).container.icc == ordinary
    )


def test_a_crushed_png_is_named() -> None:
    with pytest.raises(UnsupportedError, match="CgBI"):
        media.Picture.decode(with_chunks(coded(colours(), "PNG"), chunk(b"CgBI", bytes(4))))


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_bytes_behind_the_end_stay(kind: str) -> None:
    picture, encoded = written(coded(colours(), kind) + b"a note\0\0")
    assert encoded.endswith(b"a note\0\0")
    assert "media.trailer" in {note.code for note in picture.notes}


def riff(data: bytes, kind: bytes, content: bytes) -> bytes:
    """A WebP with a further chunk at its end."""
    data += kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_webp_keeps_what_it_does_not_know(options: dict[str, Any], channels: int) -> None:
    plain = coded(colours(channels=channels), "WEBP", **options)
    for data in (
        plain,
        coded(colours(channels=channels), "WEBP", icc_profile=ICC, exif=exif(1), **options),
        riff(plain, b"mine", b"odd"),
        riff(plain, b"EXIF", b"Exif\0\0" + exif(1)),
    ):
        picture, encoded = written(data)
        assert picture.notes == ()
        assert media.items(encoded, WEBP) == media.items(data, WEBP)
        with Image.open(io.BytesIO(encoded)) as image:
            image.load()
            assert image.mode == ("RGBA" if channels == 4 else "RGB")


def test_a_webp_keeps_the_colour_behind_its_animation() -> None:
    out = io.BytesIO()
    first, second = (Image.fromarray(colours(channels=4)) for _ in range(2))
    second.paste((1, 2, 3, 255), (5, 5, 20, 20))
    first.save(
        out,
        "WEBP",
        save_all=True,
        append_images=[second],
        duration=[70, 90],
        loop=2,
        background=(10, 20, 30, 40),
        lossless=True,
    )
    picture, encoded = written(out.getvalue())
    with Image.open(io.BytesIO(encoded)) as image:
        assert image.info["background"] == (10, 20, 30, 40)
        assert image.info["loop"] == 2
    assert picture.container.form.background == bytes((30, 20, 10, 40))


def test_bytes_behind_a_webp_are_named() -> None:
    picture, encoded = written(coded(colours(), "WEBP") + b"a note")
    assert b"a note" not in encoded
    assert [note.accounts_for for note in picture.notes] == [(AFTER,)]


def test_a_gif_keeps_applications_comments_and_aspect() -> None:
    data = coded(colours(), "GIF")
    data = data[:12] + b"\x31" + data[13:]
    place = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    profile = b"\x21\xff\x0bICCRGBG1012\x03abc\0"
    comments = b"\x21\xfe\x05first\0\x21\xfe\x06second\0"
    data = data[:place] + profile + comments + data[place:]
    picture, encoded = written(data)
    assert profile in encoded
    assert comments in encoded
    assert encoded[12] == 0x31
    assert media.items(encoded, GIF) == media.items(data, GIF)
    assert [note.code for note in picture.notes] == ["media.palettes"]


def test_what_no_reader_shows_of_a_gif_is_named() -> None:
    data = coded(colours(), "GIF")
    place = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    text = b"\x21\x01\x0c" + bytes(12) + b"\x05words\0"
    picture, encoded = written(data[:place] + text + data[place:])
    assert b"words" not in encoded
    assert ("extension 0x01",) in [note.accounts_for for note in picture.notes]
