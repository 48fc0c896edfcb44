"""Sizes that hostile input cannot pass; checked before the work they bound."""

from __future__ import annotations

from dataclasses import dataclass

from synthmark.errors import LimitError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds on one asset.

    Attributes:
        file_bytes: Size of the file as it arrives, unless it is a sound.
        sound_bytes: Size of a sound's file; an hour of stereo of 24 bits at 96 kHz has less.
        pixels: Width times height, read from the header before anything is decoded.
        side: Longest side in pixels.
        seconds: Length of a sound in whole seconds, as its header claims and as it turns out.
        samples: Samples of a sound, over all its channels: an hour of 8 at 48 kHz or 2 at 192 kHz.
        metadata_bytes: One metadata block (XMP, EXIF, ICC or text) after decompression.
        manifest_bytes: One C2PA manifest store.
    """

    file_bytes: int = 128 * 2**20
    sound_bytes: int = 2**31
    pixels: int = 2**26
    side: int = 30_000
    seconds: float = 3600.0
    samples: int = 3600 * 384_000
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

    def check_file(self, size: int, *, sound: bool = False, whole: bool = True) -> None:
        """Raise LimitError when a file of `size` bytes, or of at least so many, is too large.

        Args:
            size: Bytes.
            sound: Whether it is a sound.
            whole: Whether it has no more.
        """
        most = self.sound_bytes if sound else self.file_bytes
        if size > most:
            have = f"{size}" if whole else f"more than {most}"
            raise LimitError(f"the file has {have} bytes, the limit is {most}", code="limit.bytes")

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
        # An hour that was coded, with what its codec put before and behind, is still an hour.
        if frames // max(rate, 1) > self.seconds or frames * channels > self.samples:
            raise LimitError(
                f"the sound claims {frames} samples a channel, {frames / max(rate, 1):.0f} s, in "
                f"{channels} channels; the limit is {self.seconds:.0f} s and {self.samples} "
                "samples together",
                code="limit.samples",
            )
