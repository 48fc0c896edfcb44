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
from typing import TYPE_CHECKING, Any

import numpy as np

from synthmark.errors import UnreadableError
from synthmark.facts import Finding
from synthmark.media.pictures import cmyk
from synthmark.media.pictures.container import Bands, Container, Planes, Samples

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

Reader = Callable[[io.BytesIO], "ImageFile"]
"""One of Pillow's classes of files."""
Sampler = Callable[[Container[Any]], Samples]
"""Returns the samples of a bare file, uint8 or uint16, (H, W) or (H, W, C); of gray of one bit 0
and 255."""

# Larger pictures are decoded some rows at a time.
_LARGE_PIXELS, _BAND_PIXELS = 2**22, 2**20
# PNG chunks that speak in samples of the colour type, and are written in those of the new one.
_TOLD_IN_SAMPLES = ("bKGD", "sBIT")


def planes(
    container: Container[Any], sample: Sampler, *, palette: bytes = b"", transparency: bytes = b""
) -> tuple[list[Planes], list[Finding]]:
    """Decode a still picture: its planes, and what was changed on the way.

    Args:
        container: What the header says.
        sample: Decodes the bare file.
        palette: Its colours, 8-bit RGB one after the other.
        transparency: PNG ``tRNS``.

    Raises:
        UnreadableError: It is damaged or truncated.
    """
    with _foreign_errors(container):
        samples = sample(container)
    if samples.shape[:2] != (container.height, container.width):
        raise UnreadableError("the pixels do not fill the size the header claims")
    indexed = container.mode.startswith("palette")
    colour, alpha = _resolved(samples, palette, transparency) if indexed else _split(samples)
    if alpha is None and transparency and not indexed:
        alpha = _keyed(container, transparency, colour)
    return [(colour, alpha)], changes(container, transparency)


def inks(container: Container[Any], read: Reader) -> tuple[list[Planes], list[Finding]]:
    """Decode a CMYK picture into RGB, and say how.

    Raises:
        UnreadableError: It is damaged or truncated.
    """
    said: list[Finding] = []

    def sample(container: Container[Any]) -> Samples:
        image, note = cmyk.to_rgb(_loaded(container, read), container.icc)
        said.append(note)
        return array(image)

    found, _ = planes(container, sample)
    return found, said


def frames(container: Container[Any], read: Reader) -> list[Planes]:
    """Decode an animation: the whole canvas frame by frame, without an alpha that is opaque.

    Raises:
        UnreadableError: It is damaged or truncated.
    """
    found = []
    with _foreign_errors(container):
        image = read(io.BytesIO(container.bare))
        for number in range(len(container.durations)):
            image.seek(number)
            image.load()
            if image.size != (container.width, container.height):
                raise ValueError("a frame reaches beyond the canvas")
            found.append(_split(array(image.convert("RGBA"))))
    if all(alpha is not None and (alpha == 255).all() for _, alpha in found):
        return [(colour, None) for colour, _ in found]
    return found


