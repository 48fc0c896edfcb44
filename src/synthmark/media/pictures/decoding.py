"""Pixels out of containers: Pillow decodes, and what it lacks is added here.

Pillow is handed the bare picture without metadata, and its format classes are called directly
instead of `Image.open`: so nothing in EXIF, XMP, text or profiles can make it fail, no warning of
its own appears, and none of its process-wide settings matters.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from synthmark.errors import UnreadableError
from synthmark.facts import Finding
from synthmark.media.format import Format
from synthmark.media.formats import AVIF, GIF, HEIC, JPEG, PNG, TIFF, WEBP
from synthmark.media.pictures import cmyk, png, tiff
from synthmark.media.pictures.picture import Container, Samples

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

# Larger pictures are decoded some rows at a time.
_LARGE_PIXELS, _BAND_PIXELS = 2**22, 2**20
# PNG chunks that speak in samples of the colour type, and are written in those of the new one.
_TOLD_IN_SAMPLES = ("bKGD", "sBIT")
_READERS: dict[Format, Callable[[io.BytesIO], ImageFile]] = {
    PNG: PngImageFile,
    JPEG: JpegImageFile,
    WEBP: WebPImageFile,
    TIFF: TiffImageFile,
    AVIF: AvifImageFile,
    GIF: GifImageFile,
}


def planes(container: Container) -> tuple[Samples, Samples | None, list[Finding]]:
    """Decode the picture: its colour and alpha as stored, and what was changed on the way.

    Raises:
        UnreadableError: It is damaged or truncated.
    """
    if container.format == TIFF and not container.whole:
        # The decoder would say so itself, on a stream that is not its own.
        raise UnreadableError(
            "this TIFF is truncated: its pixels end early", code="media.truncated"
        )
    notes = []
    with _foreign_errors(container):
        if container.mode == "CMYK":
            image, said = cmyk.to_rgb(_loaded(container), container.icc)
            mode, samples = image.mode, _array(image)
            notes.append(said)
        else:
            mode, samples = _by_bands(container) or _samples(container)
    if samples.shape[:2] != (container.height, container.width):
        raise UnreadableError("the pixels do not fill the size the header claims")
    if container.mode.startswith("gray") and samples.ndim == 3 and samples.shape[2] > 2:
        # The decoders of HEIF repeat the gray beside alpha.
        samples = samples[:, :, 0] if samples.shape[2] == 3 else samples[:, :, ::3]
    if container.window is not None:
        top, left, bottom, right = container.window
        samples = samples[top:bottom, left:right]
    if mode == "1":
        samples = samples * np.uint8(255)
    if container.mode.startswith("palette"):
        colour, alpha = _resolved(container, samples)
    else:
        colour, alpha = _split(samples)
    if alpha is None and container.transparency and not container.mode.startswith("palette"):
        alpha = _keyed(container, colour)
    if container.white_is_zero:
        colour = ~colour
    if container.premultiplied and alpha is not None:
        colour = _straight(colour, alpha)
    return colour, alpha, notes + _notes(container)


def _array(image: Image.Image) -> Samples:
    """Return the samples, copied some rows at a time: all at once they would exist three times."""
    first = np.asarray(image.crop((0, 0, image.width, 1)))
    kind = np.uint8 if first.dtype == np.bool_ else first.dtype
    found = np.empty((image.height, *first.shape[1:]), kind)
    step = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, step):
        bottom = min(top + step, image.height)
        found[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return found


def _loaded(container: Container) -> ImageFile:
    image = _READERS[container.format](io.BytesIO(container.bare))
    image.load()
    return image


def frames(
    container: Container,
) -> tuple[list[tuple[Samples, Samples | None]], list[Finding]]:
    """Decode an animation: colour and alpha of the whole canvas, frame by frame, and the notes.

    Raises:
        UnreadableError: It is damaged or truncated.
    """
    found = []
    with _foreign_errors(container):
        image = _READERS[container.format](io.BytesIO(container.bare))
        for number in range(len(container.durations)):
            image.seek(number)
            image.load()
            if image.size != (container.width, container.height):
                raise ValueError("a frame reaches beyond the canvas")
            found.append(_split(_array(image.convert("RGBA"))))
    notes = _notes(container) if container.format == PNG else []
    if all(alpha is not None and (alpha == 255).all() for _, alpha in found):
        if container.format == PNG and container.mode.endswith(("A", "alpha")):
            message = "the alpha of this animation is opaque throughout, and is left out"
            notes.append(Finding.info("media.opaque", message, accounts_for=("mode", "sBIT")))
        return [(colour, None) for colour, _ in found], notes
    return found, notes


def _by_bands(container: Container) -> tuple[str, Samples] | None:
    """Return what `_samples` does of a large PNG or TIFF, decoded some rows at a time.

    Pillow keeps four bytes of every pixel with colours, and that beside the samples themselves.
    """
    cut = {PNG: png.bands, TIFF: tiff.bands}.get(container.format)
    if cut is None or container.width * container.height <= _LARGE_PIXELS:
        return None
    bands = cut(container, max(1, _BAND_PIXELS // container.width))
    if bands is None:
        return None
    count, band = next(bands)
    mode, samples = _samples(band)
    found = np.empty((container.height, *samples.shape[1:]), samples.dtype)
    top = 0
    while True:
        found[top : top + count] = samples[-count:]
        top += count
        try:
            count, band = bands.send(samples)
        except StopIteration:
            return mode, found
        samples = _samples(band)[1]


def _samples(container: Container) -> tuple[str, Samples]:
    """Return Pillow's mode, and uint8 or uint16 samples, (H, W) or (H, W, C)."""
    if container.format == HEIC:
        import pillow_heif

        file = pillow_heif.open_heif(io.BytesIO(container.bare), convert_hdr_to_8bit=True)
        samples = _array(file.to_pillow())
        # Of gray it keeps more than eight bits, which are told to be lost.
        return file.mode, samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)
    if container.format == WEBP:
        return _webp(container)
    read = _READERS[container.format]
    image = read(io.BytesIO(container.bare))
    eight = container.bit_depth == 8 or container.format == AVIF
    if eight or image.mode not in ("RGB", "RGBA", "I;16", "I;16B"):
        image.load()
        return image.mode, _array(image)
    if image.mode.startswith("I;16"):
        image.load()
        return image.mode, _array(image).astype(np.uint16, copy=False)
    if container.mode == "gray and alpha":
        image.load()
        return image.mode, _array(image).view(">u2").astype(np.uint16)
    # Of 16 bits Pillow keeps 8: the first byte of each sample when told that it is big-endian, the
    # second when told the opposite. So it decodes twice, once for each.
    raw = image.tile[0].codec_name != "libtiff"
    little = (container.byte_order == "<") if raw else (sys.byteorder == "little")
    little = little and container.format == TIFF
    found = np.zeros((container.height, container.width, len(image.getbands())), np.uint16)
    for order, shift in (("L", 8), ("B", 0)) if little else (("B", 8), ("L", 0)):
        image = read(io.BytesIO(container.bare))
        layout = f"{image.mode};16{order}"
        image.tile = [
            tile._replace(args=(layout, *tile.args[1:]) if isinstance(tile.args, tuple) else layout)
            for tile in image.tile
        ]
        image.load()
        found |= _array(image).astype(np.uint16) << shift
    return image.mode, found


