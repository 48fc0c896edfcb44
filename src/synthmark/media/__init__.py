"""Bytes <-> signals: what a file is, what it holds, and the same file with a new signal.

    source = media.Source.of("picture.png")
    picture = media.Picture.decode(source.data, source.format)
    new = picture.encode(picture.pixels, metadata=picture.metadata)

A thin face over Pillow and libsndfile. Containers are read and written here, block by block; the
libraries code pixels and samples. `Sound` has the same verbs as `Picture`. An animation is a
picture with later frames, each of them the whole canvas as it is shown. What is known of a format
stands in its record (`Format`), at the end of its own module. Everything that goes wrong is a
`synthmark.errors.MediaError`.
"""

from __future__ import annotations

from synthmark.media.format import Format, LabelPlace, ManifestPlace
from synthmark.media.formats import FORMATS, SUPPORTED, inspect, items, named, promised, sniff
from synthmark.media.header import Block, Form, Header, Metadata
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data, Pieces, Writable
from synthmark.media.pictures.container import Container, Samples
from synthmark.media.pictures.picture import Picture
from synthmark.media.pictures.transparency import changed, on_white
from synthmark.media.sounds.sound import Reading, Sound, as_wave
from synthmark.media.sounds.track import Track
from synthmark.media.source import Input, Source

__all__ = [
    "FORMATS",
    "SUPPORTED",
    "Block",
    "Container",
    "Data",
    "Form",
    "Format",
    "Header",
    "Input",
    "Item",
    "LabelPlace",
    "ManifestPlace",
    "Metadata",
    "Picture",
    "Pieces",
    "Reading",
    "Samples",
    "Sound",
    "Source",
    "Track",
    "Writable",
    "as_wave",
    "changed",
    "inspect",
    "items",
    "named",
    "on_white",
    "promised",
    "sniff",
]
