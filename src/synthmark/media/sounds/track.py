"""The words of this room: the header of a sound file, and the record of its format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from synthmark.limits import Limits
from synthmark.media.format import Format
from synthmark.media.header import Form, Header, Metadata
from synthmark.media.parts.pieces import Data, Pieces

Samples = NDArray[Any]
"""(n, channels): int16 or int32, of fewer bits in the upper ones, or float32 or float64 with full
scale 1."""

BLOCK = 2**18
"""Moments that are handled at once, at most."""

OwnForm = TypeVar("OwnForm", bound=Form)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track(Header, Generic[OwnForm]):
    """What the header of a sound file says.

    Attributes:
        codec: How the samples are coded, such as ``PCM_16``, ``FLAC``, ``MP3``, ``VORBIS``,
            ``OPUS`` or ``AAC``.
        sample_rate: Samples a second.
        channels: Samples at one moment.
        frames: Moments that the header claims, None where it does not say.
        bare: The same file without metadata: what the decoder is given, as often as it is needed.
        form: What only this format says.
        depth: Bits of an integer sample; 0 for floating point and for lossy codecs.
        bit_rate: Bits a second of a lossy codec.
        variable: Whether the frames of MP3 or Opus have different bit rates.
    """

    format: SoundFormat
    form: OwnForm
    codec: str
    sample_rate: int
    channels: int
    frames: int | None
    bare: Pieces
    depth: int = 0
    bit_rate: float = 0.0
    variable: bool = False

    @property
    def lossless(self) -> bool:
        """Whether samples come back as they were written."""
        return self.bit_rate == 0

    def facts(self) -> dict[str, object]:
        """Return what it says of the sound, by name."""
        return {
            "codec": self.codec,
            "rate": self.sample_rate,
            "channels": self.channels,
            "depth": self.depth,
            "lossless": self.lossless,
            "samples": self.frames,
            "bit rate": self.bit_rate,
            "variable": self.variable,
        } | self.form.facts()

    def changed(self, samples: Samples, change: NDArray[np.float32]) -> Samples:
        """Return samples plus a change; where that is 0, they stay as they are, bit for bit.

        Args:
            samples: (n, channels), as in `Sound.samples`.
            change: float32 (n, channels), full scale 1.
        """
        if samples.dtype.kind == "f":
            return np.asarray(samples + change, samples.dtype)
        limits = np.iinfo(samples.dtype)
        # In steps of the file's own depth, which lies in the upper bits.
        spare = limits.bits - (self.depth or limits.bits)
        steps = np.rint(change * np.float32(2.0 ** (limits.bits - 1 - spare))).astype(np.int64)
        top = (limits.max >> spare) << spare
        return np.asarray(np.clip(samples + (steps << spare), limits.min, top), samples.dtype)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SoundFormat(Format):
    """A format of sound.

    Attributes:
        parse: Reads a file's header; decodes nothing.
        decode: Yields the samples, in parts of any length.
        code: Writes a file of nothing but samples, in the codec and class of rate of a track.
        assemble: Returns the file that `code` wrote with all metadata in place.
        told: Returns a track as its decoder tells it, where the header alone does not do.
    """

    parse: Callable[[Data, Limits], Track[Any]]
    decode: Callable[[Track[Any]], Iterator[Samples]]
    code: Callable[[BinaryIO, Iterable[Samples], Track[Any]], None]
    assemble: Callable[[BinaryIO, Track[Any], Metadata], Pieces]
    told: Callable[[Track[Any]], Track[Any]] | None = None
