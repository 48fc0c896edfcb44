from __future__ import annotations

import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark.labels import xmp
from synthmark.labels.xmp import AIGC_URI, IPTC_URI

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CAMERA = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
AIGC = '{"Label":"1","ProduceID":"<&>"}'
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def packet(body: str, *, rdf: str = "rdf") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><{rdf}:RDF xmlns:{rdf}="{RDF}"'
        f' xmlns:TC260="{AIGC_URI}" xmlns:Iptc4xmpExt="{IPTC_URI}">'
        f'{body}</{rdf}:RDF></x:xmpmeta>{" " * 2000}<?xpacket end="w"?>'
    ).encode()


def values(properties: xmp.Properties) -> list[str]:
    return [each.value for each in properties.aigc]


def check(updated: bytes) -> None:
    properties = xmp.read(updated)
    assert properties.aigc == (xmp.Property(AIGC, True),)
    assert properties.source_types == (SOURCE,)


def test_a_new_packet_reads_back() -> None:
    check(xmp.make(AIGC, SOURCE))


OLD = {
    "element": '<rdf:Description rdf:about=""><TC260:AIGC>{}</TC260:AIGC></rdf:Description>',
    "attribute": "<rdf:Description rdf:about='' TC260:AIGC='{}'/>",
    "empty element": '<rdf:Description rdf:about=""><TC260:AIGC/></rdf:Description>',
    "empty element beside another": "<rdf:Description><TC260:AIGC /><d xmlns='urn:d'/>"
    "</rdf:Description>",
    "another prefix": "<rdf:Description>"
    f'<a:AIGC xmlns:a="{AIGC_URI}">old</a:AIGC></rdf:Description>',
    "another namespace": '<rdf:Description><b:AIGC xmlns:b="urn:b">old</b:AIGC></rdf:Description>',
    "default namespace": f'<rdf:Description><AIGC xmlns="{AIGC_URI}">o</AIGC></rdf:Description>',
    "source type": "<rdf:Description><Iptc4xmpExt:DigitalSourceType>"
    f"{CAMERA}</Iptc4xmpExt:DigitalSourceType></rdf:Description>",
    "source type as attribute": f'<rdf:Description Iptc4xmpExt:DigitalSourceType="{CAMERA}"/>',
    "source type as resource": "<rdf:Description><Iptc4xmpExt:DigitalSourceType"
    f' rdf:resource="{CAMERA}"/></rdf:Description>',
    "twice": "<rdf:Description TC260:AIGC='a'><TC260:AIGC>b</TC260:AIGC></rdf:Description>",
    "nothing": "",
}


@pytest.mark.parametrize("form", OLD)
def test_an_old_property_is_replaced_in_every_form(form: str) -> None:
    kept = '<rdf:Description rdf:about="" xmlns:dc="urn:dc" dc:format="a &gt; b"/>'
    updated = xmp.update(packet(kept + OLD[form]), AIGC, SOURCE)
    check(updated)
    assert kept.encode() in updated
    assert b"old" not in updated
    assert CAMERA.encode() not in updated


def test_writing_again_leaves_the_same_packet() -> None:
    once = xmp.update(packet(OLD["nothing"]), AIGC, SOURCE)
    twice = xmp.update(once, AIGC, SOURCE)
    assert xmp.update(twice, AIGC, SOURCE).split() == twice.split() == once.split()


def test_old_forms_are_read() -> None:
    assert values(xmp.read(packet(OLD["attribute"]))) == ["{}"]
    assert xmp.read(packet(OLD["another prefix"])).aigc == (xmp.Property("old", True),)
    assert xmp.read(packet(OLD["another namespace"])).aigc == (xmp.Property("old", False),)
    for form in ("source type", "source type as attribute", "source type as resource"):
        assert xmp.read(packet(OLD[form])).source_types == (CAMERA,)


def test_a_source_type_inside_a_structure_is_not_the_pictures() -> None:
    inner = (
        '<rdf:Description xmlns:m="urn:m"><m:Ingredient rdf:parseType="Resource">'
        f"<Iptc4xmpExt:DigitalSourceType>{CAMERA}</Iptc4xmpExt:DigitalSourceType>"
        "</m:Ingredient></rdf:Description>"
    )
    assert xmp.read(packet(inner)).source_types == ()
    assert CAMERA.encode() in xmp.update(packet(inner), AIGC, SOURCE)


