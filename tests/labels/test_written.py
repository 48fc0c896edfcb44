"""Labels are written at the place that a format's record gives, and what was written is said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from synthmark import labels
from synthmark.facts import AigcLabel
from synthmark.media import FORMATS, Block, Format, Item, LabelPlace, Metadata, formats
from tests.labels.test_places import COMMENT, NEW, OLD, OLD_XMP, SOURCE, TEXT, WRAPPED
from tests.labels.test_sound_places import WAV
from tests.media.samples import coded, colours, exif
from tests.media.sound_files import chunk, with_chunks

BAD = json.dumps({"Label": "1"}).encode()


def found(metadata: Metadata, format: Format) -> list[AigcLabel]:
    return [each.label for each in labels.find(metadata, format)]


@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.name)
def test_it_stands_at_the_formats_place_alone(format: Format) -> None:
    written = labels.write(Metadata(), format, aigc=NEW, source_type=SOURCE)
    assert written.aigc == NEW
    elsewhere = found(written.metadata, format)
    if format.label_place is LabelPlace.XMP:
        assert written.source_type == SOURCE
        assert written.metadata.xmp == labels.xmp.make(labels.aigc.serialise(NEW), SOURCE)
        assert elsewhere == []
    else:
        assert format.label_place is not None
        assert written.source_type is None
        assert written.metadata.xmp is None
        assert [(each.values, each.place) for each in elsewhere] == [
            (NEW, format.label_place.value)
        ]
        assert elsewhere[0].conforms


@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.name)
def test_it_takes_the_place_of_the_one_before(format: Format) -> None:
    metadata = Metadata()
    for values in (NEW | {"ProduceID": "before"}, NEW):
        metadata = labels.write(metadata, format, aigc=values, source_type=SOURCE).metadata
    told = [each.values for each in found(metadata, format)]
    if metadata.xmp is not None:
        told += [json.loads(each.value) for each in labels.xmp.read(metadata.xmp).aigc]
        assert labels.xmp.read(metadata.xmp).source_types == (SOURCE,)
    assert told == [NEW]


def test_a_format_without_a_place_is_left_alone_and_that_is_said() -> None:
    bare = replace(formats.PNG, label_place=None)
    metadata = Metadata(xmp=OLD_XMP, blocks=(Block("tEXt", b"AIGC\0" + TEXT),))
    written = labels.write(metadata, bare, aigc=NEW, source_type=SOURCE)
    assert written.metadata is metadata
    assert (written.aigc, written.source_type) == (None, None)


def test_a_place_that_the_guide_means_for_another_format_is_foreign() -> None:
    blocks = (
        Block("comment", b"AIGC=" + TEXT),
        Block("AIGC", TEXT),
        Block("tEXt", b"AIGC\0" + TEXT),
    )
    places = [(each.place, each.conforms) for each in found(Metadata(blocks=blocks), formats.WAV)]
    assert places == [
        ("Vorbis comment AIGC", False),
        ("WAV chunk AIGC", True),
        ("WAV tEXt AIGC", False),
    ]


def test_of_several_in_sound_one_that_conforms_comes_first() -> None:
    data = with_chunks(WAV, chunk(b"AIGC", BAD), chunk(b"AIGC", TEXT), chunk(b"_PMX", OLD_XMP))
    label = labels.read(data, formats.WAV).aigc
    assert label is not None
    assert (label.values, label.place) == (OLD, "WAV chunk AIGC")


def test_of_several_in_a_picture_the_one_in_xmp_comes_first() -> None:
    packet = labels.xmp.make(BAD.decode(), SOURCE)
    label = labels.read(coded(colours(), "WEBP", xmp=packet, exif=COMMENT), formats.WEBP).aigc
    assert label is not None
    assert (label.values, label.place) == ({"Label": "1"}, "XMP TC260:AIGC")


def test_what_holds_a_label_is_told_from_the_other_items() -> None:
    metadata = Metadata(
        exif=exif(1, description=WRAPPED),
        blocks=(Block("COM", WRAPPED), Block("COM", b"a comment that is kept")),
    )
    holders = list(labels.find(metadata, formats.JPEG))
    assert [each.label.place for each in holders] == ["EXIF ImageDescription", "JPEG COM"]

    def held(item: Item) -> bool:
        return any(each.holds(item) for each in holders)

    assert held(Item("EXIF 0x010e", WRAPPED))
    assert held(Item("COM", WRAPPED))
    assert not held(Item("EXIF 0x0110", b"camera 1.0"))
    assert not held(Item("COM", b"a comment that is kept"))
    assert not held(Item("COM", b"1"))
