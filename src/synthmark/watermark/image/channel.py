"""From the folded spectrum to soft values of the code bits, and from code bits to a tile.

The channel is described by one number: a picture that was blurred, scaled or compressed loses
amplitude as exp(-b r^2), and the pilots tell b.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image.frame import TILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.image.carriers import Carriers, Points

# Fall-offs b of amplitudes exp(-b r^2), r in cycles a frame pixel, that the pilots choose from:
# none, then from 22 % less at the outermost point to nothing left there.
_FALL_OFFS = np.concatenate(([0.0], 2.0 ** np.arange(2, 8))).astype(np.float32)
# The one that whoever marks reckons with: 39 % less at the outermost point. By trial.
_NOMINAL_FALL_OFF = 8.0
# Points of the spectrum each way around a data point whose power tells of its noise, too.
_AROUND = 3
# Measured (docs/measured/ablation.md).
PILOT_SHARE = 0.25
"""Share of the watermark's energy that goes into the pilots."""


def noise(
    spectrum: NDArray[np.complex64], carriers: Carriers, orientation: int
) -> NDArray[np.float32]:
    """Return the noise power of each ring, half the mean power of its data points."""
    values = spectrum.ravel()[carriers.data.index[orientation]]
    power = values.real**2 + values.imag**2
    ring = carriers.data.ring
    total = np.bincount(ring, power, carriers.rings)
    count = np.bincount(ring, minlength=carriers.rings)
    return (total / np.maximum(2 * count, 1) + 1e-12).astype(np.float32)


def noise_around(
    spectrum: NDArray[np.complex64], carriers: Carriers, orientation: int
) -> NDArray[np.float32]:
    """Return the noise power of each data point, float32 (n,).

    A picture has lines of its own, in some directions more than in others: the power of a ring and
    that of the points around count alike, in logarithms.
    """
    rings = noise(spectrum, carriers, orientation)
    power = np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)
    index, usual = carriers.pilots.index[orientation], 2 * rings[carriers.pilots.ring]
    power.ravel()[index] = usual
    power.ravel()[-(index // TILE) % TILE * TILE + -index % TILE] = usual
    beyond = np.pad(power, _AROUND, mode="wrap")
    means = cv2.blur(beyond, (2 * _AROUND + 1,) * 2)[_AROUND:-_AROUND, _AROUND:-_AROUND]
    here = means.ravel()[carriers.data.index[orientation]] / 2 + np.float32(1e-12)
    return np.asarray(np.sqrt(here * rings[carriers.data.ring]), np.float32)


def turned(
    spectrum: NDArray[np.complex64],
    points: Points,
    orientation: int,
    shift: tuple[float, float],
) -> NDArray[np.complex64]:
    """Return the values at `points` of a picture seen in an orientation, its shift undone."""
    values = spectrum.ravel()[points.index[orientation]]
    angle = points.frequency @ np.array(shift, np.float32) * np.float32(2 * np.pi / TILE)
    turned: NDArray[np.complex64] = values * np.exp(1j * angle).astype(np.complex64)
    return turned


def soft_values(
    spectrum: NDArray[np.complex64],
    carriers: Carriers,
    *,
    orientation: int = 0,
    shift: tuple[float, float],
    fitted: bool,
) -> NDArray[np.float32]:
    """Return the soft value of each code bit, float32 (1024,), unit RMS.

    Args:
        spectrum: complex64 (TILE, TILE), of a whitened and folded frame.
        carriers: Of the key.
        orientation: Number in `carriers.ORIENTATIONS`.
        shift: Where the tile's origin lies, (dy, dx) in frame pixels.
        fitted: Whether the pilots tell the fall-off (detector) or it is nominal (embedder).
    """
    data, pilots = carriers.data, carriers.pilots
    fall_off = np.float32(_NOMINAL_FALL_OFF)
    if fitted:
        power = noise(spectrum, carriers, orientation)
        seen = turned(spectrum, pilots, orientation, shift)
        amplitude = (seen * carriers.phases.conj()).real
        gain = np.exp(-_FALL_OFFS[:, None] * pilots.radius2) * pilots.shape
        matched = (gain * amplitude / power[pilots.ring]).sum(axis=1)
        fit = matched / np.sqrt((gain * gain / power[pilots.ring]).sum(axis=1))
        fall_off = _FALL_OFFS[np.argmax(fit)]
    around = noise_around(spectrum, carriers, orientation)
    weight = np.exp(-fall_off * data.radius2) * data.shape / around
    values = turned(spectrum, data, orientation, shift) * weight
    parts = np.stack((values.real, values.imag)) * carriers.sign
    soft = np.bincount(carriers.bit.ravel(), parts.ravel(), carriers.scheme.code_bits)
    rms = float(np.sqrt(np.mean(soft * soft)))
    return (soft / max(rms, 1e-12)).astype(np.float32)


def tile(amplitudes: NDArray[np.float32], carriers: Carriers) -> NDArray[np.float32]:
    """Return the tile that carries signed amplitudes, float32 (TILE, TILE), its origin at 0.

    Args:
        amplitudes: float32 (1024,), positive for code bit 0.
        carriers: Of the key.
    """
    data, pilots = carriers.data, carriers.pilots
    parts = amplitudes[carriers.bit] * carriers.sign / np.float32(np.sqrt(2))
    energy = float(np.mean(amplitudes * amplitudes))
    share = PILOT_SHARE / (1 - PILOT_SHARE)
    pilot = np.sqrt(share * energy * data.shape.size / pilots.shape.size)
    half = np.zeros(TILE * TILE, np.complex64)
    half[data.index[0]] = (parts[0] + 1j * parts[1]) * data.shape
    half[pilots.index[0]] = np.float32(pilot) * carriers.phases * pilots.shape
    # The real part of half a spectrum is half of the whole one.
    whole = 2 * np.fft.ifft2(half.reshape(TILE, TILE)).real * TILE
    return whole.astype(np.float32)
