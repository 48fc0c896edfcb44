"""A thin face over libsndfile, which codes all sound but AAC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np

from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.media.sounds.track import BLOCK, Samples, Track

# Of samples by codec, and of FLAC's by depth; else float32.
_TYPES = {"PCM_U8": "int16", "PCM_16": "int16", "PCM_24": "int32", "PCM_32": "int32",
          "FLOAT": "float32", "DOUBLE": "float64", "ULAW": "int16", "ALAW": "int16"}  # fmt: skip
_DEPTHS = {8: "int16", 16: "int16", 24: "int32"}
# Moments that are read at once; and where a decoder gave up, which loses what it has read by then.
_READ, _FEW = 2**13, 2**6


def decode(track: Track[Any]) -> Iterator[Samples]:
    """Yield the samples of a bare file.

    Raises:
        UnreadableError: Nothing can be decoded, or not what the header says.
    """
    import soundfile

    dtype = _TYPES.get(track.codec) or _DEPTHS.get(track.depth, "float32")
    count = 0
    try:
        with soundfile.SoundFile(track.bare.open()) as file:
            if file.channels != track.channels or file.samplerate != track.sample_rate:
                raise UnreadableError(
                    f"the header says {track.channels} channels at {track.sample_rate} Hz, the "
                    f"sound has {file.channels} at {file.samplerate} Hz",
                    code="media.damaged",
                )
            while len(part := file.read(_READ, dtype=dtype, always_2d=True)):
                count += len(part)
                yield part
    except soundfile.SoundFileError as error:
        # What came before the damage can be looked at.
        last = list(_before_damage(track, dtype, count))
        if not count and not last:
            raise UnreadableError(
                f"the sound cannot be decoded: {_reason(error)}", code="media.damaged"
            ) from None
        yield from last


def _before_damage(track: Track[Any], dtype: str, count: int) -> Iterator[Samples]:
    """Yield what can be decoded behind the first `count` moments, few at a time."""
    import soundfile

    with suppress(soundfile.SoundFileError), soundfile.SoundFile(track.bare.open()) as file:
        while count and len(part := file.read(min(count, _READ), dtype=dtype, always_2d=True)):
            count -= len(part)
        while len(part := file.read(_FEW, dtype=dtype, always_2d=True)):
            yield part


def code(
    file: BinaryIO,
    blocks: Iterable[Samples],
    rate: int,
    channels: int,
    *,
    kind: str,
    subtype: str,
    **options: Any,
) -> int:
    """Write a file of nothing but samples, and return how many moments they were.

    Args:
        file: To be written.
        blocks: Samples, of any length.
        rate: Samples a second.
        channels: Samples at one moment.
        kind: What libsndfile calls the format.
        subtype: What it calls the codec.
        options: Of that codec.

    Raises:
        UnsupportedError: The codec cannot hold such sound.
    """
    import soundfile

    frames = 0
    try:
        with soundfile.SoundFile(
            file, "w", rate, channels, format=kind, subtype=subtype, **options
        ) as target:
            for block in blocks:
                # libsndfile hands an Ogg encoder whole arrays at once, which overflow its stack.
                for begin in range(0, len(block), BLOCK):
                    target.write(block[begin : begin + BLOCK])
                frames += len(block)
    except soundfile.SoundFileError as error:
        raise UnsupportedError(
            f"{kind} of {channels} channels at {rate} Hz cannot be written: {_reason(error)}",
            code="media.encode",
        ) from None
    return frames


def level(bit_rate: float, top: float, bottom: float) -> float:
    """Return libsndfile's compression level, which goes from the highest rate (0) to the lowest."""
    return float(np.clip((top - bit_rate) / (top - bottom), 0.0, 0.99))


def _reason(error: Exception) -> str:
    """Return what libsndfile says, without the object that was its file."""
    return str(getattr(error, "error_string", error))
