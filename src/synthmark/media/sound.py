"""The words of this room for sound: decoded samples, and what their file holds beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthmark.media.picture import Metadata
from synthmark.report import Finding

# Moments that are added up at once: a long sound is not widened as a whole.
_AT_ONCE = 2**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What the header of a sound file says; nothing has been decoded yet.

    Attributes:
        media_type: MIME type of the format.
        codec: How the samples are coded, such as ``PCM_16``, ``FLAC``, ``MP3``, ``VORBIS``,
            ``OPUS`` or ``AAC``.
        sample_rate: Samples a second.
        channels: Samples at one moment.
        frames: Moments that the header claims, None where it does not say.
        metadata: Texts, tags and other blocks, which labels may rewrite.
        bare: The same file without metadata: what the decoder is given; empty once it has been.
        form: The ``fmt `` chunk of a WAV, the first page's packet of an Ogg.
        depth: Bits of an integer sample; 0 for floating point and for lossy codecs.
        bit_rate: Bits a second of a lossy codec.
        variable: Whether an MP3's frames have different bit rates.
        whole: Whether the file's end was reached; what is there of a truncated one can be heard.
        obstacle: Why the samples cannot be decoded although the format is known, None when they
            can; the metadata was read all the same.
        notes: Peculiarities worth a finding.
    """

    media_type: str
    codec: str
    sample_rate: int
    channels: int
    frames: int | None
    metadata: Metadata
    bare: bytes
    form: bytes = b""
    depth: int = 0
    bit_rate: float = 0.0
    variable: bool = False
    whole: bool = True
    obstacle: Finding | None = None
    notes: tuple[Finding, ...] = ()

    @property
    def lossless(self) -> bool:
        """Whether samples come back as they were written."""
        return self.bit_rate == 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sound:
    """Decoded samples.

    Attributes:
        samples: (n, channels): int16 or int32, of fewer bits in the upper ones, or float32 or
            float64 with full scale 1; not always finite, when the file says so.
        track: How the file was laid out, enough to write the same sort of file again.
        notes: What was found on the way.
    """

    samples: NDArray[Any]
    track: Track
    notes: tuple[Finding, ...] = ()

    @property
    def media_type(self) -> str:
        """MIME type of the file."""
        return self.track.media_type

    @property
    def metadata(self) -> Metadata:
        """Tags and other blocks of the file."""
        return self.track.metadata

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.track.sample_rate

    @property
    def wave(self) -> NDArray[np.float32]:
        """The samples as float32 with full scale 1; what is not finite is 0."""
        wave = self.samples.astype(np.float32)
        if self.samples.dtype.kind == "i":
            wave /= np.float32(-float(np.iinfo(self.samples.dtype).min))
        elif not np.isfinite(wave).all():
            np.nan_to_num(wave, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        return wave

    def changed(self, change: NDArray[np.float32]) -> NDArray[Any]:
        """Return the samples plus `change`; where that is 0, they stay as they are, bit for bit.

        Args:
            change: float32 (n, channels), full scale 1.
        """
        changed = np.empty_like(self.samples)
        for begin in range(0, len(changed), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            changed[part] = self._sum(self.samples[part], change[part])
        return changed

    def _sum(self, samples: NDArray[Any], change: NDArray[np.float32]) -> NDArray[Any]:
        if samples.dtype.kind == "f":
            return np.asarray(samples + change)
        limits = np.iinfo(samples.dtype)
        # In steps of the file's own depth, which lies in the upper bits.
        spare = limits.bits - (self.track.depth or limits.bits)
        steps = np.rint(change * np.float32(2.0 ** (limits.bits - 1 - spare))).astype(np.int64)
        top = (limits.max >> spare) << spare
        return np.asarray(np.clip(samples + (steps << spare), limits.min, top))
