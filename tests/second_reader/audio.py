"""A reader of sound at its own speed and pitch: docs/spec/audio-1.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tests.second_reader.shared import OPEN_SECRET, Stream, checked, messages, subkey

Numbers = NDArray[np.float64]

_RATE = 16_000
_WINDOW, _HOP = 512, 128
_SLOT = 3
_BANDS, _DIPOLES = 48, 24
_PERIOD, _BLOCK, _SYNC = 128, 4, 19
_CODE = 1024
_PREDICTION = np.array([[-0.05, 0.3, -0.05], [0.3, 0, 0.3], [-0.05, 0.3, -0.05]])


def read(samples: NDArray[Any], rate: int, secret: bytes = OPEN_SECRET) -> bytes | None:
    """Return the payload of a sound, whole or short, None without one.

    Args:
        samples: int16 or floating point with full scale 1, (n,) or (n, channels).
        rate: Samples a second.
        secret: The key's 32 bytes.
    """
    levels = band_levels(floored(power(heard(samples, rate))))
    layout = Layout.drawn(secret)
    folds = [Fold.of(whitened(slot_levels(levels, phase))) for phase in range(_SLOT)]
    scores = np.array([fold.scores(layout) for fold in folds])
    phase, start = np.unravel_index(scores.argmax(), scores.shape)
    soft = folds[phase].soft_values(layout, int(start))
    for message_bits in (160, 96):
        payload = checked(messages(soft, message_bits, 0), subkey(secret, "check/audio/v1"))
        if payload is not None:
            return payload
    return None


# --- sections 1 and 2: frames, levels and cells ---------------------------------------------------


def heard(samples: NDArray[Any], rate: int) -> Numbers:
    """Return the mean of the channels at 16 kHz, (n,)."""
    scale = 1 / 32768 if samples.dtype == np.int16 else 1.0
    mean = scale * samples.reshape(len(samples), -1).mean(axis=1)
    count = round(len(mean) * _RATE / rate)
    spectrum = np.fft.rfft(mean)[: count // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, count) * (count / len(mean)))


def power(sound: Numbers) -> Numbers:
    """Return the power of each frame in each bin, (frames, 257)."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(_WINDOW) + 0.5) / _WINDOW)
    padded = np.pad(sound, (512, 640))
    frames = sliding_window_view(padded, _WINDOW)[::_HOP]
    return np.abs(np.fft.rfft(frames * window, axis=1)) ** 2


def band_levels(power: Numbers) -> Numbers:
    """Return the mean logarithm of power of each band in each frame, (frames, 48)."""
    bins = np.arange(power.shape[1])
    low = 8.5 + 4.5 * np.arange(_BANDS)[:, None]
    shares = np.maximum(np.minimum(low + 4.5, bins + 1) - np.maximum(low, bins), 0)
    return np.asarray(np.log(power) @ (shares / 4.5).T)


def slot_levels(levels: Numbers, phase: int) -> Numbers:
    """Return the mean level of each cell, (slots, 48), the first slot at frame `phase`."""
    slots = (len(levels) - phase) // _SLOT
    whole = levels[phase : phase + slots * _SLOT].reshape(slots, _SLOT, _BANDS)
    return np.asarray(whole.mean(axis=1))


# --- section 3: layout ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """What a key decides, each (128, 24): slots of the period, dipoles.

    Attributes:
        chip: Sign of each dipole.
        bit: Code bit that it carries, -1 where its chip is known.
    """

    chip: NDArray[np.int64]
    bit: NDArray[np.int64]

    @classmethod
    def drawn(cls, secret: bytes) -> Layout:
        chips = Stream(secret, "chips/audio/v1")
        chip = np.array([1 - 2 * chips.below(2) for _ in range(_PERIOD * _DIPOLES)])
        symbols = Stream(secret, "permutation/audio/v1").permutation(_CODE)
        deal = Stream(secret, "pilots/audio/v1")
        blocks = _PERIOD // _BLOCK
        bit = np.full((blocks, _BLOCK * _DIPOLES), -1)
        for block, own in zip(bit, symbols.reshape(blocks, -1), strict=True):
            carrying = deal.permutation(len(block))[_SYNC:]
            block[carrying] = own[np.arange(len(carrying)) % len(own)]
        return cls(chip.reshape(_PERIOD, _DIPOLES), bit.reshape(_PERIOD, _DIPOLES))


# --- section 5: whitening ------------------------------------------------------------------------


def floored(power: Numbers) -> Numbers:
    """Return power with the floors added that silence and codecs make necessary."""
    least = 1e-6 * power.mean(axis=0) + 1e-11 + np.quantile(power, 0.1, axis=0)
    near = sliding_window_view(np.pad(power, ((1, 1), (2, 2)), mode="edge"), (3, 5))
    return np.asarray(power + least + 0.1 * near.mean(axis=(2, 3)))


def whitened(levels: Numbers) -> Numbers:
    """Return the values of cells by the plainest prediction of use, all of the same weight."""
    near = sliding_window_view(np.pad(levels, 1, mode="reflect"), (3, 3))
    error = levels - np.sum(near * _PREDICTION, axis=(2, 3))
    around = np.pad(np.minimum(error**2, 9), ((8, 8), (1, 1)), mode="edge")
    deviation = np.sqrt(sliding_window_view(around, (17, 3)).mean(axis=(2, 3)))
    return np.asarray(np.clip(error / np.maximum(deviation, 0.06), -2, 2))


# --- section 6: reading --------------------------------------------------------------------------


@dataclass(frozen=True)
class Fold:
    """A sound in one period, each (128, 24).

    Attributes:
        signal: Differences of the dipoles' cells, added up.
        energy: Squares of both cells, added up.
    """

    signal: Numbers
    energy: Numbers

    @classmethod
    def of(cls, values: Numbers) -> Fold:
        """Fold whitened cells, (slots, 48)."""
        whole = np.pad(values, ((0, -len(values) % _PERIOD), (0, 0)))
        lower, upper = np.moveaxis(whole.reshape(-1, _PERIOD, _DIPOLES, 2), -1, 0)
        return cls((lower - upper).sum(axis=0), (lower**2 + upper**2).sum(axis=0))

    def scores(self, layout: Layout) -> Numbers:
        """Return how well the known chips agree with each slot the period may begin at, (128,)."""
        known = layout.bit < 0
        return np.array(
            [
                np.sum(np.roll(self.signal, -start, axis=0)[known] * layout.chip[known])
                / np.sqrt(np.sum(np.roll(self.energy, -start, axis=0)[known]) + 1e-9)
                for start in range(_PERIOD)
            ]
        )

    def soft_values(self, layout: Layout, start: int) -> Numbers:
        """Return the soft value of each code bit, (1024,)."""
        agreement = np.roll(self.signal, -start, axis=0) * layout.chip
        carrying = layout.bit >= 0
        return np.bincount(layout.bit[carrying], agreement[carrying], _CODE).astype(np.float64)
