"""Pictures: upright pixels, out of a file and into one of the same sort."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synthmark.errors import UnsupportedError, UsageError
from synthmark.facts import Finding
from synthmark.limits import Limits
from synthmark.media.format import Format
from synthmark.media.formats import inspect
from synthmark.media.header import Metadata, Obstacle
from synthmark.media.parts import exif
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures.container import (
    HDR,
    HDR_TRANSFERS,
    Container,
    PictureFormat,
    Samples,
)

_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A decoded picture, upright.

    Attributes:
        pixels: uint8 or uint16, (H, W, 3) RGB, or (H, W) for gray; as one would look at it.
        alpha: (H, W), the type of `pixels`, 0 clear to 255 or 65535 opaque, None when the container
            has none.
        container: How the file was laid out, enough to write the same sort of file again.
        orientation: EXIF orientation, 1 to 8, by which the stored layout differs.
        notes: What was changed on the way.
        later: The frames after the first, of an animation; each as it is shown, the whole canvas.
    """

    pixels: Samples
    alpha: Samples | None
    container: Container[Any]
    orientation: int = 1
    notes: tuple[Finding, ...] = ()
    later: tuple[Picture, ...] = ()

    @classmethod
    def decode(
        cls, data: Data, format: Format | None = None, *, limits: Limits = _DEFAULT_LIMITS
    ) -> Picture:
        """Decode a picture file; its orientation is applied.

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
        if not isinstance(container, Container):
            raise UnsupportedError("this is sound, not a picture", code="media.sound")
        _check(container)
        planes, notes = container.format.decode(container)
        if container.durations:
            container = replace(container, mode="RGB" if planes[0][1] is None else "RGBA")
        elif container.mode == "CMYK":
            # The profile tells of inks, and there are none any more.
            container = replace(container, mode="RGB", icc=None)
        container = replace(container, bare=b"")
        orientation = container.orientation or exif.orientation(container.metadata.exif)
        first, *later = (
            cls(
                pixels=_upright(colour, orientation),
                alpha=None if alpha is None else _upright(alpha, orientation),
                container=container,
                orientation=orientation,
                notes=(*container.notes, *notes),
            )
            for colour, alpha in planes
        )
        return replace(first, later=tuple(later)) if later else first

    def encode(self, *pixels: Samples, metadata: Metadata, least: int = 0) -> bytes:
        """Encode new pixels into this picture's container, with all metadata in place.

        Size, depth, gray or RGB, alpha, profile, orientation, and JPEG tables and subsampling stay;
        WebP stays lossless where it was, and else it is coded about as finely as it was, as AVIF
        and HEIC are; an animation keeps its times.

        Args:
            pixels: The type and shape of those of this picture, upright; of an animation one for
                each of its frames.
            metadata: That of this picture or a rewritten one.
            least: Quality, 0 to 100, below which lossy WebP, AVIF and HEIC are not coded.

        Raises:
            UsageError: There are more or fewer `pixels`, or of another shape or type.
            LimitError: XMP is too long for a JPEG segment.
        """
        if len(pixels) != len(self.frames):
            raise UsageError(f"there are {len(pixels)} frames of pixels, not {len(self.frames)}")
        stored = [_planes(frame, new) for frame, new in zip(self.frames, pixels, strict=True)]
        return self.format.encode(stored, self.container, metadata, least)

    def describe(self) -> dict[str, Any]:
        """Return what there is to say beside the pixels, as JSON-ready values."""
        container, metadata = self.container, self.metadata
        own: dict[str, Any] = container.form.described()
        described: dict[str, Any] = {
            "mode": container.mode,
            "bit_depth": container.bit_depth,
            "alpha": self.alpha is not None,
            "lossless": container.lossless,
            "stored_size": [container.width, container.height],
            "orientation": self.orientation,
            "icc_bytes": len(container.icc or b""),
            "exif_bytes": len(metadata.exif or b""),
            "xmp_bytes": len(metadata.xmp or b"") + len(metadata.extended_xmp or b""),
            "blocks": [block.kind for block in (*container.kept, *metadata.blocks)],
        }
        times = container.durations
        if times:
            described |= {"frames": len(times), "milliseconds": sum(times)}
        return described | own

    @property
    def frames(self) -> tuple[Picture, ...]:
        """All frames of an animation; a still picture is its own only frame."""
        return (self, *self.later)

    @property
    def format(self) -> PictureFormat:
        """The format of the file."""
        return self.container.format

    @property
    def metadata(self) -> Metadata:
        """XMP, EXIF and text of the container."""
        return self.container.metadata


def _check(container: Container[Any]) -> None:
    """Refuse what stands in the way of decoding."""
    obstacle = container.obstacle
    if obstacle is None and _transfer(container.icc or b"") in HDR_TRANSFERS:
        obstacle = Obstacle("media.hdr", HDR.format(container.format.name))
    if obstacle is not None:
        raise UnsupportedError(obstacle.message, code=obstacle.code)


def _transfer(profile: bytes) -> int | None:
    """Return the transfer function that a profile names by number (ICC.1:2022, 9.2.17), if any."""
    count = int.from_bytes(profile[128:132])
    for place in range(132, min(132 + 12 * count, len(profile)), 12):
        if profile[place : place + 4] == b"cicp":
            start = int.from_bytes(profile[place + 4 : place + 8])
            return profile[start + 9] if start + 9 < len(profile) else None
    return None


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
