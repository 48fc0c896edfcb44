from __future__ import annotations

import numpy as np
import pytest

from synthmark.facts import WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import audio
from synthmark.watermark.audio import spectrum
from tests.sounds import RATE, Wave, voice

FULL, SHORT = bytes(range(16)), bytes(range(50, 58))


@pytest.fixture(scope="module")
def one() -> Wave:
    return audio.embed(voice(8, 1), RATE, FULL, key=OPEN_KEY).samples.astype(np.float32)


@pytest.fixture(scope="module")
def other() -> Wave:
    return audio.embed(voice(7, 2), RATE, SHORT, key=OPEN_KEY).samples.astype(np.float32)


def told(sound: Wave) -> list[tuple[bytes, float, float]]:
    found = audio.detect(sound, RATE)
    return [(each.payload, each.start, each.end) for each in found.segments]


def test_a_marked_sound_is_one_segment(one: Wave) -> None:
    ((payload, start, end),) = told(one)
    assert payload == FULL
    assert start == pytest.approx(0, abs=0.1)
    assert end == pytest.approx(8, abs=0.1)


def test_the_mark_of_a_part_is_told_from_when_to_when(one: Wave) -> None:
    around = voice(6, 3)
    ((payload, start, end),) = told(np.concatenate((around, one, around)))
    assert payload == FULL
    assert start == pytest.approx(6, abs=0.6)
    assert end == pytest.approx(14, abs=0.6)


def test_a_splice_names_both_payloads_and_when(one: Wave, other: Wave) -> None:
    first, second = told(np.concatenate((other[: 5 * RATE], one[3 * RATE :])))
    assert (first[0], second[0]) == (SHORT, FULL)
    assert first[2] == pytest.approx(5, abs=0.5)
    assert second[1] == pytest.approx(5, abs=0.5)
    assert second[2] == pytest.approx(10, abs=0.1)


def test_the_longest_segment_gives_the_payload(one: Wave, other: Wave) -> None:
    found = audio.detect(np.concatenate((other[: 4 * RATE], one)), RATE)
    assert found.payload == FULL
    assert [each.payload for each in found.segments] == [SHORT, FULL]


def test_a_short_part_of_a_long_sound_is_found(one: Wave) -> None:
    noise = np.random.default_rng(0).normal(scale=0.05, size=50 * RATE).astype(np.float32)
    noise[21 * RATE : 29 * RATE] = one
    segments = told(noise)
    assert segments[0][0] == FULL
    assert segments[0][1] == pytest.approx(21, abs=0.7)
    assert segments[-1][2] == pytest.approx(29, abs=0.7)


def test_segments_say_how_the_sound_was_played(one: Wave) -> None:
    played = spectrum.resample(one, RATE * 1.1, RATE)
    (segment,) = audio.detect(played, RATE).segments
    assert segment.stretch == pytest.approx(1 / 1.1, rel=0.003)
    assert segment.pitch == pytest.approx(1.1, rel=0.01)
    assert segment.end == pytest.approx(8 / 1.1, abs=0.1)


def test_a_mark_too_weak_to_read_is_present(one: Wave) -> None:
    noise = np.random.default_rng(1).normal(size=one.shape)
    weak = one + noise * np.sqrt(np.mean(one**2) / np.mean(noise**2)) * 10 ** (-6.25 / 20)
    found = audio.detect(weak.astype(np.float32), RATE, reach=audio.Search.NONE)
    assert found.state is WatermarkState.PRESENT
    assert found.payload is None
    assert found.p_value is not None
    assert found.p_value < 1e-4


def test_unmarked_sound_and_other_keys_have_a_chance_that_is_not_small(one: Wave) -> None:
    other_key = WatermarkKey("other", bytes(32))
    for sound, key in ((voice(5, 7), OPEN_KEY), (one[: 5 * RATE], other_key)):
        found = audio.detect(sound, RATE, keys=[key])
        assert found.state is WatermarkState.ABSENT
        assert found.p_value is not None
        assert found.p_value > 1e-3
