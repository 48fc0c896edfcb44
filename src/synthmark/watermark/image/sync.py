"""Find how the marked picture lies: in which of eight orientations, and where its tiles begin.

A picture that was inverted, dark for light, carries the negative of its mark: the matched filter's
lowest value tells of that as its highest does of the mark as it was made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image import channel
from synthmark.watermark.image.carriers import ORIENTATIONS
from synthmark.watermark.image.frame import TILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from synthmark.watermark.image.carriers import Carriers

# Fall-offs b of amplitudes exp(-b r^2), r in cycles a frame pixel, that are tried: none, a half at
# 0.15, and a half at 0.08, where blur or scaling left the low pilots alone.
FALL_OFFS = (0.0, 30.0, 120.0)
# Deviations of the noise that one pilot may count for at most (docs/measured/ablation.md).
_MOST_DEVIATIONS = 2.5
# Offsets around a whole shift that are tried first, in frame pixels,
_COARSE = np.arange(-4, 5) * 0.25
# and around the best of those.
_FINE = np.arange(-4, 5) * 0.0625
# Fall-off that a refined shift is weighed with: 22 % less at the outermost point. By trial.
_FALL_OFF = 4.0


@dataclass(frozen=True, slots=True)
class Sync:
    """One way the picture may lie.

    Attributes:
        score: Peak of the pilots' matched filter over the deviation that noise alone gives it;
            about 3.7 by chance, and `presence` says how likely more is.
        orientation: Number in `carriers.ORIENTATIONS`.
        shift: Where the tile's origin lies, (dy, dx) in frame pixels.
        polarity: 1, or -1 where the picture was inverted.
    """

    score: float
    orientation: int
    shift: tuple[float, float]
    polarity: int = 1


def find(
    spectrum: NDArray[np.complex64],
    carriers: Carriers,
    orientations: Sequence[int] = range(len(ORIENTATIONS)),
    polarities: Sequence[int] = (1,),
) -> list[Sync]:
    """Return the best shift in each orientation and polarity, the best first; shifts are whole."""
    found = []
    for orientation in orientations:
        surfaces = matched(spectrum, carriers, orientation)
        for polarity in polarities:
            peak = int(surfaces.argmax() if polarity > 0 else surfaces.argmin())
            score, place = polarity * float(surfaces.flat[peak]), peak % (TILE * TILE)
            shift = float(place // TILE), float(place % TILE)
            found.append(Sync(score, orientation, shift, polarity))
    return sorted(found, key=lambda sync: -sync.score)


def refine(spectrum: NDArray[np.complex64], carriers: Carriers, coarse: Sync) -> Sync:
    """Return the same orientation with its shift refined to a sixteenth of a pixel."""
    pilots = carriers.pilots
    values = coarse.polarity * channel.turned(spectrum, pilots, coarse.orientation, coarse.shift)
    power = channel.noise(spectrum, carriers, coarse.orientation)[pilots.ring]
    values = values * carriers.phases.conj() * np.exp(-_FALL_OFF * pilots.radius2) / power
    dy = dx = 0.0
    for steps in (_COARSE, _FINE):
        ky, kx = pilots.frequency.T * (2 * np.pi / TILE)
        down = np.exp(1j * np.outer(dy + steps, ky))
        across = np.exp(1j * np.outer(dx + steps, kx))
        surface = np.einsum("ip,jp,p->ij", down, across, values, optimize=True).real
        best = int(surface.argmax())
        dy, dx = dy + steps[best // len(steps)], dx + steps[best % len(steps)]
    return replace(coarse, shift=(coarse.shift[0] + float(dy), coarse.shift[1] + float(dx)))


def matched(
    spectrum: NDArray[np.complex64], carriers: Carriers, orientation: int
) -> NDArray[np.float32]:
    """Return for each fall-off the matched filter's surface, (fall-offs, TILE, TILE), unit noise.

    The noise is that of the data points around the pilots, not of the surface itself, which a
    strong mark would fill with its own side lobes.
    """
    pilots = carriers.pilots
    power = channel.noise(spectrum, carriers, orientation)[pilots.ring]
    values = spectrum.ravel()[pilots.index[orientation]] * carriers.phases.conj()
    # A single line of the picture's own spectrum must not pass for agreement of all pilots.
    most = _MOST_DEVIATIONS * np.sqrt(power)
    values = values * np.minimum(1, most / (np.abs(values) + 1e-12))
    plain = pilots.index[0]
    mirror = -(plain // TILE) % TILE * TILE + -plain % TILE
    surfaces = np.empty((len(FALL_OFFS), TILE, TILE), np.float32)
    for first in range(0, len(FALL_OFFS), 2):
        # Two real surfaces are the real and imaginary part of one transform.
        packed = np.zeros((TILE, TILE), np.complex64)
        flat = packed.ravel()
        for number, unit in zip(range(first, len(FALL_OFFS)), (1, 1j), strict=False):
            weight = np.exp(-FALL_OFFS[number] * pilots.radius2) * pilots.shape / power
            weight *= TILE * TILE / 2 / np.sqrt((weight * weight * power).sum())
            flat[plain] += np.complex64(unit) * values * weight
            flat[mirror] += np.complex64(unit) * values.conj() * weight
        pair = packed.view(np.float32).reshape(TILE, TILE, 2)
        both = np.asarray(cv2.idft(pair, flags=cv2.DFT_SCALE), np.float32)
        surfaces[first] = both[..., 0]
        if first + 1 < len(FALL_OFFS):
            surfaces[first + 1] = both[..., 1]
    return surfaces
