"""Sound files into samples and back: a thin face over libsndfile, and over FFmpeg for M4A."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain
from typing import Any, BinaryIO, cast

import numpy as np

from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.limits import Limits
from synthmark.media.formats import FLAC, M4A, MP3, OGG, WAV
from synthmark.media.header import Metadata
from synthmark.media.parts.pieces import Pieces, Scratch
from synthmark.media.sounds import aac, flac, m4a, mp3, ogg, wav
from synthmark.media.sounds.sound import BLOCK, Samples, Sound, Track

MOST_CHANNELS = 8
RATES = (8_000, 192_000)

# Of samples by codec, and of FLAC's by depth; else float32.
_TYPES = {"PCM_U8": "int16", "PCM_16": "int16", "PCM_24": "int32", "PCM_32": "int32",
          "FLOAT": "float32", "DOUBLE": "float64", "ULAW": "int16", "ALAW": "int16"}  # fmt: skip
_DEPTHS = {8: "int16", 16: "int16", 24: "int32"}
# Samples of all channels up to which a sound is held.
_MOST_HELD = 2**23
# Moments that are read at once; and where a decoder gave up, which loses what it has read by then.
_READ, _FEW = 2**13, 2**6
_FORMATS = {WAV: "WAV", MP3: "MP3", FLAC: "FLAC", OGG: "OGG"}
# libsndfile's compression level goes from the highest rate (0) to the lowest (1), in bits a second:
# of MP3 by the version of MPEG, which the sample rate tells; of Opus for each channel.
_MP3_RATES = ((32_000, 320e3, 32e3), (16_000, 160e3, 8e3), (0, 64e3, 8e3))
_OPUS_RATES = (256e3, 6e3)
_STEPS = 7
# Moments by which the mean bit rate of an MP3 is tried.
_TRIED = 2**20


def decode(track: Track, limits: Limits) -> Sound:
    """Decode a sound whose header was read: a short one as a whole, a long one as it is read.

    Raises:
        UnreadableError: Nothing can be decoded.
        UnsupportedError: It has more channels or another sample rate than can be handled.
        LimitError: It turns out longer than its header claims, and over a limit; of a long sound
            while it is read.
    """
    _check(track)
    track = aac.told(track) if track.format == M4A else track
    sound = Sound(track=track, source=partial(_blocks, track, limits), notes=track.notes)
    reading = sound.read()
    parts: list[Samples] = []
    for block in reading:
        parts.append(block)
        if reading.frames * track.channels > _MOST_HELD:
            return sound
    samples = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return Sound(track=replace(track, bare=Pieces()), source=samples, notes=reading.notes)


def code(blocks: Iterable[Samples], track: Track) -> BinaryIO:
    """Return a file of nothing but these samples, in the codec of `track`.

    Lossless codecs keep their depth, lossy ones their class of bit rate.

    Args:
        blocks: Samples as in `Sound.samples`, of any length.
        track: Of the sound that they were made from.
    """
    file = cast("BinaryIO", Scratch())
    (aac.code if track.format == M4A else _code)(file, blocks, track)
    return file


def assemble(coded: BinaryIO, track: Track, metadata: Metadata) -> Pieces:
    """Return the file that `code` made with all metadata in place."""
    if track.format == WAV:
        return wav.assemble(coded, track, metadata)
    if track.format == FLAC:
        return flac.assemble(coded, metadata)
    if track.format == MP3:
        return mp3.assemble(coded, metadata)
    coded.seek(0)
    if track.format == OGG:
        return Pieces(ogg.assemble(coded.read(), track, metadata))
    return Pieces(m4a.assemble(coded.read(), track, metadata))


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


def _blocks(track: Track, limits: Limits) -> Iterator[Samples]:
    """Decode a sound into blocks of up to `BLOCK` moments."""
    count, parts = 0, []
    decoded = aac.decode(track) if track.format == M4A else _decoded(track)
    for part in decoded:
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


def _decoded(track: Track) -> Iterator[Samples]:
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


def _before_damage(track: Track, dtype: str, count: int) -> Iterator[Samples]:
    """Yield what can be decoded behind the first `count` moments, few at a time."""
    import soundfile

    with suppress(soundfile.SoundFileError), soundfile.SoundFile(track.bare.open()) as file:
        while count and len(part := file.read(min(count, _READ), dtype=dtype, always_2d=True)):
            count -= len(part)
        while len(part := file.read(_FEW, dtype=dtype, always_2d=True)):
            yield part


def _code(file: BinaryIO, blocks: Iterable[Samples], track: Track) -> None:
    import soundfile

    subtype = {"FLAC": "PCM_S8" if track.depth == 8 else f"PCM_{track.depth}"}.get(
        track.codec, track.codec
    )
    try:
        if track.codec == "MP3":
            _code_mp3(file, blocks, track)
            return
        options: dict[str, Any] = {}
        if track.codec == "OPUS":
            options["compression_level"] = _level(track.bit_rate / track.channels, *_OPUS_RATES)
        elif track.codec == "VORBIS":
            options["compression_level"] = _vorbis_level(
                track.sample_rate, track.channels, round(track.bit_rate)
            )
        kind = _FORMATS[track.format]
        _encode(file, blocks, track.sample_rate, track.channels, kind, subtype, **options)
    except soundfile.SoundFileError as error:
        raise UnsupportedError(
            f"{track.codec} of {track.channels} channels at {track.sample_rate} Hz cannot be "
            f"written: {_reason(error)}",
            code="media.encode",
        ) from None


def _code_mp3(file: BinaryIO, blocks: Iterable[Samples], track: Track) -> None:
    """Code at the bit rate of a track, as loud as it is, and with an index."""
    asked = track.bit_rate
    if track.variable:
        # LAME keeps below the mean that it is asked for, the more so the easier the sound is.
        blocks, head = _headed(blocks)
        trial = io.BytesIO()
        _lame(trial, head, track, asked)
        moments = sum(map(len, head))
        # Of a long sound its beginning is compared with that of the file it comes from.
        wanted = mp3.rate(track.bare.open(), moments) or asked
        asked *= wanted / (mp3.rate(trial, moments) or wanted)
    mp3.with_index(file, _lame(file, blocks, track, asked))


def _headed(blocks: Iterable[Samples]) -> tuple[Iterable[Samples], list[Samples]]:
    """Return blocks, and those of them that are looked at beforehand."""
    rest = iter(blocks)
    head: list[Samples] = []
    for block in rest:
        head.append(block)
        if sum(map(len, head)) >= _TRIED:
            break
    return chain(head, rest), head


def _lame(file: BinaryIO, blocks: Iterable[Samples], track: Track, bit_rate: float) -> int:
    kilobits = round(bit_rate / 1000)
    top, bottom = next(rest for least, *rest in _MP3_RATES if track.sample_rate >= least)
    # libsndfile cuts off what is less than one kilobit.
    level = _level(1000 * kilobits + 500, top, bottom)
    scale = np.float32(mp3.scale(kilobits))
    mode = "AVERAGE" if track.variable else "CONSTANT"
    return _encode(
        file,
        (block / scale for block in blocks),
        track.sample_rate,
        track.channels,
        _FORMATS[MP3],
        "MPEG_LAYER_III",
        bitrate_mode=mode,
        compression_level=level,
    )


def _reason(error: Exception) -> str:
    """Return what libsndfile says, without the object that was its file."""
    return str(getattr(error, "error_string", error))


def _encode(
    file: BinaryIO,
    blocks: Iterable[Samples],
    rate: int,
    channels: int,
    kind: str,
    subtype: str,
    **options: Any,
) -> int:
    """Encode blocks into `file`, and return how many moments they were."""
    import soundfile

    frames = 0
    with soundfile.SoundFile(
        file, "w", rate, channels, format=kind, subtype=subtype, **options
    ) as target:
        for block in blocks:
            # libsndfile hands an Ogg encoder whole arrays at once, which overflow its stack.
            for begin in range(0, len(block), BLOCK):
                target.write(block[begin : begin + BLOCK])
            frames += len(block)
    return frames


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
        _encode(file, [silence], rate, channels, "OGG", "VORBIS", compression_level=level)
        nominal = ogg.nominal(file.getvalue())
        low, high = (level, high) if nominal > bit_rate else (low, level)
    return (low + high) / 2
