"""Pixels out of containers and back: the only module that asks Pillow to code anything.

Pillow is handed the bare picture without metadata, and its format classes are called directly
instead of `Image.open`: so nothing in EXIF, XMP, text or profiles can make it fail, no warning of
its own appears, and none of its process-wide settings matters.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from synthmark.errors import UnreadableError, UnsupportedError, UsageError
from synthmark.limits import Limits
from synthmark.media import exif, jpeg, png, webp
from synthmark.media.formats import JPEG, PNG, WEBP, sniff
from synthmark.media.picture import Container, Metadata, Picture, note
from synthmark.report import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

    Plane = NDArray[np.uint8]

_PARSERS = {PNG: png.parse, JPEG: jpeg.parse, WEBP: webp.parse}
_READERS: dict[str, Callable[[io.BytesIO], ImageFile]] = {
    PNG: PngImageFile,
    JPEG: JpegImageFile,
    WEBP: WebPImageFile,
}
_DEFAULT_LIMITS = Limits()

# Run-length matches only: on generated 1 MP pictures 0.07 s and 2 % smaller than zlib level 6 in
# 0.34 s; on screenshots and line art up to a fifth larger than level 6, which costs twice the time.
_PNG_STRATEGY = 3
# Lossless: 0.24 s a megapixel, within 3 % of the size that the default effort needs 0.64 s for.
_WEBP_LOSSLESS = {"lossless": True, "quality": 25, "method": 2}
# The container does not say at which quality it was written; 90 is near the usual 75 to 95 from
# the safe side, and method 2 halves the time of the default 4 for 3 % more bytes.
_WEBP_LOSSY = {"lossless": False, "quality": 90, "method": 2}


def inspect(
    data: bytes, media_type: str | None = None, *, limits: Limits = _DEFAULT_LIMITS
) -> Container:
    """Read a file's header and metadata without decoding a pixel.

    Args:
        data: The whole file.
        media_type: What `sniff` said; sniffed when not given.
        limits: What the file, its picture and its metadata blocks cannot pass.

    Raises:
        UnreadableError: Empty, or without a sound header.
        UnsupportedError: Another format; what a known one lacks support for is the container's
            obstacle.
        LimitError: The file, the picture or a metadata block is too large.
    """
    limits.check_file(len(data))
    return _PARSERS[media_type or sniff(data)](data, limits)


def decode(data: bytes, *, limits: Limits = _DEFAULT_LIMITS) -> Picture:
    """Decode a PNG, JPEG or WebP file; EXIF orientation is applied.

    Args:
        data: The whole file.
        limits: Checked against the header before any pixel is decoded.

    Raises:
        UnreadableError: Empty, damaged or truncated.
        UnsupportedError: Another format, 16 bits a sample, CMYK, an animation.
        LimitError: The file, the picture or a metadata block is too large.
    """
    container = inspect(data, limits=limits)
    if container.obstacle is not None:
        raise UnsupportedError(container.obstacle.message, code=container.obstacle.code)
    with _foreign_errors(container):
        image = _READERS[container.media_type](io.BytesIO(container.bare))
        image.load()
        samples = np.array(image, dtype=np.uint8)
    if samples.shape[:2] != (container.height, container.width):
        raise UnreadableError("the pixels do not fill the size the header claims")
    notes = list(container.notes)
    if container.media_type == PNG:
        pixels, alpha = _png_planes(container, image.mode, samples)
        notes += _png_notes(container)
    else:
        pixels, alpha = _split(samples)
    orientation = exif.orientation(container.metadata.exif)
    return Picture(
        pixels=_upright(pixels, orientation),
        alpha=None if alpha is None else _upright(alpha, orientation),
        container=container,
        orientation=orientation,
        notes=tuple(notes),
    )


def encode(picture: Picture, pixels: Plane, *, metadata: Metadata) -> bytes:
    """Encode new pixels into the container of `picture`, with all metadata in place.

    Size, gray or RGB, alpha, profile, orientation, and JPEG tables and subsampling stay; WebP stays
    lossless where it was.

    Args:
        picture: What `decode` returned.
        pixels: uint8, the shape of ``picture.pixels``, upright.
        metadata: ``picture.metadata`` or a rewritten one.

    Raises:
        UsageError: `pixels` has another shape or type.
        LimitError: XMP is too long for a JPEG segment.
    """
    if pixels.shape != picture.pixels.shape or pixels.dtype != np.uint8:
        raise UsageError(
            f"pixels are {pixels.dtype} {pixels.shape}, not uint8 {picture.pixels.shape}"
        )
    stored = _stored(pixels, picture.orientation)
    if picture.alpha is not None:
        stored = np.dstack((stored, _stored(picture.alpha, picture.orientation)))
    image = Image.fromarray(np.ascontiguousarray(stored))
    container, out = picture.container, io.BytesIO()
    if container.media_type == PNG:
        image.save(out, "PNG", compress_type=_PNG_STRATEGY)
        return png.assemble(out.getvalue(), container, metadata)
    if container.media_type == JPEG:
        image.save(
            out,
            "JPEG",
            qtables=[list(table) for table in container.tables],
            subsampling=container.sampling or -1,
            progressive=container.progressive,
            keep_rgb=container.rgb,
        )
        return jpeg.assemble(out.getvalue(), container, metadata)
    image.save(
        out,
        "WEBP",
        # Colours under clear pixels carry the mark as well.
        exact=True,
        icc_profile=container.icc,
        exif=metadata.exif or b"",
        xmp=metadata.xmp or b"",
        **(_WEBP_LOSSLESS if container.lossless else _WEBP_LOSSY),
    )
    return out.getvalue()


@contextmanager
def _foreign_errors(container: Container) -> Iterator[None]:
    """Turn whatever Pillow raises over damaged pixels into one line."""
    name = container.media_type.removeprefix("image/").upper()
    try:
        yield
    except MemoryError:
        raise UnreadableError(f"this {name} needs more memory than there is") from None
    except Exception:
        if not container.whole:
            raise UnreadableError(
                f"this {name} is truncated: its pixels end early", code="media.truncated"
            ) from None
        raise UnreadableError(
            f"this {name} is damaged: its pixels cannot be decoded", code="media.damaged"
        ) from None


def _split(samples: Plane) -> tuple[Plane, Plane | None]:
    """Return colour and alpha of (H, W) gray, (H, W, 2), (H, W, 3) or (H, W, 4) samples."""
    if samples.ndim == 2 or samples.shape[2] == 3:
        return samples, None
    colour = samples[:, :, 0] if samples.shape[2] == 2 else samples[:, :, :3]
    return np.ascontiguousarray(colour), np.ascontiguousarray(samples[:, :, -1])


def _png_planes(container: Container, mode: str, samples: Plane) -> tuple[Plane, Plane | None]:
    """Return colour and alpha of a PNG, its palette and its clear colour (tRNS) resolved."""
    if mode == "1":
        samples = samples * np.uint8(255)
    cut = container.transparency
    if container.mode == "palette":
        colours = np.frombuffer(container.palette, np.uint8)
        if not colours.size or colours.size % 3 or colours.size > 768:
            raise UnreadableError("the palette of this PNG is damaged", code="media.damaged")
        table = np.zeros((256, 3), np.uint8)
        table[: colours.size // 3] = colours.reshape(-1, 3)
        if not cut:
            return table[samples], None
        opacity = np.full(256, 255, np.uint8)
        opacity[: len(cut)] = np.frombuffer(cut[:256], np.uint8)
        return table[samples], opacity[samples]
    pixels, alpha = _split(samples)
    if alpha is not None or not cut:
        return pixels, alpha
    if len(cut) != (2 if pixels.ndim == 2 else 6):
        raise UnreadableError("the clear colour of this PNG is damaged", code="media.damaged")
    largest = 2**container.bit_depth - 1
    clear = (np.frombuffer(cut, ">u2") & largest) * (255 // largest)
    matches = pixels == clear if pixels.ndim == 2 else (pixels == clear).all(axis=2)
    return pixels, np.where(matches, np.uint8(0), np.uint8(255))


def _png_notes(container: Container) -> list[Finding]:
    notes = []
    if container.mode == "palette":
        written = "RGBA" if container.transparency else "RGB"
        notes.append(
            note("media.palette", f"the palette was resolved; the PNG is written as {written}")
        )
    elif container.transparency:
        notes.append(
            note("media.clear-colour", "the clear colour was turned into an alpha channel")
        )
    if container.mode == "gray" and container.bit_depth < 8:
        notes.append(
            note("media.depth", f"{container.bit_depth}-bit gray is written as 8-bit gray")
        )
    return notes


def _upright(plane: Plane, orientation: int) -> Plane:
    """Turn a stored plane as EXIF orientation 1 to 8 asks (CIPA DC-008, 4.6.4)."""
    if orientation >= 5:
        plane = plane.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    return np.ascontiguousarray(plane)


def _stored(plane: Plane, orientation: int) -> Plane:
    """Turn an upright plane back into the stored layout; the inverse of `_upright`."""
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    if orientation >= 5:
        plane = plane.swapaxes(0, 1)
    return plane
