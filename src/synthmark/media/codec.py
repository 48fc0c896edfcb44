"""The verbs of this room: a file into a picture or a sound, and either, changed, into a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from synthmark.errors import UnsupportedError, UsageError
from synthmark.facts import Finding
from synthmark.limits import Limits
from synthmark.media.format import Format
from synthmark.media.formats import AVIF, HEIC, sniff
from synthmark.media.header import Metadata
from synthmark.media.parts import exif
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data, Pieces
from synthmark.media.pictures import decoding, encoding, jpeg
from synthmark.media.pictures.picture import HDR, HDR_TRANSFERS, Container, Picture, Samples
from synthmark.media.sounds.sound import Sound, Track

_DEFAULT_LIMITS = Limits()


def inspect(
    data: Data, format: Format | None = None, *, limits: Limits = _DEFAULT_LIMITS
) -> Container:
    """Read a picture file's header and metadata without decoding a pixel.

    Args:
        data: The whole file.
        format: What `sniff` said; sniffed when not given.
        limits: What the file, its picture and its metadata blocks cannot pass.

    Raises:
        UnreadableError: Empty, or without a sound header.
        UnsupportedError: Another format; what a known one lacks support for is the container's
            obstacle.
        LimitError: The file, the picture or a metadata block is too large.
    """
    limits.check_file(len(data))
    container = (format or sniff(data)).parse(data, limits)
    if not isinstance(container, Container):
        raise UnsupportedError("this is sound, not a picture", code="media.sound")
    if container.obstacle is None and _transfer(container.icc or b"") in HDR_TRANSFERS:
        hdr = Finding.error("media.hdr", HDR.format(container.format.name))
        return replace(container, obstacle=hdr)
    return container


def inspect_sound(
    data: Data, format: Format | None = None, *, limits: Limits = _DEFAULT_LIMITS
) -> Track:
    """Read a sound file's header and metadata without decoding a sample; as `inspect`."""
    limits.check_file(len(data), sound=True)
    track = (format or sniff(data)).parse(data, limits)
    if not isinstance(track, Track):
        raise UnsupportedError("this is a picture, not sound", code="media.picture")
    return track


def decode(
    data: Data, format: Format | None = None, *, limits: Limits = _DEFAULT_LIMITS
) -> Picture:
    """Decode a picture file; EXIF orientation is applied.

    Sound has `decode_sound`.

    Args:
        data: The whole file.
        format: What `sniff` said; sniffed when not given.
        limits: Checked against the header before any pixel is decoded.

    Raises:
        UnreadableError: Empty, damaged or truncated.
        UnsupportedError: Another format, or something in a known one that is not handled.
        LimitError: The file, the picture or a metadata block is too large.
    """
    container = inspect(data, format, limits=limits)
    _check(container.obstacle)
    if container.durations:
        frames, notes = decoding.frames(container)
        container = replace(container, mode="RGB" if frames[0][1] is None else "RGBA")
    else:
        colour, alpha, notes = decoding.planes(container)
        frames = [(colour, alpha)]
        if container.mode == "CMYK":
            # Profile and Adobe's segment tell of inks, and there are none any more.
            kept = tuple(block for block in container.kept if not jpeg.tells_inks(block))
            container = replace(container, mode="RGB", icc=None, kept=kept)
    container = replace(container, bare=b"")
    # HEIF says itself how its pictures lie, and has EXIF not count (ISO/IEC 23008-12, A.2.1).
    own = container.format in (AVIF, HEIC)
    orientation = container.orientation if own else exif.orientation(container.metadata.exif)
    first, *later = (
        Picture(
            pixels=_upright(colour, orientation),
            alpha=None if alpha is None else _upright(alpha, orientation),
            container=container,
            orientation=orientation,
            notes=(*container.notes, *notes),
        )
        for colour, alpha in frames
    )
    return replace(first, later=tuple(later)) if later else first


def decode_sound(
    data: Data, format: Format | None = None, *, limits: Limits = _DEFAULT_LIMITS
) -> Sound:
    """Decode a sound file.

    Args:
        data: The whole file.
        format: What `sniff` said; sniffed when not given.
        limits: Checked against the header, and again as the samples come.

    Raises:
        UnreadableError: Empty, damaged, or without a sample.
        UnsupportedError: Another format, or something in a known one that is not handled.
        LimitError: The file, the sound or a metadata block is too large.
    """
    track = inspect_sound(data, format, limits=limits)
    _check(track.obstacle)
    # libsndfile is loaded where there is sound.
    from synthmark.media.sounds import coding

    return coding.decode(track, limits)


