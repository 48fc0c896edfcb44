from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY
from synthmark.watermark.image import blocks, channel
from synthmark.watermark.image.blocks import STRIDE
from synthmark.watermark.image.carriers import Carriers
from synthmark.watermark.image.frame import TILE

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

CARRIERS = Carriers.of(OPEN_KEY)


def noise(height: int, width: int) -> Plane:
    generator = np.random.default_rng(height * width)
    return generator.normal(0, 1, (height, width)).astype(np.float32)


def tiled(height: int, width: int) -> Plane:
    code = np.random.default_rng(5).choice([-1, 1], CARRIERS.scheme.code_bits).astype(np.float32)
    tile = channel.tile(code, CARRIERS)
    return np.tile(tile, (height // TILE + 1, width // TILE + 1))[:height, :width]


def moved(down: float, across: float) -> Matrix:
    transform = np.eye(3)
    transform[:2, 2] = down, across
    return transform


def test_values_are_those_of_the_pilots_in_each_block() -> None:
    """Each pilot's Fourier sum over one tapered block, term by term."""
    plane, shift = noise(200, 270), (64, -128)
    cut = blocks.cut(plane, moved(*shift), CARRIERS)
    assert cut is not None
    taper = np.sin(np.pi * (np.arange(TILE) + 0.5) / TILE) ** 2
    y, x = np.mgrid[:TILE, :TILE]
    for row, column in ((0, 0), (1, 2)):
        top, left = row * STRIDE, column * STRIDE
        assert cut.middles[row, column] == pytest.approx(
            (top + shift[0] + TILE / 2, left + shift[1] + TILE / 2)
        )
        part = plane[top : top + TILE, left : left + TILE] * np.outer(taper, taper)
        values = []
        for (ky, kx), phase in zip(CARRIERS.pilots.frequency, CARRIERS.phases, strict=True):
            wave = np.exp(
                -2j * np.pi * (ky * (y + top + shift[0]) + kx * (x + left + shift[1])) / TILE
            )
            values.append((part * wave).sum() * np.conj(phase))
        expected = np.array(values) / np.abs(values).mean()
        assert np.allclose(cut.values[row, column], expected, atol=2e-3)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (-37.0, 411.0)])
def test_where_the_tile_lies_right_values_are_about_1(shift: tuple[float, float]) -> None:
    plane = np.roll(tiled(512, 512), np.array(shift, int) * -1, (0, 1))
    cut = blocks.cut(plane, moved(*shift), CARRIERS)
    assert cut is not None
    # Blocks at the rim are partly beyond the plane.
    inner = cut.values[2:-2, 2:-2].real.mean(axis=2)
    assert inner.min() > 0.9
    off = blocks.cut(plane, moved(shift[0] + 9, shift[1] + 5), CARRIERS)
    assert off is not None
    assert np.abs(off.values[2:-2, 2:-2].real.mean(axis=2)).max() < 0.4


def test_only_blocks_within_the_radius_are_cut() -> None:
    plane = noise(512, 640)
    whole = blocks.cut(plane, np.eye(3), CARRIERS)
    part = blocks.cut(plane, np.eye(3), CARRIERS, centre=np.array([200.0, 300.0]), radius=150)
    assert whole is not None
    assert part is not None
    near = np.hypot(*np.moveaxis(whole.middles - (200, 300), 2, 0)) <= 150
    assert 0 < np.count_nonzero(near) < near.size
    assert np.allclose(part.values[near], whole.values[near], atol=1e-4)
    assert np.abs(part.values[~near]).max() == 0


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (16, 4000), (127, 300)])
def test_a_plane_narrower_than_a_tile_is_not_cut(shape: tuple[int, int]) -> None:
    assert blocks.cut(noise(*shape), np.eye(3), CARRIERS) is None


def test_a_frame_that_would_be_huge_or_folded_is_not_laid_out() -> None:
    plane = noise(200, 200)
    assert blocks.lay_out(plane, np.diag([11.0, 11.0, 1.0])) is None
    folded = np.eye(3)
    folded[2, 0] = -1 / 150
    assert blocks.lay_out(plane, folded) is None


def test_a_flat_plane_has_finite_values() -> None:
    cut = blocks.cut(np.zeros((256, 256), np.float32), np.eye(3), CARRIERS)
    assert cut is not None
    assert np.abs(cut.values).max() == 0


@pytest.mark.parametrize("turns", range(4))
def test_a_plane_is_laid_out_where_the_transform_says(turns: int) -> None:
    """A quarter turn, and a shift by whole pixels: nothing is interpolated."""
    plane = noise(150, 210)
    turn = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), turns)
    transform = np.eye(3)
    transform[:2, :2], transform[:2, 2] = turn, (17, -500)
    layout = blocks.lay_out(plane, transform)
    assert layout is not None
    laid, corner = layout
    assert corner[0] % STRIDE == corner[1] % STRIDE == 0
    for y, x in ((30, 40), (75, 100), (100, 180)):
        row, column = turn @ (y, x) + (17, -500) - corner
        assert laid[row, column] == pytest.approx(plane[y, x], abs=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 3), (4, 5, 2), (1, 6, 1)])
def test_smoothing_is_the_mean_over_nine(shape: tuple[int, int, int]) -> None:
    surfaces = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    rows, columns, _ = shape
    expected = np.zeros(shape)
    for row in range(rows):
        for column in range(columns):
            for down in (-1, 0, 1):
                for across in (-1, 0, 1):
                    expected[row, column] += surfaces[
                        min(max(row + down, 0), rows - 1), min(max(column + across, 0), columns - 1)
                    ]
    assert np.allclose(blocks.smoothed(surfaces), expected / 9, atol=1e-5)


def test_points_go_through_a_homography_and_back() -> None:
    transform = np.array([[1.1, 0.2, -300.3], [-0.3, 0.9, 77.7], [1e-4, -2e-4, 1.0]])
    points = np.random.default_rng(2).uniform(0, 700, (20, 2))
    found = blocks.through(transform, points)
    for point, place in zip(points, found, strict=True):
        y, x, weight = transform @ (*point, 1)
        assert place == pytest.approx((y / weight, x / weight))
    assert np.allclose(blocks.through(np.linalg.inv(transform), found), points)
