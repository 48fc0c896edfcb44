"""What a JPEG holds beside its picture: gain maps, views, films, and segments of all sorts."""

from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.MpoImagePlugin import MpoImageFile

from synthmark import Embedder, media
from synthmark.media.formats import JPEG
from synthmark.media.pictures import multipicture
from tests.media.samples import ICC, coded, colours, header, segment, with_segments
from tests.pictures import scene

GAIN = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-\
syntax-ns#'><rdf:Description xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' \
hdrgm:Version='1.0' xmlns:Container='http://ns.google.com/photos/1.0/container/' \
xmlns:Item='http://ns.google.com/photos/1.0/container/item/'><Container:Directory><rdf:Seq>\
<rdf:li rdf:parseType='Resource'><Container:Item Item:Semantic='GainMap' Item:Mime='image/jpeg' \
Item:Length='%d'/></rdf:li></rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"
FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 8


def index(order: str, lengths: list[int], offsets: list[int]) -> bytes:
    """The payload of an MPF segment (CIPA DC-007, 5.2.3)."""
    count = len(lengths)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    fields = struct.pack(order + "H", 3)
    fields += struct.pack(order + "HHI", 0xB000, 7, 4) + b"0100"
    fields += struct.pack(order + "HHII", 0xB001, 4, 1, count)
    fields += struct.pack(order + "HHII", 0xB002, 7, 16 * count, 8 + 2 + 36 + 4)
    entries = b"".join(
        struct.pack(order + "IIIHH", 0x030000 if not number else 0, length, offset, 0, 0)
        for number, (length, offset) in enumerate(zip(lengths, offsets, strict=True))
    )
    return multipicture.HEADER + head + fields + bytes(4) + entries


def several(first: bytes, others: list[bytes], order: str = ">") -> bytes:
    """A JPEG with further pictures behind its end, and their index."""
    empty = len(segment(0xE2, index(order, [0] * (1 + len(others)), [0] * (1 + len(others)))))
    end = len(first) + empty
    base = 20 + 4 + len(multipicture.HEADER)
    lengths, offsets = [end], [0]
    for other in others:
        offsets.append(end + sum(map(len, others[: len(lengths) - 1])) - base)
        lengths.append(len(other))
    told = segment(0xE2, index(order, lengths, offsets))
    return first[:20] + told + first[20:] + b"".join(others)


def ultra_hdr() -> tuple[bytes, bytes]:
    gain = coded(scene(31)[::4, ::4, 0], "JPEG", quality=80)
    packet = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + GAIN % len(gain))
    first = coded(scene(30), "JPEG", quality=92)
    first = first[:20] + packet + first[20:]
    return several(first, [gain]), gain


def pictures(data: bytes) -> list[NDArray[np.uint8]]:
    """What Pillow, which goes by the index, finds in a file."""
    file = MpoImageFile(io.BytesIO(data))
    found = []
    for number in range(file.n_frames):
        file.seek(number)
        found.append(np.asarray(file))
    return found


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("count", [1, 3])
def test_further_pictures_stay_where_the_index_says(order: str, count: int) -> None:
    others = [coded(colours(40 + 8 * k, 64), "JPEG") for k in range(count)]
    data = several(coded(colours(), "JPEG"), others, order)
    assert len(pictures(data)) == 1 + count
    picture = media.Picture.decode(data)
    assert [note.code for note in picture.notes] == ["media.more-pictures"]
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert encoded.endswith(b"".join(others))
    for one, other in zip(pictures(data)[1:], pictures(encoded)[1:], strict=True):
        assert (one == other).all()
    assert set(media.items(encoded, JPEG)) == set(media.items(data, JPEG))
    # The first picture's own length is told as well.
    told = MpoImageFile(io.BytesIO(encoded)).mpinfo or {}
    assert told[0xB002][0]["Size"] == encoded.index(others[0])


def test_the_gain_map_of_an_ultra_hdr_picture_belongs_to_the_marked_one() -> None:
    data, gain = ultra_hdr()
    result = Embedder().embed(data)
    assert result.asset.endswith(gain)
    assert "media.more-pictures" in {finding.code for finding in result.findings}
    told = (MpoImageFile(io.BytesIO(result.asset)).mpinfo or {})[0xB002]
    assert [each["Size"] for each in told] == [result.asset.index(gain), len(gain)]
    first, second = pictures(result.asset)
    assert first.shape == (512, 512, 3)
    assert (second == np.asarray(Image.open(io.BytesIO(gain)))).all()
    packet = header(result.asset).metadata.xmp or b""
    assert b"hdrgm:Version='1.0'" in packet
    assert b"Item:Length='%d'" % len(gain) in packet


