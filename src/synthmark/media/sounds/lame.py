"""MP3 as LAME codes it through libsndfile: at a bit rate, as loud as it was, with an index."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import chain
from typing import Any, BinaryIO

import numpy as np

from synthmark.media.sounds import libsndfile, mpeg, xing
from synthmark.media.sounds.track import Samples, Track

# LAME's scale against clipping, which libsndfile cannot switch off: by the bit rate that is asked
# for in kbit/s, from which one on it holds (LAME 3.100, presets.c, `abr_switch_map` and
# `nearestBitrateFullIndex`; measured through libsndfile at every bit rate).
_SCALES = ((240, 1.0), (208, 0.98), (176, 0.97), (0, 0.95))
# Bit rates in bits a second that the compression levels reach, the highest and the lowest, by the
# sample rate from which on they hold: each version of MPEG has its own.
_RATES = ((32_000, 320e3, 32e3), (16_000, 160e3, 8e3), (0, 64e3, 8e3))
# Moments by which the mean bit rate is tried.
_TRIED = 2**20
# Bytes of an index, with the silence behind it.
_MOST_INDEX = 2**12


def code(file: BinaryIO, blocks: Iterable[Samples], track: Track[Any]) -> None:
    """Code at the bit rate of a track, as loud as it is, and with an index."""
    asked = track.bit_rate
    if track.variable:
        # LAME keeps below the mean that it is asked for, the more so the easier the sound is.
        blocks, head = _headed(blocks)
        trial = io.BytesIO()
        _lame(trial, head, track, asked)
        moments = sum(map(len, head))
        # Of a long sound its beginning is compared with that of the file it comes from.
        wanted = rate(track.bare.open(), moments) or asked
        asked *= wanted / (rate(trial, moments) or wanted)
    with_index(file, _lame(file, blocks, track, asked))


def _headed(blocks: Iterable[Samples]) -> tuple[Iterable[Samples], list[Samples]]:
    """Return blocks, and those of them that are looked at beforehand."""
    rest = iter(blocks)
    head: list[Samples] = []
    for block in rest:
        head.append(block)
        if sum(map(len, head)) >= _TRIED:
            break
    return chain(head, rest), head


def _lame(file: BinaryIO, blocks: Iterable[Samples], track: Track[Any], bit_rate: float) -> int:
    kilobits = round(bit_rate / 1000)
    top, bottom = next(rest for least, *rest in _RATES if track.sample_rate >= least)
    # libsndfile cuts off what is less than one kilobit.
    level = libsndfile.level(1000 * kilobits + 500, top, bottom)
    quieter = np.float32(scale(kilobits))
    mode = "AVERAGE" if track.variable else "CONSTANT"
    return libsndfile.code(
        file,
        (block / quieter for block in blocks),
        track.sample_rate,
        track.channels,
        kind="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode=mode,
        compression_level=level,
    )


def with_index(coded: BinaryIO, frames: int) -> None:
    """Put an index before a bare MP3 whose encoder wrote none.

    It does not where a frame of the bit rate is too short to hold one; without one the sound would
    start late and end later.

    Args:
        coded: A file to be read and written.
        frames: Moments that were coded.
    """
    coded.seek(0)
    encoded = coded.read()
    run = mpeg.run(encoded, 0, len(encoded))
    if run is None or xing.read(encoded, 0) is not None:
        return
    index = xing.build(
        encoded[: mpeg.HEAD],
        run.frames,
        run.end,
        delay=xing.ENCODER_DELAY,
        padding=run.frames * run.first.samples - xing.ENCODER_DELAY - frames,
    )
    coded.seek(0)
    coded.write(index + encoded)


def scale(kilobits: int) -> float:
    """Return by how much LAME makes a sound quieter that it codes at so many kbit/s."""
    return next(scale for least, scale in _SCALES if kilobits >= least)


def rate(coded: BinaryIO, moments: int) -> float:
    """Return the mean bit rate of the first so many moments of a bare MP3, 0 without a frame."""
    coded.seek(0)
    # No frame has more than 1.25 bytes for each of its moments.
    data = coded.read(_MOST_INDEX + 2 * moments)
    first = mpeg.header(data, 0)
    if first is None:
        return 0.0
    begin = 0 if xing.read(data, 0) is None else first.length
    run = mpeg.run(data, begin, len(data), most=-(-moments // first.samples))
    if run is None:
        return 0.0
    return 8 * (run.end - run.start) * first.sample_rate / (run.frames * first.samples)