def by_bands(
    container: Container[Any],
    sample: Sampler,
    cut: Callable[[Container[Any], int], Bands | None],
) -> Samples:
    """Decode a picture, and a large one some rows at a time.

    Pillow keeps four bytes of every pixel with colours, and that beside the samples themselves.

    Args:
        container: What the header says.
        sample: Decodes a bare file.
        cut: Cuts one into bands of about so many rows, where it lies so.
    """
    small = container.width * container.height <= _LARGE_PIXELS
    bands = None if small else cut(container, max(1, _BAND_PIXELS // container.width))
    if bands is None:
        return sample(container)
    count, band = next(bands)
    samples = sample(band)
    found = np.empty((container.height, *samples.shape[1:]), samples.dtype)
    top = 0
    while True:
        found[top : top + count] = samples[-count:]
        top += count
        try:
            count, band = bands.send(samples)
        except StopIteration:
            return found
        samples = sample(band)


def eight_bits(container: Container[Any], read: Reader) -> Samples:
    """Decode samples as Pillow gives them."""
    return array(_loaded(container, read))


def sixteen_bits(container: Container[Any], read: Reader, *, order: str = ">") -> Samples:
    """Decode samples of up to 16 bits.

    Args:
        container: What the header says.
        read: Pillow's class for the format.
        order: Byte order of samples that are not compressed.
    """
    image = read(io.BytesIO(container.bare))
    if container.bit_depth == 8 or image.mode not in ("RGB", "RGBA", "I;16", "I;16B"):
        image.load()
        return array(image)
    if image.mode.startswith("I;16"):
        image.load()
        return array(image).astype(np.uint16, copy=False)
    if container.mode == "gray and alpha":
        image.load()
        return array(image).view(">u2").astype(np.uint16)
    # Of 16 bits Pillow keeps 8: the first byte of each sample when told that it is big-endian, the
    # second when told the opposite. So it decodes twice, once for each.
    raw = image.tile[0].codec_name != "libtiff"
    little = (order == "<") if raw else (sys.byteorder == "little")
    found = np.zeros((container.height, container.width, len(image.getbands())), np.uint16)
    for end, shift in (("L", 8), ("B", 0)) if little else (("B", 8), ("L", 0)):
        image = read(io.BytesIO(container.bare))
        layout = f"{image.mode};16{end}"
        image.tile = [
            tile._replace(args=(layout, *tile.args[1:]) if isinstance(tile.args, tuple) else layout)
            for tile in image.tile
        ]
        image.load()
        found |= array(image).astype(np.uint16) << shift
    return found


def changes(container: Container[Any], transparency: bytes = b"") -> list[Finding]:
    """Return what is said of samples that are written in another way."""
    notes = []
    name = container.format.name
    if container.mode.startswith("palette"):
        alpha = transparency or container.mode.endswith("alpha")
        written = "RGBA" if alpha else "RGB"
        notes.append(
            Finding.info(
                "media.palette",
                format=name,
                mode=written,
                accounts_for=("mode", "depth", "PLTE", "tRNS", "hIST", *_TOLD_IN_SAMPLES),
            )
        )
    elif transparency:
        notes.append(
            Finding.info("media.clear-colour", accounts_for=("mode", "tRNS", *_TOLD_IN_SAMPLES))
        )
    if container.mode.startswith("gray") and container.durations:
        told = ("mode", "depth", *_TOLD_IN_SAMPLES)
        notes.append(Finding.info("media.gray", accounts_for=told))
    elif container.mode == "gray" and container.bit_depth < 8:
        notes.append(
            Finding.info(
                "media.depth", depth=container.bit_depth, accounts_for=("depth", *_TOLD_IN_SAMPLES)
            )
        )
    return notes


def _loaded(container: Container[Any], read: Reader) -> ImageFile:
    image = read(io.BytesIO(container.bare))
    image.load()
    return image


def array(image: Image.Image) -> Samples:
    """Return the samples, copied some rows at a time: all at once they would exist three times."""
    first = np.asarray(image.crop((0, 0, image.width, 1)))
    kind = np.uint8 if first.dtype == np.bool_ else first.dtype
    found = np.empty((image.height, *first.shape[1:]), kind)
    step = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, step):
        bottom = min(top + step, image.height)
        found[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    # Of one bit there are 0 and 1.
    return found * np.uint8(255) if first.dtype == np.bool_ else found


@contextmanager
def _foreign_errors(container: Container[Any]) -> Iterator[None]:
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


def _split(samples: Samples) -> Planes:
    """Return colour and alpha of (H, W) gray, (H, W, 2), (H, W, 3) or (H, W, 4) samples."""
    if samples.ndim == 2 or samples.shape[2] == 3:
        return np.ascontiguousarray(samples), None
    colour = samples[:, :, 0] if samples.shape[2] == 2 else samples[:, :, :3]
    return np.ascontiguousarray(colour), np.ascontiguousarray(samples[:, :, -1])


def _resolved(samples: Samples, palette: bytes, transparency: bytes) -> Planes:
    """Return the colours that indices stand for, and their alpha."""
    indices, alpha = _split(samples)
    colours = np.frombuffer(palette, np.uint8)
    if not colours.size or colours.size % 3 or colours.size > 768:
        raise UnreadableError("the palette of this picture is damaged", code="media.damaged")
    table = np.zeros((256, 3), np.uint8)
    table[: colours.size // 3] = colours.reshape(-1, 3)
    cut = transparency[:256]
    if cut:
        opacity = np.full(256, 255, np.uint8)
        opacity[: len(cut)] = np.frombuffer(cut, np.uint8)
        alpha = opacity[indices]
    return table[indices], alpha


def _keyed(container: Container[Any], cut: bytes, colour: Samples) -> Samples:
    """Return the alpha of a PNG whose one clear colour (tRNS) is named by its stored value."""
    if len(cut) != (2 if colour.ndim == 2 else 6):
        raise UnreadableError("the clear colour of this PNG is damaged", code="media.damaged")
    stored, full = 2**container.bit_depth - 1, np.iinfo(colour.dtype).max
    clear = (np.frombuffer(cut, ">u2") & stored) * (full // stored)
    matches = colour == clear if colour.ndim == 2 else (colour == clear).all(axis=2)
    return np.where(matches, 0, full).astype(colour.dtype)
