from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark.image import channel, sync
from synthmark.watermark.image.carriers import ORIENTATIONS, Carriers
from synthmark.watermark.image.frame import TILE

CARRIERS = Carriers.of(OPEN_KEY)


def tile(noise: float = 1.0) -> NDArray[np.float32]:
    generator = np.random.default_rng(8)
    code = generator.choice([-1, 1], CARRIERS.scheme.code_bits).astype(np.float32)
    clean = channel.tile(code, CARRIERS)
    return (clean + generator.normal(0, noise * clean.std(), clean.shape)).astype(np.float32)


def spectrum(plane: NDArray[np.float32]) -> NDArray[np.complex64]:
    return np.fft.fft2(plane).astype(np.complex64)


@pytest.mark.parametrize("orientation", range(8))
def test_the_orientation_is_found(orientation: int) -> None:
    mirrored, turns = ORIENTATIONS[orientation]
    plane = tile()
    lying = np.rot90(plane[:, ::-1] if mirrored else plane, turns)
    best, second, *rest = sync.find(spectrum(lying), CARRIERS)
    assert best.orientation == orientation
    assert best.score > 2 * second.score
    assert len(rest) == 6


@pytest.mark.parametrize("shift", [(0, 0), (5, 120), (64, 1), (127, 127)])
def test_the_origin_is_found(shift: tuple[int, int]) -> None:
    best = sync.find(spectrum(np.roll(tile(), shift, (0, 1))), CARRIERS, (0,))[0]
    assert best.shift == shift


@pytest.mark.parametrize("part", [(0.25, -0.5), (-0.4375, 0.125), (0.5, 0.5)])
def test_the_origin_is_refined_to_a_sixteenth(part: tuple[float, float]) -> None:
    ky, kx = np.fft.fftfreq(TILE)[:, None], np.fft.fftfreq(TILE)
    moved = spectrum(tile(0.3)) * np.exp(-2j * np.pi * (ky * (20 + part[0]) + kx * (30 + part[1])))
    coarse = sync.find(moved.astype(np.complex64), CARRIERS, (0,))[0]
    found = sync.refine(moved.astype(np.complex64), CARRIERS, coarse)
    assert found.shift == pytest.approx((20 + part[0], 30 + part[1]), abs=0.0626)


@pytest.mark.parametrize("orientation", [0, 5])
def test_an_inverted_picture_is_the_negative_of_itself(orientation: int) -> None:
    mirrored, turns = ORIENTATIONS[orientation]
    plane = np.roll(tile(), (17, 90), (0, 1))
    lying = spectrum(np.rot90(plane[:, ::-1] if mirrored else plane, turns))
    upright = sync.find(lying, CARRIERS)[0]
    inverted = sync.find(-lying, CARRIERS, polarities=(1, -1))[0]
    assert (upright.polarity, inverted.polarity) == (1, -1)
    assert inverted == replace(upright, polarity=-1)
    refined = sync.refine(-lying, CARRIERS, inverted)
    assert refined == replace(sync.refine(lying, CARRIERS, upright), polarity=-1)


def test_two_orientations_in_one_transform_equal_each_by_itself() -> None:
    found = spectrum(tile())
    together = sync.find(found, CARRIERS)
    alone = [sync.find(found, CARRIERS, (number,))[0] for number in range(8)]
    for one in alone:
        (same,) = (each for each in together if each.orientation == one.orientation)
        assert same.score == pytest.approx(one.score, abs=1e-3)
        assert same.shift == one.shift


def test_noise_and_other_keys_score_by_chance() -> None:
    generator = np.random.default_rng(9)
    other = Carriers.of(WatermarkKey("other", bytes(32)))
    scores = [
        sync.find(spectrum(generator.normal(size=(TILE, TILE)).astype(np.float32)), CARRIERS)[0]
        for _ in range(20)
    ]
    scores.append(sync.find(spectrum(tile(0.1)), other)[0])
    assert max(each.score for each in scores) < 6.5


def test_an_empty_spectrum_scores_nothing() -> None:
    best, *_ = sync.find(np.zeros((TILE, TILE), np.complex64), CARRIERS)
    assert best.score == 0
