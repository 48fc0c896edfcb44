from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from synthmark import fingerprint
from synthmark.facts import Comparison, Geometry, Likeness
from synthmark.watermark.image.geometry import in_frame
from tests.pictures import Pixels, coded, decoded, flat, painted, scene

SEEDS = range(20, 26)


def likeness(kept: Pixels, other: Pixels, geometry: Geometry | None = None) -> Comparison:
    made = fingerprint.fingerprint(kept)
    return fingerprint.compare(other, geometry, made.iscc, made.thumbnail)


def resized(pixels: Pixels, scale: float) -> Pixels:
    size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


EDITS: dict[str, Callable[[Pixels], Pixels]] = {
    "same": lambda pixels: pixels,
    "jpeg 50": lambda pixels: decoded(coded(pixels, "JPEG", quality=50)),
    "webp 60": lambda pixels: decoded(coded(pixels, "WEBP", quality=60)),
    "half size": lambda pixels: resized(pixels, 0.5),
    "larger": lambda pixels: resized(pixels, 1.5),
    "brighter": lambda pixels: np.minimum(pixels * 1.3, 255).astype(np.uint8),
    "gray": lambda pixels: np.asarray(Image.fromarray(pixels).convert("L")),
    "painted over": lambda pixels: painted(pixels, 0.15),
    "cropped": lambda pixels: pixels[40:450, 30:460],
}


@pytest.mark.parametrize("edit", EDITS)
def test_the_same_content_is_near(edit: str) -> None:
    for seed in SEEDS:
        picture = scene(seed)
        assert likeness(picture, EDITS[edit](picture)).likeness is Likeness.NEAR


def test_other_content_is_far() -> None:
    for seed in SEEDS:
        found = likeness(scene(seed), scene(seed + 100))
        assert found.likeness is Likeness.FAR
        assert found.distance is not None
        assert found.distance > 64


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_geometry_is_undone(turns: int, mirrored: bool) -> None:
    picture = scene(30, 384, 512)
    lying = picture[:, ::-1] if mirrored else picture
    lying = np.ascontiguousarray(np.rot90(lying, turns))
    geometry = in_frame(lying.shape[:2], 1.0, mirrored, turns)
    assert likeness(picture, lying, geometry).likeness is Likeness.NEAR
    if turns or mirrored:
        assert likeness(picture, lying).likeness is not Likeness.NEAR


@pytest.mark.parametrize("turns", [0, 1])
def test_an_inverted_picture_is_compared_as_it_was(turns: int) -> None:
    picture = scene(30, 384, 512)
    lying = np.ascontiguousarray(np.rot90(255 - picture, turns))
    geometry = in_frame(lying.shape[:2], 1.0, mirrored=False, turns=turns, inverted=True)
    assert likeness(picture, lying, geometry).likeness is Likeness.NEAR
    assert likeness(picture, lying).likeness is not Likeness.NEAR


def test_flat_pictures_are_undecided() -> None:
    for one, other in ((flat(), flat()), (flat(), flat(tone=90)), (flat(), scene(1))):
        assert likeness(one, other).likeness is Likeness.UNDECIDED


def test_most_of_a_picture_painted_over_is_not_near() -> None:
    changed = likeness(scene(31), painted(scene(31), 0.8))
    assert changed.likeness in (Likeness.UNDECIDED, Likeness.FAR)


def test_without_a_thumbnail_the_code_can_say_near_but_never_far() -> None:
    iscc = fingerprint.fingerprint(scene(32)).iscc
    assert fingerprint.compare(scene(32), None, iscc, None).likeness is Likeness.NEAR
    assert fingerprint.compare(scene(33), None, iscc, None).likeness is Likeness.UNDECIDED


def test_a_hostile_thumbnail_leaves_it_to_the_code() -> None:
    made = fingerprint.fingerprint(scene(34))
    found = fingerprint.compare(scene(34), None, made.iscc, b"nonsense")
    assert (found.likeness, found.correlation) == (Likeness.NEAR, None)
    found = fingerprint.compare(scene(35), None, made.iscc, b"nonsense")
    assert found.likeness is Likeness.UNDECIDED


def test_with_nothing_readable_it_is_unknown() -> None:
    assert fingerprint.compare(scene(36), None, "nonsense", None) == Comparison()


def test_input_is_left_as_it_was() -> None:
    picture = scene(37)
    picture.setflags(write=False)
    geometry = in_frame(picture.shape[:2], 1.0, mirrored=True, turns=1)
    assert likeness(picture, picture, geometry).likeness is not Likeness.UNKNOWN
