"""How a found picture lies, against how it was laid: 512 pixels are its frame's side."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.facts import Geometry
from synthmark.keys import OPEN_KEY
from synthmark.watermark import image
from synthmark.watermark.image import blocks, geometry
from synthmark.watermark.image.carriers import ORIENTATIONS, Carriers
from synthmark.watermark.image.frame import TILE
from tests.pictures import Pixels, flat, scene

Matrix = NDArray[np.float64]

PAYLOAD = bytes(range(100, 116))
PAGE = 90
# What geometry is good for: degrees, a part, and pixels of the frame.
ROTATION, SCALE, CORNERS = 0.3, 0.01, 8.0


@pytest.fixture(scope="module")
def marked() -> Pixels:
    return image.embed(scene(1), PAYLOAD, key=OPEN_KEY).pixels


@pytest.fixture(scope="module")
def wide() -> Pixels:
    return image.embed(scene(2, 512, 640), PAYLOAD, key=OPEN_KEY).pixels


def quadrilateral(height: float, width: float, left: float = 0, top: float = 0) -> Matrix:
    """Upper left, upper right, lower right, lower left, as (x, y)."""
    right, bottom = left + width, top + height
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def turned(
    shape: tuple[int, ...], degrees: float, scale: float = 1.0, *, mirrored: bool = False
) -> Matrix:
    """The map of (x, y, 1) that mirrors a picture and turns it about its middle."""
    height, width = shape[:2]
    angle = math.radians(degrees)
    sine, cosine = scale * math.sin(angle), scale * math.cos(angle)
    middle = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
    turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    flip = np.diag([-1.0 if mirrored else 1.0, 1.0, 1.0])
    return np.asarray(middle @ turn @ flip @ np.linalg.inv(middle))


def mapped(matrix: NDArray[Any], points: Matrix) -> Matrix:
    found = np.column_stack((points, np.ones(len(points)))) @ matrix.T
    return np.asarray(found[:, :2] / found[:, 2:])


def warped(pixels: Pixels, matrix: Matrix, width: int, height: int) -> Pixels:
    """The picture through a map of (x, y, 1), whole numbers being the edges of pixels."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    there = np.linalg.inv(half) @ matrix @ half
    found = cv2.warpPerspective(
        pixels, there, (width, height), flags=cv2.INTER_CUBIC, borderValue=(PAGE,) * 3
    )
    return np.asarray(found, np.uint8)


def found_in(pixels: Pixels) -> Geometry:
    found = image.detect(pixels)
    assert found.payload == PAYLOAD
    assert found.geometry is not None
    return found.geometry


def furthest(found: Geometry, truth: Matrix) -> float:
    """How far the worst corner is off, in frame pixels."""
    return float(np.hypot(*(np.array(found.corners) - truth).T).max() / found.scale)


def check(found: Geometry, degrees: float, scale: float, truth: Matrix, mirrored: bool) -> None:
    assert 0 <= found.rotation < 360
    assert (found.rotation - degrees + 180) % 360 - 180 == pytest.approx(0, abs=ROTATION)
    assert found.scale == pytest.approx(scale, rel=SCALE)
    assert found.mirrored is mirrored
    assert furthest(found, truth) < CORNERS


# --- a picture that fills its frame --------------------------------------------------------------


@pytest.mark.parametrize(("mirrored", "turns"), ORIENTATIONS)
def test_the_corners_are_those_of_the_marked_picture(mirrored: bool, turns: int) -> None:
    """Its corners are numbered, and looked for after the array was mirrored and turned."""
    numbered = np.zeros((6, 9), int)
    numbered[0, 0], numbered[0, -1], numbered[-1, -1], numbered[-1, 0] = 1, 2, 3, 4
    lying = np.rot90(numbered[:, ::-1] if mirrored else numbered, turns)
    found = geometry.in_frame(lying.shape, 1.5, mirrored, turns)
    for number, (x, y) in enumerate(found.corners, 1):
        row, column = np.argwhere(lying == number)[0]
        assert (x, y) == (0 if column == 0 else column + 1, 0 if row == 0 else row + 1)
    assert (found.rotation, found.scale, found.mirrored) == (90 * turns, 1.5, mirrored)


# --- a picture that was searched for -------------------------------------------------------------


@pytest.mark.parametrize("degrees", [2, 10, -7, 33, 77, 130, 200, 275])
def test_a_turned_picture_with_its_corners_cut_off(marked: Pixels, degrees: float) -> None:
    """The corners that come back are where they were, beyond the picture's edge."""
    matrix = turned(marked.shape, degrees)
    found = found_in(warped(marked, matrix, 512, 512))
    check(found, degrees, 1, mapped(matrix, quadrilateral(512, 512)), mirrored=False)


@pytest.mark.parametrize("degrees", [10, 115, -40])
def test_a_mirrored_and_turned_picture(marked: Pixels, degrees: float) -> None:
    matrix = turned(marked.shape, degrees, mirrored=True)
    found = found_in(warped(marked, matrix, 512, 512))
    check(found, degrees, 1, mapped(matrix, quadrilateral(512, 512)), mirrored=True)