def test_a_text_that_looks_like_the_attribute_stays() -> None:
    tricky = """<rdf:Description xmlns:d="urn:d" d:a=" TC260:AIGC='x'" d:b='>' TC260:AIGC="y"/>"""
    updated = xmp.update(packet(tricky), AIGC, SOURCE)
    check(updated)
    assert b"""d:a=" TC260:AIGC='x'" d:b='>'/>""" in updated


@pytest.mark.parametrize("rdf", ["rdf", "r"])
def test_rdf_may_be_empty_or_have_another_prefix(rdf: str) -> None:
    empty = f'<{rdf}:RDF xmlns:{rdf}="{RDF}"/>'.encode()
    check(xmp.update(empty, AIGC, SOURCE))
    check(xmp.update(packet("", rdf=rdf), AIGC, SOURCE))


def test_the_packet_speaks_of_the_same_resource() -> None:
    body = '<rdf:Description rdf:about="uuid:1&amp;2" xmlns:d="urn:d" d:a="b"/>'
    root = ET.fromstring(xmp.update(packet(body), AIGC, SOURCE))  # noqa: S314
    abouts = {each.get(f"{{{RDF}}}about") for each in root.iter(f"{{{RDF}}}Description")}
    assert abouts == {"uuid:1&2"}


def test_padding_does_not_pile_up() -> None:
    assert len(xmp.update(packet(""), AIGC, SOURCE)) < len(packet("")) + 100


def test_utf_16_and_declared_encodings() -> None:
    text = packet('<rdf:Description xmlns:d="urn:d" d:a="größe"/>').decode()
    declared = ('<?xml version="1.0" encoding="GB18030"?>' + text.replace("ö", "大")).encode(
        "gb18030"
    )
    for other in (text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode() + b"\0\0", declared):
        updated = xmp.update(other, AIGC, SOURCE)
        check(updated)
        assert "größe".encode() in updated or "gr大ße".encode() in updated


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,6}", fullmatch=True)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20
) | st.just("two\nlines\tand more")


@st.composite
def descriptions(draw: st.DrawFn) -> str:
    uri, prefix = (
        draw(TEXTS.filter(lambda t: t.strip() and "}" not in t)),
        draw(NAMES.filter(lambda n: n.lower()[:3] != "xml")),
    )
    names = draw(st.lists(NAMES.filter(lambda n: n != "AIGC"), unique=True, max_size=4))
    attributes = [f" {prefix}:{name}={quoteattr(draw(TEXTS))}" for name in names[::2]]
    elements = [f"<{prefix}:{name}>{escape(draw(TEXTS))}</{prefix}:{name}>" for name in names[1::2]]
    comment = "<!-- a comment --><?pi data?>"
    return (
        f'<rdf:Description xmlns:rdf="{RDF}" rdf:about="" xmlns:{prefix}={quoteattr(uri)}'
        f"{''.join(attributes)}>{comment}{''.join(elements)}</rdf:Description>"
    )


@given(st.lists(descriptions(), max_size=3), st.sampled_from(sorted(OLD)), st.integers(0, 3))
@settings(max_examples=150)
def test_every_other_property_stays_byte_for_byte(others: list[str], form: str, at: int) -> None:
    body = "".join(others[:at]) + OLD[form] + "".join(others[at:])
    updated = xmp.update(packet(body), AIGC, SOURCE)
    check(updated)
    for other in others:
        assert other.encode() in updated


LAUGHS = "".join(f'<!ENTITY l{k + 1} "{f"&l{k};" * 10}">' for k in range(9))
HOSTILE = {
    "billion laughs": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><x>&l9;</x>',
    "external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "document type": '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>',
    "too deep": "<a>" * 5000 + "</a>" * 5000,
    "too long": "<a>" + "<b/>" * 200_000 + "</a>",
    "not XML": "hello",
    "cut short": "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF",
    "no namespace": "<rdf:RDF/>",
    "odd encoding": '<?xml version="1.0" encoding="punycode"?><a/>',
    "wrong encoding": '<?xml version="1.0" encoding="ascii"?><a>\u00e4</a>',
    "empty": "",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_packet_is_refused_in_one_line(case: str) -> None:
    for function in (xmp.read, lambda text: xmp.update(text, AIGC, SOURCE)):
        with pytest.raises(xmp.XmpError) as caught:
            function(HOSTILE[case].encode())
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200


def test_xml_without_rdf_is_no_place_for_a_label() -> None:
    assert xmp.read(b"<svg/>") == xmp.Properties()
    with pytest.raises(xmp.XmpError, match="no rdf:RDF"):
        xmp.update(b"<svg/>", AIGC, SOURCE)


@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    try:
        xmp.read(content)
        xmp.update(content, AIGC, SOURCE)
    except xmp.XmpError:
        return
