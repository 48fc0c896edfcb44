from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from synthmark.watermark.image import jpeg
from tests.pictures import scene

QUALITIES = jpeg._QUALITIES


def plane(number: int, *size: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(scene(number, *size)[..., 0])


def noise(*size: int, seed: int = 1, deviation: float = 2.0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, deviation, size).astype(np.float32)


def basis() -> NDArray[np.float64]:
    """The cosine transform of 8 pixels, a wave a row, as ITU-T T.81, A.3.3 writes it."""
    places = np.arange(8)
    waves: NDArray[np.float64] = np.cos((2 * places + 1) * places[:, None] * np.pi / 16) / 2
    waves[0] /= np.sqrt(2)
    return waves


def oracle(levels: NDArray[np.uint8], change: NDArray[np.float32]) -> NDArray[np.float64]:
    """Coefficient by coefficient, in double precision."""
    waves, carried = basis(), change.astype(np.float64)
    for top in range(0, change.shape[0] - 7, 8):
        for left in range(0, change.shape[1] - 7, 8):
            place = slice(top, top + 8), slice(left, left + 8)
            host, own = (waves @ each[place] @ waves.T for each in (levels, change))
            more = np.zeros((8, 8))
            for u, v in itertools.product(range(5), range(5)):
                if u or v:
                    more[u, v] = _more(host[u, v], own[u, v], u, v)
            carried[place] += waves.T @ more @ waves
    return carried


def _more(host: float, own: float, u: int, v: int) -> float:
    """What is to be added, for the first quality at which it is worth it."""
    for quality, worth in zip(QUALITIES, jpeg._WORTH, strict=True):
        step = float(jpeg.steps(quality)[u, v])
        middle = np.rint((host + own) / step) + np.sign(own) * (0.5 + jpeg._BEYOND)
        needed = middle * step - host
        energy = (needed**2 - own**2) * (1 + jpeg._SEEN * needed**2)
        if step * abs(own) > worth * energy:
            return float(needed - own)
    return 0.0


@pytest.mark.parametrize("size", [(16, 24), (35, 41), (8, 8), (7, 40), (40, 7), (1, 1)])
@pytest.mark.kernel
def test_a_change_is_carried_over_as_the_oracle_says(size: tuple[int, int]) -> None:
    levels, change = plane(3, 64, 64)[: size[0], : size[1]], noise(*size)
    before = change.copy()
    found = jpeg.carried_over(levels, change)
    assert np.array_equal(change, before)
    assert found.dtype == np.float32
    assert np.abs(found - oracle(levels, change)).max() < 1e-3
    assert (found == change).all() == (min(size) < 8)


@pytest.mark.kernel
def test_waves_are_those_of_the_cosine_transform() -> None:
    lines, found = noise(8, 24), np.empty((5, 24), np.float32)
    jpeg.waves(lines, jpeg._cosines(), found)
    assert np.allclose(found, basis()[:5] @ lines, atol=1e-5)


@pytest.mark.kernel
def test_waves_are_added_block_by_block() -> None:
    amounts, change = noise(5, 5, 3), np.zeros((8, 27), np.float32)
    jpeg.add_waves(change, amounts, jpeg._cosines())
    low = basis()[:5]
    blocks = [low.T @ amounts[..., block] @ low for block in range(3)]
    assert np.allclose(change, np.hstack((*blocks, np.zeros((8, 3)))), atol=1e-5)


@pytest.mark.kernel
def test_what_is_missing_is_what_the_oracle_adds() -> None:
    coefficients = np.stack((noise(5, 5, 40, deviation=60.0), noise(5, 5, 40)))
    steps = np.stack([jpeg.steps(each) for each in QUALITIES])
    worth, found = np.array(jpeg._WORTH, np.float32), np.empty((5, 5, 40), np.float32)
    jpeg.missing(coefficients, steps, worth, jpeg._SEEN, jpeg._BEYOND, found)
    for u, v in itertools.product(range(5), range(5)):
        both = coefficients[:, u, v].T.tolist()
        expected = [_more(host, own, u, v) if u or v else 0.0 for host, own in both]
        assert np.allclose(found[u, v], expected, atol=1e-4)


@given(st.integers(0, 2**32 - 1), st.floats(0, 12), st.integers(0, 255))
def test_a_flat_picture_takes_no_more_than_it_is_worth(
    seed: int, deviation: float, level: int
) -> None:
    levels = np.full((24, 32), level, np.uint8)
    change = noise(24, 32, seed=seed, deviation=deviation)
    found = jpeg.carried_over(levels, change)
    assert np.abs(found - oracle(levels, change)).max() < 1e-2 + 1e-3 * deviation


def test_nothing_added_is_nothing_carried_over() -> None:
    nothing = np.zeros((64, 64), np.float32)
    assert not jpeg.carried_over(plane(2, 64, 64), nothing).any()


@pytest.mark.parametrize("quality", QUALITIES)
def test_what_was_carried_over_is_in_the_jpeg(quality: int) -> None:
    """The same energy leaves several times as much where it carries something over."""
    levels = plane(5, 256, 256)
    change = noise(256, 256, deviation=1.5)
    carried = jpeg.carried_over(levels, change)
    stronger = change * np.sqrt(np.mean(carried**2) / np.mean(change**2))

    def left(of: NDArray[np.float32]) -> float:
        marked = np.clip(np.rint(levels + of), 0, 255).astype(np.uint8)
        gone = jpeg.recoded(levels, quality).astype(np.float64)
        return float(np.mean((jpeg.recoded(marked, quality) - gone) * change))

    assert left(carried) > 1.5 * left(stronger)


@pytest.mark.parametrize("quality", [10, 20, 50, 75, 90])
def test_the_steps_are_those_of_a_jpeg(quality: int) -> None:
    file = io.BytesIO()
    Image.fromarray(plane(1, 16, 16)).save(file, "JPEG", quality=quality)
    read = Image.open(file)
    assert isinstance(read, JpegImageFile)
    table = np.array(read.quantization[0]).reshape(8, 8)
    assert np.array_equal(jpeg.steps(quality), table[:5, :5])


def test_a_plane_is_recoded_as_jpeg_does() -> None:
    levels = plane(8, 64, 80)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=20)
    expected = np.asarray(Image.open(file)).astype(int)
    # Two libraries may round a sample differently.
    assert np.abs(jpeg.recoded(levels, 20) - expected).max() <= 2


def test_what_is_longer_than_any_jpeg_is_left_as_it_is() -> None:
    levels = np.tile(np.arange(0, 250, 5).astype(np.uint8), (8, 1400))
    recoded = jpeg.recoded(levels, 20)
    assert recoded.shape == levels.shape
    assert np.array_equal(recoded[:, 65_500:], levels[:, 65_500:])
    assert not np.array_equal(recoded[:, :65_500], levels[:, :65_500])
