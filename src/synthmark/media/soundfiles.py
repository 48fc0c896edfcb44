"""Sound files into samples and back: a thin face over libsndfile, and over FFmpeg for M4A."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.limits import Limits
from synthmark.media import aac, flac, mp3, ogg, wav
from synthmark.media.formats import FLAC, M4A, MP3, OGG, WAV
from synthmark.media.picture import Metadata, note
from synthmark.media.sound import Sound, Track
from synthmark.report import Severity

MOST_CHANNELS = 8
RATES = (8_000, 192_000)

_TYPES = {8: "int16", 16: "int16", 24: "int32", 32: "int32"}
_BLOCK = 2**18
# Of samples that are read at once; what is lost where a decoder gives up.
_READ = 2**13
_FORMATS = {WAV: "WAV", MP3: "MP3", FLAC: "FLAC", OGG: "OGG"}
# libsndfile's compression level goes from the highest rate (0) to the lowest (1), in bits a second:
# of MP3 by the version of MPEG, which the sample rate tells; of Opus for each channel.
_MP3_RATES = ((32_000, 320e3, 32e3), (16_000, 160e3, 8e3), (0, 64e3, 8e3))
_OPUS_RATES = (256e3, 6e3)
_STEPS = 7


def decode(track: Track, limits: Limits) -> Sound:
    """Decode a sound whose header was read.

    Raises:
        UnreadableError: Nothing can be decoded.
        UnsupportedError: It has more channels or another sample rate than can be handled.
        LimitError: It turns out longer than its header claims, and over a limit.
    """
    _check(track)
    samples = aac.decode(track, limits) if track.media_type == M4A else _read(track, limits)
    notes = list(track.notes)
    if track.frames is not None and len(samples) < track.frames and track.lossless and track.whole:
        notes.append(
            note(
                "media.truncated",
                f"{len(samples)} of {track.frames} samples could be decoded",
                Severity.WARNING,
            )
        )
    if samples.dtype.kind == "f" and not np.isfinite(samples).all():
        notes.append(
            note(
                "media.not-finite",
                "the samples hold values that are not numbers; they were taken for silence",
                Severity.WARNING,
            )
        )
    return Sound(samples=samples, track=replace(track, bare=b""), notes=tuple(notes))


def encode(sound: Sound, metadata: Metadata) -> bytes:
    """Encode the samples in the format and codec of their file, with all metadata in place.

    Lossless codecs keep their depth, lossy ones their class of bit rate.
    """
    track = sound.track
    if track.media_type == M4A:
        return aac.encode(sound, metadata)
    encoded = _write(sound.samples, track)
    if track.media_type == WAV:
        return wav.assemble(encoded, track, metadata)
    assemble = {MP3: mp3.assemble, FLAC: flac.assemble, OGG: ogg.assemble}[track.media_type]
    return assemble(encoded, metadata)


def _check(track: Track) -> None:
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


def _read(track: Track, limits: Limits) -> NDArray[Any]:
    import soundfile

    kind = {"FLOAT": "float32", "DOUBLE": "float64", "ULAW": "int16", "ALAW": "int16"}
    dtype = kind.get(track.codec) or _TYPES.get(track.depth, "float32")
    parts, count = [], 0
    try:
        with soundfile.SoundFile(io.BytesIO(track.bare)) as file:
            if file.channels != track.channels or file.samplerate != track.sample_rate:
                raise UnreadableError(
                    f"the header says {track.channels} channels at {track.sample_rate} Hz, the "
                    f"sound has {file.channels} at {file.samplerate} Hz",
                    code="media.damaged",
                )
            while len(part := file.read(_READ, dtype=dtype, always_2d=True)):
                count += len(part)
                limits.check_sound(count, track.sample_rate, track.channels)
                parts.append(part)
    except soundfile.SoundFileError as error:
        # What came before the damage can be looked at.
        if not parts:
            raise UnreadableError(
                f"the sound cannot be decoded: {error}", code="media.damaged"
            ) from None
    if not parts:
        raise UnreadableError("there are no samples in this file", code="media.empty-sound")
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _write(samples: NDArray[Any], track: Track) -> bytes:
    import soundfile

    file = io.BytesIO()
    subtype = {
        "MP3": "MPEG_LAYER_III",
        "FLAC": "PCM_S8" if track.depth == 8 else f"PCM_{track.depth}",
    }.get(track.codec, track.codec)
    options: dict[str, Any] = {}
    if track.codec == "MP3":
        options["bitrate_mode"] = "AVERAGE" if track.variable else "CONSTANT"
        top, bottom = next(rest for least, *rest in _MP3_RATES if track.sample_rate >= least)
        options["compression_level"] = _level(track.bit_rate, top, bottom)
    elif track.codec == "OPUS":
        options["compression_level"] = _level(track.bit_rate / track.channels, *_OPUS_RATES)
    elif track.codec == "VORBIS":
        options["compression_level"] = _vorbis_level(
            track.sample_rate, track.channels, round(track.bit_rate)
        )
    try:
        _encode(file, samples, track.sample_rate, _FORMATS[track.media_type], subtype, **options)
    except soundfile.SoundFileError as error:
        raise UnsupportedError(
            f"{track.codec} of {track.channels} channels at {track.sample_rate} Hz cannot be "
            f"written: {error}",
            code="media.encode",
        ) from None
    return file.getvalue()


def _encode(
    file: io.BytesIO, samples: NDArray[Any], rate: int, kind: str, subtype: str, **options: Any
) -> None:
    import soundfile

    with soundfile.SoundFile(
        file, "w", rate, samples.shape[1], format=kind, subtype=subtype, **options
    ) as target:
        # libsndfile hands an Ogg encoder whole arrays at once, which overflow its stack.
        for begin in range(0, len(samples), _BLOCK):
            target.write(samples[begin : begin + _BLOCK])


def _level(bit_rate: float, top: float, bottom: float) -> float:
    return float(np.clip((top - bit_rate) / (top - bottom), 0.0, 0.99))


@lru_cache(maxsize=64)
def _vorbis_level(rate: int, channels: int, bit_rate: int) -> float:
    """Return the level whose nominal bit rate, which Vorbis writes into its header, is the same."""
    low, high = 0.0, 1.0
    silence = np.zeros((64, channels), np.float32)
    for _ in range(_STEPS):
        level = (low + high) / 2
        file = io.BytesIO()
        _encode(file, silence, rate, "OGG", "VORBIS", compression_level=level)
        nominal = ogg.nominal(file.getvalue())
        low, high = (level, high) if nominal > bit_rate else (low, level)
    return (low + high) / 2
