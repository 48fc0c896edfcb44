from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.errors import UsageError
from synthmark.keys import OPEN_KEY
from synthmark.watermark import audio
from tests.sounds import RATE, Wave, music, voice

Samples = NDArray[Any]
FULL, SHORT = bytes(range(16)), bytes(range(70, 78))


def streamed(wave: Samples, rate: int, payload: bytes, block: int) -> list[Samples]:
    stream = audio.EmbedStream(rate, wave.shape[1], payload, key=OPEN_KEY)
    parts = [stream.push(wave[begin : begin + block]) for begin in range(0, len(wave), block)]
    return [*parts, stream.finish()]


def marked(wave: Samples, rate: int, payload: bytes, block: int = 10_000) -> Samples:
    return np.concatenate(streamed(wave, rate, payload, block))


@pytest.fixture(scope="module")
def long() -> Wave:
    return voice(30, 4)[:, None]


def test_every_cut_of_a_stream_holds_the_mark(long: Wave) -> None:
    sound = marked(long, RATE, SHORT).astype(np.float32)
    for begin in (0, 2.2, 4.5, 9.9, 17, 25.9):
        cut = sound[round(begin * RATE) :][: 3 * RATE]
        assert audio.detect(cut, RATE, reach=audio.Search.NONE).payload == SHORT


def test_a_stream_changes_sound_no_more_than_a_file(long: Wave) -> None:
    stream = audio.EmbedStream(RATE, 1, FULL, key=OPEN_KEY)
    parts: list[Samples] = [stream.push(long), stream.finish()]
    sound = np.concatenate(parts)
    ratio = 10 * np.log10(np.sum(long**2) / np.sum((sound - long) ** 2))
    assert stream.snr == pytest.approx(ratio, abs=0.01)
    assert ratio == pytest.approx(audio.embed(long, RATE, FULL, key=OPEN_KEY).snr, abs=0.5)


def test_one_step_marks_like_a_file() -> None:
    wave = music(12)
    stream = audio.EmbedStream(44_100, 2, FULL, key=OPEN_KEY, step=20)
    parts: list[Samples] = [stream.push(wave), stream.finish()]
    whole = audio.embed(wave, 44_100, FULL, key=OPEN_KEY)
    change = np.asarray(whole.samples, np.float32) - wave
    difference = np.concatenate(parts).astype(np.float32) - wave - change
    assert np.square(difference).sum() < 0.01 * np.square(change).sum()
    assert stream.snr == pytest.approx(whole.snr, abs=0.1)
    assert stream.margin == pytest.approx(whole.margin, abs=0.2)


def test_long_steps_hold_as_much_as_a_file(long: Wave) -> None:
    stream = audio.EmbedStream(RATE, 1, FULL, key=OPEN_KEY, step=10)
    assert stream.margin == -np.inf
    stream.push(long)
    stream.finish()
    assert stream.margin > audio.embed(long, RATE, FULL, key=OPEN_KEY).margin - 0.5


def test_a_step_is_long_enough_to_learn_from() -> None:
    with pytest.raises(UsageError, match="a step lasts"):
        audio.EmbedStream(RATE, 1, FULL, key=OPEN_KEY, step=1.0)


@pytest.mark.parametrize("block", [777, 16_000, 10**6])
def test_the_length_of_blocks_changes_nothing(block: int) -> None:
    wave = music(11)
    sound = marked(wave, 44_100, SHORT, block)
    assert np.array_equal(sound, marked(wave, 44_100, SHORT, 5_000))
    assert sound.shape == wave.shape


def test_samples_come_back_after_five_seconds_at_most(long: Wave) -> None:
    late, given = 0, 0
    for number, part in enumerate(streamed(long, RATE, FULL, 1_000)[:-1], 1):
        given += len(part)
        late = max(late, number * 1_000 - given)
    assert late < 5 * RATE


def test_what_is_kept_does_not_grow(long: Wave) -> None:
    stream = audio.EmbedStream(RATE, 1, FULL, key=OPEN_KEY)
    kept = []
    for begin in range(0, len(long), 8_000):
        stream.push(long[begin : begin + 8_000])
        arrays = [part for part in vars(stream).values() if isinstance(part, np.ndarray)]
        kept.append(sum(part.nbytes for part in arrays))
    assert max(kept[30:]) <= max(kept[:30])


@pytest.mark.parametrize("count", [0, 1, 500, 4_000, 20_000])
def test_short_sounds_keep_their_length(count: int) -> None:
    wave = voice(2)[:count, None]
    assert marked(wave, RATE, SHORT).shape == (count, 1)


def test_integers_stay_integers_and_silence_stays_silent() -> None:
    wave = (voice(9, 5) * 20_000).astype(np.int16)[:, None]
    wave[3 * RATE : 4 * RATE] = 0
    sound = marked(wave, RATE, SHORT, 3_999)
    assert sound.dtype == np.int16
    assert not sound[3 * RATE : 4 * RATE].any()
    assert audio.detect(sound[4 * RATE :], RATE).payload == SHORT


def test_nothing_passes_full_scale_that_did_not() -> None:
    wave = np.clip(voice(6, 6)[:, None] * np.float32(3), -1, 1)
    assert np.abs(marked(wave, RATE, SHORT)).max() <= 1


def test_blocks_of_another_shape_are_refused() -> None:
    stream = audio.EmbedStream(RATE, 2, SHORT, key=OPEN_KEY)
    heard = audio.DetectStream(RATE, 2)
    for wave in (voice(1), voice(1)[:, None]):
        with pytest.raises(UsageError, match=r"not \(n, 2\)"):
            stream.push(wave)
        with pytest.raises(UsageError, match=r"not \(n, 2\)"):
            heard.push(wave)
    with pytest.raises(UsageError, match="7 bytes"):
        audio.EmbedStream(RATE, 2, bytes(7), key=OPEN_KEY)
    with pytest.raises(UsageError, match="9 channels"):
        audio.DetectStream(RATE, 9)


def test_a_stream_is_read_while_it_goes_on(long: Wave) -> None:
    sound = np.concatenate((long[: 12 * RATE], marked(long, RATE, FULL)))
    heard = audio.DetectStream(RATE, 1)
    first = None
    for begin in range(0, len(sound), 5_000):
        if heard.push(sound[begin : begin + 5_000].astype(np.float32)) and first is None:
            first = begin / RATE
    assert first is not None
    assert 14 < first < 21
    (segment,) = heard.finish()
    assert segment.payload == FULL
    assert segment.start == pytest.approx(12, abs=0.6)
    assert segment.end == pytest.approx(42, abs=0.2)


def test_two_marks_of_a_stream_are_told_apart(long: Wave) -> None:
    sound = np.concatenate((marked(long, RATE, FULL), marked(long[: 12 * RATE], RATE, SHORT)))
    heard = audio.DetectStream(RATE, 1)
    heard.push(sound.astype(np.float32))
    first, second = heard.finish()
    assert (first.payload, second.payload) == (FULL, SHORT)
    assert first.end == pytest.approx(30, abs=0.7)
    assert second.start == pytest.approx(30, abs=0.7)
    assert heard.segments == (first, second)


def test_a_short_stream_ends_in_a_result() -> None:
    assert audio.DetectStream(RATE, 1).finish() == ()
