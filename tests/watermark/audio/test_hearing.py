from __future__ import annotations

import numpy as np
import pytest

from synthmark.keys import OPEN_KEY
from synthmark.watermark import audio
from synthmark.watermark.audio import cells, search, spectrum
from synthmark.watermark.audio.hearing import Hearing, averaged, mixed
from synthmark.watermark.audio.layout import Layout
from tests.sounds import RATE, Wave, music, voice

PAYLOAD = bytes(range(60, 68))
LAYOUT = Layout.of(OPEN_KEY)


def pair(left: Wave, right: Wave) -> Wave:
    return np.stack((left, right), axis=1)


@pytest.mark.kernel
@pytest.mark.parametrize("channels", [2, 3, 8])
def test_channels_are_averaged(channels: int) -> None:
    wave = np.random.default_rng(0).normal(size=(50, channels)).astype(np.float32)
    assert np.allclose(averaged(wave), wave.mean(axis=1), atol=1e-6)


def test_the_mean_is_heard_first() -> None:
    wave = music(2, rate=RATE)
    hearing = Hearing(wave, RATE)
    power = spectrum.power(wave.mean(axis=1))
    assert np.allclose(hearing.logs, cells.firm_log_power(power), atol=1e-3)
    assert np.array_equal(hearing.bands, cells.band_levels(hearing.logs))
    near, high = next(hearing.closely(0, len(power), [1.0, 1.1]))
    assert np.array_equal(near, hearing.bands)
    assert np.array_equal(high, cells.band_levels(hearing.logs, 1.1))


def test_each_mix_is_heard_with_each_floor() -> None:
    left, right = voice(1, 1), voice(1, 2)
    for wave, count in (
        (left[:, None], 1),
        (pair(left, right), 4),
        (pair(left, left), 1),
        (pair(left, -left), 4),
        (np.stack((left, right, left), axis=1), 1),
    ):
        hearing = Hearing(wave, RATE)
        heard = list(hearing.closely(10, 60, [1.0]))
        assert [each.shape for (each,) in heard] == [(50, cells.BANDS)] * (
            count * len(cells.CLOSELY)
        )


def test_a_part_is_heard_as_within_the_whole() -> None:
    wave = music(4)
    hearing = Hearing(wave, 44_100)
    whole = [spectrum.resample(mix, 44_100, RATE) for mix in (wave.mean(axis=1), *wave.T)]
    nearest = list(hearing.closely(200, 300, [1.0]))[:: len(cells.CLOSELY)]
    for mix, (found,) in zip(whole, nearest[:3], strict=True):
        (expected,) = cells.firm_levels(spectrum.power(mix)[200:300])
        assert np.abs(found - expected).mean() < 0.03


def test_channels_that_cancel_leave_the_louder_one() -> None:
    left = voice(1, 1)
    assert np.array_equal(mixed(pair(0.98 * left, -left)), -left)


def test_what_the_mean_cannot_tell_both_channels_may() -> None:
    """Noise that is alike in both channels leaves their difference clean."""
    wave = audio.embed(music(5, 3), 44_100, PAYLOAD, key=OPEN_KEY).samples.astype(np.float32)
    noise = np.random.default_rng(1).normal(scale=0.04, size=(len(wave), 1))
    noisy = (wave + noise).astype(np.float32)
    alone = audio.detect(noisy.mean(axis=1), 44_100, reach=audio.Search.NONE)
    both = audio.detect(noisy, 44_100, reach=audio.Search.NONE)
    assert (alone.payload, both.payload) == (None, PAYLOAD)


def test_mixes_score_together_where_the_mean_does() -> None:
    wave = audio.embed(music(6, 3), 44_100, PAYLOAD, key=OPEN_KEY).samples.astype(np.float32)
    hearing = Hearing(wave, 44_100)
    heard = [bands for (bands,) in hearing.closely(0, 600, [1.0])]
    together, alone = search.scores(heard, LAYOUT), search.scores(heard[:1], LAYOUT)
    assert together.argmax() == alone.argmax()
    assert together.max() > 2 * alone.max()
