from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY
from synthmark.watermark.image import blocks, channel, tracking
from synthmark.watermark.image.carriers import Carriers
from synthmark.watermark.image.frame import TILE

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

CARRIERS = Carriers.of(OPEN_KEY)
BENT = np.array([[1.02, 0.03, -12.0], [-0.02, 0.97, 9.0], [6e-5, -4e-5, 1.0]])
"""From (y, x, 1) in the picture to the frame."""


def noise(height: int, width: int, seed: int = 0) -> Plane:
    generator = np.random.default_rng(seed)
    return generator.normal(0, 1, (height, width)).astype(np.float32)


def seen(transform: Matrix, height: int = 640, width: int = 640, noise_level: float = 1) -> Plane:
    """The tile repeated over the frame, looked at through a transform, and noise."""
    code = np.random.default_rng(5).choice([-1, 1], CARRIERS.scheme.code_bits).astype(np.float32)
    tile = channel.tile(code, CARRIERS)
    frame = np.tile(tile / tile.std(), (8, 8))
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float64)
    move = np.eye(3)
    move[:2, 2] = TILE
    there = swap @ move @ transform @ swap
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    plane = cv2.warpPerspective(frame, there, (width, height), flags=flags)
    return np.asarray(plane + noise_level * noise(height, width), np.float32)


def miss(found: Matrix, truth: Matrix, side: int = 640) -> float:
    """The most that two transforms differ over a grid of places, in frame pixels."""
    places = np.stack(np.meshgrid(*[np.linspace(0, side, 9)] * 2), axis=2).reshape(-1, 2)
    return float(np.hypot(*(blocks.through(found, places) - blocks.through(truth, places)).T).max())


