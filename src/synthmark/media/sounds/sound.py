"""Sounds: samples in blocks, out of a file and into one of the same sort."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.facts import Finding
from synthmark.limits import Limits
from synthmark.media.format import Format
from synthmark.media.formats import inspect
from synthmark.media.header import Metadata
from synthmark.media.parts.pieces import Data, Pieces, Scratch
from synthmark.media.sounds.track import BLOCK, Samples, SoundFormat, Track

MOST_CHANNELS = 8
RATES = (8_000, 192_000)

_DEFAULT_LIMITS = Limits()
# Samples of all channels up to which a sound is held.
_MOST_HELD = 2**23


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sound:
    """A sound that is decoded, block by block and as often as it is read.

    Attributes:
        track: How the file was laid out, enough to write the same sort of file again.
        source: Its samples, (n, channels), where it is short; else what decodes them once more, in
            blocks of any length.
        notes: What was found on the way; of a long sound `Reading.notes` has the rest.
    """

    track: Track[Any]
    source: Samples | Callable[[], Iterator[Samples]]
    notes: tuple[Finding, ...] = ()

    @classmethod
    def decode(
        cls, data: Data, format: Format | None = None, *, limits: Limits = _DEFAULT_LIMITS
    ) -> Sound:
        """Decode a sound file: a short one as a whole, a long one as it is read.

        Args:
            data: The whole file.
            format: What `sniff` said; sniffed when not given.
            limits: Checked against the header, and again as the samples come.

        Raises:
            UnreadableError: Empty, damaged, or without a sample.
            UnsupportedError: Another format, or something in a known one that is not handled.
            LimitError: The file, the sound or a metadata block is too large; of a long sound, that
                it is longer than its header claims is found while it is read.
        """
        track = inspect(data, format, limits=limits)
        if not isinstance(track, Track):
            raise UnsupportedError("this is a picture, not sound", code="media.picture")
        _check(track)
        if track.format.told is not None:
            track = track.format.told(track)
        sound = cls(track=track, source=partial(_blocks, track, limits), notes=track.notes)
        reading = sound.read()
        parts: list[Samples] = []
        for block in reading:
            parts.append(block)
            if reading.frames * track.channels > _MOST_HELD:
                return sound
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return cls(track=replace(track, bare=Pieces()), source=samples, notes=reading.notes)

    def code(self, blocks: Iterable[Samples]) -> BinaryIO:
        """Return a file of nothing but samples, in this sound's codec.

        Lossless codecs keep their depth, lossy ones their class of bit rate. What is long lies in
        a temporary file, not in memory.

        Args:
            blocks: Of the shape and type of those of this sound, of any length.
        """
        file = cast("BinaryIO", Scratch())
        self.format.code(file, blocks, self.track)
        return file

    def assemble(self, coded: BinaryIO, metadata: Metadata) -> Pieces:
        """Return the file that `code` made with all metadata in place."""
        return self.format.assemble(coded, self.track, metadata)

    def encode(self, metadata: Metadata) -> bytes:
        """Encode the samples in the format, codec and class of rate that they were read from.

        Args:
            metadata: That of this sound or a rewritten one.
        """
        return bytes(self.assemble(self.code(self.read()), metadata))

    def describe(self) -> dict[str, Any]:
        """Return what there is to say beside the samples, as JSON-ready values."""
        track = self.track
        own: dict[str, Any] = track.form.described()
        described: dict[str, Any] = {
            "codec": track.codec,
            "sample_rate": track.sample_rate,
            "channels": track.channels,
            "seconds": round(self.seconds, 3),
            "blocks": [block.kind for block in track.metadata.blocks],
        }
        if track.depth:
            described["bit_depth"] = track.depth
        if track.bit_rate:
            described["bit_rate"] = round(track.bit_rate)
        return described | own

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
                    format=track.format.name,
                    decoded=self.frames,
                    claimed=claimed,
                    accounts_for=("samples",),
                )
            )
        if not self._finite:
            notes.append(Finding.warning("media.not-finite"))
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


def _check(track: Track[Any]) -> None:
    if track.obstacle is not None:
        raise UnsupportedError(track.obstacle.message, code=track.obstacle.code)
    if track.channels > MOST_CHANNELS:
        raise UnsupportedError(
            f"the sound has {track.channels} channels, up to {MOST_CHANNELS} are supported",
            code="media.channels",
        )
    if not RATES[0] <= track.sample_rate <= RATES[1]:
        raise UnsupportedError(
            f"the sound has {track.sample_rate} samples a second; "
            f"{RATES[0]} to {RATES[1]} are supported",
            code="media.sample-rate",
        )


def _blocks(track: Track[Any], limits: Limits) -> Iterator[Samples]:
    """Decode a sound into blocks of up to `BLOCK` moments."""
    count, parts = 0, []
    for part in track.format.decode(track):
        count += len(part)
        limits.check_sound(count, track.sample_rate, track.channels)
        parts.append(part)
        if sum(map(len, parts)) >= BLOCK:
            yield np.concatenate(parts)
            parts = []
    if not count:
        raise UnreadableError("there are no samples in this file", code="media.empty-sound")
    if parts:
        yield np.concatenate(parts)
