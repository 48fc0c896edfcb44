"""The payload once more, where a small copy or a strong blur leaves something of a picture.

In the lowest frequencies a picture is far stronger than anything that may be added to it, and a
mark that has to stand out from it would be seen. So nothing stands out here: each coefficient of
the whole picture's local cosine transform moves to the nearest point of a keyed lattice that says 0
or 1 (quantisation index modulation, Chen and Wornell 2001, doi 10.1109/18.923725), and not all the
way (scalar Costa scheme, Eggers et al. 2003, doi 10.1109/TSP.2003.809366). The reader need not know
the picture, only by how much its frequencies fell off, to a hundredth: every fifth coefficient is a
pilot, and tells.

Blurs differ in what they take to lie beyond a picture's border, and what they leave of it there
would hide the mark in every coefficient of a plain cosine transform. The waves of a local one
(Malvar 1992; Coifman and Meyer 1991) fade out towards the border, and keep their right angles to
each other. A wave that fades has not one frequency but a narrow band of them, and a blur weakens
its upper part more; so the reader looks for each through the inverse of the blur, as a power series
in its strength.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image import frame
from synthmark.watermark.scheme import IMAGE_GENERATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.keys import WatermarkKey
    from synthmark.watermark.image.frame import Pixels
    from synthmark.watermark.scheme import CoarseScheme, ImageScheme

LEAST_SIDE = 384
"""Fewest pixels a side of a picture that gets a coarse mark: a smaller one would pay too much."""

LEAST_COPY = 64
"""Fewest pixels a side of a copy that still shows all of it."""

# Orders of the power series of a blur's inverse that are looked at. By trial, as are the noises.
_ORDERS = 4
# Shares of red, green and blue.
_LUMA = np.array(IMAGE_GENERATIONS[0].luma, np.float32)
# Most pixels a side that a picture is looked at with: some six for each half cycle of the finest.
_SIDE = 256
# Share of the deviation of the main mark's change: busy pictures leave more noise and hide more.
# Measured (docs/measured/ablation.md).
_SHARE = 0.2
# Noise that the fit expects, in deviations of the change.
_EXPECTED_NOISE = np.float32(0.6)
# What the noise may then turn out to be, likewise; each nearly twice the one before.
_NOISES = np.array((0.1, 0.2, 0.35, 0.6, 1.0, 1.7), np.float32)
# Fall-offs exp(-b r^2 - c r^4) that are tried, r in units of 64 half cycles over the short side: b
# from a slight sharpening
_LEAST_FALL = -0.2
# to a blur of radius 12 at 512 pixels;
_MOST_FALL = 12.0
# c 0 for a Gaussian, near this share of b^2 for a box or several.
_CURVATURE = 0.15
# Distance of two b, times 1 + b. A gain that is off by a hundredth moves a strong coefficient by as
# much as the mark did.
_NEAR = 0.012
# No gain is taken for less than this.
_LEAST_GAIN = np.float32(0.02)
# The best fall-off is climbed from in so many steps at most,
_CLIMBS = 24
# down to this share of their distance.
_FINEST = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Which coefficients carry what under one key; n of them, from the lowest upwards.

    Attributes:
        scheme: Of the generation.
        down: int64 (n,), number of the wave over the height.
        across: int64 (n,), number of the wave over the width.
        step: float32 (n,), distance of two points that say the same, for a deviation of 1.
        dither: float32 (n,), where the lattice lies, in steps; of a pilot, that of its own points.
        pilots: int64 (p,), numbers of the coefficients whose points all say the same.
        data: int64 (n - p,), numbers of those that carry code bits.
        bit: int64 (n - p,), the code bit of each.
    """

    scheme: CoarseScheme
    down: NDArray[np.int64]
    across: NDArray[np.int64]
    step: NDArray[np.float32]
    dither: NDArray[np.float32]
    pilots: NDArray[np.int64]
    data: NDArray[np.int64]
    bit: NDArray[np.int64]

    @classmethod
    def of(cls, key: WatermarkKey, scheme: ImageScheme = IMAGE_GENERATIONS[0]) -> Lattice:
        """Return the lattice of `key` in a generation, drawn once and kept."""
        return _draw(key, scheme)


