"""A sound longer than a passage is read as one is that is heard as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import soxr

from synthmark.facts import WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import audio
from synthmark.watermark.audio import detection, passages
from tests.sounds import RATE, Wave, voice

FULL, SHORT = bytes(range(16)), bytes(range(70, 78))
FAST = audio.Search.NONE


@pytest.fixture(scope="module")
def host() -> Wave:
    """Speak for 150 s."""
    return np.concatenate([voice(25, seed) for seed in range(6)])[:, None]


@pytest.fixture(scope="module")
def marked(host: Wave) -> Wave:
    return np.asarray(audio.embed(host, RATE, FULL, key=OPEN_KEY).samples, np.float32)


def test_it_is_found_from_end_to_end(marked: Wave) -> None:
    (segment,) = audio.detect(marked, RATE, reach=FAST).segments
    (whole,) = detection.detect_whole(marked, RATE, reach=FAST).segments
    assert segment.payload == whole.payload == FULL
    assert segment.start == pytest.approx(whole.start, abs=0.1)
    assert segment.end == pytest.approx(whole.end, abs=0.1)


def test_blocks_are_read_as_often_as_they_are_asked_for(marked: Wave) -> None:
    asked = 0

    def read() -> Iterator[Wave]:
        nonlocal asked
        asked += 1
        return (marked[begin : begin + 7777] for begin in range(0, len(marked), 7777))

    keys = [WatermarkKey("other", bytes(32)), OPEN_KEY]
    found = audio.detect_blocks(read, RATE, keys=keys)
    assert (found.payload, found.key, asked) == (FULL, "OPEN", 1)
    assert found == audio.detect(marked, RATE, keys=keys)


def test_a_mark_across_two_passages(host: Wave, marked: Wave) -> None:
    sound = host.copy()
    sound[57 * RATE : 65 * RATE] = marked[57 * RATE : 65 * RATE]
    sound[120 * RATE : 126 * RATE] = audio.embed(
        host[120 * RATE : 126 * RATE], RATE, SHORT, key=OPEN_KEY
    ).samples
    first, second = audio.detect(sound, RATE, reach=FAST).segments
    assert (first.payload, second.payload) == (FULL, SHORT)
    times = [first.start, first.end, second.start, second.end]
    assert times == pytest.approx([57, 65, 120, 126], abs=0.5)


def test_marks_one_behind_the_other(host: Wave, marked: Wave) -> None:
    middle = audio.embed(host[50 * RATE : 95 * RATE], RATE, SHORT, key=OPEN_KEY).samples
    sound = np.concatenate((marked[: 50 * RATE], middle, marked[95 * RATE :]))
    found = audio.detect(np.asarray(sound, np.float32), RATE, reach=FAST).segments
    assert [each.payload for each in found] == [FULL, SHORT, FULL]
    assert [each.end for each in found] == pytest.approx([50, 95, 150], abs=0.5)


@pytest.mark.parametrize(("stretch", "pitch"), [(1.0, 1.0), (1 / 1.07, 1.07)])
def test_all_of_a_faster_sound_is_read(marked: Wave, stretch: float, pitch: float) -> None:
    played = np.asarray(soxr.resample(marked, RATE, RATE * stretch), np.float32)
    (segment,) = audio.detect(played, RATE).segments
    assert segment.payload == FULL
    assert [segment.start, segment.end] == pytest.approx([0, 150 * stretch], abs=0.5)
    assert segment.stretch == pytest.approx(stretch, rel=1e-3)
    assert segment.pitch == pytest.approx(pitch, rel=5e-3)


def test_what_no_passage_holds_is_read_from_all(
    marked: Wave, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).normal(scale=0.1, size=marked.shape).astype(np.float32)
    monkeypatch.setattr(passages, "_PASSAGE", 416)
    monkeypatch.setattr(passages, "_SHARED", 104)
    monkeypatch.setattr(passages, "_LEAST", 208)
    sound = marked + noise
    alone = [
        audio.detect(sound[begin : begin + 10 * RATE], RATE, reach=FAST).payload
        for begin in range(0, len(sound), 10 * RATE)
    ]
    assert alone == [None] * len(alone)
    found = audio.detect(sound, RATE, reach=FAST)
    assert found.payload == FULL
    assert found.segments[0].end == pytest.approx(150, abs=0.1)


def test_an_unmarked_sound_has_none(host: Wave) -> None:
    found = audio.detect(host, RATE)
    assert found.state is WatermarkState.ABSENT
    assert found.p_value is not None
    assert found.p_value > 1e-3


def test_a_mark_that_is_there_already_is_told_from_the_first_passage(
    host: Wave, marked: Wave
) -> None:
    asked = 0

    def read() -> Iterator[Wave]:
        nonlocal asked
        for begin in range(0, len(marked), RATE):
            asked += 1
            yield marked[begin : begin + RATE]

    assert passages.read_existing(read, RATE, OPEN_KEY) == FULL
    assert asked < 100
    assert passages.read_existing(lambda: [host], RATE, OPEN_KEY) is None
    assert passages.read_existing(read, RATE, WatermarkKey("other", bytes(32))) is None


@pytest.mark.parametrize("begin", [10, 100])
def test_of_parts_in_doubt_the_likeliest_is_read(
    host: Wave, marked: Wave, begin: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passages, "_SURE", np.inf)
    part = slice(begin * RATE, (begin + 12) * RATE)
    sound = host.copy()
    sound[part] = marked[part]
    assert passages.read_existing(lambda: [sound], RATE, OPEN_KEY) == FULL
    assert passages.read_existing(lambda: [marked[part]], RATE, OPEN_KEY) == FULL
    assert passages.read_existing(lambda: [host], RATE, OPEN_KEY) is None