def _webp(container: Container) -> tuple[str, Samples]:
    """Return the samples of a still WebP from OpenCV, which hands them to libwebp to be filled.

    Pillow takes it for an animation of one frame, for which libwebp keeps two canvases and Pillow
    two more, each of four bytes a pixel.
    """
    import cv2

    clear = container.mode == "RGBA"
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    stored = np.frombuffer(container.bare, np.uint8)
    samples = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED if clear else flags)
    if samples is None:
        raise ValueError("libwebp cannot decode it")
    if clear:
        cv2.cvtColor(samples, cv2.COLOR_BGRA2RGBA, dst=samples)
    return container.mode, np.asarray(samples, np.uint8)


@contextmanager
def _foreign_errors(container: Container) -> Iterator[None]:
    """Turn whatever Pillow raises over damaged pixels into one line."""
    name = container.format.name
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


def _split(samples: Samples) -> tuple[Samples, Samples | None]:
    """Return colour and alpha of (H, W) gray, (H, W, 2), (H, W, 3) or (H, W, 4) samples."""
    if samples.ndim == 2 or samples.shape[2] == 3:
        return np.ascontiguousarray(samples), None
    colour = samples[:, :, 0] if samples.shape[2] == 2 else samples[:, :, :3]
    return np.ascontiguousarray(colour), np.ascontiguousarray(samples[:, :, -1])


