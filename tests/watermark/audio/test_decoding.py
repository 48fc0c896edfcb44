from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark.audio import decoding
from synthmark.watermark.audio.layout import Layout
from synthmark.watermark.audio.sync import Fold
from synthmark.watermark.payload import Checker
from synthmark.watermark.scheme import AUDIO_1

LAYOUT = Layout.of(OPEN_KEY)
CHECKER = Checker(OPEN_KEY, AUDIO_1)


def marked(payload: bytes, amplitude: float, seed: int = 0) -> tuple[Fold, NDArray[np.float32]]:
    """One period of noise that carries a payload at `amplitude` of the noise's deviation."""
    values = np.random.default_rng(seed).normal(size=(128, 48)).astype(np.float32)
    word = decoding.encode(CHECKER.message(payload, len(payload)), len(payload))
    template = LAYOUT.template(word).T * np.float32(amplitude)
    values[:, 0::2] += template
    values[:, 1::2] -= template
    return Fold.of(values, np.ones_like(values)), word


@pytest.mark.parametrize("form", [8, 16])
@pytest.mark.parametrize("seed", range(5))
def test_either_form_is_read(form: int, seed: int) -> None:
    payload = bytes(range(seed, seed + form))
    fold, _ = marked(payload, 0.5, seed)
    found, checks = decoding.decode(decoding.soft_values(fold, LAYOUT), CHECKER)
    assert found == payload
    assert 0 < checks <= 136


def test_noise_and_other_keys_hold_nothing() -> None:
    other = Checker(WatermarkKey("other", bytes(32)), AUDIO_1)
    soft = decoding.soft_values(marked(bytes(16), 1.0)[0], LAYOUT)
    assert decoding.decode(soft, other) == (None, 136)
    noise = np.random.default_rng(1).normal(size=1024).astype(np.float32)
    assert decoding.decode(noise, CHECKER) == (None, 136)


def test_soft_values_agree_with_the_word() -> None:
    fold, word = marked(bytes(16), 3.0)
    soft = decoding.soft_values(fold, LAYOUT)
    assert soft.shape == (1024,)
    assert np.mean(soft * word > 0) > 0.99


def test_margin_counts_from_where_half_are_read() -> None:
    """At a margin of 0 some are read and some are not; at 3 dB nearly all are."""
    for form, threshold in ((16, 0.26), (8, 0.14)):
        read = {0: 0, 3: 0}
        told: dict[int, list[float]] = {0: [], 3: []}
        for seed in range(30):
            generator = np.random.default_rng(seed)
            payload = generator.bytes(form)
            word = decoding.encode(CHECKER.message(payload, form), form)
            noise = generator.normal(size=1024)
            for decibels in read:
                amplitude = np.sqrt(threshold * 10 ** (decibels / 10))
                soft = (amplitude * word + noise).astype(np.float32)
                told[decibels].append(decoding.margin(soft, word, form))
                read[decibels] += decoding.decode(soft, CHECKER)[0] == payload
        assert 3 < read[0] < 27
        assert read[3] >= 29
        assert np.mean(told[0]) == pytest.approx(0, abs=0.4)
        assert np.mean(told[3]) == pytest.approx(3, abs=0.4)


def test_bands_that_lost_the_mark_count_less() -> None:
    fold, _ = marked(bytes(16), 0.6)
    damaged = fold.signal.copy()
    damaged[12:] = np.random.default_rng(5).normal(scale=1.4, size=(12, 128))
    factors = decoding.band_factors(Fold(damaged, fold.energy, fold.slots), LAYOUT)
    assert factors.shape == (24,)
    assert factors[:12].mean() > 2 * factors[12:].mean()
    assert ((factors >= 0.05) & (factors <= 2)).all()


def test_without_any_mark_all_factors_are_in_bounds() -> None:
    values = np.zeros((128, 48), np.float32)
    factors = decoding.band_factors(Fold.of(values, values), LAYOUT)
    assert np.isfinite(factors).all()
