from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.image import folding
from synthmark.watermark.image.frame import TILE

Plane = NDArray[np.float32]


def noise(height: int, width: int) -> Plane:
    generator = np.random.default_rng(height * width)
    return generator.normal(0, 1, (height, width)).astype(np.float32)


def folded(plane: Plane) -> NDArray[np.float64]:
    """Every pixel put on its place of the tile, one by one."""
    total, count = np.zeros((TILE, TILE)), np.zeros((TILE, TILE))
    for (y, x), value in np.ndenumerate(plane):
        total[y % TILE, x % TILE] += value
        count[y % TILE, x % TILE] += 1
    return total / np.maximum(count, 1)


@pytest.mark.kernel
@pytest.mark.parametrize("shape", [(130, 140), (100, 50), (128, 256)])
def test_fold_follows_the_oracle(shape: tuple[int, int]) -> None:
    plane = noise(*shape)
    assert np.allclose(folding.fold(plane), folded(plane), atol=1e-3)


def folded_through(plane: Plane, transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every pixel mapped by the whole matrix and put on the nearest place of the finer tile."""
    total = np.zeros((2 * TILE, 2 * TILE))
    for (y, x), value in np.ndenumerate(plane):
        row, column, weight = transform @ (y, x, 1)
        place = np.floor(2 * np.array((row, column)) / weight + 0.5).astype(int) % (2 * TILE)
        total[tuple(place)] += value
    return total


@pytest.mark.kernel
def test_fold_through_follows_the_oracle() -> None:
    transform = np.array([[1.1, 0.2, -300.3], [-0.3, 0.9, 77.7], [1e-4, -2e-4, 1.0]])
    plane = noise(40, 60)
    found = folding.fold_through(plane, transform)
    assert np.allclose(found, folded_through(plane, transform), atol=1e-4)


def test_a_plane_seen_through_its_own_place_has_the_same_spectrum() -> None:
    plane = noise(256, 384)
    moved = np.eye(3)
    moved[:2, 2] = 5, 100
    plain = folding.spectrum(plane) * 6
    found = folding.spectrum_through(plane, moved)
    k = np.fft.fftfreq(TILE) * TILE
    expected = plain * np.exp(-2j * np.pi * (5 * k[:, None] + 100 * k) / TILE)
    low = np.abs(k) < 40
    apart = np.abs(found - expected)[np.ix_(low, low)]
    assert apart.max() < 1e-3 * np.abs(plain).max()


def test_a_flat_plane_is_empty() -> None:
    found = folding.spectrum(np.zeros((200, 300), np.float32))
    assert np.abs(found).max() == 0
