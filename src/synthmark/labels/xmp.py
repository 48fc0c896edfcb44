"""XMP packets (ISO 16684-1): read two properties, and put them in without touching the rest.

Reading is defusedxml's. A parser that builds a tree and prints it again would lose prefixes, so
writing cuts the old properties out of the packet's bytes at the positions expat names and puts one
description in; every other byte stays.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import defusedxml.ElementTree as SafeTree
from defusedxml import DefusedXmlException

AIGC_URI = "http://www.tc260.org.cn/ns/AIGC/1.0/"
IPTC_URI = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF_URI = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

# Between namespace, name and prefix: a character no XML document can hold.
_SEPARATOR = "\x1f"
_DEEPEST = 100
_MOST_ELEMENTS = 100_000
_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "gb18030", "gbk"})
_DECLARATION = re.compile(rb"<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_TAG = re.compile(rb"<(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_ATTRIBUTE = re.compile(rb"\s+([^\s=/>]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="{rdf}">
{description}
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
_DESCRIPTION = """<rdf:Description rdf:about={about} xmlns:rdf="{rdf}" xmlns:TC260="{tc260}"\
 xmlns:Iptc4xmpExt="{iptc}">
<TC260:AIGC>{aigc}</TC260:AIGC>
<Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
</rdf:Description>"""


class XmpError(ValueError):
    """A packet that is no XMP, or that is hostile; the message is one line."""


@dataclass(frozen=True, slots=True)
class Property:
    """One AIGC property.

    Attributes:
        value: Its text, entities resolved.
        normative: Whether it is ``TC260:AIGC`` in its namespace and on the top level.
    """

    value: str
    normative: bool


@dataclass(frozen=True, slots=True)
class Properties:
    """What a packet says of generation.

    Attributes:
        aigc: Properties named AIGC, in any namespace and at any depth.
        source_types: Values of the top-level ``Iptc4xmpExt:DigitalSourceType``.
    """

    aigc: tuple[Property, ...] = ()
    source_types: tuple[str, ...] = ()


# --- reading -------------------------------------------------------------------------------------


def read(packet: bytes) -> Properties:
    """Read the packet's AIGC and DigitalSourceType properties.

    Raises:
        XmpError: It is no XML, declares entities or a DTD, or is deeper or longer than XMP ever is.
    """
    aigc, source_types = [], []
    path: list[str] = []
    elements = 0
    for event, element in _events(_utf8(packet)):
        if event == "end":
            path.pop()
            parents = path[-2:]
            top = parents == [f"{{{_RDF_URI}}}RDF", f"{{{_RDF_URI}}}Description"]
            if _local(element.tag) == "AIGC":
                normative = top and element.tag == f"{{{AIGC_URI}}}AIGC"
                aigc.append(Property("".join(element.itertext()), normative))
            elif top and element.tag == f"{{{IPTC_URI}}}DigitalSourceType":
                resource = element.get(f"{{{_RDF_URI}}}resource")
                source_types.append((resource or "".join(element.itertext())).strip())
            continue
        elements += 1
        if len(path) >= _DEEPEST or elements > _MOST_ELEMENTS:
            raise XmpError("the XMP is nested or long beyond any use")
        path.append(element.tag)
        top = path[-2:] == [f"{{{_RDF_URI}}}RDF", f"{{{_RDF_URI}}}Description"]
        for name, value in element.attrib.items():
            if _local(name) == "AIGC":
                aigc.append(Property(value, top and name == f"{{{AIGC_URI}}}AIGC"))
            elif top and name == f"{{{IPTC_URI}}}DigitalSourceType":
                source_types.append(value.strip())
    return Properties(tuple(aigc), tuple(filter(None, source_types)))


def properties(packet: bytes) -> list[tuple[str, str]]:
    """Return all else that a packet says: name and value of every property of every description.

    A name has its namespace in front; a value is told in such a way that two are equal where the
    properties are, whatever prefixes the packets use.

    Raises:
        XmpError: As `read`.
    """
    read(packet)
    root = SafeTree.fromstring(_utf8(packet), forbid_dtd=True)
    return [
        (_named(name), str(value))
        for rdf in root.iter(f"{{{_RDF_URI}}}RDF")
        for description in rdf
        for name, value in (*_others(description), *map(_told, description))
        if name != f"{{{IPTC_URI}}}DigitalSourceType" and _local(name) != "AIGC"
    ]


_Told = tuple[str, Any]


def _told(element: Element) -> _Told:
    """Return an element's name, and its attributes, text and children as plain values."""
    inside = [(_told(each), _text(each.tail)) for each in element if _local(each.tag) != "AIGC"]
    # A description that held a label alone goes with it.
    emptied: tuple[_Told, str] = (f"{{{_RDF_URI}}}Description", ([], "", [])), ""
    kept = [each for each in inside if each != emptied]
    return element.tag, (sorted(_others(element)), _text(element.text), kept)


