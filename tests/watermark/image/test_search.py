from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark.image import channel, folding, search, sync
from synthmark.watermark.image.carriers import Carriers
from synthmark.watermark.image.frame import TILE
from synthmark.watermark.image.pose import Pose

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

CARRIERS = Carriers.of(OPEN_KEY)
PILOTS = CARRIERS.pilots.frequency.astype(np.float64) / TILE


def noise(height: int, width: int) -> Plane:
    generator = np.random.default_rng(height * width)
    return generator.normal(0, 1, (height, width)).astype(np.float32)


def similarity(degrees: float, scale: float, *, mirrored: bool = False) -> Matrix:
    """From (y, x) in the picture to the frame, of one turned counter-clockwise."""
    angle = math.radians(degrees)
    turned = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return np.asarray(np.diag([1.0, -1.0 if mirrored else 1.0]) @ turned / scale)


def seen(
    matrix: Matrix,
    height: int = 512,
    width: int = 512,
    noise_level: float = 1.5,
    tilt: tuple[float, float] = (0.0, 0.0),
) -> Plane:
    """The tile repeated over a plane, each pixel looked up through the matrix, and noise.

    A tilt is about the middle.
    """
    code = np.random.default_rng(5).choice([-1, 1], CARRIERS.scheme.code_bits).astype(np.float32)
    waves = np.fft.fft2(channel.tile(code, CARRIERS))
    # A finer tile, so that the nearest of its pixels is near enough.
    fine = np.zeros((8 * TILE, 8 * TILE), complex)
    half = TILE // 2
    fine[:half, :half], fine[-half:, :half] = waves[:half, :half], waves[-half:, :half]
    fine[:half, -half:], fine[-half:, -half:] = waves[:half, -half:], waves[-half:, -half:]
    tile = np.fft.ifft2(fine).real
    y, x = np.mgrid[:height, :width].astype(float)
    away = 1 + tilt[0] * (y - height / 2) + tilt[1] * (x - width / 2)
    if any(tilt):
        y, x = y - height / 2, x - width / 2
    places = np.stack((y, x), axis=2) @ matrix.T / away[..., None]
    row, column = np.moveaxis(np.rint(places * 8).astype(int) % (8 * TILE), 2, 0)
    plane = tile[row, column] / tile.std() + noise_level * noise(height, width)
    return np.asarray(plane, np.float32)


def apart(found: Matrix, truth: Matrix) -> float:
    """How far two matrices differ, as a part; a half turn more or less is the same to a power."""
    size = np.linalg.norm(truth, 2)
    return float(min(np.linalg.norm(found - truth, 2), np.linalg.norm(found + truth, 2)) / size)


# --- kernels against plain oracles ---------------------------------------------------------------


@pytest.mark.kernel
@pytest.mark.parametrize("pilots", [1, 7])
def test_constellation_follows_the_oracle(pilots: int) -> None:
    generator = np.random.default_rng(pilots)
    polar = generator.integers(0, 256, (11, 23), np.uint8)
    turn, place = generator.integers(0, 11, pilots), generator.integers(0, 23 - 9, pilots)
    expected = np.zeros((11, 9), int)
    for row in range(11):
        for step in range(9):
            for each in range(pilots):
                expected[row, step] += polar[(row + turn[each]) % 11, place[each] + step]
    found = search.constellation(polar, turn, place, 9)
    assert found.dtype == np.uint16
    assert np.array_equal(found, expected)


def bent_sums(
    polar: NDArray[np.uint8], bend: Matrix, sizes: tuple[int, int, int], step: float, unit: float
) -> NDArray[np.int64]:
    """All sums of one bend: each pilot carried by the whole matrix, then looked up."""
    first, turns, scales = sizes
    sums = np.zeros((turns, scales), np.int64)
    stretch, shear = bend
    values, vectors = np.linalg.eigh(np.array([[stretch, shear], [shear, -stretch]]))
    matrix = vectors @ np.diag(np.exp(values)) @ vectors.T
    for ky, kx in PILOTS @ matrix.T:
        row = round((math.atan2(ky, kx) % math.pi) / step) + first
        column = max(round(math.log(math.hypot(ky, kx) * unit) / step), 0)
        for turn in range(turns):
            sums[turn] += polar[(row + turn) % len(polar), column : column + scales]
    return sums


