"""Pixels into containers: bare pictures of Pillow and OpenCV, put between their metadata."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from synthmark.media.formats import AVIF, GIF, HEIC, JPEG, PNG, TIFF, WEBP
from synthmark.media.pictures import gif, heif, jpeg, png, rate, tiff, webp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from synthmark.media.header import Metadata
    from synthmark.media.pictures.picture import Container, Samples

# Run-length matches only: on generated 1 MP pictures 0.07 s and 2 % smaller than zlib level 6 in
# 0.34 s; on screenshots and line art up to a fifth larger than level 6, which costs twice the time.
_PNG_STRATEGY = 3
# Lossless: 0.24 s a megapixel, within 3 % of the size that the default effort needs 0.64 s for.
_WEBP_LOSSLESS = {"lossless": True, "quality": 25, "method": 2}
# Method 2 halves the time of the default 4 for 3 % more bytes, speed 8 takes a quarter of the time
# for a tenth more. Superfast is as good as medium; ultrafast takes a third of the time, and is 3 dB
# worse at the same size.
_WEBP_LOSSY = {"lossless": False, "method": 2}
_AVIF = {"speed": 8, "max_threads": 1}
_HEIC = {"enc_params": {"preset": "superfast"}}
# Qualities below which most marks are lost: of eight pictures six to seven were read at 28 (WebP),
# 46 (AVIF) and 40 (HEIC), two at 40 of AVIF and one at 30 of HEIC.
_LEAST_QUALITY = {WEBP: 28, AVIF: 46, HEIC: 40}
# Of 256 palette entries the last one is the clear one.
_GIF_CLEAR = 255


def file(samples: Samples, container: Container, metadata: Metadata, *, least: int = 0) -> bytes:
    """Return a file of the container's format.

    Args:
        samples: uint8 or uint16, (H, W) gray or (H, W, C) with 2 to 4 samples a pixel, as stored.
        container: What is kept beside the pixels.
        metadata: What is written of XMP, EXIF and text.
        least: Quality, 0 to 100, below which lossy WebP, AVIF and HEIC are not coded.
    """
    if container.format == PNG:
        return png.assemble(_png(samples), container, metadata)
    if container.format == TIFF:
        return tiff.assemble(samples, container, metadata)
    if container.format in (AVIF, HEIC):
        return heif.assemble(_heif(samples, container, least), container, metadata)
    out = io.BytesIO()
    image = Image.fromarray(samples)
    if container.format == JPEG:
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
    return webp.assemble(_webp(image, container, least), container, metadata)


def animation(
    frames: Sequence[Samples], container: Container, metadata: Metadata, *, least: int = 0
) -> bytes:
    """Return an animated file of the container's format.

    Args:
        frames: uint8, (H, W, 3) or (H, W, 4), each the whole canvas, as stored.
        container: Times, loops and what else is kept beside the pixels.
        metadata: What is written of XMP, EXIF and text.
        least: As for `file`.
    """
    if container.format == GIF:
        return gif.assemble(list(_gif(frames)), container, metadata)
    out = io.BytesIO()
    first, *later = map(Image.fromarray, frames)
    times = list(container.durations[1 if container.default_image else 0 :])
    moving = {"save_all": True, "append_images": later, "loop": container.loop or 0}
    if container.format == PNG:
        first.save(
            out,
            "PNG",
            compress_type=_PNG_STRATEGY,
            duration=times,
            default_image=container.default_image,
            **moving,
        )
        return png.assemble(out.getvalue(), container, metadata)
    return webp.assemble(
        _webp(first, container, least, duration=times, **moving), container, metadata
    )


def _webp(image: Image.Image, container: Container, least: int, **moving: Any) -> bytes:
    def code(image: Image.Image, quality: int | None) -> bytes:
        out = io.BytesIO()
        how = _WEBP_LOSSLESS if quality is None else {"quality": quality, **_WEBP_LOSSY}
        # What is clear keeps its colours.
        image.save(out, "WEBP", exact=True, **how, **moving)
        return out.getvalue()

    if container.lossless:
        return code(image, None)
    return rate.near(
        image,
        container.coded,
        code,
        webp.coded_bytes,
        format=WEBP,
        least=max(least, _LEAST_QUALITY[WEBP]),
        in_parts=not moving,
    )


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


def _heif(samples: Samples, container: Container, least: int) -> bytes:
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
    code = _avif if container.format == AVIF else _heic
    return rate.near(
        image,
        container.coded,
        partial(code, container),
        heif.coded_bytes,
        format=container.format,
        least=max(least, _LEAST_QUALITY[container.format]),
    )


def _avif(container: Container, image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(
        out,
        "AVIF",
        quality=quality,
        subsampling="4:0:0" if image.mode.startswith("L") else container.sampling,
        range="full" if heif.is_full(container.colours) else "limited",
        **_AVIF,
    )
    return out.getvalue()


def _heic(container: Container, image: Image.Image, quality: int) -> bytes:
    import pillow_heif

    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(
        out,
        quality=quality,
        # Gray is known by its image.
        chroma=container.sampling.replace(":", "").replace("400", "420"),
        matrix_coefficients=int.from_bytes(container.colours[4:6]) or heif.BT601,
        full_range_flag=int(heif.is_full(container.colours)),
        **_HEIC,
    )
    return out.getvalue()
