"""A reader of plain pictures, neither turned nor bent: docs/spec/image-1.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.second_reader.shared import OPEN_SECRET, Stream, checked, messages, subkey

Plane = NDArray[np.float64]
Points = NDArray[np.int64]

_TILE = 128


def read(pixels: NDArray[Any], secret: bytes = OPEN_SECRET) -> bytes | None:
    """Return the payload of the main mark of a picture as it was marked, None without one.

    Args:
        pixels: uint8, (H, W, 3) RGB or (H, W) gray.
        secret: The key's 32 bytes.
    """
    plane = whitened(frame(luma(pixels)))
    spectrum = np.fft.fft2(folded(plane))
    carriers = Carriers.drawn(secret)
    soft = soft_values(spectrum, carriers, origin(spectrum, carriers))
    return checked(messages(soft, 160, 32), subkey(secret, "check/image/v1"))


# --- section 1: luma and frame -------------------------------------------------------------------


def luma(pixels: NDArray[Any]) -> Plane:
    """Return the luma in 8-bit levels."""
    if pixels.ndim == 2:
        return pixels.astype(float)
    return np.asarray(pixels @ np.array((0.299, 0.587, 0.114)))


def frame(plane: Plane) -> Plane:
    """Return a picture scaled to the frame that its size was marked in."""
    short = min(plane.shape)
    side = next(side for below, side in ((192, 128), (384, 256), (704, 512)) if short < below)
    height, width = (round(length * side / short) for length in plane.shape)
    return scaled(plane, height, width)


def scaled(plane: Plane, height: int, width: int) -> Plane:
    """Return a plane of another size; where it shrinks, pixels are weighed by triangles."""
    return _weights(plane.shape[0], height) @ plane @ _weights(plane.shape[1], width).T


def _weights(before: int, after: int) -> Plane:
    ratio = before / after
    middles = (np.arange(after)[:, None] + 0.5) * ratio - 0.5
    weights = np.maximum(0, 1 - np.abs(np.arange(before) - middles) / max(ratio, 1))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


# --- section 2: whitening ------------------------------------------------------------------------


def whitened(plane: Plane) -> Plane:
    """Return what is left of a picture: the high-pass residual over its local deviation."""
    residual = plane - blurred(plane, 1.5)
    variance = blurred(residual**2, 2.5)
    floor = min(1, 0.3 * np.median(variance)) + 0.0001
    return np.asarray(np.clip(residual / np.sqrt(variance + floor), -2, 2))


def blurred(plane: Plane, sigma: float) -> Plane:
    """Return a Gaussian blur, cut at 2.5 sigma, the border reflected."""
    reach = int(np.ceil(2.5 * sigma))
    wave = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    wave /= wave.sum()
    for axis in (0, 1):
        padding = [(reach, reach) if axis == each else (0, 0) for each in (0, 1)]
        around = np.lib.stride_tricks.sliding_window_view(
            np.pad(plane, padding, mode="reflect"), len(wave), axis=axis
        )
        plane = around @ wave
    return plane


# --- section 3: folding --------------------------------------------------------------------------


def folded(plane: Plane) -> Plane:
    """Return the mean over all tiles, (128, 128)."""
    total, count = np.zeros((2, _TILE, _TILE))
    y, x = (np.arange(length) % _TILE for length in plane.shape)
    np.add.at(total, np.ix_(y, x), plane)
    np.add.at(count, np.ix_(y, x), 1)
    return np.asarray(total / np.maximum(count, 1))


# --- section 4: points, pilots and data ----------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Carriers:
    """What one key decides.

    Attributes:
        pilots: (p, 2), ky and kx.
        phases: (p,), in radians.
        data: (m, 2), ky and kx.
        bit: (m, 2), the code bit of each point's real and imaginary part.
        sign: (m, 2).
    """

    pilots: Points
    phases: Plane
    data: Points
    bit: Points
    sign: Points

    @classmethod
    def drawn(cls, secret: bytes) -> Carriers:
        """Draw the carriers of a key."""
        points = [
            (ky, kx)
            for ky in range(33)
            for kx in range(-32, 33)
            if (ky > 0 or kx > 0) and 0.035 <= np.hypot(ky, kx) / _TILE < 0.25
        ]
        pilots = _pilots(points, Stream(secret, "pilots/image/v1"))
        data = [point for point in points if point not in pilots]
        phases = Stream(secret, "phases/image/v1")
        order = Stream(secret, "permutation/image/v1").permutation(2 * len(data))
        bit = np.empty(2 * len(data), np.int64)
        bit[order] = np.arange(2 * len(data)) % 1024
        signs = Stream(secret, "signs/image/v1")
        return cls(
            pilots=np.array(pilots),
            phases=np.array([np.pi / 4 + phases.below(4) * np.pi / 2 for _ in pilots]),
            data=np.array(data),
            bit=bit.reshape(-1, 2),
            sign=np.array([1 - 2 * signs.below(2) for _ in bit]).reshape(-1, 2),
        )


def _pilots(points: list[tuple[int, int]], stream: Stream) -> list[tuple[int, int]]:
    candidates = [each for each in points if 0.07 < np.hypot(*each) / _TILE < 0.24]
    while True:
        drawn = [candidates[place] for place in stream.permutation(len(candidates))]
        low = [each for each in drawn if np.hypot(*each) / _TILE < 0.125]
        pilots: list[tuple[int, int]] = []
        for y, x in low + [each for each in drawn if each not in low]:
            apart = (min(np.hypot(y - a, x - b), np.hypot(y + a, x + b)) for a, b in pilots)
            if len(pilots) < 64 and all(each >= 5 for each in apart):
                pilots.append((y, x))
        if len(pilots) >= 40:
            return pilots


# --- section 6: reading --------------------------------------------------------------------------


def origin(spectrum: NDArray[np.complex128], carriers: Carriers) -> tuple[int, int]:
    """Return where the tile's origin lies, (dy, dx)."""
    ky, kx = carriers.pilots.T
    values = spectrum[ky, kx] * np.exp(-1j * carriers.phases) / _noise(spectrum, carriers.pilots)
    steering = np.exp(2j * np.pi / _TILE * np.outer(np.arange(_TILE), np.arange(-64, 64)))
    surface = ((steering[:, ky + 64] * values) @ steering[:, kx + 64].T).real
    dy, dx = divmod(int(surface.argmax()), _TILE)
    return dy, dx