@pytest.mark.parametrize("degrees", [12, -50])
def test_a_picture_that_was_turned_and_scaled(wide: Pixels, degrees: float) -> None:
    matrix = turned(wide.shape, degrees, 0.8)
    found = found_in(warped(wide, matrix, 640, 512))
    # At 50 degrees the long side still ends within the picture.
    check(found, degrees, 0.8, mapped(matrix, quadrilateral(512, 640)), mirrored=False)


def test_of_a_turned_picture_cut_out_of_the_inside_what_is_left(marked: Pixels) -> None:
    """The corners are of the least upright part of the marked picture that holds all that is."""
    matrix = turned(marked.shape, 10)
    top, left, side = 90, 80, 340
    found = found_in(warped(marked, matrix, 512, 512)[top : top + side, left : left + side].copy())
    inside = mapped(np.linalg.inv(matrix), quadrilateral(side, side, left, top))
    low, high = inside.min(axis=0), inside.max(axis=0)
    held = mapped(matrix, quadrilateral(*(high - low)[::-1], *low)) - (left, top)
    assert found.rotation == pytest.approx(10, abs=ROTATION)
    assert furthest(found, held) < 2 * CORNERS


STRETCHES = [(1.2, 1.0), (1.0, 1.15), (0.9, 1.1)]


def stretched(pixels: Pixels, across: float, down: float) -> Pixels:
    size = round(pixels.shape[1] * across), round(pixels.shape[0] * down)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize(("across", "down"), STRETCHES)
def test_a_stretched_part_of_a_picture(wide: Pixels, across: float, down: float) -> None:
    seen = stretched(wide[20:480, 30:610], across, down)
    whole = quadrilateral(*seen.shape[:2])
    check(found_in(seen), 0, math.sqrt(across * down), whole, mirrored=False)


@pytest.mark.parametrize(("across", "down"), STRETCHES)
def test_a_stretched_picture(wide: Pixels, across: float, down: float) -> None:
    """The coarse mark reads it at once, and tells of no stretch: the scale is its own frame's."""
    seen = stretched(wide, across, down)
    height, width = seen.shape[:2]
    check(found_in(seen), 0, min(height, width) / 512, quadrilateral(height, width), mirrored=False)


@pytest.mark.parametrize("part", [0.75, 0.5, 0.25])
@pytest.mark.parametrize("place", [0.0, 0.35, 1.0])
def test_a_part_of_a_picture_at_its_own_scale(wide: Pixels, part: float, place: float) -> None:
    height, width = round(512 * part**0.5), round(640 * part**0.5)
    top, left = round(place * (512 - height)), round((1 - place) * (640 - width))
    found = found_in(wide[top : top + height, left : left + width].copy())
    check(found, 0, 1, quadrilateral(height, width), mirrored=False)


@pytest.mark.parametrize("pull", [20, 40])
def test_a_picture_in_mild_perspective(marked: Pixels, pull: int) -> None:
    start = quadrilateral(512, 512)
    truth = start + np.array([(1, 0.5), (-0.5, 1), (-1, -0.7), (0.3, -1)]) * pull
    matrix = cv2.getPerspectiveTransform(start.astype(np.float32), truth.astype(np.float32))
    found = found_in(warped(marked, np.asarray(matrix, np.float64), 512, 512))
    assert furthest(found, truth) < CORNERS
    assert not found.mirrored


def page(kind: str, height: int, width: int) -> Pixels:
    return scene(99, height, width) if kind == "picture" else flat(height, width, 255)


@pytest.mark.parametrize("kind", ["picture", "white"])
@pytest.mark.parametrize("scale", [1.0, 0.8])
def test_a_picture_that_was_pasted_into_a_page(wide: Pixels, kind: str, scale: float) -> None:
    height, width = round(512 * scale), round(640 * scale)
    top, left = 150, 300
    whole = page(kind, 800, 1100)
    whole[top : top + height, left : left + width] = cv2.resize(
        wide, (width, height), interpolation=cv2.INTER_AREA
    )
    truth = quadrilateral(height, width, left, top)
    check(found_in(whole), 0, scale, truth, mirrored=False)


@pytest.mark.parametrize(("mirrored", "turns"), ORIENTATIONS)
def test_a_pasted_picture_however_it_lies(wide: Pixels, mirrored: bool, turns: int) -> None:
    lying = np.rot90(wide[:, ::-1] if mirrored else wide, turns)
    height, width = lying.shape[:2]
    whole = page("picture", 760, 900)
    whole[90 : 90 + height, 120 : 120 + width] = lying
    order = np.array(geometry.in_frame((height, width), 1, mirrored, turns).corners)
    check(found_in(whole), 90 * turns, 1, order + np.array((120, 90)), mirrored)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_page_that_was_photographed_askew(marked: Pixels, mirrored: bool) -> None:
    """Pasted, then turned and put in perspective with the page around it."""
    whole = page("picture", 700, 900)
    whole[80:592, 200:712] = marked[:, ::-1] if mirrored else marked
    bend = turned(whole.shape, 20) @ np.array([[1, 0, 0], [0, 1, 0], [5e-5, 8e-5, 1]])
    order = quadrilateral(512, 512, 200, 80)[[1, 0, 3, 2] if mirrored else [0, 1, 2, 3]]
    found = found_in(warped(whole, bend, 900, 700))
    assert furthest(found, mapped(bend, order)) < CORNERS
    assert found.mirrored is mirrored