@pytest.mark.exiftool
def test_exiftool_finds_the_gain_map_of_the_signed_file(tmp_path: Path) -> None:
    data, gain = ultra_hdr()
    path = tmp_path / "signed.jpg"
    path.write_bytes(Embedder().embed(data).asset)
    done = subprocess.run(
        ["exiftool", "-b", "-MPImage2", str(path)], capture_output=True, check=True
    )
    assert done.stdout == gain
    done = subprocess.run(["exiftool", "-warning", str(path)], capture_output=True, check=True)
    assert done.stdout == b""


def test_a_film_behind_a_picture_stays_to_the_last_byte() -> None:
    # Its beginning is told as a distance from the end of the file.
    data = coded(scene(32), "JPEG", quality=90) + FILM + bytes(64)
    result = Embedder().embed(data)
    assert result.asset.endswith(b"\xff\xd9" + FILM + bytes(64))
    assert "media.film" in {finding.code for finding in result.findings}


def test_every_segment_stays() -> None:
    box = b"jumd" + b"json" + bytes(12) + b"\3label\0"
    box = struct.pack(">I", len(box) + 4) + box
    box = struct.pack(">I", len(box) + 8) + b"jumb" + box
    segments = [
        segment(0xFE, b"one comment"),
        segment(0xFE, b"another"),
        segment(0xE0, b"JFXX\0\x10" + coded(colours(8, 8), "JPEG")),
        segment(0xE1, b"something else of APP1"),
        segment(0xE2, b"FPXR\0flash"),
        segment(0xEB, b"HDR_RI ver=11"),
        segment(0xEB, b"JP\0\7\0\0\0\1" + box),
        segment(0xED, b"Photoshop 3.0\0008BIM"),
        segment(0xEF, b"last"),
    ]
    data = with_segments(coded(colours(), "JPEG", icc_profile=ICC * 70), *segments)
    thumbnail = data.replace(b"JFIF\0\1\1\0\0\1\0\1\0\0", b"JFIF\0\1\1\0\0\1\0\1\0\0", 1)
    picture = media.Picture.decode(thumbnail)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    for each in segments:
        assert each in encoded
    assert set(media.items(encoded, JPEG)) == set(media.items(thumbnail, JPEG))
    assert picture.notes == ()


def test_the_thumbnail_of_jfif_and_the_segment_of_adobe_stay() -> None:
    plain = coded(colours(), "JPEG", subsampling=0)
    jfif = segment(0xE0, b"JFIF\0\1\2\1\0\x48\0\x48\2\1" + bytes(range(6)))
    adobe = segment(0xEE, b"Adobe\0\x64\x80\0\0\0\1")
    data = plain[:2] + jfif + adobe + plain[20:]
    picture = media.Picture.decode(data)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert encoded.startswith(plain[:2] + jfif)
    assert adobe in encoded
    assert encoded.count(b"JFIF") == encoded.count(b"Adobe") == 1
    assert np.abs(media.Picture.decode(encoded).pixels.astype(int) - picture.pixels).mean() < 3


def test_restart_markers_stay() -> None:
    data = coded(colours(), "JPEG", restart_marker_blocks=3)
    picture = media.Picture.decode(data)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert segment(0xDD, b"\0\3") in encoded
    assert header(encoded).form.restart == picture.container.form.restart == 3


def test_a_manifest_in_several_segments_goes() -> None:
    box = b"jumd" + b"c2pa" + bytes(12) + b"\3c2pa\0"
    box = struct.pack(">I", len(box) + 4) + box
    head = struct.pack(">I", 100) + b"jumb"
    parts = [
        segment(0xEB, b"JP\2\x11\0\0\0\1" + head + box),
        segment(0xEB, b"JP\2\x11\0\0\0\2" + head + b"the rest"),
    ]
    picture = media.Picture.decode(with_segments(coded(colours(), "JPEG"), *parts))
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert b"\xff\xeb" not in encoded