@lru_cache(maxsize=64)
def _draw(key: WatermarkKey, generation: ImageScheme) -> Lattice:
    scheme = generation.coarse
    down, across = np.indices((scheme.outer, scheme.outer)).reshape(2, -1)
    radius = np.hypot(down + 0.5, across + 0.5)
    order = np.argsort(radius, kind="stable")
    order = order[(radius[order] >= scheme.inner) & (radius[order] < scheme.outer)]
    numbers = np.arange(len(order))
    data = numbers[numbers % scheme.pilot_each > 0]
    stream = key.stream(generation.info("coarse"))
    dither = np.array([stream.below(2**16) for _ in order]) / 2**16
    repeats = -(-len(data) // scheme.code_bits)
    bits = [stream.permutation(scheme.code_bits) for _ in range(repeats)]
    shape = (radius[order] / scheme.reference_radius) ** scheme.shape_power
    return Lattice(
        scheme=scheme,
        down=down[order],
        across=across[order],
        # A change that is uniform over the share of a step has this deviation.
        step=(shape * np.sqrt(12) / np.float32(scheme.share)).astype(np.float32),
        dither=dither.astype(np.float32),
        pilots=numbers[:: scheme.pilot_each],
        data=data,
        bit=np.concatenate(bits)[: len(data)],
    )


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How a lattice lies in a picture at hand.

    Attributes:
        score: Agreement of the pilots over the deviation that chance alone gives it.
        deviation: Of the change at the reference radius, in levels.
        gain: float32 (n,), by how much each coefficient fell off.
        values: float32 (n,), the coefficients as they were before.
    """

    score: float
    deviation: float
    gain: NDArray[np.float32]
    values: NDArray[np.float32]


def view(pixels: Pixels) -> NDArray[np.float32]:
    """Return the luma of a small copy, float32 of at most 256 pixels a side, in 8-bit levels.

    It is rounded nowhere: at 512 pixels a side, rounding the luma and the copy would add eleven
    times the noise that the picture's three channels have from their own rounding.

    Args:
        pixels: uint8, uint16 or float32, (H, W, 3) RGB or (H, W).
    """
    height, width = (min(side, _SIDE) for side in pixels.shape[:2])
    if pixels.ndim == 2:
        small = frame.resize(pixels, width, height)
    else:
        small = np.zeros((height, width), np.float32)
        for channel, weight in enumerate(_LUMA):
            plane = np.asarray(cv2.extractChannel(pixels, channel))
            small += weight * frame.resize(plane, width, height)
    return small / np.float32(257) if pixels.dtype == np.uint16 else small


def series(
    small: NDArray[np.float32], lattice: Lattice, shape: tuple[int, ...], orders: int = _ORDERS
) -> NDArray[np.float32]:
    """Return the coefficients through the inverse of a blur, as a power series in its strength.

    Args:
        small: float32 (h, w), from `view`.
        lattice: Of the key.
        shape: Height and width of the picture.
        orders: How many orders to look at beyond the coefficients themselves.

    Returns:
        float32 (orders + 1, n). Where a blur left exp(-b r^2) of a coefficient at radius r, the sum
        of b^i times row i is what it left.
    """
    scheme = lattice.scheme
    height, width = small.shape
    # Frequencies count per short side.
    short = min(shape[:2])
    tall = [
        wave * np.float32((short / shape[0]) ** (2 * order)) @ small
        for order, wave in enumerate(_waves(height, scheme)[: orders + 1])
    ]
    wide = [
        wave.T * np.float32((short / shape[1]) ** (2 * order))
        for order, wave in enumerate(_waves(width, scheme)[: orders + 1])
    ]
    scale = np.float32(scheme.unit / np.sqrt(height * width))
    rows = []
    for order in range(orders + 1):
        both = sum(tall[first] @ wide[order - first] for first in range(order + 1))
        rows.append(np.asarray(both)[lattice.down, lattice.across] * scale)
    return np.array(rows, np.float32)


def coefficients(pixels: Pixels, lattice: Lattice) -> NDArray[np.float32]:
    """Return the coefficients of a lattice, float32 (n,).

    Args:
        pixels: What `view` takes, or a change of luma.
        lattice: Of the key.
    """
    found: NDArray[np.float32] = series(view(pixels), lattice, pixels.shape, 0)[0]
    return found


def deviation(main: float, lattice: Lattice) -> float:
    """Return the deviation of the coarse mark's change beside a main mark's, in levels."""
    known = _deviations(lattice)
    return float(known[np.abs(np.log(known / (_SHARE * main + 1e-9))).argmin()])


def change(
    host: NDArray[np.float32],
    code: NDArray[np.float32],
    lattice: Lattice,
    deviation: float,
    shape: tuple[int, ...],
) -> NDArray[np.float32]:
    """Return the change that moves a picture's coefficients towards a codeword, float32 (h, w).

    Args:
        host: float32 (n,), the coefficients as they are.
        code: float32 (512,), +1 or -1.
        lattice: Of the key.
        deviation: Of the change at the reference radius, in levels; from `deviation`.
        shape: Of the change.
    """
    scheme = lattice.scheme
    step = lattice.step * np.float32(deviation)
    place = lattice.dither.copy()
    place[lattice.data] += (code[lattice.bit] < 0) * np.float32(0.5)
    off = host / step - place
    moved = np.zeros((scheme.outer, scheme.outer), np.float32)
    share = np.float32(scheme.share)
    moved[lattice.down, lattice.across] = (np.rint(off) - off) * step * share
    height, width = shape
    scale = np.float32(np.sqrt(height * width) / scheme.unit)
    down, across = _waves(height, scheme)[0], _waves(width, scheme)[0]
    return np.asarray(down.T @ (moved * scale) @ across, np.float32)


def fit(found: NDArray[np.float32], lattice: Lattice, shape: tuple[int, ...]) -> Fit:
    """Return how the lattice most likely lies, as far as its pilots tell.

    All fall-offs are tried with all deviations, and the best is climbed from.

    Args:
        found: float32 (orders + 1, n), from `series`.
        lattice: Of the key.
        shape: Height and width of the picture at hand.
    """
    radius2 = _radius2(lattice, shape)
    pilots = lattice.pilots
    dither, step = lattice.dither[pilots], lattice.step[pilots]
    share, deviations = np.float32(lattice.scheme.share), _deviations(lattice)

    def agreement(
        falls: NDArray[np.float32], deviations: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Score each fall-off, (f, 2), with each deviation, (d,): float32 (d, f)."""
        gain, left = _fallen(found[:, pilots], falls, radius2[pilots])
        weight = _concentration(step, gain, _EXPECTED_NOISE, share)
        weight /= np.sqrt((weight * weight).sum(axis=1, keepdims=True) / 2)
        steps = left / gain / step
        scores = [
            (np.cos(2 * np.pi * (steps / each - dither)) * weight).sum(axis=1)
            for each in deviations
        ]
        return np.array(scores, np.float32)

    tried = _falls()
    surface = agreement(tried, deviations)
    number, place = np.unravel_index(int(surface.argmax()), surface.shape)
    best, fall = float(surface.max()), tried[place]
    deviation = deviations[number : number + 1]
    size = 1.0
    # r^2 is at most a quarter: b and four times as much of c move a gain alike.
    around = np.array([(x, 4 * y) for x in (-1, 0, 1) for y in (-1, 0, 1)], np.float32)
    for _ in range(_CLIMBS):
        near = fall + around * (_spacing(float(fall[0])) * size)
        scores = agreement(near, deviation)[0]
        if scores.max() > best:
            best, fall = float(scores.max()), near[int(scores.argmax())]
        elif size <= _FINEST:
            break
        else:
            size /= 2
    (gain,), (left,) = _fallen(found, fall[None], radius2)
    return Fit(best, float(deviation[0]), gain, left / gain)


def soft_values(lattice: Lattice, fitted: Fit) -> NDArray[np.float32]:
    """Return the soft value of each code bit, float32 (512,), in units of half a log ratio."""
    steps = fitted.values / (lattice.step * np.float32(fitted.deviation))
    agreeing = np.cos(2 * np.pi * (steps - lattice.dither))
    share = np.float32(lattice.scheme.share)
    likeliest, ratio = -np.inf, agreeing
    for noise in _NOISES:
        # The density around a circle, in two parts: one changes its sign with the bit.
        rho = _concentration(lattice.step, fitted.gain, noise, share)
        even = 1 + 2 * rho**4 * (2 * agreeing**2 - 1)
        odd = 2 * rho * agreeing + 2 * rho**9 * (4 * agreeing**3 - 3 * agreeing)
        likely = float(np.log(np.maximum(even + odd, 1e-2))[lattice.pilots].sum())
        if likely > likeliest:
            likeliest, ratio = likely, odd / np.maximum(even, 1e-2)
    soft = np.arctanh(np.clip(ratio[lattice.data], -0.98, 0.98))
    return np.asarray(np.bincount(lattice.bit, soft, lattice.scheme.code_bits), np.float32)


def _radius2(lattice: Lattice, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the squared frequency of each coefficient, 1 at 64 half cycles over the short side."""
    frequency, short = _frequency(lattice.scheme), min(shape)
    down = frequency[lattice.down] * (short / shape[0])
    across = frequency[lattice.across] * (short / shape[1])
    return np.asarray(down**2 + across**2, np.float32)


def _concentration(
    step: NDArray[np.float32], gain: NDArray[np.float32], noise: np.float32, share: np.float32
) -> NDArray[np.float32]:
    """Return the mean resultant length of phases: of one step's change and of noise over gain."""
    own = (1 - share) ** 2 / 12
    spread = own + (noise / (gain * step)) ** 2
    return np.asarray(np.exp(-2 * np.float32(np.pi**2) * spread), np.float32)


def _fallen(
    found: NDArray[np.float32], falls: NDArray[np.float32], radius2: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what fall-offs (f, 2) leave at squared radii (n,), of 1 and of each coefficient.

    Both are float32 (f, n). A band is so narrow that its fall-off may be taken for an exponential.
    """
    first, second = falls[:, :1], falls[:, 1:]
    gain = np.exp(-(first + second * radius2) * radius2)
    slope = first + 2 * second * radius2
    left = np.zeros_like(slope)
    for row in found[::-1]:
        left = left * slope + row
    return np.maximum(gain, _LEAST_GAIN), left


@cache
def _falls() -> NDArray[np.float32]:
    """Return the fall-offs to try: a Gaussian's, and one that falls a little faster."""
    firsts = [_LEAST_FALL]
    while firsts[-1] < _MOST_FALL:
        firsts.append(firsts[-1] + _spacing(firsts[-1]))
    tried = [(first, bend * first * first) for first in firsts for bend in (0.0, _CURVATURE)]
    return np.array(tried, np.float32)


def _spacing(first: float) -> float:
    return _NEAR * (1 + max(first, 0.0))


def _deviations(lattice: Lattice) -> NDArray[np.float32]:
    return np.array(lattice.scheme.deviations, np.float32)


@cache
def _frequency(scheme: CoarseScheme) -> NDArray[np.float64]:
    """Return the frequency of each wave, 1 at 64 half cycles over its side."""
    return (np.arange(scheme.outer) + 0.5) / (1 - 2 * scheme.edge) / scheme.unit


@lru_cache(maxsize=64)
def _waves(length: int, scheme: CoarseScheme) -> NDArray[np.float32]:
    """Return the waves over a side, and how the inverse of a blur alters them.

    Returns:
        float32 (5, 32, length): rows of an orthonormal transform, and the terms of the power series
        of exp(b (k^2 - f^2)), k being each frequency that they hold and f their own.
    """
    edge, unit = scheme.edge, scheme.unit
    place = (np.arange(length) + 0.5) / length
    rise = np.clip(np.minimum(place, 1 - place) / (2 * edge), 0, 1)
    # The squares of what rises and of its mirror image about the edge have to add up to 1.
    window = np.sin(np.pi / 2 * _smoothstep(rise, scheme.smoothness))
    window *= np.sqrt(2 / (1 - 2 * edge) / length)
    frequency = _frequency(scheme)[:, None]
    waves = window * np.cos(np.pi * unit * frequency * (place - edge))
    spectrum = np.fft.rfft(waves, 2 * length)
    excess = (np.arange(length + 1) / unit) ** 2 - frequency**2
    terms = [
        np.fft.irfft(spectrum * excess**order)[:, :length] / math.factorial(order)
        for order in range(_ORDERS + 1)
    ]
    return np.array(terms, np.float32)


def _smoothstep(share: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Return the polynomial from 0 to 1 that is flat at both ends in `order` derivatives."""
    terms = [
        math.comb(order + k, k) * math.comb(2 * order + 1, order - k) * (-share) ** k
        for k in range(order + 1)
    ]
    return np.asarray(share ** (order + 1) * np.sum(terms, axis=0))
