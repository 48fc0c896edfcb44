"""Sound at the working rate, its short-time spectrum, and the way back.

Everything the watermark knows of a sound is a short-time Fourier transform at 16 kHz: Hann windows
of 32 ms every 8 ms. Frame t is centred on sample 128 t - 256, so that the first and the last sample
lie under as many windows as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import soxr

from synthmark.watermark.jit import kernel
from synthmark.watermark.scheme import AUDIO_1

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RATE = AUDIO_1.rate
"""Samples a second at which the watermark is made and read."""
QUALITY_OF_CHANGE = "MQ"
"""Of soxr: a change lies 20 dB and more below its sound, so 16 bits of it are plenty."""
WINDOW = AUDIO_1.window
"""Samples of a frame."""
HOP = AUDIO_1.hop
"""Samples from one frame to the next."""
BINS = WINDOW // 2 + 1
"""Bins of a frame's spectrum, from 0 Hz to half the rate."""

_LEAD = 512
"""Zeros before a sound's first sample that the first frame holds, in samples."""
_TAIL = 640
"""Zeros behind its last sample that frames may hold, in samples."""
# Half-sample offset: the window is symmetric, and its square adds up to 1.5 at a quarter's hop.
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)).astype(np.float32)
_SYNTHESIS = _HANN / np.float32(1.5)
_BACK = cv2.DFT_ROWS | cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT
_CHUNK = 64
"""Frames that are transformed at once, few enough to stay in the processor's cache."""


def resample(
    samples: NDArray[np.float32],
    rate: float,
    to: float,
    length: int | None = None,
    quality: str = "HQ",
) -> NDArray[np.float32]:
    """Return the sound at another rate, aligned at its first sample.

    Args:
        samples: float32 (n,) or (n, channels).
        rate: Samples a second of `samples`.
        to: Samples a second wanted.
        length: Samples wanted; by rounding, resampling may miss it by one.
        quality: Of soxr.
    """
    if rate == to:
        moved = samples
    else:
        moved = np.asarray(
            soxr.resample(np.ascontiguousarray(samples), rate, to, quality), np.float32
        )
    if length is None or len(moved) == length:
        return moved
    fitted = np.zeros((length, *moved.shape[1:]), np.float32)
    kept = min(length, len(moved))
    fitted[:kept] = moved[:kept]
    return fitted


def frame_count(length: int) -> int:
    """Return how many frames a sound of `length` samples has."""
    return (_LEAD + length + _TAIL - WINDOW) // HOP + 1


def power(
    samples: NDArray[np.float32], begin: int = 0, end: int | None = None
) -> NDArray[np.float32]:
    """Return the power spectrum of each frame from `begin` to `end`, float32 (frames, BINS).

    Args:
        samples: float32 (n,), at 16 kHz.
        begin: First frame.
        end: First frame not wanted any more, None for all.
    """
    samples = np.ascontiguousarray(samples)
    end = frame_count(len(samples)) if end is None else end
    found = np.empty((end - begin, BINS), np.float32)
    frames = np.empty((_CHUNK, WINDOW), np.float32)
    for start in range(begin, end, _CHUNK):
        stop = min(start + _CHUNK, end)
        spectra = _spectra(samples, start, frames[: stop - start])
        squared(spectra, found[start - begin : stop - begin])
    return found


