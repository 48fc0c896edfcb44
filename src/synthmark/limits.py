"""Sizes that hostile input cannot pass; checked before the work they bound."""

from __future__ import annotations

from dataclasses import dataclass

from synthmark.errors import LimitError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds on one asset.

    Attributes:
        file_bytes: Size of the file as it arrives.
        pixels: Width times height, read from the header before anything is decoded.
        side: Longest side in pixels.
        seconds: Length of a sound, as its header claims and as it turns out.
        samples: Samples of a sound, over all its channels.
        metadata_bytes: One metadata block (XMP, EXIF, ICC or text) after decompression.
        manifest_bytes: One C2PA manifest store.
    """

    file_bytes: int = 128 * 2**20
    pixels: int = 2**26
    side: int = 30_000
    seconds: float = 3600.0
    samples: int = 2**27
    metadata_bytes: int = 4 * 2**20
    manifest_bytes: int = 16 * 2**20

    def check_frames(self, width: int, height: int, frames: int) -> None:
        """Raise LimitError when an animation's frames have too many pixels together.

        A frame counts as 65,536 pixels at least, for each costs time however small it is.
        """
        if frames * max(width * height, 2**16) > self.pixels:
            raise LimitError(
                f"the animation has {frames} frames of {width}x{height} pixels or more, "
                f"the limit is {self.pixels} pixels together",
                code="limit.frames",
            )

    def check_file(self, size: int) -> None:
        """Raise LimitError when a file of `size` bytes is too large."""
        if size > self.file_bytes:
            raise LimitError(
                f"the file has {size} bytes, the limit is {self.file_bytes}", code="limit.bytes"
            )

    def check_picture(self, width: int, height: int) -> None:
        """Raise LimitError when a picture of `width` x `height` pixels is too large."""
        if width * height > self.pixels or max(width, height) > self.side:
            raise LimitError(
                f"the picture claims {width}x{height} pixels, the limit is {self.pixels} pixels "
                f"and {self.side} a side",
                code="limit.pixels",
            )

    def check_sound(self, frames: int, rate: int, channels: int) -> None:
        """Raise LimitError when `frames` moments of a sound are too long or too many."""
        if frames > self.seconds * rate or frames * channels > self.samples:
            raise LimitError(
                f"the sound claims {frames} samples a channel, {frames / max(rate, 1):.0f} s, in "
                f"{channels} channels; the limit is {self.seconds:.0f} s and {self.samples} "
                "samples together",
                code="limit.samples",
            )