@pytest.mark.kernel
@pytest.mark.parametrize("first", [-3, 0, 5])
def test_bent_constellation_follows_the_oracle(first: int) -> None:
    step, unit = 0.1, 1 / 0.02
    polar = np.random.default_rng(first + 9).integers(0, 256, (31, 45), np.uint8)
    bends = np.array([(0.0, 0.0), (0.1, 0.0), (-0.12, 0.2), (0.0, -0.25)])
    sizes = (first, 7, 10)
    found = search.bent_constellation(polar, PILOTS, bends, np.array(sizes), step, unit)
    for bend, (score, turn, scale) in zip(bends, found, strict=True):
        sums = bent_sums(polar, bend, sizes, step, unit)
        # A pilot halfway between two places may be rounded either way.
        assert abs(int(score) - int(sums.max())) <= 255
        assert sums[turn, scale] >= sums.max() - 255


# --- maps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(60, 60), (512, 300), (513, 40), (1200, 1100)])
def test_the_power_map_is_the_spectrum_over_its_surroundings(shape: tuple[int, int]) -> None:
    plane = noise(*shape)
    found = search.power_map(plane)
    size = 512 if max(shape) <= 512 else 1024
    assert found.shape == (size, size // 2 - 1)
    top, left = (max(0, side - size) // 2 for side in shape)
    part = plane[top : top + size, left : left + size].astype(np.float64)
    down, across = (np.sin(np.pi * (np.arange(side) + 0.5) / side) for side in part.shape)
    power = np.abs(np.fft.fft2(part * np.outer(down, across), (size, size))) ** 2
    power = np.fft.fftshift(power, axes=0)[:, 1 : size // 2]
    middle = power[100:131, 100:131]
    expected = min(middle[15, 15] / middle.mean(), 8)
    assert found[115, 115] == pytest.approx(expected, rel=1e-3)
    assert 0.9 < found.mean() < 1.1


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (16, 4000), (300, 300)])
def test_an_empty_plane_has_an_empty_map(shape: tuple[int, int]) -> None:
    found = search.power_map(np.zeros(shape, np.float32))
    assert found.max() == 0
    assert all(pose.score == 0 for pose in search.similar(found, CARRIERS, 2))


def test_peaks_are_the_highest_that_stand_alone() -> None:
    scores = np.zeros((40, 50), np.uint16)
    scores[5, 5], scores[6, 7], scores[20, 30], scores[39, 49] = 900, 800, 700, 65535
    assert search._peaks(scores, 3) == [(39, 49), (5, 5), (20, 30)]
    assert len(search._peaks(scores, 1)) == 1


# --- poses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("degrees", "scale", "mirrored"),
    [(0, 1, False), (7, 1.3, False), (93, 0.8, True), (171, 0.6, False), (45, 2.0, True)],
)
def test_a_turn_and_a_scale_are_found(degrees: float, scale: float, mirrored: bool) -> None:
    truth = similarity(degrees, scale, mirrored=mirrored)
    best, *_ = search.similar(search.power_map(seen(truth)), CARRIERS, 3)
    assert best.score > 2
    assert apart(best.matrix, truth) < 0.003


@pytest.mark.parametrize("bend", [(0.12, 0.0), (-0.1, 0.15), (0.0, -0.2)])
@pytest.mark.parametrize(("degrees", "mirrored"), [(8, False), (-95, True)])
def test_a_stretch_is_found(bend: tuple[float, float], degrees: float, mirrored: bool) -> None:
    truth = search._stretch(*bend) @ similarity(degrees, 1.1, mirrored=mirrored)
    powers = search.power_map(seen(truth, 256, 256, 1.0))
    best, *_ = search.bent(powers, CARRIERS, 2, mirrors=(False, True))
    assert best.score > 2
    assert apart(best.matrix, truth) < 0.006
    assert np.array_equal(best.tilt, (0, 0))


