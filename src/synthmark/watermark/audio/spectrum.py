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

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RATE = 16_000
"""Samples a second at which the watermark is made and read."""
WINDOW, HOP = 512, 128
BINS = WINDOW // 2 + 1

_LEAD, _TAIL = 512, 640
# Half-sample offset: the window is symmetric, and its square adds up to 1.5 at a quarter's hop.
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)).astype(np.float32)
_OVERLAP = WINDOW // HOP
_SYNTHESIS = _HANN / np.float32(1.5)
# Frames that are transformed at once: few enough to stay in the processor's cache.
_CHUNK = 256


def resample(
    samples: NDArray[np.float32], rate: float, to: float, length: int | None = None
) -> NDArray[np.float32]:
    """Return the sound at another rate, aligned at its first sample.

    Args:
        samples: float32 (n,) or (n, channels).
        rate: Samples a second of `samples`.
        to: Samples a second wanted.
        length: Samples wanted; by rounding, resampling may miss it by one.
    """
    if rate == to:
        moved = samples
    else:
        moved = np.asarray(soxr.resample(np.ascontiguousarray(samples), rate, to), np.float32)
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
    padded = _padded(samples)
    end = frame_count(len(samples)) if end is None else end
    found = np.empty((end - begin, BINS), np.float32)
    for start in range(begin, end, _CHUNK):
        stop = min(start + _CHUNK, end)
        squared(_spectra(padded, start, stop), found[start - begin : stop - begin])
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
    padded = [_padded(channel) for channel in samples.T]
    count = frame_count(length)
    total = np.zeros((channels, count + _OVERLAP - 1, HOP), np.float32)
    for start in range(0, count, _CHUNK):
        stop = min(start + _CHUNK, count)
        factors = gains(start, stop)
        for channel in range(channels):
            spectra = _spectra(padded[channel], start, stop)
            scale(spectra, factors)
            parts = (_inverse(spectra) * _SYNTHESIS).reshape(-1, _OVERLAP, HOP)
            for place in range(_OVERLAP):
                total[channel, start + place : stop + place] += parts[:, place]
    return np.ascontiguousarray(total.reshape(channels, -1)[:, _LEAD : _LEAD + length].T)


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


def _padded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate((np.zeros(_LEAD, np.float32), samples, np.zeros(_TAIL, np.float32)))


def _spectra(padded: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
    """Return the spectra of frames, float32 (stop - start, WINDOW), packed as OpenCV packs them.

    A row holds the real part of bin 0, then real and imaginary part of each bin up to the last, of
    which there is the real part only.
    """
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][start:stop]
    return np.asarray(cv2.dft(frames * _HANN, flags=cv2.DFT_ROWS), np.float32)


def _inverse(spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the frames of packed spectra, float32 (frames, WINDOW)."""
    flags = cv2.DFT_ROWS | cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT
    return np.asarray(cv2.dft(spectra, flags=flags), np.float32)
