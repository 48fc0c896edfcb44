"""Samples as they come in and go out: which are taken, and how a change is added to them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from synthmark.errors import UsageError
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SECONDS = 0.5
"""Shortest sound that is marked; what is below 2 s cannot be read back alone."""
RATES = (8_000, 192_000)
"""Least and largest number of samples a second."""
MOST_CHANNELS = 8
"""Largest number of channels."""
SILENCE = 64
"""Samples of exact silence in a row that stay as they are."""
_TOP = np.float32(1 - 2**-14)
"""What a sample may reach that was below it: two steps of 16 bits below full scale."""
_BUMP = 1e-3
"""Seconds of a bump that takes a sample back below full scale."""
_FADE = 2e-3
"""Seconds of a fade, where bumps do not do."""
_SWEEPS = 4
"""How often bumps are tried."""
_STEP = np.float32(2**-23)
"""Between two neighbours of single precision just above full scale."""
_MOST = 1e6
"""Largest sample, full scale being 1: beyond, powers would leave single precision."""
_BESIDE = 1024
"""Samples whose squares are added up side by side."""


def check_samples(samples: NDArray[np.float32] | NDArray[np.int16], sample_rate: int) -> None:
    """Raise UsageError unless samples and rate are such as `embed` and `detect` take."""
    if samples.dtype not in (np.float32, np.int16) or samples.ndim not in (1, 2):
        raise UsageError(
            f"samples are {samples.dtype} {samples.shape}, "
            "not float32 or int16 of shape (n,) or (n, channels)"
        )
    if samples.ndim == 2 and not 1 <= samples.shape[1] <= MOST_CHANNELS:
        raise UsageError(f"the sound has {samples.shape[1]} channels, not 1 to {MOST_CHANNELS}")
    if not RATES[0] <= sample_rate <= RATES[1]:
        raise UsageError(f"the sample rate is {sample_rate} Hz, not {RATES[0]} to {RATES[1]}")
    if samples.dtype == np.float32 and samples.size:
        most = max(samples.max(), -samples.min())
        if not np.isfinite(most):
            raise UsageError("the samples hold values that are not finite numbers")
        if most > _MOST:
            raise UsageError(f"the samples reach {most:.1e}; full scale is 1")


def as_float(samples: NDArray[np.float32] | NDArray[np.int16]) -> NDArray[np.float32]:
    """Return samples as float32 (n, channels) with full scale 1."""
    wave = (samples if samples.ndim > 1 else samples[:, None]).astype(np.float32, copy=False)
    return wave / np.float32(32768) if samples.dtype == np.int16 else wave


@kernel("boolean[:, ::1](float32[:, ::1])")
def silent(wave: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which samples lie in a run of 64 or more exact zeros, bool (n, channels)."""
    count, channels = wave.shape
    found = np.zeros((count, channels), np.bool_)
    for channel in range(channels):
        # Every run that is long enough holds one of these.
        place = SILENCE - 1
        while place < count:
            begin, end = place, place
            while begin > 0 and wave[begin - 1, channel] == 0:
                begin -= 1
            while end < count and wave[end, channel] == 0:
                end += 1
            if end - begin >= SILENCE and end > place:
                found[begin:end, channel] = True
            place += max(-(-(end - place) // SILENCE), 1) * SILENCE
    return found


def within_scale(
    change: NDArray[np.float32],
    wave: NDArray[np.float32],
    sample_rate: int,
    until: int | None = None,
) -> None:
    """Bend a change, in place, so that no sample of the sum is clipped.

    What would pass full scale is taken off in bumps of 1 ms, whose spectrum ends before 2 kHz:
    clipping it would click. No sample leaves full scale or reaches its last step that did not
    before; those that did come no farther out.

    Args:
        change: float32 (n, channels).
        wave: float32 (n, channels), what it will be added to.
        sample_rate: Samples a second.
        until: Look at the samples before this one only; those up to `reach` later are bent too.
    """
    until = len(wave) if until is None else until
    bend(change, wave, bump(_BUMP * sample_rate), bump(_FADE * sample_rate), until)


def reach(sample_rate: int) -> int:
    """Return how many samples before and behind one are bent for its sake."""
    return len(bump(_FADE * sample_rate)) // 2


@kernel("float64(float32[::1])")
def energy(samples: NDArray[np.float32]) -> float:
    """Return the sum of the squares of samples, float32 (n,)."""
    # Side by side, which becomes vector instructions, and then together.
    sums = np.zeros(_BESIDE, np.float32)
    total = 0.0
    for begin in range(0, len(samples), _BESIDE):
        part = samples[begin : begin + _BESIDE]
        for place in range(len(part)):
            sums[place] += part[place] * part[place]
        if begin // _BESIDE % 64 == 63:
            total += sums.astype(np.float64).sum()
            sums[:] = 0
    return float(total + sums.astype(np.float64).sum())


@lru_cache(maxsize=32)
def bump(length: float) -> NDArray[np.float32]:
    """Return a raised cosine over so many samples, 1 in its middle, float32 (odd,)."""
    half = math.ceil(length / 2)
    turn = np.pi * np.arange(-half, half + 1) / (half + 1)
    return np.asarray((1 + np.cos(turn)) / 2, np.float32)


@kernel("void(float32[:, ::1], float32[:, ::1], float32[::1], float32[::1], int64)")
def bend(
    change: NDArray[np.float32],
    wave: NDArray[np.float32],
    bump: NDArray[np.float32],
    fade: NDArray[np.float32],
    until: int,
) -> None:
    """Bend a change as `within_scale` says.

    A bump in one place may push another beyond the other end of the scale, so all are looked at
    again. Where that does not end, as in a square wave, the change fades to what fits: that moves
    every sample towards its own place, and leaves none outside.
    """
    count, channels = wave.shape
    samples, changes = wave[:until].ravel(), change[:until].ravel()
    outside = 0
    for place in range(len(samples)):
        outside += abs(samples[place] + changes[place]) > _TOP
    if not outside:
        return
    for channel in range(channels):
        for sweep in range(_SWEEPS + 1):
            inside, fading = True, sweep == _SWEEPS
            shape = fade if fading else bump
            half = len(shape) // 2
            for place in range(until):
                sample = wave[place, channel]
                total = sample + change[place, channel]
                excess = abs(total) - max(abs(sample), _TOP)
                if excess <= 0:
                    continue
                inside = False
                excess = excess if total > 0 else -excess
                # By rounding, a sum may leave by more than was added to it, and come back by a step
                # too little.
                step = _STEP if total > 0 else -_STEP
                share = min((excess + step) / change[place, channel], np.float32(1))
                for near in range(max(place - half, 0), min(place + half + 1, count)):
                    part = shape[near - place + half]
                    if fading:
                        change[near, channel] *= np.float32(1) - share * part
                    else:
                        change[near, channel] -= excess * part
            if inside:
                break


def added(
    wave: NDArray[np.float32],
    change: NDArray[np.float32],
    kind: np.dtype[np.float32] | np.dtype[np.int16],
) -> NDArray[np.float32] | NDArray[np.int16]:
    """Return wave plus change in samples of a kind; the change becomes the sum."""
    change += wave
    if kind == np.int16:
        return np.asarray(np.rint(change * np.float32(32768)), np.int16)
    return change
