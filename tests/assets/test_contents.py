"""What a file says is read item by item, labels apart, XMP property by property."""

from __future__ import annotations

import pytest

from synthmark import labels, media
from synthmark.assets import contents
from synthmark.assets.comparing import compare
from synthmark.assets.contents import Contents
from synthmark.errors import ReadBackError
from synthmark.label import ContentId, Provider, SourceType
from tests.media.samples import chunk, coded, colours, with_chunks

AIGC = labels.aigc.compose(Provider(name="somebody"), ContentId(bytes(range(16))))
TEXT = labels.aigc.serialise(AIGC)
PACKET = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="{toolkit}"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="{rating}" {more}>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def packet(*, toolkit: str = "one", rating: str = "3", title: str = "Sea", more: str = "") -> bytes:
    return PACKET.format(toolkit=toolkit, rating=rating, title=title, more=more).encode()


def png(*chunks: bytes) -> bytes:
    return with_chunks(coded(colours(), "PNG"), *chunks)


def xmp_chunk(data: bytes) -> bytes:
    return chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + data)


def labelled(data: bytes) -> bytes:
    picture = media.Picture.decode(data)
    metadata = labels.write(
        picture.metadata, picture.format, aigc=AIGC, source_type=SourceType.GENERATED.value
    ).metadata
    return picture.encode(picture.pixels, metadata=metadata)


def look(data: bytes) -> Contents:
    return contents.look(data, media.sniff(data))


def test_labels_are_ours_and_all_else_is_not() -> None:
    data = png(chunk(b"tEXt", b"Title\0Sea"), xmp_chunk(packet()))
    assert compare(look(data), look(labelled(data)), ()) == ()
    places = [item.place for item in look(data).items]
    assert places == [
        "tEXt",
        "XMP http://ns.adobe.com/xap/1.0/Rating",
        "XMP http://purl.org/dc/elements/1.1/title",
    ]


@pytest.mark.parametrize(
    "old",
    [
        chunk(b"tEXt", b"AIGC\0" + TEXT.encode()),
        xmp_chunk(
            packet(more='xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" TC260:AIGC="{}"')
        ),
    ],
)
def test_an_old_label_may_be_replaced(old: bytes) -> None:
    data = png(old, chunk(b"tEXt", b"Title\0Sea"))
    (finding,) = compare(look(data), look(labelled(data)), ())
    assert finding.code == "label.replaced"


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"rating": "4"}, "Rating is changed"),
        ({"title": "Lake"}, "title is changed"),
        ({"more": 'xmp:Label="blue"'}, "Label is added"),
    ],
)
def test_a_property_that_changes_is_named(other: dict[str, str], what: str) -> None:
    before, after = png(xmp_chunk(packet())), png(xmp_chunk(packet(**other)))
    with pytest.raises(ReadBackError, match=what):
        compare(look(before), look(after), ())


def test_the_toolkit_that_wrote_a_packet_is_no_property() -> None:
    before, after = png(xmp_chunk(packet())), png(xmp_chunk(packet(toolkit="another")))
    assert compare(look(before), look(after), ()) == ()


def test_a_packet_that_is_no_xmp_is_compared_whole() -> None:
    (item,) = look(png(xmp_chunk(b"<broken"))).items
    assert (item.place, item.data) == ("XMP", b"<broken")
