"""Fold whitened cells into one period, and find where in the sound the period begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio.cells import DIPOLES
from synthmark.watermark.audio.layout import PERIOD
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.audio.layout import Layout


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A sound folded into one period of dipoles.

    Attributes:
        signal: float32 (24, 128), sums of weighted differences, lower cell minus upper one.
        energy: float32 (24, 128), sums of their squares, cell by cell.
        slots: How many slots were folded.
    """

    signal: NDArray[np.float32]
    energy: NDArray[np.float32]
    slots: int

    @classmethod
    def of(cls, values: NDArray[np.float32], weights: NDArray[np.float32]) -> Fold:
        """Fold whitened values, float32 (slots, 48), with a weight for each."""
        signal, energy = fold(values, weights)
        return cls(signal, energy, len(values))

    def __add__(self, other: Fold) -> Fold:
        """Return the fold of both sounds."""
        signal, energy = self.signal + other.signal, self.energy + other.energy
        return Fold(signal, energy, self.slots + other.slots)

    def scores(self, layout: Layout) -> NDArray[np.float32]:
        """Return the score of each slot at which the period may begin, float32 (128,).

        Of unmarked sound it is nearly a standard normal variable.
        """
        return correlate(self.signal, self.energy, layout.sync)

    def turned(self, start: int) -> Fold:
        """Return the fold with the period's first slot first, when it began at slot `start`."""
        signal, energy = (np.roll(part, -start, axis=1) for part in (self.signal, self.energy))
        return Fold(signal, energy, self.slots)


@kernel("UniTuple(float32[:, ::1], 2)(float32[:, ::1], float32[:, ::1])")
def fold(
    values: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return signal and energy of `Fold`."""
    signal = np.zeros((DIPOLES, PERIOD), np.float32)
    energy = np.zeros((DIPOLES, PERIOD), np.float32)
    for slot in range(values.shape[0]):
        place = slot % PERIOD
        for dipole in range(DIPOLES):
            low = values[slot, 2 * dipole] * weights[slot, 2 * dipole]
            high = values[slot, 2 * dipole + 1] * weights[slot, 2 * dipole + 1]
            signal[dipole, place] += low - high
            energy[dipole, place] += low * low + high * high
    return signal, energy


@kernel("float32[::1](float32[:, ::1], float32[:, ::1], float32[:, ::1])")
def correlate(
    signal: NDArray[np.float32], energy: NDArray[np.float32], template: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the correlation with the template at every start, over the energy under it.

    Args:
        signal: float32 (dipoles, period).
        energy: float32 (dipoles, period).
        template: float32 (dipoles, period): +1, -1, or 0 for what does not count.

    Returns:
        float32 (period,): element s for a template that begins at slot s.
    """
    dipoles, period = signal.shape
    total = np.zeros(period, np.float32)
    power = np.full(period, 1e-9, np.float32)
    twice = np.empty(2 * period, np.float32)
    twice_energy = np.empty(2 * period, np.float32)
    for dipole in range(dipoles):
        twice[:period] = signal[dipole]
        twice[period:] = signal[dipole]
        twice_energy[:period] = energy[dipole]
        twice_energy[period:] = energy[dipole]
        for place in range(period):
            sign = template[dipole, place]
            if sign != 0:
                for start in range(period):
                    total[start] += sign * twice[place + start]
                    power[start] += twice_energy[place + start]
    return (total / np.sqrt(power)).astype(np.float32)
