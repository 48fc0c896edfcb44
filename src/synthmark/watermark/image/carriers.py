"""Which frequencies of the tile carry what under one key.

The tile's spectrum has about 1,580 usable points in its upper half plane. Some 45 of them are
pilots with known phases, for synchronisation; each of the others carries two code bits, one in its
real and one in its imaginary part, and each code bit is repeated about three times.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.image.frame import TILE
from synthmark.watermark.scheme import IMAGE_GENERATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.keys import Stream, WatermarkKey
    from synthmark.watermark.scheme import ImageScheme

# Amplitude grows as this power of the radius over the first: there is less of the picture to stand
# out from. Radius in cycles a frame pixel; the power was measured (docs/measured/ablation.md).
_SHAPE_RADIUS = 0.15
_SHAPE_POWER = 1.3
# Radius in cycles a frame pixel; lower pilots get the amplitude of this one, as a strong blur or a
# coarse quantiser leaves no others. Measured (docs/measured/ablation.md).
_PILOT_LEAST_RADIUS = 0.12
# Radii that share one noise power, in cycles a frame pixel: some 90 data points.
_RING = 0.0125

ORIENTATIONS = tuple((mirrored, turns) for mirrored in (False, True) for turns in range(4))
"""The eight ways a picture can lie: mirrored left to right, then turned counter-clockwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points of the tile's spectrum; n of them.

    Attributes:
        frequency: float32 (n, 2), ky and kx in cycles a tile.
        index: int64 (8, n), where each lies in the flattened spectrum of a picture in each of
            `ORIENTATIONS`.
        radius2: float32 (n,), squared radius in (cycles a frame pixel)^2.
        shape: float32 (n,), relative amplitude, unit mean square over the data points.
        ring: int64 (n,), number of the ring whose noise it shares.
    """

    frequency: NDArray[np.float32]
    index: NDArray[np.int64]
    radius2: NDArray[np.float32]
    shape: NDArray[np.float32]
    ring: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Carriers:
    """Everything that a key and a generation decide about the spectrum.

    Attributes:
        scheme: The generation.
        data: Points that carry code bits.
        pilots: Points with known phases.
        phases: complex64 (pilots,), of unit length.
        bit: int64 (2, data points), the code bit in each real and imaginary part.
        sign: float32 (2, data points), +1 or -1.
        rings: Number of rings.
    """

    scheme: ImageScheme
    data: Points
    pilots: Points
    phases: NDArray[np.complex64]
    bit: NDArray[np.int64]
    sign: NDArray[np.float32]
    rings: int

    @classmethod
    def of(cls, key: WatermarkKey, scheme: ImageScheme = IMAGE_GENERATIONS[0]) -> Carriers:
        """Return the carriers of `key` in a generation, drawn once and kept."""
        return _draw(key, scheme)


@lru_cache(maxsize=64)
def _draw(key: WatermarkKey, scheme: ImageScheme) -> Carriers:
    points = _half_plane(scheme)
    pilots = _pilots(points, scheme, key.stream(scheme.info("pilots")))
    data = points[~(points[:, None] == pilots).all(axis=2).any(axis=1)]
    unit = float(np.sqrt(np.mean(_shape(data) ** 2)))
    phases = key.stream(scheme.info("phases"))
    quarter = np.array([phases.below(4) for _ in pilots])
    count = 2 * len(data)
    order = np.array(key.stream(scheme.info("permutation")).permutation(count))
    bit = np.empty(count, np.int64)
    bit[order] = np.arange(count) % scheme.code_bits
    signs = key.stream(scheme.info("signs"))
    sign = np.array([1 - 2 * signs.below(2) for _ in range(count)], np.float32)
    return Carriers(
        scheme=scheme,
        data=_points(data, unit),
        pilots=_points(pilots, unit, _PILOT_LEAST_RADIUS),
        phases=np.exp(1j * np.pi * (0.25 + quarter / 2)).astype(np.complex64),
        bit=np.ascontiguousarray(bit.reshape(-1, 2).T),
        sign=np.ascontiguousarray(sign.reshape(-1, 2).T),
        rings=int(scheme.outer / _RING) + 1,
    )


def _half_plane(scheme: ImageScheme) -> NDArray[np.int64]:
    """Return ky and kx of every point of the upper half plane that is used, row by row."""
    reach = int(scheme.outer * TILE) + 1
    ky, kx = np.mgrid[0 : reach + 1, -reach : reach + 1]
    radius = np.hypot(ky, kx) / TILE
    chosen = (radius >= scheme.inner) & (radius < scheme.outer) & ((ky > 0) | (kx > 0))
    return np.asarray(np.stack((ky[chosen], kx[chosen]), axis=1), np.int64)


def _pilots(points: NDArray[np.int64], scheme: ImageScheme, stream: Stream) -> NDArray[np.int64]:
    """Choose pilots that keep their distance, from each other and from each other's mirror."""
    radius = np.hypot(*points.T) / TILE
    fits = (radius > scheme.pilots_inner) & (radius < scheme.pilots_outer)
    candidates, radius = points[fits], radius[fits]
    chosen = np.empty((scheme.most_pilots, 2), np.int64)
    while True:
        count = 0
        order = np.array(stream.permutation(len(candidates)))
        low = radius[order] < scheme.pilots_low
        for place in np.concatenate((order[low], order[~low])):
            point, others = candidates[place], chosen[:count]
            apart = np.minimum(((others - point) ** 2).sum(1), ((others + point) ** 2).sum(1))
            if not count or apart.min() >= scheme.pilot_distance**2:
                chosen[count] = point
                count += 1
            if count == scheme.most_pilots:
                break
        if count >= scheme.fewest_pilots:
            return chosen[:count]


def _shape(points: NDArray[np.int64], least_radius: float = 0.0) -> NDArray[np.float64]:
    radius = np.maximum(np.hypot(*points.T) / TILE, least_radius)
    shape: NDArray[np.float64] = (radius / _SHAPE_RADIUS) ** _SHAPE_POWER
    return shape


def _points(points: NDArray[np.int64], unit: float, least_radius: float = 0.0) -> Points:
    radius = np.hypot(*points.T) / TILE
    index = np.stack([_seen(points, *orientation) for orientation in ORIENTATIONS])
    return Points(
        frequency=points.astype(np.float32),
        index=index,
        radius2=(radius**2).astype(np.float32),
        shape=(_shape(points, least_radius) / unit).astype(np.float32),
        ring=(radius / _RING).astype(np.int64),
    )


def _seen(points: NDArray[np.int64], mirrored: bool, turns: int) -> NDArray[np.int64]:
    """Return where the points of a picture lie once it is mirrored and turned."""
    ky, kx = points.T
    if mirrored:
        kx = -kx
    for _ in range(turns):
        # np.rot90 sends row y, column x to row -x, column y.
        ky, kx = -kx, ky
    return np.asarray(ky % TILE * TILE + kx % TILE, np.int64)
