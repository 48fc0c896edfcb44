from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY
from synthmark.watermark.image import pose as climbing
from synthmark.watermark.image.carriers import Carriers
from synthmark.watermark.image.frame import TILE
from synthmark.watermark.image.pose import Pose
from tests.watermark.image.test_search import similarity

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

PILOTS = Carriers.of(OPEN_KEY).pilots.frequency.astype(np.float64) / TILE


def test_a_pose_maps_its_middle_to_the_origin() -> None:
    pose = Pose(1.0, similarity(30, 1.2), np.array([1e-3, -2e-3]))
    transform = pose.transform((100.0, 50.0))
    there = transform @ (100.0, 50.0, 1.0)
    assert np.allclose(there, (0, 0, 1))
    beside = transform @ (101.0, 50.0, 1.0)
    assert np.allclose(beside[:2] / beside[2], pose.matrix[:, 0] / 1.001)


def mean_at(powers: Plane, matrix: Matrix) -> float:
    """The mean of the map at the pilots, bilinear, 1 where the map does not reach."""
    size = len(powers)
    total = 0.0
    for ky, kx in PILOTS @ matrix * size:
        y, x = (ky, kx) if kx >= 0 else (-ky, -kx)
        y, x = y + size // 2, x - 1
        if x < 0 or y < 0 or x >= size // 2 - 2 or y >= size - 1:
            total += 1
            continue
        row, column = int(y), int(x)
        part = powers[row : row + 2, column : column + 2].astype(np.float64)
        total += np.array([1 - y + row, y - row]) @ part @ np.array([1 - x + column, x - column])
    return total / len(PILOTS)


def slope(pose: Matrix, place: Matrix) -> Matrix:
    """The derivative of what a pose does at a place, by differences."""

    def laid(point: Matrix) -> Matrix:
        return np.asarray(pose[:2] @ point / (1 + pose[2] @ point))

    step = 1e-4
    columns = [(laid(place + step * unit) - laid(place - step * unit)) for unit in np.eye(2)]
    return np.stack(columns, axis=1) / (2 * step)


def mean_over(maps: Plane, places: Matrix, pose: Matrix) -> float:
    each = zip(maps, places, strict=True)
    return float(np.mean([mean_at(powers, slope(pose, place)) for powers, place in each]))


NOWHERE_ELSE, UPRIGHT = np.zeros((1, 2)), np.zeros((1, 2))
PLACES = np.array([(0.0, 0.0), (-90.0, 40.0), (120.0, 110.0)])


def posed(matrix: Matrix, tilt: tuple[float, float] = (0.0, 0.0)) -> Matrix:
    return np.vstack((matrix, tilt))


@pytest.mark.kernel
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.86])
def test_climb_returns_the_mean_at_the_pilots(scale: float) -> None:
    powers = np.random.default_rng(4).uniform(0, 8, (64, 31)).astype(np.float32)
    pose = posed(similarity(11, 1 / scale))
    before = mean_at(powers, pose[:2])
    found = climbing.climb(powers[None], NOWHERE_ELSE, PILOTS, UPRIGHT, pose)
    assert found == pytest.approx(mean_at(powers, pose[:2]), abs=1e-6)
    assert found >= before
    assert np.array_equal(pose[2], (0, 0))


@pytest.mark.kernel
def test_climb_returns_the_mean_over_all_parts() -> None:
    maps = np.random.default_rng(5).uniform(0, 8, (3, 64, 31)).astype(np.float32)
    tilts = np.array([(0.0, 0.0), (0.001, 0.0), (0.0005, -0.0008)])
    pose = posed(similarity(20, 0.9))
    tried = [mean_over(maps, PLACES, posed(pose[:2], (y, x))) for y, x in tilts.tolist()]
    found = climbing.climb(maps, PLACES, PILOTS, tilts, pose)
    assert found == pytest.approx(mean_over(maps, PLACES, pose), abs=1e-4)
    assert found >= max(tried)


@pytest.mark.kernel
def test_climb_ends_where_no_small_change_scores_more() -> None:
    maps = np.random.default_rng(6).uniform(0, 8, (3, 64, 31)).astype(np.float32)
    pose = posed(similarity(40, 1.2))
    found = climbing.climb(maps, PLACES, PILOTS, UPRIGHT, pose)
    for kind in ([[1, 0], [0, 1]], [[0, 1], [-1, 0]], [[1, 0], [0, -1]], [[0, 1], [1, 0]]):
        for step in (1e-4, -1e-4):
            near = posed((np.eye(2) + step * np.array(kind)) @ pose[:2], (pose[2, 0], pose[2, 1]))
            assert mean_over(maps, PLACES, near) < found + 1e-3
    for tilt in ((1e-6, 0), (-1e-6, 0), (0, 1e-6), (0, -1e-6)):
        near = posed(pose[:2], (pose[2, 0] + tilt[0], pose[2, 1] + tilt[1]))
        assert mean_over(maps, PLACES, near) < found + 1e-3


@pytest.mark.kernel
def test_the_mean_power_follows_the_oracle() -> None:
    maps = np.random.default_rng(7).uniform(0, 8, (3, 64, 31)).astype(np.float32)
    pose = posed(similarity(70, 0.8), (4e-4, -3e-4))
    found = climbing.mean_power(maps, PLACES, PILOTS, pose)
    assert found == pytest.approx(mean_over(maps, PLACES, pose), abs=1e-4)


@pytest.mark.kernel
def test_moves_are_matrices_and_tilts() -> None:
    pose, moved = posed(similarity(40, 1.2), (1e-4, 2e-4)), np.empty((3, 2))
    kinds = ([[1, 0], [0, 1]], [[0, 1], [-1, 0]], [[1, 0], [0, -1]], [[0, 1], [1, 0]])
    for number, kind in enumerate(kinds):
        climbing.move(pose, number, 0.01, 50.0, moved)
        expected = posed((np.eye(2) + 0.01 * np.array(kind)) @ pose[:2], (1e-4, 2e-4))
        assert np.allclose(moved, expected, rtol=1e-12)
    for number, tilt in enumerate([(3e-4, 2e-4), (1e-4, 4e-4)]):
        climbing.move(pose, 4 + number, 0.01, 50.0, moved)
        assert np.allclose(moved, posed(pose[:2], tilt), rtol=1e-12)


@pytest.mark.kernel
def test_climb_ends_on_an_empty_map_and_beyond_any() -> None:
    empty = np.zeros((1, 512, 255), np.float32)
    pose = posed(similarity(0, 1))
    assert climbing.climb(empty, NOWHERE_ELSE, PILOTS, UPRIGHT, pose) == 0
    assert np.array_equal(pose, posed(similarity(0, 1)))
    beyond = posed(similarity(0, 0.01))
    assert climbing.climb(empty, NOWHERE_ELSE, PILOTS, UPRIGHT, beyond) == 1