@pytest.mark.parametrize("tilt", [(0.0, 0.0), (3e-4, 0.0), (-2e-4, 3e-4)])
def test_parts_together_find_the_tilt(tilt: tuple[float, float]) -> None:
    truth = similarity(5, 1.0)
    plane = seen(truth, noise_level=3.0, tilt=tilt)
    corners = [(y, x) for y in (0, 128, 256) for x in (0, 128, 256)]
    maps = np.stack([search.power_map(plane[y : y + 256, x : x + 256]) for y, x in corners])
    places = np.array(corners, float) - (128, 128)
    start = Pose(1.0, similarity(5.2, 1.005), np.zeros(2))
    found = search.seen_together(maps, places, CARRIERS, start)
    assert apart(found.matrix, truth) < 0.01
    assert np.abs(found.tilt - tilt).max() < 5e-5
    assert found.score > 1.6


def test_a_stretch_keeps_the_area_and_undoes_itself() -> None:
    matrix = search._stretch(0.1, -0.2)
    assert np.linalg.det(matrix) == pytest.approx(1)
    assert np.allclose(matrix @ search._stretch(-0.1, 0.2), np.eye(2))
    assert np.array_equal(search._stretch(0, 0), np.eye(2))


@pytest.mark.parametrize("mirrored", [False, True])
def test_noise_scores_by_chance(mirrored: bool) -> None:
    plane = noise(512, 512)
    poses = search.similar(search.power_map(plane), CARRIERS, 6)
    assert len(poses) == 6
    assert [pose.score for pose in poses] == sorted((p.score for p in poses), reverse=True)
    assert poses[0].score < 2
    window = np.ascontiguousarray(plane[:256, :256])
    best, *_ = search.bent(search.power_map(window), CARRIERS, 2, mirrors=(mirrored,))
    assert best.score < 2.4


def test_another_key_sees_the_tile_but_its_phases_do_not_fit() -> None:
    """Its pilots fall on points of data: a pose alone is no evidence."""
    truth = similarity(20, 1)
    plane = seen(truth)
    scores = []
    for key in (OPEN_KEY, WatermarkKey("other", bytes(32))):
        carriers = Carriers.of(key)
        pose, *_ = search.similar(search.power_map(plane), carriers, 1)
        assert apart(pose.matrix, truth) < 0.003
        transform = np.eye(3)
        transform[:2, :2] = pose.matrix
        spectrum = folding.spectrum_through(plane, transform)
        scores.append(sync.find(spectrum, carriers, (0, 2))[0].score)
    assert scores[0] > 7
    assert scores[1] < 5.7


def test_poses_that_meet_are_one() -> None:
    poses = search.similar(search.power_map(seen(similarity(33, 1), noise_level=0.3)), CARRIERS, 6)
    for number, pose in enumerate(poses):
        for other in poses[:number]:
            assert np.abs(pose.matrix - other.matrix).max() >= 0.003


@pytest.mark.parametrize("step", [search._STEP, search._COARSE_STEP])
def test_the_polar_map_reaches_every_pilot_at_every_scale_and_bend(step: float) -> None:
    """The kernels do not look whether a place lies within the map."""
    width = search._polar_places(512, step)[0].shape[1]
    scales = int(math.log(search.MOST_SCALE / search.LEAST_SCALE) / step)
    bends = search._bends() if step == search._COARSE_STEP else np.zeros((1, 2))
    for bend in bends:
        # No pilot of any key lies beyond a quarter cycle a pixel.
        radius = 0.25 * np.linalg.norm(search._stretch(*bend), 2)
        first = math.log(radius * search.LEAST_SCALE / search._LEAST_RADIUS) / step
        assert round(first) + scales <= width