def _resolved(container: Container, samples: Samples) -> tuple[Samples, Samples | None]:
    """Return the colours that indices stand for, and their alpha."""
    indices, alpha = _split(samples)
    colours = np.frombuffer(container.palette, np.uint8)
    if not colours.size or colours.size % 3 or colours.size > 768:
        raise UnreadableError("the palette of this picture is damaged", code="media.damaged")
    table = np.zeros((256, 3), np.uint8)
    table[: colours.size // 3] = colours.reshape(-1, 3)
    cut = container.transparency[:256]
    if cut:
        opacity = np.full(256, 255, np.uint8)
        opacity[: len(cut)] = np.frombuffer(cut, np.uint8)
        alpha = opacity[indices]
    return table[indices], alpha


def _keyed(container: Container, colour: Samples) -> Samples:
    """Return the alpha of a PNG whose one clear colour (tRNS) is named by its stored value."""
    cut = container.transparency
    if len(cut) != (2 if colour.ndim == 2 else 6):
        raise UnreadableError("the clear colour of this PNG is damaged", code="media.damaged")
    stored, full = 2**container.bit_depth - 1, np.iinfo(colour.dtype).max
    clear = (np.frombuffer(cut, ">u2") & stored) * (full // stored)
    matches = colour == clear if colour.ndim == 2 else (colour == clear).all(axis=2)
    return np.where(matches, 0, full).astype(colour.dtype)


def _straight(colour: Samples, alpha: Samples) -> Samples:
    """Return colours divided by their alpha; what is clear has none."""
    full = np.iinfo(colour.dtype).max
    opacity = alpha if colour.ndim == 2 else alpha[:, :, None]
    divided = (colour.astype(np.float32) * full / np.maximum(opacity, 1) + 0.5).clip(0, full)
    return divided.astype(colour.dtype)


def _notes(container: Container) -> list[Finding]:
    notes = []
    name = container.format.name
    if container.mode.startswith("palette"):
        alpha = container.transparency or container.mode.endswith("alpha")
        written = "RGBA" if alpha else "RGB"
        notes.append(
            Finding.info(
                "media.palette",
                f"the palette was resolved; the {name} is written as {written}",
                accounts_for=("mode", "depth", "PLTE", "tRNS", "hIST", *_TOLD_IN_SAMPLES),
            )
        )
    elif container.transparency:
        notes.append(
            Finding.info(
                "media.clear-colour",
                "the clear colour was turned into an alpha channel",
                accounts_for=("mode", "tRNS", *_TOLD_IN_SAMPLES),
            )
        )
    if container.mode.startswith("gray") and container.durations:
        message = "the gray frames of this animation are written in colour"
        told = ("mode", "depth", *_TOLD_IN_SAMPLES)
        notes.append(Finding.info("media.gray", message, accounts_for=told))
    elif container.mode == "gray" and container.bit_depth < 8:
        notes.append(
            Finding.info(
                "media.depth",
                f"{container.bit_depth}-bit gray is written as 8-bit gray",
                accounts_for=("depth", *_TOLD_IN_SAMPLES),
            )
        )
    return notes
