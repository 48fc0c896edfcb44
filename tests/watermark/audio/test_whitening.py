from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.audio import whitening
from synthmark.watermark.audio.whitening import View

Plane = NDArray[np.float32]


def rough(slots: int, bands: int, seed: int = 0) -> Plane:
    """Levels with a course in time, a slope in frequency, steady parts and dead ones."""
    generator = np.random.default_rng(seed)
    levels = (
        generator.normal(size=(slots, bands)) + np.cumsum(generator.normal(size=slots))[:, None]
    )
    levels[:, bands // 2] = 3 + 0.02 * generator.normal(size=slots)
    levels[:, -1] = -20
    return levels.astype(np.float32)


def whitened(levels: Plane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same by whole arrays: padded by reflection, and a loop over windows."""
    slots, bands = levels.shape
    p = np.pad(levels.astype(np.float64), 2, mode="reflect")

    def at(down: int, across: int) -> NDArray[np.float64]:
        return p[2 + down : 2 + down + slots, 2 + across : 2 + across + bands]

    beside = at(-1, 0) + at(1, 0)
    error = (
        levels
        - 0.448 * beside
        + 0.015 * (at(-2, 0) + at(2, 0))
        - 0.381 * (at(0, -1) + at(0, 1))
        - 0.041 * (at(0, -2) + at(0, 2))
        + 0.175 * (at(-1, -1) + at(-1, 1) + at(1, -1) + at(1, 1))
    )
    in_time = levels - beside / 2
    value, deviation = np.empty_like(error), np.empty_like(error)
    for i, b in np.ndindex(slots, bands):
        around = slice(max(i - 8, 0), i + 9)
        both = np.sqrt(np.mean(np.minimum(error[around, max(b - 1, 0) : b + 2] ** 2, 9)))
        alone = max(np.sqrt(np.mean(np.minimum(in_time[around, b] ** 2, 9))), 0.04)
        deviation[i, b] = both if both > 0.12 else -0.12
        both = max(both, 0.12)
        chosen = in_time[i, b] / alone if 1.4 * alone < both else error[i, b] / both
        value[i, b] = np.clip(chosen, -2, 2)
    return value, deviation


@pytest.mark.kernel
@pytest.mark.parametrize("shape", [(8, 5), (30, 7), (17, 48)])
def test_whitening_follows_the_oracle(shape: tuple[int, int]) -> None:
    levels = rough(*shape)
    value, deviation = whitening.whiten(levels)
    expected, spread = whitened(levels)
    assert np.allclose(value, expected, atol=2e-4)
    assert np.allclose(deviation, spread, atol=2e-4)


def weight(level: float, floor: float, noisy: float) -> float:
    above = (level - floor) * 10 / np.log(10)
    clean = np.clip(0.25 + above / 14, 0.25, 1)
    noise = np.clip(0.04 + (above - 3) / 9, 0.04, 1)
    return float(clean + noisy * (noise - clean))


@pytest.mark.kernel
def test_weights_follow_the_oracle() -> None:
    levels = rough(40, 8, seed=1)
    levels[::2, :3] = levels[:, :3].min() + 0.1
    deviation = np.full_like(levels, 0.5)
    deviation[3, 2] = -0.12
    floor = levels.min(axis=0) + 1
    found = whitening.weights(levels, deviation, floor)
    near = np.mean((levels - floor) * 10 / np.log(10) < 6, axis=0)
    padded = np.pad(np.clip((near - 0.45) / 0.25, 0, 1), 2, mode="edge")
    noisy = np.convolve(padded, np.full(5, 0.2), "valid")
    assert noisy.max() > 0.5
    for i, b in np.ndindex(*levels.shape):
        dead = levels[i, b] < levels.max() - 88 * np.log(10) / 10 or deviation[i, b] < 0
        expected = 0.05 if dead else weight(float(levels[i, b]), float(floor[b]), float(noisy[b]))
        assert found[i, b] == pytest.approx(expected, abs=1e-4)


def test_a_tenth_of_each_band_lies_below_its_floor() -> None:
    levels = rough(200, 6)[:, :5]
    assert np.allclose(np.mean(levels < whitening.floors(levels), axis=0), 0.1, atol=0.01)


def test_quiet_cells_of_a_noisy_band_count_less_than_those_of_a_clean_one() -> None:
    generator = np.random.default_rng(2)
    levels = generator.normal(scale=0.3, size=(300, 48)).astype(np.float32)
    levels[:, 24:] = generator.uniform(0, 9, (300, 24))
    levels[::3, :24] += 6
    found = whitening.weights(levels, np.full_like(levels, 0.5), whitening.floors(levels))
    low = levels < 1
    assert found[:, :20][low[:, :20]].mean() < 0.15
    assert found[:, 28:][low[:, 28:]].mean() > 0.25


def test_whitened_noise_has_unit_deviation() -> None:
    noise = np.random.default_rng(3).normal(size=(1200, 48)).astype(np.float32)
    view = View.of(noise, 0)
    assert view.values.shape == (400, 48)
    assert view.values.std() == pytest.approx(0.95, abs=0.05)
    assert abs(view.values.mean()) < 0.02


def test_a_steady_tone_in_noise_is_foretold_by_time() -> None:
    """One loud band is an error for its neighbours in frequency, not for itself in time."""
    levels = np.random.default_rng(4).normal(scale=0.05, size=(100, 48)).astype(np.float32)
    levels[:, 20] += 8
    value, _ = whitening.whiten(levels)
    assert abs(value[:, 20].mean()) < 0.3
    assert value[:, 20].std() > 0.5