def soft_values(
    spectrum: NDArray[np.complex128], carriers: Carriers, place: tuple[int, int]
) -> Plane:
    """Return the soft value of each code bit, (1024,)."""
    ky, kx = carriers.data.T
    turn = np.exp(2j * np.pi / _TILE * (carriers.data @ np.array(place)))
    radius = np.hypot(ky, kx) / _TILE
    values = spectrum[ky, kx] * turn * radius**1.3 / _noise(spectrum, carriers.data)
    parts = np.stack((values.real, values.imag), axis=1) * carriers.sign
    return np.asarray(np.bincount(carriers.bit.ravel(), parts.ravel(), 1024), float)


def _noise(spectrum: NDArray[np.complex128], points: Points) -> Plane:
    """Return the mean power over the points of like radius, to within one cycle a tile."""
    frequency = np.fft.fftfreq(_TILE, 1 / _TILE)
    rings = np.rint(np.hypot(frequency[:, None], frequency)).astype(int)
    power = np.bincount(rings.ravel(), np.abs(spectrum.ravel()) ** 2) / np.bincount(rings.ravel())
    return np.asarray(power[np.rint(np.hypot(*points.T)).astype(int)])


# --- section 7: the coarse mark ------------------------------------------------------------------


def read_coarsely(pixels: NDArray[Any], secret: bytes = OPEN_SECRET) -> bytes | None:
    """Return the payload of the coarse mark of a picture that is as sharp as it was, or None."""
    found = _coefficients(luma(pixels))
    numbers = sorted(
        ((2 * k + 1) ** 2 + (2 * m + 1) ** 2, k, m) for k in range(32) for m in range(32)
    )
    used = [(k, m) for square, k, m in numbers if 4 <= np.sqrt(square) / 2 < 32]
    k, m = np.array(used).T
    stream = Stream(secret, "coarse/image/v1")
    dither = np.array([stream.below(65_536) for _ in used]) / 65_536
    pilot = np.arange(len(used)) % 5 == 0
    repeats = -(-np.count_nonzero(~pilot) // 512)
    bit = np.concatenate([stream.permutation(512) for _ in range(repeats)])[: sum(~pilot)]
    step = (np.hypot(k + 0.5, m + 0.5) / 30) ** -1.3 * np.sqrt(12) / 0.6
    agreement = [
        np.cos(2 * np.pi * (found[k, m] / (0.15 * 2 ** (g / 2) * step) - dither)) for g in range(7)
    ]
    best = max(agreement, key=lambda each: float(each[pilot].sum()))
    soft = np.asarray(np.bincount(bit, best[~pilot], 512), float)
    return checked(messages(soft, 160, 0), subkey(secret, "check/image/v1"))


def _coefficients(plane: Plane) -> Plane:
    down, across = (_waves(length) for length in plane.shape)
    return np.asarray(64 / np.sqrt(plane.size) * down @ plane @ across.T)


def _waves(length: int) -> Plane:
    t = (np.arange(length) + 0.5) / length
    u = np.minimum(np.minimum(t, 1 - t) * 6, 1)
    rise = u**5 * (126 - 420 * u + 540 * u**2 - 315 * u**3 + 70 * u**4)
    wave = np.cos(np.pi * (np.arange(32)[:, None] + 0.5) * (t - 1 / 12) / (5 / 6))
    return np.asarray(np.sqrt(2 / (5 / 6 * length)) * np.sin(np.pi / 2 * rise) * wave)