def encode_sound(sound: Sound, metadata: Metadata) -> bytes:
    """Encode samples in the format, codec and class of rate that `sound` was read from.

    Args:
        sound: What `decode_sound` returned, perhaps with other samples of the same shape and type.
        metadata: ``sound.metadata`` or a rewritten one.
    """
    return bytes(assemble_sound(code_sound(sound.read(), sound.track), sound.track, metadata))


def code_sound(blocks: Iterable[Samples], track: Track) -> BinaryIO:
    """Code samples as they come; a long sound lies in a temporary file then, not in memory.

    Args:
        blocks: Of the shape and type of those of the sound that was read.
        track: Of that sound.
    """
    from synthmark.media.sounds import coding

    return coding.code(blocks, track)


def assemble_sound(coded: BinaryIO, track: Track, metadata: Metadata) -> Pieces:
    """Return what `code_sound` made with all metadata in place."""
    from synthmark.media.sounds import coding

    return coding.assemble(coded, track, metadata)


def items(data: Data, format: Format) -> tuple[Item, ...]:
    """Return what a file says beside its signal, item by item, in the file's order.

    The manifest is left out.

    Raises:
        LimitError: There are more items than any writer makes.
    """
    return tuple(format.items(data))


def encode(picture: Picture, *pixels: Samples, metadata: Metadata, least: int = 0) -> bytes:
    """Encode new pixels into the container of `picture`, with all metadata in place.

    Size, depth, gray or RGB, alpha, profile, orientation, and JPEG tables and subsampling stay;
    WebP stays lossless where it was, and else it is coded about as finely as it was, as AVIF and
    HEIC are; an animation keeps its times.

    Args:
        picture: What `decode` returned.
        pixels: The type and shape of ``picture.pixels``, upright; of an animation one for each of
            ``picture.frames``.
        metadata: ``picture.metadata`` or a rewritten one.
        least: Quality, 0 to 100, below which lossy WebP, AVIF and HEIC are not coded.

    Raises:
        UsageError: There are more or fewer `pixels`, or of another shape or type.
        LimitError: XMP is too long for a JPEG segment.
    """
    if len(pixels) != len(picture.frames):
        raise UsageError(f"there are {len(pixels)} frames of pixels, not {len(picture.frames)}")
    stored = [_planes(frame, new) for frame, new in zip(picture.frames, pixels, strict=True)]
    if picture.container.durations:
        return encoding.animation(stored, picture.container, metadata, least=least)
    return encoding.file(stored[0], picture.container, metadata, least=least)


def _transfer(profile: bytes) -> int | None:
    """Return the transfer function that a profile names by number (ICC.1:2022, 9.2.17), if any."""
    count = int.from_bytes(profile[128:132])
    for place in range(132, min(132 + 12 * count, len(profile)), 12):
        if profile[place : place + 4] == b"cicp":
            start = int.from_bytes(profile[place + 4 : place + 8])
            return profile[start + 9] if start + 9 < len(profile) else None
    return None


def _check(obstacle: Finding | None) -> None:
    if obstacle is not None:
        raise UnsupportedError(obstacle.message, code=obstacle.code)


def _planes(frame: Picture, pixels: Samples) -> Samples:
    """Return new colours with the old alpha, as stored."""
    if pixels.shape != frame.pixels.shape or pixels.dtype != frame.pixels.dtype:
        raise UsageError(
            f"pixels are {pixels.dtype} {pixels.shape}, "
            f"not {frame.pixels.dtype} {frame.pixels.shape}"
        )
    stored = _stored(pixels, frame.orientation)
    if frame.alpha is not None:
        stored = np.dstack((stored, _stored(frame.alpha, frame.orientation)))
    return np.ascontiguousarray(stored)


def _upright(plane: Samples, orientation: int) -> Samples:
    """Turn a stored plane as EXIF orientation 1 to 8 asks (CIPA DC-008, 4.6.4)."""
    if orientation >= 5:
        plane = plane.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    return np.ascontiguousarray(plane)


def _stored(plane: Samples, orientation: int) -> Samples:
    """Turn an upright plane back into the stored layout; the inverse of `_upright`."""
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    if orientation >= 5:
        plane = plane.swapaxes(0, 1)
    return plane
