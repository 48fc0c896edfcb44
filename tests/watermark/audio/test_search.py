from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import audio
from synthmark.watermark.audio import cells, search, spectrum
from synthmark.watermark.audio.layout import Layout
from synthmark.watermark.audio.search import Alignment, Search
from synthmark.watermark.audio.sync import Fold
from synthmark.watermark.audio.whitening import Host, View
from tests.sounds import RATE, Wave, voice

PAYLOAD = bytes(range(30, 38))
LAYOUT = Layout.of(OPEN_KEY)
Logs = NDArray[np.float32]


@pytest.fixture(scope="module")
def marked() -> Wave:
    samples = audio.embed(voice(6), RATE, PAYLOAD, key=OPEN_KEY).samples
    return samples.astype(np.float32)


def logs_of(wave: Wave) -> Logs:
    return cells.firm_log_power(spectrum.power(wave))


def moved(logs: Logs, stretch: float, pitch: float) -> Logs:
    """The short-time spectrum of the sound stretched in time and frequency, by interpolation."""
    frames, bins = logs.shape
    places = np.arange(round(frames * stretch)) / stretch
    slower = np.stack([np.interp(places, np.arange(frames), line) for line in logs.T], axis=1)
    hertz = np.arange(bins) / pitch
    return np.stack([np.interp(hertz, np.arange(bins), row) for row in slower]).astype(np.float32)


@pytest.mark.kernel
@pytest.mark.parametrize("stretch", [1.0, 0.8, 1.3])
def test_scores_are_those_of_views_and_folds(stretch: float) -> None:
    generator = np.random.default_rng(5)
    bands = generator.normal(size=(150, cells.BANDS)).astype(np.float32)
    host = Host.of(cells.slot_levels(bands, 0.0, cells.SLOT))
    starts = np.array([0.0, 0.7])
    syncs = np.stack([LAYOUT.sync, -LAYOUT.sync])
    length = cells.SLOT * stretch
    found = search.scored(bands, starts, length, host.rings, host.floor, cells.BY_BAND, syncs)
    for number, start in enumerate(starts):
        view = View.of(bands, float(start), stretch, host)
        expected = Fold.of(view.values, view.weights).scores(LAYOUT)
        assert np.allclose(found[:, number], (expected, -expected), atol=1e-4)


def test_the_families_reach_what_they_promise() -> None:
    pairs = np.array(search.grid(Search.FAMILIES, 5.0))
    stretched = pairs[pairs[:, 1] == 1, 0]
    shifted = pairs[pairs[:, 0] == 1, 1]
    played = pairs[np.isclose(pairs.prod(axis=1), 1), 1]
    assert (stretched.min(), stretched.max()) == pytest.approx((1 / 1.25, 1 / 0.75), rel=0.01)
    assert (shifted.min(), shifted.max()) == pytest.approx((2 ** (-0.25), 2**0.25), rel=0.01)
    assert (played.min(), played.max()) == pytest.approx((0.8, 1.25), rel=0.01)
    assert len(search.grid(Search.FAMILIES, 10.0)) > 1.6 * len(pairs)
    assert len(search.grid(Search.JOINT, 5.0)) > 10 * len(pairs)


@pytest.mark.parametrize(
    ("stretch", "pitch"), [(0.8, 1.0), (1.3, 1.0), (1.0, 1.15), (1.0, 0.85), (0.9, 1 / 0.9)]
)
def test_a_scan_finds_how_the_sound_was_moved(marked: Wave, stretch: float, pitch: float) -> None:
    logs = moved(logs_of(marked), stretch, pitch)
    pairs = search.grid(Search.FAMILIES, search.seconds(len(logs)))
    rough = search.candidates(list(search.scan(logs, [LAYOUT], pairs)), 0, 4)[0]
    assert rough.score > 7
    fine = search.refine(logs, LAYOUT, rough)
    assert fine.score >= rough.score
    assert fine.stretch == pytest.approx(stretch, rel=0.004)
    assert fine.pitch == pytest.approx(pitch, rel=0.01)


def test_only_the_joint_search_finds_tempo_and_pitch_moved_apart(marked: Wave) -> None:
    logs = moved(logs_of(marked)[:400], 1.1, 1.1)
    best = {}
    for reach in (Search.FAMILIES, Search.JOINT):
        pairs = [
            (stretch, pitch)
            for stretch, pitch in search.grid(reach, search.seconds(len(logs)))
            if reach is Search.FAMILIES or (abs(stretch - 1.1) < 0.03 and abs(pitch - 1.1) < 0.03)
        ]
        found = list(search.scan(logs, [LAYOUT], pairs))
        best[reach] = search.candidates(found, 0, 1)[0].score
    assert best[Search.FAMILIES] < 6.5 < best[Search.JOINT]


@pytest.mark.parametrize("factor", [0.8, 0.93, 1.07, 1.25])
def test_sound_played_at_another_speed_is_read(marked: Wave, factor: float) -> None:
    played = spectrum.resample(marked, RATE * factor, RATE)
    assert audio.detect(played, RATE).payload == PAYLOAD
    assert audio.detect(played, RATE, reach=Search.NONE).payload is None


def test_long_sound_needs_its_stretch_more_exactly(marked: Wave) -> None:
    """At 0.1 % apart, half a minute drifts by more than a slot."""
    samples = audio.embed(voice(30, 5), RATE, bytes(16), key=OPEN_KEY).samples.astype(np.float32)
    logs = moved(logs_of(samples), 1.05, 1.0)
    rough = Alignment(0.0, 1.0505, 1.0, 0.0, 0)
    fine = search.refine(logs, LAYOUT, rough)
    assert fine.stretch == pytest.approx(1.05, rel=1.5e-4)


def test_candidates_stand_apart(marked: Wave) -> None:
    logs = logs_of(marked)
    pairs = [(1 + step / 1000, 1.0) for step in range(-20, 21)]
    found = search.candidates(list(search.scan(logs, [LAYOUT], pairs)), 0, 3)
    assert found[0].stretch == pytest.approx(1, abs=0.002)
    assert len(found) == 3
    assert abs(found[1].stretch - found[0].stretch) > 0.007
    assert found[0].score > found[1].score > found[2].score


def test_each_layout_has_scores_of_its_own(marked: Wave) -> None:
    other = Layout.of(WatermarkKey("other", bytes(32)))
    ((_, _, scores),) = search.scan(logs_of(marked), [other, LAYOUT], [(1.0, 1.0)])
    assert scores[0].max() < 5
    assert scores[1].max() > 10
    first, second = search.unmoved(scores[1], 2)
    assert first.score == scores[1].max() > second.score
    assert 1 < abs(first.start - second.start) < 127
