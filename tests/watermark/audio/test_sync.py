from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY
from synthmark.watermark.audio import sync
from synthmark.watermark.audio.layout import Layout
from synthmark.watermark.audio.sync import Fold

Plane = NDArray[np.float32]


def noise(*shape: int, seed: int = 0) -> Plane:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.kernel
@pytest.mark.parametrize("slots", [10, 128, 200])
def test_fold_follows_the_oracle(slots: int) -> None:
    values, weights = noise(slots, 48), np.abs(noise(slots, 48, seed=1))
    weighted = (values * weights).astype(np.float64)
    signal, energy = np.zeros((24, 128)), np.zeros((24, 128))
    for slot in range(slots):
        for dipole in range(24):
            low, high = weighted[slot, 2 * dipole], weighted[slot, 2 * dipole + 1]
            signal[dipole, slot % 128] += low - high
            energy[dipole, slot % 128] += low**2 + high**2
    found = sync.fold(values, weights)
    assert np.allclose(found[0], signal, atol=1e-4)
    assert np.allclose(found[1], energy, atol=1e-4)


@pytest.mark.kernel
def test_correlation_follows_the_oracle() -> None:
    signal, energy = noise(5, 12), np.abs(noise(5, 12, seed=1))
    template = np.random.default_rng(2).integers(-1, 2, (5, 12)).astype(np.float32)
    found = sync.correlate(signal, energy, template)
    for start in range(12):
        moved = np.roll(template, start, axis=1)
        expected = (signal * moved).sum() / np.sqrt((energy * np.abs(moved)).sum())
        assert found[start] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("start", [0, 1, 77, 127])
def test_the_start_of_the_period_is_found(start: int) -> None:
    layout = Layout.of(OPEN_KEY)
    values = noise(300, 48)
    template = layout.template(np.ones(1024, np.float32)).T
    placed = template[(np.arange(300) - start) % 128]
    values[:, 0::2] += 0.5 * placed
    values[:, 1::2] -= 0.5 * placed
    fold = Fold.of(values, np.ones_like(values))
    scores = fold.scores(layout)
    assert scores.argmax() == start
    assert scores.max() > 10
    assert fold.turned(start).scores(layout).argmax() == 0


def test_scores_of_noise_are_standard_normal() -> None:
    layout = Layout.of(OPEN_KEY)
    views = (noise(400, 48, seed=seed) for seed in range(20))
    scores = np.concatenate([Fold.of(v, np.ones_like(v)).scores(layout) for v in views])
    assert abs(scores.mean()) < 0.1
    assert scores.std() == pytest.approx(1, abs=0.05)


def test_silence_scores_nothing() -> None:
    fold = Fold.of(np.zeros((50, 48), np.float32), np.ones((50, 48), np.float32))
    assert np.array_equal(fold.scores(Layout.of(OPEN_KEY)), np.zeros(128))