def _others(element: Element) -> list[_Told]:
    about = f"{{{_RDF_URI}}}about"
    return [
        (name, value)
        for name, value in element.attrib.items()
        if _local(name) != "AIGC" and name != about
    ]


def _text(text: str | None) -> str:
    return (text or "").strip()


def _named(name: str) -> str:
    return name.removeprefix("{").replace("}", "")


def _events(packet: bytes) -> Iterator[tuple[str, Element]]:
    try:
        yield from SafeTree.iterparse(io.BytesIO(packet), events=("start", "end"), forbid_dtd=True)
    except DefusedXmlException:
        raise XmpError("the XMP declares a DTD or entities, which XMP must not") from None
    except (ParseError, LookupError, ValueError) as error:
        if isinstance(error, XmpError):
            raise
        raise XmpError(f"the XMP is no well-formed XML: {error}") from None


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _utf8(packet: bytes) -> bytes:
    """Return the packet as UTF-8 without byte order mark, XML declaration and NUL padding."""
    try:
        if packet.startswith((b"\xff\xfe", b"\xfe\xff")):
            packet = packet.decode("utf-16").encode()
        packet = packet.removeprefix(b"\xef\xbb\xbf").strip(b"\0 \t\r\n")
        if declaration := _DECLARATION.match(packet):
            encoding = _ENCODING.search(declaration.group())
            name = encoding.group(1).decode().lower() if encoding else "utf-8"
            packet = packet[declaration.end() :].strip()
            if name not in _ENCODINGS and not name.startswith("utf-16"):
                raise XmpError(f"the XMP is in the encoding {name}, which XMP must not be")
            if name in _ENCODINGS:
                packet = packet.decode(name).encode()
    except UnicodeError:
        raise XmpError("the XMP is not in the encoding it claims") from None
    return packet


# --- writing -------------------------------------------------------------------------------------


def make(aigc: str, source_type: str) -> bytes:
    """Return a new packet with ``TC260:AIGC`` and ``Iptc4xmpExt:DigitalSourceType``."""
    description = _description("", aigc, source_type)
    return _PACKET.format(rdf=_RDF_URI, description=description).encode()


def update(packet: bytes, aigc: str, source_type: str) -> bytes:
    """Return `packet` with the two properties in place of older ones, all else as it was.

    Args:
        packet: An XMP packet.
        aigc: The JSON of the seven keys.
        source_type: URI of the IPTC digital source type.

    Raises:
        XmpError: The packet cannot be read, or holds no RDF.
    """
    read(packet)  # defusedxml judges first; what expat sees below is harmless
    packet = _utf8(packet)
    try:
        plan = _Plan(packet)
    except expat.ExpatError as error:
        raise XmpError(f"the XMP is no well-formed XML: {error}") from None
    if plan.end is None:
        raise XmpError("the XMP holds no rdf:RDF")
    description = b"\n" + _description(plan.about, aigc, source_type).encode() + b"\n"
    start, stop, closing = plan.end
    edits = [*((start, stop, b"") for start, stop in plan.cuts)]
    edits.append((start, stop, closing.replace(b"%", description)))
    parts, place = [], 0
    for start, stop, replacement in sorted(edits):
        parts += [packet[place:start], replacement]
        place = stop
    parts.append(packet[place:])
    head, mark, tail = b"".join(parts).rpartition(b"<?xpacket end")
    return head.rstrip() + b"\n" + mark + tail if mark else tail


