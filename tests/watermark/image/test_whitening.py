from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.image import whitening

Plane = NDArray[np.float32]


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
