"""The words of this room for sound: its samples in blocks, and what its file holds beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthmark.facts import Finding
from synthmark.limits import Limits
from synthmark.media.format import Format
from synthmark.media.header import Header, Metadata
from synthmark.media.parts.pieces import Data, Pieces

Samples = NDArray[Any]

BLOCK = 2**18
"""Moments that are handled at once, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track(Header):
    """What the header of a sound file says.

    Attributes:
        codec: How the samples are coded, such as ``PCM_16``, ``FLAC``, ``MP3``, ``VORBIS``,
            ``OPUS`` or ``AAC``.
        sample_rate: Samples a second.
        channels: Samples at one moment.
        frames: Moments that the header claims, None where it does not say.
        bare: The same file without metadata: what the decoder is given, as often as it is needed.
        form: The ``fmt `` chunk of a WAV, the first page of an Ogg, an M4A without its sound.
        layout: Where the channels of AAC stand, in FFmpeg's words, once a decoder was asked.
        depth: Bits of an integer sample; 0 for floating point and for lossy codecs.
        bit_rate: Bits a second of a lossy codec.
        variable: Whether the frames of MP3 or Opus have different bit rates.
    """

    format: SoundFormat
    codec: str
    sample_rate: int
    channels: int
    frames: int | None
    bare: Pieces
    form: bytes = b""
    layout: str = ""
    depth: int = 0
    bit_rate: float = 0.0
    variable: bool = False

    @property
    def lossless(self) -> bool:
        """Whether samples come back as they were written."""
        return self.bit_rate == 0

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
    """A format of sound."""

    parse: Callable[[Data, Limits], Track]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sound:
    """A sound that is decoded, block by block and as often as it is read.

    Attributes:
        track: How the file was laid out, enough to write the same sort of file again.
        source: Its samples, (n, channels), where it is short; else what decodes them once more, in
            blocks of any length.
        notes: What was found on the way; of a long sound `Reading.notes` has the rest.
    """

    track: Track
    source: Samples | Callable[[], Iterator[Samples]]
    notes: tuple[Finding, ...] = ()

    @property
    def format(self) -> SoundFormat:
        """The format of the file."""
        return self.track.format

    @property
    def metadata(self) -> Metadata:
        """Tags and other blocks of the file."""
        return self.track.metadata

    @property
    def short(self) -> bool:
        """Whether its samples are held."""
        return not callable(self.source)

    def read(self) -> Reading:
        """Begin to read it from its first sample on."""
        return Reading(self)

    @property
    def samples(self) -> Samples:
        """All samples, (n, channels): those of a long sound are decoded for it, and take memory.

        int16 or int32, of fewer bits in the upper ones, or float32 or float64 with full scale 1;
        not always finite, when the file says so.
        """
        return np.concatenate([*self.read()]) if callable(self.source) else self.source

    @property
    def seconds(self) -> float:
        """How long it lasts; a long sound is decoded to know that."""
        if not callable(self.source):
            return len(self.source) / self.track.sample_rate
        reading = self.read()
        for _ in reading:
            pass
        return reading.seconds

    @property
    def wave(self) -> NDArray[np.float32]:
        """All samples as float32 with full scale 1; what is not finite is 0."""
        return as_wave(self.samples)


class Reading:
    """One way through a sound: its blocks, and what is known of it behind the last one.

    Attributes:
        frames: Moments that have come so far.
    """

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._finite = True
        self.frames = 0

    def __iter__(self) -> Iterator[Samples]:
        """Yield blocks of samples as in `Sound.samples`."""
        source = self._sound.source
        for block in source() if callable(source) else _cut(source):
            self.frames += len(block)
            if block.dtype.kind == "f" and self._finite:
                self._finite = bool(np.isfinite(block).all())
            yield block

    @property
    def seconds(self) -> float:
        """How long what has come so far lasts."""
        return self.frames / self._sound.track.sample_rate

    @property
    def notes(self) -> tuple[Finding, ...]:
        """All that was found in the header and in the samples that came."""
        track, notes = self._sound.track, list(self._sound.track.notes)
        claimed = track.frames
        if claimed is not None and self.frames < claimed and track.lossless and track.whole:
            notes.append(
                Finding.warning(
                    "media.truncated",
                    f"{self.frames} of {claimed} samples could be decoded",
                    accounts_for=("samples",),
                )
            )
        if not self._finite:
            notes.append(
                Finding.warning(
                    "media.not-finite",
                    "the samples hold values that are not numbers; they were taken for silence",
                )
            )
        return tuple(notes)


def as_wave(samples: Samples) -> NDArray[np.float32]:
    """Return samples as float32 with full scale 1; what is not finite is 0."""
    wave = samples.astype(np.float32)
    if samples.dtype.kind == "i":
        wave /= np.float32(-float(np.iinfo(samples.dtype).min))
    elif not np.isfinite(wave).all():
        np.nan_to_num(wave, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return wave


def _cut(samples: Samples) -> Iterator[Samples]:
    return (samples[begin : begin + BLOCK] for begin in range(0, len(samples), BLOCK))
