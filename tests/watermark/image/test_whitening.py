from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.image import whitening
from synthmark.watermark.image.frame import TILE

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
    assert np.allclose(whitening.fold(plane), folded(plane), atol=1e-3)


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
def test_the_spectrum_follows_the_oracle() -> None:
    plane = noise(140, 150)
    exact = plane.astype(np.float64)
    residual = exact - blurred(exact, 1.5)
    variance = blurred(residual**2, 2.5)
    floor = min(1.0, 0.3 * float(np.median(variance[::4, ::4]))) + 1e-4
    whitened = np.clip(residual / np.sqrt(variance + floor), -2, 2).astype(np.float32)
    expected = np.fft.fft2(folded(whitened))
    found = whitening.spectrum(plane)
    assert found.dtype == np.complex64
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()


def test_a_flat_plane_is_finite_and_empty() -> None:
    found = whitening.spectrum(np.full((200, 200), 77, np.float32))
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 1


def test_busy_and_quiet_parts_count_alike() -> None:
    """A pattern keeps its place in the spectrum although one half is three times as strong."""
    x = np.arange(256, dtype=np.float32)
    wave = 30 * np.sin(2 * np.pi * 16 * x / TILE) * np.ones((256, 1), np.float32)
    uneven = wave * np.where(np.arange(256) < 128, 1, 3)[:, None].astype(np.float32)
    even = np.abs(whitening.spectrum(wave.astype(np.float32)))
    found = np.abs(whitening.spectrum(uneven.astype(np.float32)))
    assert found[0, 16] == pytest.approx(even[0, 16], rel=0.1)