def filtered(
    samples: NDArray[np.float32], gains: Callable[[int, int], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return the sound whose short-time spectrum is that of `samples` times a field of real gains.

    Args:
        samples: float32 (n, channels), at 16 kHz.
        gains: Returns the gains of the frames in [start, stop), float32 (stop - start, BINS), for
            all channels.
    """
    length, channels = samples.shape
    if not length:
        return samples.copy()
    planes = np.asarray(cv2.transpose(samples), np.float32)
    total = np.zeros((channels, length), np.float32)
    frames, parts = np.empty((2, _CHUNK, WINDOW), np.float32)
    for start in range(0, frame_count(length), _CHUNK):
        stop = min(start + _CHUNK, frame_count(length))
        factors = gains(start, stop)
        for channel in range(channels):
            spectra = _spectra(planes[channel], start, frames[: stop - start])
            scale(spectra, factors)
            back = np.asarray(cv2.dft(spectra, dst=parts[: stop - start], flags=_BACK), np.float32)
            overlap(back, start * HOP - _LEAD, _SYNTHESIS, total[channel])
    return np.asarray(cv2.transpose(total), np.float32)


@kernel("void(float32[:, ::1], float32[:, ::1])")
def squared(spectra: NDArray[np.float32], power: NDArray[np.float32]) -> None:
    """Write the power of each bin, float32 (frames, BINS), of packed spectra from `_spectra`."""
    frames, bins = power.shape
    for frame in range(frames):
        row = spectra[frame]
        power[frame, 0] = row[0] * row[0]
        for place in range(1, bins - 1):
            real, imaginary = row[2 * place - 1], row[2 * place]
            power[frame, place] = real * real + imaginary * imaginary
        power[frame, bins - 1] = row[2 * bins - 3] * row[2 * bins - 3]


@kernel("void(float32[:, ::1], float32[:, ::1])")
def scale(spectra: NDArray[np.float32], gains: NDArray[np.float32]) -> None:
    """Multiply packed spectra from `_spectra` by gains, float32 (frames, BINS), in place."""
    frames, bins = gains.shape
    for frame in range(frames):
        row = spectra[frame]
        row[0] *= gains[frame, 0]
        for place in range(1, bins - 1):
            row[2 * place - 1] *= gains[frame, place]
            row[2 * place] *= gains[frame, place]
        row[2 * bins - 3] *= gains[frame, bins - 1]


@kernel("void(float32[::1], int64, float32[::1], float32[:, ::1])")
def windowed(
    samples: NDArray[np.float32],
    begin: int,
    window: NDArray[np.float32],
    frames: NDArray[np.float32],
) -> None:
    """Write the windowed frames of a sound, float32 (frames, WINDOW); it is 0 before and behind.

    Args:
        samples: float32 (n,).
        begin: Where the first frame begins; it may be negative.
        window: float32 (WINDOW,).
        frames: The result.
    """
    size = len(window)
    for frame in range(len(frames)):
        first = begin + frame * HOP
        low, high = min(max(-first, 0), size), max(min(len(samples) - first, size), 0)
        row = frames[frame]
        if low > 0 or high < size:
            row[:] = 0
        if low < high:
            # Parts that begin at 0 become vector instructions.
            heard, shape, part = (
                samples[first + low : first + high],
                window[low:high],
                row[low:high],
            )
            for place in range(high - low):
                part[place] = heard[place] * shape[place]


@kernel("void(float32[:, ::1], int64, float32[::1], float32[::1])")
def overlap(
    frames: NDArray[np.float32],
    begin: int,
    window: NDArray[np.float32],
    total: NDArray[np.float32],
) -> None:
    """Add windowed frames to a sound, in place.

    Args:
        frames: float32 (frames, WINDOW).
        begin: Where the first frame begins; it may be negative.
        window: float32 (WINDOW,).
        total: float32 (n,).
    """
    size = len(window)
    for frame in range(len(frames)):
        first = begin + frame * HOP
        low, high = min(max(-first, 0), size), max(min(len(total) - first, size), 0)
        if low < high:
            heard, shape = total[first + low : first + high], window[low:high]
            part = frames[frame, low:high]
            for place in range(high - low):
                heard[place] += part[place] * shape[place]


def _spectra(
    samples: NDArray[np.float32], start: int, frames: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the spectra of frames from `start` on, in place of `frames`, as OpenCV packs them.

    A row holds the real part of bin 0, then real and imaginary part of each bin up to the last, of
    which there is the real part only.
    """
    windowed(samples, start * HOP - _LEAD, _HANN, frames)
    return np.asarray(cv2.dft(frames, dst=frames, flags=cv2.DFT_ROWS), np.float32)
