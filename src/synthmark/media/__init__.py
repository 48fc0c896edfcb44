"""Bytes <-> signals: what a file is, what it holds, and the same file with a new signal.

    data = media.load("picture.png")
    picture = media.decode(data)
    new = media.encode(picture, picture.pixels, metadata=picture.metadata)

A thin face over Pillow and libsndfile. Containers are read and written here, block by block; the
libraries code pixels and samples. `decode_sound` and `encode_sound` are the same verbs for sound.
An animation is a picture with later frames, each of them the whole canvas as it is shown.
Everything that goes wrong is a `synthmark.errors.MediaError`.
"""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO

from synthmark.errors import MediaError, UnreadableError
from synthmark.facts import Medium
from synthmark.limits import Limits
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
from synthmark.media.parts.pieces import Pieces
from synthmark.media.pictures.picture import Container, Picture, Samples
from synthmark.media.pictures.transparency import changed, on_white
from synthmark.media.sounds.sound import Reading, Sound, Track, as_wave

__all__ = [
    "FORMATS",
    "SUPPORTED",
    "Asset",
    "Block",
    "Container",
    "Format",
    "Header",
    "Item",
    "LabelPlace",
    "ManifestPlace",
    "Metadata",
    "Picture",
    "Pieces",
    "Reading",
    "Samples",
    "Sound",
    "Track",
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
    "load",
    "named",
    "on_white",
    "promised",
    "sniff",
]

Asset = bytes | str | os.PathLike[str] | BinaryIO
"""A file's bytes, its path, or a binary file open for reading."""

_DEFAULT_LIMITS = Limits()
# Bytes that tell what a file is, and that are read at once.
_HEAD, _READ = 2**16, 2**24


def load(asset: Asset, *, limits: Limits = _DEFAULT_LIMITS) -> bytes:
    """Return the bytes of `asset`; of one that is over the limit, hardly any are read.

    Raises:
        UnreadableError: It is empty, missing or cannot be read.
        LimitError: It is larger than ``limits.sound_bytes``, or ``limits.file_bytes`` unless it
            begins like a sound.
    """
    if isinstance(asset, bytes):
        data = asset
        limits.check_file(len(data), sound=_begins_like_sound(data[:_HEAD]))
    else:
        try:
            if isinstance(asset, str | os.PathLike):
                with open(asset, "rb") as file:
                    data = _read(file, limits)
            else:
                data = _read(asset, limits)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadableError(f"cannot be read: {reason}", code="media.unreadable") from None
    if not data:
        raise UnreadableError("the file is empty", code="media.empty")
    return data


def _read(file: BinaryIO, limits: Limits) -> bytes:
    """Return what is left of a file, once its size, as far as it can be told, is allowed."""
    head = file.read(_HEAD)
    sound = _begins_like_sound(head)
    left = _left(file)
    if left is not None:
        limits.check_file(len(head) + left, sound=sound)
    # It may grow, and a pipe or a device tells no size.
    most = limits.sound_bytes if sound else limits.file_bytes
    data = io.BytesIO(head)
    data.seek(0, os.SEEK_END)
    while data.tell() <= most and (part := file.read(min(_READ, most + 1 - data.tell()))):
        data.write(part)
    limits.check_file(data.tell(), sound=sound, whole=False)
    return data.getvalue()


def _left(file: BinaryIO) -> int | None:
    """Return how many bytes there are behind the place reached, None where that is not known."""
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, ValueError):
        return None
    return end - here


def _begins_like_sound(head: bytes) -> bool:
    try:
        return sniff(head).medium is Medium.SOUND
    except MediaError:
        return False


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
