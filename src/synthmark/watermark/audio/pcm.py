"""Samples as they come in and go out: which are taken, and how a change is added to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SECONDS = 0.5
"""Shortest sound that is marked; what is below 2 s cannot be read back alone."""
RATES = (8_000, 192_000)
MOST_CHANNELS = 8
SILENCE = 64
"""Samples of exact silence in a row that stay as they are."""
# Beyond, powers would leave single precision.
_MOST = 1e6


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


def silent(wave: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which samples lie in a run of 64 or more exact zeros, bool (n, channels)."""
    found = np.zeros(wave.shape, bool)
    for channel in range(wave.shape[1]):
        zero = np.concatenate(([False], wave[:, channel] == 0, [False]))
        begins, ends = np.flatnonzero(zero[1:] != zero[:-1]).reshape(-1, 2).T
        long = ends - begins >= SILENCE
        for begin, end in zip(begins[long], ends[long], strict=True):
            found[begin:end, channel] = True
    return found


def added(
    wave: NDArray[np.float32],
    change: NDArray[np.float32],
    kind: np.dtype[np.float32] | np.dtype[np.int16],
) -> NDArray[np.float32] | NDArray[np.int16]:
    """Return wave plus change in samples of a kind; none passes full scale that did not."""
    total = wave + change
    if total.size and max(total.max(), -total.min()) > 1:
        limit = np.maximum(np.abs(wave), np.float32(1))
        total = np.clip(total, -limit, limit, out=total)
    if kind == np.int16:
        scaled = np.rint(total * np.float32(32768))
        return np.asarray(np.clip(scaled, -32768, 32767), np.int16)
    return np.asarray(total, np.float32)