# --- the extent ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gain", "run"),
    [
        ([-1, 2, 3, -1, 2, -9, 4], (1, 5)),
        ([-1, -2, -3], (0, 3)),
        ([1, 2, 3], (0, 3)),
        ([-5, 1], (1, 2)),
        ([0, 0, 0], (0, 3)),
    ],
)
def test_the_best_run_has_the_largest_sum(gain: list[float], run: tuple[int, int]) -> None:
    assert geometry._best_run(np.array(gain, np.float32)) == run


def test_the_best_run_of_noise_is_the_best_of_all() -> None:
    generator = np.random.default_rng(7)
    for _ in range(20):
        gain = generator.normal(0, 1, 15).astype(np.float32)
        start, end = geometry._best_run(gain)
        sums = [gain[i:j].sum() for i in range(15) for j in range(i + 1, 16)]
        assert gain[start:end].sum() == pytest.approx(max(sums), abs=1e-4)


@pytest.mark.parametrize("shape", [(16, 16), (16, 4000), (100, 90), (300, 200), (200, 9000)])
def test_a_plane_without_evidence_is_taken_as_a_whole(shape: tuple[int, int]) -> None:
    transform = np.eye(3)
    transform[:2, 2] = 30, -40
    found = geometry.through(np.zeros(shape, np.float32), transform, Carriers.of(OPEN_KEY), 0.5)
    height, width = shape
    assert np.allclose(found.corners, 2 * quadrilateral(height, width), atol=1e-6)
    assert (found.rotation, found.scale, found.mirrored) == pytest.approx((0, 2, False))


@pytest.mark.parametrize("degrees", [0, 100, 200, 300])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_transform_is_put_in_words(degrees: float, mirrored: bool) -> None:
    """What mirrors, turns and scales comes back as such, evidence or not."""
    plane = np.zeros((300, 300), np.float32)
    there = turned(plane.shape, degrees, 1.25, mirrored=mirrored)
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float64)
    transform = swap @ np.linalg.inv(there) @ swap
    found = geometry.through(plane, transform, Carriers.of(OPEN_KEY), 1.0)
    assert found.rotation % 360 == pytest.approx(degrees, abs=0.006)
    assert found.scale == pytest.approx(1.25)
    assert found.mirrored is mirrored
    # The first corner is that of the frame's upper left, wherever it lies.
    places = blocks.through(transform, np.array(found.corners)[:, ::-1])
    assert places[0] == pytest.approx(places.min(axis=0))
    assert places[2] == pytest.approx(places.max(axis=0))


@pytest.mark.parametrize("degrees", [0.0, -1e-12, -0.004, 359.996])
def test_a_rotation_stays_below_360(degrees: float) -> None:
    plane = np.zeros((300, 300), np.float32)
    there = turned(plane.shape, -degrees)
    found = geometry.through(plane, there, Carriers.of(OPEN_KEY), 1.0)
    assert found.rotation == 0


# --- bars ----------------------------------------------------------------------------------------


@pytest.mark.kernel
@pytest.mark.parametrize("shape", [(5, 7), (130, 20), (40, 300)])
def test_agreement_along_a_side_follows_the_oracle(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(shape[0])
    plane = generator.normal(size=shape).astype(np.float32)
    tile = generator.normal(size=(TILE, TILE)).astype(np.float32)
    repeated = np.tile(tile, (3, 3))[: shape[0], : shape[1]]
    agreement, power = geometry.along(plane, tile)
    assert np.allclose(agreement, (plane * repeated).sum(axis=0), atol=1e-3)
    assert np.allclose(power, (plane * plane).sum(axis=0), atol=1e-3)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_bars_at_the_ends_of_the_long_side_are_left_out(
    marked: Pixels, turns: int, mirrored: bool
) -> None:
    whole = np.zeros((512, 900, 3), np.uint8)
    whole[:, 150:662] = marked
    lying = np.rot90(whole[:, ::-1] if mirrored else whole, turns)
    found = found_in(np.ascontiguousarray(lying))
    truth = quadrilateral(512, 512, 150, 0)
    if mirrored:
        truth[:, 0] = 900 - truth[:, 0]
    for width in (900, 512, 900)[:turns]:
        # np.rot90 sends (x, y) to (y, width - x).
        truth = np.stack((truth[:, 1], width - truth[:, 0]), axis=1)
    assert found.rotation == 90 * turns
    assert found.mirrored is mirrored
    assert furthest(found, truth) < 2 * CORNERS


def test_a_picture_without_bars_is_whole(marked: Pixels) -> None:
    assert found_in(marked).corners == tuple(map(tuple, quadrilateral(512, 512)))
