"""Pixels into containers: bare pictures of Pillow and OpenCV, put between their metadata."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from synthmark.media import gif, heif, jpeg, png, tiff, webp
from synthmark.media.formats import AVIF, GIF, HEIC, JPEG, PNG, TIFF

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from synthmark.media.picture import Container, Metadata, Samples

# Run-length matches only: on generated 1 MP pictures 0.07 s and 2 % smaller than zlib level 6 in
# 0.34 s; on screenshots and line art up to a fifth larger than level 6, which costs twice the time.
_PNG_STRATEGY = 3
# Lossless: 0.24 s a megapixel, within 3 % of the size that the default effort needs 0.64 s for.
_WEBP_LOSSLESS = {"lossless": True, "quality": 25, "method": 2}
# The container does not say at which quality it was written; 90 is near the usual 75 to 95 from
# the safe side, and method 2 halves the time of the default 4 for 3 % more bytes.
_WEBP_LOSSY = {"lossless": False, "quality": 90, "method": 2}
# As for WebP. The quicker settings take a quarter and an eighth of the time for the same bytes.
_AVIF = {"quality": 90, "speed": 8, "max_threads": 1}
_HEIC = {"quality": 90, "enc_params": {"preset": "ultrafast"}}
# Of 256 palette entries the last one is the clear one.
_GIF_CLEAR = 255


def file(samples: Samples, container: Container, metadata: Metadata) -> bytes:
    """Return a file of the container's format.

    Args:
        samples: uint8 or uint16, (H, W) gray or (H, W, C) with 2 to 4 samples a pixel, as stored.
        container: What is kept beside the pixels.
        metadata: What is written of XMP, EXIF and text.
    """
    if container.media_type == PNG:
        return png.assemble(_png(samples), container, metadata)
    if container.media_type == TIFF:
        return tiff.assemble(samples, container, metadata)
    if container.media_type in (AVIF, HEIC):
        return heif.assemble(_heif(samples, container), container, metadata)
    out = io.BytesIO()
    image = Image.fromarray(samples)
    if container.media_type == JPEG:
        image.save(
            out,
            "JPEG",
            qtables=[list(table) for table in container.tables],
            subsampling=container.sampling or -1,
            progressive=container.progressive,
            keep_rgb=container.rgb,
            restart_marker_blocks=container.restart,
        )
        return jpeg.assemble(out.getvalue(), container, metadata)
    image.save(
        out,
        "WEBP",
        # What is clear keeps its colours.
        exact=True,
        **(_WEBP_LOSSLESS if container.lossless else _WEBP_LOSSY),
    )
    return webp.assemble(out.getvalue(), container, metadata)


def animation(frames: Sequence[Samples], container: Container, metadata: Metadata) -> bytes:
    """Return an animated file of the container's format.

    Args:
        frames: uint8, (H, W, 3) or (H, W, 4), each the whole canvas, as stored.
        container: Times, loops and what else is kept beside the pixels.
        metadata: What is written of XMP, EXIF and text.
    """
    if container.media_type == GIF:
        return gif.assemble(list(_gif(frames)), container, metadata)
    out = io.BytesIO()
    first, *later = map(Image.fromarray, frames)
    times = list(container.durations[1 if container.default_image else 0 :])
    moving = {"save_all": True, "append_images": later, "loop": container.loop or 0}
    if container.media_type == PNG:
        first.save(
            out,
            "PNG",
            compress_type=_PNG_STRATEGY,
            duration=times,
            default_image=container.default_image,
            **moving,
        )
        return png.assemble(out.getvalue(), container, metadata)
    first.save(
        out,
        "WEBP",
        duration=times,
        exact=True,
        **moving,
        **(_WEBP_LOSSLESS if container.lossless else _WEBP_LOSSY),
    )
    return webp.assemble(out.getvalue(), container, metadata)


def _gif(frames: Sequence[Samples]) -> Iterator[gif.Drawn]:
    """Yield frames that draw only what changes: what stays the same cannot flicker.

    Each brings the 255 colours that suit it. They are not dithered: a watermark survives without,
    and dither would be seen to move.
    """
    for number, frame in enumerate(frames):
        hidden = _hidden(frame)
        kept = hidden
        if number and not (hidden & ~_hidden(frames[number - 1])).any():
            kept = hidden | ((frame == frames[number - 1]).all(axis=2) & ~hidden)
        following = frames[number + 1] if number + 1 < len(frames) else frame
        quantised = Image.fromarray(np.ascontiguousarray(frame[..., :3])).quantize(
            _GIF_CLEAR, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        indices = np.array(quantised)
        indices[kept] = _GIF_CLEAR
        still = Image.fromarray(indices)
        still.putpalette(bytes(quantised.getpalette() or ()).ljust(768, b"\0"))
        out = io.BytesIO()
        still.save(out, "GIF", optimize=False, interlace=False)
        vanishes = bool((_hidden(following) & ~hidden).any())
        yield gif.Drawn(out.getvalue(), _GIF_CLEAR, vanishes)


def _hidden(frame: Samples) -> NDArray[np.bool_]:
    """Return which pixels GIF, which knows no half transparency, leaves out."""
    return frame[..., 3] < 128 if frame.shape[2] == 4 else np.zeros(frame.shape[:2], np.bool_)


def _png(samples: Samples) -> bytes:
    if samples.dtype == np.uint16 and samples.ndim == 3 and samples.shape[2] != 2:
        import cv2

        # Pillow writes no 16-bit colours; OpenCV wants blue first.
        order = [2, 1, 0, 3][: samples.shape[2]]
        _, encoded = cv2.imencode(
            ".png", samples[:, :, order], [cv2.IMWRITE_PNG_STRATEGY, _PNG_STRATEGY]
        )
        return encoded.tobytes()
    if samples.dtype == np.uint16 and samples.ndim == 3:
        # Neither writes 16-bit gray with alpha, whose bytes lie like those of 8-bit RGBA.
        samples = samples.astype(">u2").view(np.uint8)
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG", compress_type=_PNG_STRATEGY)
    return out.getvalue()


def _heif(samples: Samples, container: Container) -> bytes:
    """Return an AVIF or HEIC file of one picture.

    Its alpha is left out where the old one's coded bytes go with the new colours.
    """
    if container.mode.endswith(("A", "alpha")) and container.bit_depth == 8:
        samples = samples[:, :, 0] if samples.shape[2] == 2 else samples[:, :, :3]
    if container.window is not None:
        top, left, bottom, right = container.window
        around = [(top, container.height - bottom), (left, container.width - right), (0, 0)]
        samples = np.pad(samples, around[: samples.ndim], "edge")
    image = Image.fromarray(np.ascontiguousarray(samples))
    out = io.BytesIO()
    full = len(container.colours) < 7 or container.colours[6] >> 7
    if container.media_type == AVIF:
        sampling = "4:0:0" if samples.ndim == 2 else container.sampling
        image.save(out, "AVIF", **_AVIF, subsampling=sampling, range="full" if full else "limited")
        return out.getvalue()
    import pillow_heif

    matrix = int.from_bytes(container.colours[4:6]) or heif.BT601
    pillow_heif.from_pillow(image).save(
        out,
        **_HEIC,
        chroma=container.sampling.replace(":", ""),
        matrix_coefficients=matrix,
        full_range_flag=int(full),
    )
    return out.getvalue()
