from __future__ import annotations

import hashlib
import json
import struct
import zlib

import pytest

from synthmark import labels, media
from synthmark.facts import Severity
from synthmark.label import ContentId, Provider, SourceType
from synthmark.limits import Limits
from synthmark.media import Metadata, formats
from synthmark.media.parts import exif as stored_exif
from synthmark.media.pictures import extended_xmp, jpeg
from tests.media.samples import (
    chunk,
    coded,
    colours,
    exif,
    segment,
    with_chunks,
    with_segments,
)

CODE = "001191110102MACQD9K64010000"
OLD = {"Label": "1", "ContentProducer": CODE, "ProduceID": "old-id"}
TEXT = json.dumps(OLD).encode()
WRAPPED = json.dumps({"AIGC": OLD}).encode()
NEW = labels.aigc.compose(Provider(code=CODE), ContentId(bytes(16)))
SOURCE = SourceType.GENERATED.value
COMMENT = exif(6, comment=b"ASCII\0\0\0" + WRAPPED)

PNG, JPEG, WEBP = (coded(colours(24, 32), kind) for kind in ("PNG", "JPEG", "WEBP"))


def png(*chunks: bytes) -> bytes:
    return with_chunks(PNG, *chunks)


def extended(packet: bytes, main: bytes) -> bytes:
    """A JPEG with a main packet and an ExtendedXMP of two parts, the later one first."""
    name = hashlib.md5(packet, usedforsecurity=False).hexdigest().upper().encode()
    half = len(packet) // 2
    parts = []
    for offset in (half, 0):
        part = packet[offset:] if offset else packet[:half]
        head = extended_xmp.HEADER + name + struct.pack(">II", len(packet), offset)
        parts.append(segment(0xE1, head + part))
    main = main.replace(b'rdf:about=""', b'rdf:about="" xmlns:n="urn:n" n:Has="' + name + b'"')
    return with_segments(JPEG, segment(0xE1, jpeg.XMP_HEADER + main), *parts)


EMPTY = labels.xmp.make("", "").replace(b"<TC260:AIGC></TC260:AIGC>", b"")
OLD_XMP = labels.xmp.make(TEXT.decode(), SOURCE)

PLACES = {
    "XMP TC260:AIGC": coded(colours(24, 32), "WEBP", xmp=OLD_XMP),
    "XMP, outside TC260:AIGC": coded(
        colours(24, 32), "JPEG", xmp=OLD_XMP.replace(b"tc260.org.cn", b"example.org")
    ),
    "ExtendedXMP": extended(OLD_XMP, EMPTY),
    "PNG tEXt AIGC": png(chunk(b"tEXt", b"AIGC\0" + TEXT)),
    "PNG zTXt AIGC": png(chunk(b"zTXt", b"AIGC\0\0" + zlib.compress(WRAPPED))),
    "PNG iTXt AIGC": png(chunk(b"iTXt", b"AIGC\0\1\0\0\0" + zlib.compress(TEXT))),
    "PNG tEXt Comment": png(chunk(b"tEXt", b"Comment\0" + WRAPPED)),
    "PNG tEXt XML:com.adobe.xmp, a second packet": png(
        chunk(b"tEXt", b"XML:com.adobe.xmp\0" + OLD_XMP)
    ),
    "EXIF UserComment": with_segments(JPEG, segment(0xE1, b"Exif\0\0" + COMMENT)),
    "EXIF ImageDescription": coded(
        colours(24, 32), "WEBP", exif=exif(1, order=">", description=WRAPPED)
    ),
    "JPEG APP9": with_segments(JPEG, segment(0xE9, b"AIGC" + TEXT)),
    "JPEG COM": with_segments(JPEG, segment(0xFE, WRAPPED)),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_label_is_found_in_every_place(place: str) -> None:
    data = PLACES[place]
    layer = labels.read(data, media.sniff(data))
    assert layer.aigc is not None
    assert layer.aigc.place == place
    assert layer.aigc.values == OLD
    normal = place in ("XMP TC260:AIGC", "EXIF UserComment") or place.endswith(" AIGC")
    assert layer.aigc.conforms == normal
    assert layer.problems == ()


@pytest.mark.parametrize("place", PLACES)
def test_a_new_label_takes_the_place_of_every_old_one(place: str) -> None:
    picture = media.Picture.decode(PLACES[place])
    metadata = labels.write(picture.metadata, picture.format, aigc=NEW, source_type=SOURCE).metadata
    encoded = picture.encode(picture.pixels, metadata=metadata)
    layer = labels.read(encoded, picture.format)
    assert layer.aigc is not None
    assert (layer.aigc.place, layer.aigc.values) == ("XMP TC260:AIGC", NEW)
    assert layer.aigc.problems == layer.problems == ()
    assert layer.digital_source_type == SOURCE
    assert b"old-id" not in encoded


@pytest.mark.parametrize("data", [PNG, JPEG, WEBP])
def test_a_file_without_labels(data: bytes) -> None:
    layer = labels.read(data, media.sniff(data))
    assert (layer.aigc, layer.digital_source_type, layer.problems) == (None, None, ())


@pytest.mark.parametrize("code", [b"ASCII\0\0\0", b"\0" * 8, b"", b"UNICODE\0"])
@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_character_codes_of_a_user_comment(code: bytes, order: str) -> None:
    text = WRAPPED.decode().encode(order) if code.startswith(b"UNICODE") else WRAPPED
    layer = labels.read(coded(colours(8, 8), "PNG", exif=exif(comment=code + text)), formats.PNG)
    assert layer.aigc is not None
    assert layer.aigc.values == OLD


def test_other_texts_and_fields_stay() -> None:
    kept = [chunk(b"tEXt", b"parameters\0a cat, AIGC style"), chunk(b"tEXt", b"Comment\0hello")]
    data = png(*kept, chunk(b"tEXt", b"AIGC\0" + TEXT), chunk(b"eXIf", COMMENT))
    picture = media.Picture.decode(data)
    metadata = labels.write(picture.metadata, picture.format, aigc=NEW, source_type=SOURCE).metadata
    encoded = picture.encode(picture.pixels, metadata=metadata)
    assert all(each in encoded for each in kept)
    assert metadata.exif is not None
    assert stored_exif.orientation(metadata.exif) == 6
    assert b"camera 1.0" in metadata.exif
    assert picture.metadata.exif == COMMENT  # what came in was not changed


def test_the_normal_place_comes_first_and_a_second_label_is_told_of() -> None:
    text = chunk(b"tEXt", b"AIGC\0" + TEXT)
    xmp = chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + OLD_XMP)
    other = chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + OLD_XMP.replace(b"old-", b"new-"))
    layer = labels.read(png(text, xmp), formats.PNG)
    assert layer.aigc is not None
    assert layer.aigc.place == "XMP TC260:AIGC"
    assert [(p.code, p.severity) for p in layer.problems] == [("aigc.several", Severity.WARNING)]
    layer = labels.read(png(text, other), formats.PNG)
    assert [(p.code, p.severity) for p in layer.problems] == [("aigc.several", Severity.ERROR)]


