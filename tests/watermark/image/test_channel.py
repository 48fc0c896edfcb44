from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY
from synthmark.watermark.image import channel
from synthmark.watermark.image.carriers import Carriers
from synthmark.watermark.image.frame import TILE

CARRIERS = Carriers.of(OPEN_KEY)


def code(seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).choice([-1, 1], CARRIERS.scheme.code_bits).astype(np.float32)


def spectrum(
    tile: NDArray[np.float32], noise: float = 0.0, shift: tuple[int, int] = (0, 0)
) -> NDArray[np.complex64]:
    generator = np.random.default_rng(5)
    noisy = tile + generator.normal(0, noise, tile.shape) * tile.std()
    return np.fft.fft2(np.roll(noisy, shift, (0, 1)).astype(np.float32)).astype(np.complex64)


def test_a_tile_is_the_sum_of_its_waves() -> None:
    """The inverse transform against cosines added one by one."""
    amplitudes = code() * np.linspace(0.5, 1.5, CARRIERS.scheme.code_bits, dtype=np.float32)
    data, pilots = CARRIERS.data, CARRIERS.pilots
    parts = amplitudes[CARRIERS.bit] * CARRIERS.sign / np.sqrt(2)
    energy = np.mean(amplitudes.astype(np.float64) ** 2)
    share = np.sqrt(0.25 / 0.75 * energy * len(data.shape) / len(pilots.shape))
    values = np.concatenate(
        ((parts[0] + 1j * parts[1]) * data.shape, share * CARRIERS.phases * pilots.shape)
    )
    frequency = np.concatenate((data.frequency, pilots.frequency))
    y = np.arange(TILE)
    down = np.exp(2j * np.pi * np.outer(y, frequency[:, 0]) / TILE)
    across = np.exp(2j * np.pi * np.outer(frequency[:, 1], y) / TILE)
    expected = 2 * ((down * values) @ across).real / TILE
    assert np.allclose(channel.tile(amplitudes, CARRIERS), expected, atol=1e-3)


def test_pilots_have_their_share_of_the_energy() -> None:
    power = np.abs(np.fft.fft2(channel.tile(code(), CARRIERS))).ravel() ** 2
    pilots = power[CARRIERS.pilots.index[0]].sum()
    data = power[CARRIERS.data.index[0]].sum()
    shape = float(np.mean(CARRIERS.pilots.shape**2))
    assert pilots / data == pytest.approx(0.25 / 0.75 * shape, rel=0.02)


@pytest.mark.parametrize("fitted", [False, True])
def test_code_bits_come_back_from_noise(fitted: bool) -> None:
    sent = code(1)
    found = spectrum(channel.tile(sent, CARRIERS), noise=0.5, shift=(17, 100))
    soft = channel.soft_values(found, CARRIERS, shift=(17.0, 100.0), fitted=fitted)
    assert np.mean(soft * soft) == pytest.approx(1, abs=1e-5)
    assert np.mean((soft > 0) == (sent > 0)) > 0.99


@pytest.mark.parametrize("orientation", range(8))
def test_code_bits_come_back_however_the_tile_lies(orientation: int) -> None:
    sent = code(2)
    tile = channel.tile(sent, CARRIERS)
    mirrored, turns = divmod(orientation, 4)
    # Negating indices instead of reversing them leaves the origin where it was.
    lying = np.roll(tile[:, ::-1], 1, 1) if mirrored else tile
    for _ in range(turns):
        lying = np.roll(np.rot90(lying), 1, 0)
    soft = channel.soft_values(
        spectrum(lying), CARRIERS, orientation=orientation, shift=(0.0, 0.0), fitted=True
    )
    assert np.array_equal(soft > 0, sent > 0)


def test_the_pilots_tell_how_blurred_a_picture_is() -> None:
    """Where high frequencies are gone, fitted soft values lean on the low ones."""
    sent = code(3)
    ky, kx = (np.fft.fftfreq(TILE)[:, None], np.fft.fftfreq(TILE))
    blurred = spectrum(channel.tile(sent, CARRIERS)) * np.exp(-60 * (ky**2 + kx**2))
    noise = np.fft.fft2(
        np.random.default_rng(4).normal(0, channel.tile(sent, CARRIERS).std() / 6, (TILE, TILE))
    )
    received = (blurred + noise).astype(np.complex64)
    agreement = [
        float(np.mean(channel.soft_values(received, CARRIERS, shift=(0, 0), fitted=fit) * sent))
        for fit in (False, True)
    ]
    assert agreement[1] > agreement[0]


def test_an_empty_spectrum_has_no_soft_values() -> None:
    nothing = np.zeros((TILE, TILE), np.complex64)
    soft = channel.soft_values(nothing, CARRIERS, shift=(0.0, 0.0), fitted=True)
    assert np.isfinite(soft).all()


def test_the_noise_around_a_point_is_that_of_its_ring_and_its_neighbours() -> None:
    """By hand, point by point, over the border of the spectrum too; pilots count as their ring."""
    generator = np.random.default_rng(8)
    given = (generator.normal(0, 1, (TILE, TILE)) + 1j).astype(np.complex64)
    found = channel.noise_around(given, CARRIERS, 5)
    rings = channel.noise(given, CARRIERS, 5)
    power = np.abs(given.astype(complex)) ** 2
    for index, ring in zip(CARRIERS.pilots.index[5], CARRIERS.pilots.ring, strict=True):
        row, column = divmod(int(index), TILE)
        power[row, column] = power[-row % TILE, -column % TILE] = 2 * rings[ring]
    for number in range(0, len(found), 111):
        row, column = divmod(int(CARRIERS.data.index[5][number]), TILE)
        rows, columns = np.arange(row - 3, row + 4) % TILE, np.arange(column - 3, column + 4) % TILE
        beside = power[np.ix_(rows, columns)].mean() / 2
        expected = math.sqrt(beside * rings[CARRIERS.data.ring[number]])
        assert found[number] == pytest.approx(expected, rel=1e-4)
