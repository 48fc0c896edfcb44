from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.image import whitening

Plane = NDArray[np.float32]
GOLDEN = Path(__file__).parents[2] / "golden" / "rank.npz"


def noise(height: int, width: int, deviation: float = 20.0) -> Plane:
    generator = np.random.default_rng(height * width)
    return generator.normal(128, deviation, (height, width)).astype(np.float32)


def blurred(plane: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Separable Gaussian, cut at 2.5 sigma, borders reflected without repeating the edge."""
    reach = int(np.ceil(2.5 * sigma))
    taps = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    taps /= taps.sum()
    for axis in (0, 1):
        width = [(reach, reach) if axis == each else (0, 0) for each in (0, 1)]
        padded = np.pad(plane, width, mode="reflect")
        plane = np.apply_along_axis(lambda line: np.convolve(line, taps, "valid"), axis, padded)
    return plane


@pytest.mark.kernel
def test_normalise_follows_the_oracle() -> None:
    residual, variance = noise(9, 11) - 128, np.abs(noise(9, 11, deviation=200.0))
    expected = np.clip(residual / np.sqrt(variance + 0.5), -2, 2)
    whitening.normalise(residual, variance, 0.5)
    assert np.allclose(residual, expected, atol=1e-5)


@pytest.mark.kernel
def test_high_pass_follows_the_oracle() -> None:
    plane, smooth = noise(9, 11), noise(9, 11, deviation=3.0)
    residual, squares = smooth.copy(), np.empty_like(smooth)
    whitening.high_pass(plane, residual, squares)
    assert np.array_equal(residual, plane - smooth)
    assert np.array_equal(squares, (plane - smooth) ** 2)


@pytest.mark.kernel
def test_whitening_follows_the_oracle() -> None:
    plane = noise(40, 50)
    exact = plane.astype(np.float64)
    residual = exact - blurred(exact, 1.5)
    variance = blurred(residual**2, 2.5)
    floor = min(1.0, 0.3 * float(np.median(variance[::4, ::4]))) + 1e-4
    expected = np.clip(residual / np.sqrt(variance + floor), -2, 2)
    assert np.allclose(whitening.whiten(plane), expected, atol=1e-3)


def test_a_flat_plane_is_finite_and_empty() -> None:
    found = whitening.whiten(np.full((200, 200), 77, np.float32))
    assert np.abs(found).max() < 0.1


def test_busy_and_quiet_parts_count_alike() -> None:
    x = np.arange(256, dtype=np.float32)
    wave = 30 * np.sin(2 * np.pi * x / 8) * np.ones((256, 1), np.float32)
    uneven = wave * np.where(np.arange(256) < 128, 1, 3)[:, None].astype(np.float32)
    found = whitening.whiten(uneven.astype(np.float32))
    assert found[20:108].std() == pytest.approx(found[148:236].std(), rel=0.02)


def ranks(plane: Plane) -> NDArray[np.float64]:
    """Sum the soft signs of a pixel's differences from its eight neighbours, one by one."""
    beyond = np.pad(plane.astype(np.float64), 2, constant_values=np.nan)
    total = np.zeros(plane.shape)
    for down, across in ((1, 0), (2, 0), (-1, 0), (-2, 0), (0, 1), (0, 2), (0, -1), (0, -2)):
        apart = beyond - np.roll(beyond, (down, across), (0, 1))
        total += np.nan_to_num(apart / np.sqrt(apart**2 + 4))[2:-2, 2:-2]
    return total


@pytest.mark.kernel
@pytest.mark.parametrize("shape", [(9, 11), (40, 3), (2, 30), (1, 1)])
def test_ranks_follow_the_oracle(shape: tuple[int, int]) -> None:
    plane = noise(*shape, deviation=3.0)
    assert np.allclose(whitening.rank(plane), ranks(plane), atol=1e-5)


def test_golden_ranks() -> None:
    """What a marked picture is read through must stay what it was."""
    with np.load(GOLDEN) as golden:
        plane, expected = golden["plane"], golden["ranks"]
    assert np.allclose(whitening.rank(plane.astype(np.float32)), expected, atol=1e-5)


def test_a_rank_counts_neighbours_below_and_above() -> None:
    plane = np.full((7, 7), 100, np.float32)
    plane[3, 3] = 200
    found = whitening.rank(plane)
    assert found[3, 3] == pytest.approx(8, abs=0.01)
    assert found[3, 1] == pytest.approx(-1, abs=0.01)
    assert found[1, 1] == 0


def test_the_ranks_of_an_inverted_plane_are_the_negative() -> None:
    plane = noise(30, 40)
    assert np.allclose(whitening.rank(255 - plane), -whitening.rank(plane), atol=1e-4)


def test_an_edge_spoils_the_ranks_beside_it_alone() -> None:
    plane = noise(64, 64, deviation=1.0)
    edged = plane.copy()
    edged[:, 32:] += 120
    changed = np.abs(whitening.rank(edged) - whitening.rank(plane)) > 1e-3
    assert changed[:, 30:34].all()
    assert not changed[:, :30].any()
    assert not changed[:, 34:].any()