def test_source_types_that_are_no_uri_or_differ() -> None:
    packet = labels.xmp.make("", "digitalArt")
    layer = labels.read(coded(colours(8, 8), "WEBP", xmp=packet), formats.WEBP)
    assert layer.digital_source_type == "digitalArt"
    assert [problem.code for problem in layer.problems] == ["iptc.source-type"]
    twice = packet.replace(
        b"</rdf:RDF>",
        packet[packet.index(b"<rdf:Desc") : packet.index(b"</rdf:RDF>")].replace(b"Art", b"Map")
        + b"</rdf:RDF>",
    )
    layer = labels.read(coded(colours(8, 8), "WEBP", xmp=twice), formats.WEBP)
    assert [problem.code for problem in layer.problems] == ["iptc.several", "iptc.source-type"]


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize("packet", [LAUGHS, b"hello", b"<svg/>", b"\xff\xfe<"])
def test_xmp_that_cannot_be_read_is_replaced_with_a_note(packet: bytes) -> None:
    metadata = labels.write(
        Metadata(xmp=packet), formats.JPEG, aigc=NEW, source_type=SOURCE
    ).metadata
    assert [note.code for note in metadata.notes] == ["xmp.replaced"]
    assert metadata.xmp is not None
    assert labels.xmp.read(metadata.xmp).source_types == (SOURCE,)


@pytest.mark.parametrize("packet", [LAUGHS, b"hello", b"<a>" * 4000])
def test_xmp_that_cannot_be_read_is_a_finding(packet: bytes) -> None:
    layer = labels.read(coded(colours(8, 8), "JPEG", xmp=packet), formats.JPEG)
    assert layer.aigc is None
    assert [problem.code for problem in layer.problems] == ["xmp.unreadable"]


def test_an_extension_without_a_label_stays() -> None:
    other = EMPTY.replace(b"DigitalSourceType", b"Headline")
    picture = media.Picture.decode(extended(other, EMPTY))
    assert picture.metadata.extended_xmp == other
    metadata = labels.write(picture.metadata, picture.format, aigc=NEW, source_type=SOURCE).metadata
    again = media.inspect(picture.encode(picture.pixels, metadata=metadata))
    assert again.metadata.extended_xmp == other
    assert metadata.notes == ()


def test_an_extension_with_a_label_goes_with_a_note() -> None:
    metadata = media.Picture.decode(PLACES["ExtendedXMP"]).metadata
    written = labels.write(metadata, formats.JPEG, aigc=NEW, source_type=SOURCE).metadata
    assert [note.code for note in written.notes] == ["xmp.extension-dropped"]
    assert written.blocks == ()


def test_what_cannot_be_looked_at_is_a_finding_too() -> None:
    for data, limits in ((b"\x89PNG\r\n\x1a\n", Limits()), (PNG, Limits(file_bytes=10))):
        layer = labels.read(data, formats.PNG, limits=limits)
        assert [problem.code for problem in layer.problems] == ["labels.unread"]


def test_long_texts_are_not_searched() -> None:
    long = chunk(b"tEXt", b"AIGC\0" + b" " * 300_000 + TEXT)
    assert labels.read(png(long), formats.PNG).aigc is None


def test_a_keyword_cannot_break_the_lines_of_a_report() -> None:
    data = png(chunk(b"tEXt", b"AIGC\n\x1b[31m" + b"x" * 200 + b"\0" + TEXT))
    label = labels.read(data, formats.PNG).aigc
    assert label is not None
    assert label.place == "PNG tEXt AIGC??[31m" + "x" * 69