def _description(about: str, aigc: str, source_type: str) -> str:
    return _DESCRIPTION.format(
        about=quoteattr(about),
        rdf=_RDF_URI,
        tc260=AIGC_URI,
        iptc=IPTC_URI,
        aigc=escape(aigc),
        source_type=escape(source_type),
    )


@dataclass(slots=True)
class _Open:
    """An element whose end has not come yet."""

    name: str
    start: int
    stop: int
    cut: bool = False
    emptied: bool = False
    full: bool = False


class _Plan:
    """Where to cut a packet and where to put a description in.

    Attributes:
        cuts: Spans of bytes to take out.
        about: ``rdf:about`` of the packet's first description.
        end: Span of the end of ``rdf:RDF`` and its replacement, % for the description.
    """

    def __init__(self, packet: bytes) -> None:
        self.cuts: list[tuple[int, int]] = []
        self.about = ""
        self.end: tuple[int, int, bytes] | None = None
        self._packet = packet
        self._path: list[_Open] = []
        self._described = False
        self._parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self._parser.namespace_prefixes = True
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.Parse(packet, True)

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        uri, local, _ = _split(name)
        start = self._parser.CurrentByteIndex
        tag = _TAG.match(self._packet, start)
        element = _Open(uri + local, start, tag.end() if tag else start)
        inside = [each.name for each in self._path[-2:]]
        top = inside == [_RDF_URI + "RDF", _RDF_URI + "Description"]
        element.cut = local == "AIGC" or (top and element.name == IPTC_URI + "DigitalSourceType")
        if self._path:
            self._path[-1].full |= not element.cut
            self._path[-1].emptied |= element.cut
        described = element.name == _RDF_URI + "Description" and inside[-1:] == [_RDF_URI + "RDF"]
        if described and not self._described:
            self._described = True
            self.about = _about(attributes)
        if not element.cut and not any(each.cut for each in self._path):
            self._cut_attributes(element, attributes, described)
        self._path.append(element)

    def _cut_attributes(self, element: _Open, attributes: dict[str, str], described: bool) -> None:
        old = set()
        for name in attributes:
            uri, local, prefix = _split(name)
            source_type = described and uri + local == IPTC_URI + "DigitalSourceType"
            if local == "AIGC" or source_type:
                old.add(f"{prefix}:{local}" if prefix else local)
            elif (uri, local) != (_RDF_URI, "about"):
                element.full = True
        element.emptied |= bool(old)
        for attribute in _ATTRIBUTE.finditer(self._packet, element.start, element.stop):
            if attribute.group(1).decode() in old:
                self.cuts.append(attribute.span())

    def _close(self, name: str) -> None:
        element = self._path.pop()
        alone = self._packet.endswith(b"/>", element.start, element.stop)
        # Of an element without end tag, expat gives no position of the end.
        place = element.start if alone else self._parser.CurrentByteIndex
        stop = element.stop if alone else self._packet.index(b">", place) + 1
        emptied = element.emptied and not element.full
        if element.cut or (emptied and element.name == _RDF_URI + "Description"):
            # A cut element takes the cuts inside it along.
            while self.cuts and self.cuts[-1][0] >= element.start:
                self.cuts.pop()
            if not any(each.cut for each in self._path):
                self.cuts.append((element.start, stop))
        elif element.name == _RDF_URI + "RDF" and self.end is None:
            if alone:
                tag_name = self._packet[place + 1 : stop - 2].split(None, 1)[0]
                self.end = stop - 2, stop, b">%</" + tag_name + b">"
            else:
                self.end = place, place, b"%"


def _split(name: str) -> tuple[str, str, str]:
    """Return namespace, local name and prefix of a name as expat gives it."""
    parts = name.split(_SEPARATOR)
    if len(parts) == 1:
        return "", parts[0], ""
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""


def _about(attributes: dict[str, str]) -> str:
    for name, value in attributes.items():
        if _split(name)[:2] == (_RDF_URI, "about"):
            return value
    return ""
