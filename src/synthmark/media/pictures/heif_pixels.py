"""The pixels of AVIF and HEIC: what is shown of them, and coded about as finely as they were."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from synthmark.media.header import Metadata
from synthmark.media.pictures import heif, rate
from synthmark.media.pictures.container import Container, Planes, Samples
from synthmark.media.pictures.heif import HeifForm


def shown(container: Container[HeifForm], planes: Planes) -> Planes:
    """Return what is shown of decoded planes."""
    if container.form.window is None:
        return planes
    top, left, bottom, right = container.form.window
    colour, alpha = planes
    part = slice(top, bottom), slice(left, right)
    return colour[part], None if alpha is None else alpha[part]


def single(container: Container[HeifForm], samples: Samples) -> Samples:
    """Return samples without the gray that decoders repeat beside alpha."""
    if not container.mode.startswith("gray") or samples.ndim == 2 or samples.shape[2] == 2:
        return samples
    return samples[:, :, 0] if samples.shape[2] == 3 else samples[:, :, ::3]


def encoded(
    samples: Samples,
    container: Container[HeifForm],
    metadata: Metadata,
    code: Callable[[Image.Image, int], bytes],
    *,
    coder: rate.Coder,
    least: int,
) -> bytes:
    """Return the old file with new pixels and this metadata.

    Its alpha is left out where the old one's coded bytes go with the new colours.

    Args:
        samples: As they are shown.
        container: What the old file held.
        metadata: XMP and EXIF.
        code: Codes a picture in a quality.
        coder: How the bytes follow that.
        least: Quality below which it is not coded.
    """
    if container.mode.endswith(("A", "alpha")) and container.bit_depth == 8:
        samples = samples[:, :, 0] if samples.shape[2] == 2 else samples[:, :, :3]
    if container.form.window is not None:
        top, left, bottom, right = container.form.window
        around = [(top, container.height - bottom), (left, container.width - right), (0, 0)]
        samples = np.pad(samples, around[: samples.ndim], "edge")
    image = Image.fromarray(np.ascontiguousarray(samples))
    coded = rate.near(image, container.coded, code, heif.coded_bytes, coder=coder, least=least)
    return heif.assemble(coded, container, metadata)