def last(plane: Plane, start: Matrix, **options: object) -> list[Matrix]:
    return list(tracking.track(plane, start, CARRIERS, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_a_homography_is_fitted_through_outliers(seed: int) -> None:
    generator = np.random.default_rng(seed)
    source = generator.uniform(-100, 800, (80, 2))
    target = blocks.through(BENT, source) + generator.normal(0, 0.05, (80, 2))
    target[:24] += generator.uniform(-8, 8, (24, 2))
    found = tracking._fitted(source, target, np.ones(80), projective=True)
    assert miss(found, BENT) < 1


def test_what_is_exact_is_fitted_exactly() -> None:
    source = np.random.default_rng(1).uniform(0, 700, (12, 2))
    found = tracking._fitted(source, blocks.through(BENT, source), np.ones(12), projective=True)
    assert miss(found, BENT) < 1e-3
    affine = BENT.copy()
    affine[2, :2] = 0
    found = tracking._fitted(source, blocks.through(affine, source), np.ones(12), projective=False)
    assert miss(found, affine) < 1e-6
    assert np.array_equal(found[2], (0, 0, 1))


@pytest.mark.parametrize("projective", [False, True])
def test_places_on_a_line_or_in_one_point_end_in_a_finite_fit(projective: bool) -> None:
    line = np.stack((np.arange(8.0), np.arange(8.0)), axis=1) * 64
    for source in (line, np.full((8, 2), 320.0)):
        found = tracking._fitted(source, source + 1, np.ones(8), projective=projective)
        assert np.isfinite(found).all()


@pytest.mark.parametrize("top", [(0.0, 0.0), (3.3, -4.6), (-7.0, 6.5)])
def test_tops_are_found_to_a_part_of_a_step(top: tuple[float, float]) -> None:
    y, x = np.mgrid[-8:9, -8:9]
    surface = 20 - (y - top[0]) ** 2 / 9 - (x - top[1]) ** 2 / 7
    offsets, scores = tracking._tops(surface[None].astype(np.float32))
    assert offsets[0] == pytest.approx(top, abs=1e-3)
    assert scores[0] == pytest.approx(20 / surface.std(), rel=0.05)


def test_a_top_on_the_rim_and_a_flat_surface_stay_within_reach() -> None:
    y, x = np.mgrid[-8:9, -8:9]
    surfaces = np.stack((y + x, -y - x, np.zeros_like(y))).astype(np.float32)
    offsets, scores = tracking._tops(surfaces)
    assert np.abs(offsets).max() <= 8
    assert np.isfinite(scores).all()
    assert scores[2] == 0


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("off", [(0, 0), (3, -5), (-6, 2)])
def test_blocks_tell_how_far_the_tile_is_off(off: tuple[int, int], smooth: bool) -> None:
    moved = np.eye(3)
    moved[:2, 2] = off
    cut = blocks.cut(seen(np.eye(3), 384, 384), moved, CARRIERS)
    assert cut is not None
    offsets, scores = tracking._displacements(cut, CARRIERS, smooth=smooth)
    rows, columns = cut.middles.shape[:2]
    inner = np.zeros((rows, columns), bool)
    inner[2:-2, 2:-2] = True
    assert np.abs(offsets[inner.ravel()] - off).max() < 0.5
    assert scores[inner.ravel()].min() > 3


def test_the_displacement_is_where_the_pilots_agree_most() -> None:
    """Every offset of one noisy block, its pilots turned and summed one by one."""
    moved = np.eye(3)
    moved[:2, 2] = 4, 1
    cut = blocks.cut(seen(np.eye(3), 384, 384, noise_level=3), moved, CARRIERS)
    assert cut is not None
    offsets, scores = tracking._displacements(cut, CARRIERS, smooth=False)
    row, column = 3, 2
    sums = np.zeros((17, 17))
    for place in np.ndindex(17, 17):
        waves = np.exp(2j * np.pi / TILE * (CARRIERS.pilots.frequency @ (np.array(place) - 8)))
        sums[place] = (cut.values[row, column] * waves).sum().real
    top = np.array(np.unravel_index(sums.argmax(), sums.shape)) - 8
    number = row * cut.middles.shape[1] + column
    assert np.abs(offsets[number] - top).max() <= 0.5
    assert scores[number] == pytest.approx(sums.max() / sums.std(), rel=1e-3)


def test_a_perspective_is_followed_from_a_pose_that_holds_in_the_middle() -> None:
    plane = seen(BENT)
    step = 1e-3
    middle = np.array([(320.0, 320.0), (320.0 + step, 320.0), (320.0, 320.0 + step)])
    there = blocks.through(BENT, middle)
    start = np.eye(3)
    start[:2, :2] = ((there[1:] - there[0]) / step).T
    start[:2, 2] = there[0] - start[:2, :2] @ middle[0]
    assert miss(start, BENT) > 5
    rounds = last(plane, start, radii=(170.0, 260.0, 400.0, np.inf, np.inf))
    assert len(rounds) == 5
    assert miss(rounds[-1], BENT) < 0.5


def test_it_is_followed_from_a_corner_as_well() -> None:
    start = np.eye(3)
    start[:2, 2] = 2, -3
    shear = np.array([[1.0, 0.012, 0.0], [-0.008, 1.0, 0.0], [0.0, 0.0, 1.0]])
    rounds = last(seen(shear), start, centre=(120, 120), radii=(200.0, 350.0, np.inf, np.inf))
    assert miss(rounds[-1], shear) < 0.5


def test_a_transform_that_is_right_stays() -> None:
    for found in last(seen(BENT), BENT):
        assert miss(found, BENT) < 0.5


def test_noise_beside_the_picture_does_not_pull() -> None:
    plane = seen(np.eye(3))
    plane[:, 400:] = noise(640, 240, seed=3)
    rounds = last(plane, np.eye(3))
    assert len(rounds) == 3
    assert miss(rounds[-1], np.eye(3), side=400) < 0.5


@pytest.mark.parametrize("shape", [(1, 1), (16, 4000), (100, 300), (128, 128), (130, 200)])
def test_a_plane_of_few_blocks_is_not_followed(shape: tuple[int, int]) -> None:
    assert last(noise(*shape), np.eye(3)) == []


def test_a_flat_plane_is_not_followed() -> None:
    assert last(np.zeros((640, 640), np.float32), np.eye(3)) == []
