"""Bytes <-> signals: what a file is, what it holds, and the same file with a new signal.

    source = media.Source.of("picture.png")
    picture = media.decode(source.data)
    new = media.encode(picture, picture.pixels, metadata=picture.metadata)

A thin face over Pillow and libsndfile. Containers are read and written here, block by block; the
libraries code pixels and samples. `decode_sound` and `encode_sound` are the same verbs for sound.
An animation is a picture with later frames, each of them the whole canvas as it is shown.
Everything that goes wrong is a `synthmark.errors.MediaError`.
"""

from __future__ import annotations

from typing import Any

from synthmark.media.codec import (
    assemble_sound,
    code_sound,
    decode,
    decode_sound,
    encode,
    encode_sound,
    inspect,
    inspect_sound,
    items,
)
from synthmark.media.format import Format, LabelPlace, ManifestPlace
from synthmark.media.formats import FORMATS, SUPPORTED, WEBP, named, promised, sniff
from synthmark.media.header import Block, Header, Metadata
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data, Pieces, Writable
from synthmark.media.pictures.picture import Container, Picture, Samples
from synthmark.media.pictures.transparency import changed, on_white
from synthmark.media.sounds.sound import Reading, Sound, Track, as_wave
from synthmark.media.source import Input, Source

__all__ = [
    "FORMATS",
    "SUPPORTED",
    "Block",
    "Container",
    "Data",
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
    "assemble_sound",
    "changed",
    "code_sound",
    "decode",
    "decode_sound",
    "describe",
    "describe_sound",
    "encode",
    "encode_sound",
    "inspect",
    "inspect_sound",
    "items",
    "named",
    "on_white",
    "promised",
    "sniff",
]


def describe(picture: Picture) -> dict[str, Any]:
    """Return what there is to say about a picture beside its pixels, as JSON-ready values."""
    container, metadata = picture.container, picture.metadata
    described: dict[str, Any] = {
        "mode": container.mode,
        "bit_depth": container.bit_depth,
        "alpha": picture.alpha is not None,
        "stored_size": [container.width, container.height],
        "orientation": picture.orientation,
        "icc_bytes": len(container.icc or b""),
        "exif_bytes": len(metadata.exif or b""),
        "xmp_bytes": len(metadata.xmp or b"") + len(metadata.extended_xmp or b""),
        "blocks": [block.kind for block in (*container.kept, *metadata.blocks)],
    }
    if container.durations:
        described |= {"frames": len(container.durations), "milliseconds": sum(container.durations)}
    if container.tables:
        described |= {
            "progressive": container.progressive,
            "sampling": container.sampling,
            "quantisation_tables": [list(table) for table in container.tables],
        }
    if container.format is WEBP:
        described["lossless"] = container.lossless
    return described


def describe_sound(sound: Sound) -> dict[str, Any]:
    """Return what there is to say about a sound beside its samples, as JSON-ready values."""
    track = sound.track
    described: dict[str, Any] = {
        "codec": track.codec,
        "sample_rate": track.sample_rate,
        "channels": track.channels,
        "seconds": round(sound.seconds, 3),
        "blocks": [block.kind for block in track.metadata.blocks],
    }
    if track.depth:
        described["bit_depth"] = track.depth
    if track.bit_rate:
        described["bit_rate"] = round(track.bit_rate)
    return described
