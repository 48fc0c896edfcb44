from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.audio import cells
from synthmark.watermark.audio.spectrum import BINS

Plane = NDArray[np.float32]


def noise(*shape: int) -> Plane:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def mean_between(line: NDArray[np.float32], low: float, high: float) -> float:
    """Mean of a step function over an interval, step by step; the last step goes on for ever."""
    total = 0.0
    for place in range(int(low), int(np.ceil(high))):
        share = min(place + 1, high) - max(place, low)
        total += share * float(line[min(place, len(line) - 1)])
    return total / (high - low)


@pytest.mark.kernel
@pytest.mark.parametrize("scale", [1.0, 0.75, 0.913, 1.25])
def test_band_levels_follow_the_oracle(scale: float) -> None:
    logs, edges = noise(4, BINS), cells.edges(scale)
    found = cells.band_levels(logs, scale)
    assert np.array_equal(cells.turned_levels(cells.turned(logs), scale), found)
    for frame, band in np.ndindex(*found.shape):
        expected = mean_between(logs[frame], float(edges[band]), float(edges[band + 1]))
        assert found[frame, band] == pytest.approx(expected, abs=1e-5)


@pytest.mark.kernel
@pytest.mark.parametrize(("start", "length"), [(0, 3), (2, 3), (1.5, 3.0), (0.3, 2.4), (0.7, 3.77)])
def test_slot_levels_follow_the_oracle(start: float, length: float) -> None:
    bands = noise(40, 5)
    found = cells.slot_levels(bands, start, length)
    assert len(found) == int((40 - start) / length)
    for slot, band in np.ndindex(*found.shape):
        low = start + slot * length
        expected = mean_between(bands[:, band], low, low + length)
        assert found[slot, band] == pytest.approx(expected, abs=1e-5)


def test_too_few_frames_make_no_slot() -> None:
    assert cells.slot_levels(noise(2, 5), 0.0, 3.0).shape == (0, 5)


def test_bands_lie_where_the_design_puts_them() -> None:
    """The first edge is the middle of bin 8 (250 Hz), the last that of bin 224 (7000 Hz)."""
    edges = cells.edges()
    assert (edges[0], edges[-1]) == (8.5, 224.5)
    assert np.allclose(np.diff(edges), 4.5)


def test_plain_levels_have_a_floor_under_each_bin() -> None:
    power = np.zeros((300, BINS), np.float32)
    power[0, 8:60], power[0, 60:120] = 3.0, 300.0
    levels = cells.plain_levels(power)
    assert np.allclose(
        levels[1, [0, 10, 15, 20, 40]], np.log([1e-8, 1e-8, 1e-6, 1e-6, 1e-11]), atol=2e-3
    )


@pytest.mark.kernel
@pytest.mark.parametrize(
    "around",
    [cells.Around(0, 0, 0, 0.1), cells.NEAR, cells.Around(-4, 4, 7, 1), cells.Around(-7, -2, 3, 2)],
)
def test_floors_follow_the_oracle(around: cells.Around) -> None:
    power, least = noise(11, 9) ** 2, np.arange(9, dtype=np.float32)
    found = cells.floored(power, least, *around, 0, 11, np.zeros(9))
    sums = np.zeros(9)
    parts = [
        cells.floored(power, least, *around, begin, end, sums)
        for begin, end in ((0, 3), (3, 4), (4, 11))
    ]
    assert np.array_equal(np.concatenate(parts), found)
    for frame, place in np.ndindex(*power.shape):
        rows = slice(max(frame + around.first, 0), max(frame + around.last + 1, 0))
        columns = slice(max(place - around.bins, 0), place + around.bins + 1)
        part = power[rows, columns]
        mean = part.mean() if part.size else 0.0
        assert found[frame, place] == pytest.approx(
            power[frame, place] + least[place] + around.share * mean, rel=1e-4
        )


def test_levels_are_those_of_the_logarithms_at_any_scale() -> None:
    power = noise(300, BINS) ** 2
    scales = [1.0, 0.8, 1.2]
    logs = cells.firm_log_power(power)
    for found, scale in zip(cells.firm_levels(power, scales=scales), scales, strict=True):
        assert np.array_equal(found, cells.band_levels(logs, scale))


def test_the_detector_does_not_look_below_the_quiet_tenth() -> None:
    power = np.full((200, BINS), 1.0, np.float32)
    power[:100] = 0.01
    assert np.allclose(cells.plain_levels(power)[50], np.log(0.01), atol=1e-3)
    assert np.allclose(cells.firm_log_power(power)[50], np.log(0.021), atol=1e-3)
    assert np.allclose(cells.firm_log_power(power)[150], np.log(1.11), atol=1e-3)


def test_gains_are_spread_over_bins_and_slots() -> None:
    gains = np.zeros((3, cells.BANDS), np.float32)
    gains[1] = 1
    factors = cells.frame_gains(gains, 0, 13)
    assert factors.shape == (13, BINS)
    assert set(np.flatnonzero(factors.any(axis=1))) == {5, 6, 7}
    assert set(np.flatnonzero(factors.any(axis=0))) == set(range(8, 225))
    assert np.allclose(factors[5, 8:225], 10 ** (1 / 20) - 1)
    assert np.array_equal(cells.frame_gains(gains, 4, 6), factors[4:6])
    assert not cells.frame_gains(gains, 20, 25).any()


@pytest.mark.kernel
def test_gains_are_spread_as_the_overlaps_of_bins_and_bands_say() -> None:
    gains = noise(5, cells.BANDS)
    edges = cells.edges()
    bins = np.arange(BINS)
    overlap = np.minimum(edges[1:, None], bins + 1) - np.maximum(edges[:-1, None], bins)
    shares = np.clip(overlap, 0, None)
    shares /= np.maximum(shares.sum(axis=0), 1e-9)
    found = cells.spread_over_bins(gains, cells._BAND_OF, cells._SHARE_OF)
    assert np.allclose(found, gains @ shares * np.log(10) / 20, atol=1e-6)


def test_a_bin_between_two_bands_gets_both_gains_by_its_shares() -> None:
    gains = np.zeros((1, cells.BANDS), np.float32)
    gains[0, 0], gains[0, 1] = 1, -1
    decibels = 20 * np.log10(1 + cells.frame_gains(gains, 2, 3)[0])
    # The first edge between bands lies at 13.0, the second at 17.5: bin 17 is shared half and half.
    assert decibels[12] == pytest.approx(1, abs=1e-4)
    assert decibels[13] == pytest.approx(-1, abs=1e-4)
    assert decibels[17] == pytest.approx(-0.5, abs=1e-4)
