"""A picture that comes back as it went in is known from one that lost something on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from synthmark import media
from synthmark.assets.picture_trace import PictureTrace
from synthmark.media import Picture, Samples
from tests.media.pictures.test_animated import animation
from tests.pictures import coded, flat, scene

SCENE = scene(3, 300, 420)
LOSSY = {
    "JPEG 5": ("JPEG", {"quality": 5}),
    "JPEG 90": ("JPEG", {"quality": 90}),
    "WebP 1": ("WEBP", {"quality": 1}),
    "WebP 80": ("WEBP", {"quality": 80}),
    "AVIF 20": ("AVIF", {"quality": 20}),
    "AVIF 80": ("AVIF", {"quality": 80}),
}
LOSSLESS = {"PNG": ("PNG", {}), "TIFF": ("TIFF", {}), "WebP": ("WEBP", {"lossless": True})}


def moved(down: int, across: int) -> Callable[[Samples], Samples]:
    return lambda pixels: np.roll(pixels, (down, across), (0, 1))


FAULTS: dict[str, Callable[[Samples], Samples]] = {
    "one row lower": moved(1, 0),
    "one column to the right": moved(0, 1),
    "two to the left and up": moved(-2, -2),
    "half as bright": lambda pixels: pixels // 2,
    "red and blue exchanged": lambda pixels: pixels[..., ::-1].copy() // 2 * 2,
    "a corner gray": lambda pixels: np.where(corner(pixels), np.uint8(128), pixels),
}


def corner(pixels: Samples) -> Samples:
    there = np.zeros((*pixels.shape[:2], 1), bool)
    there[: pixels.shape[0] // 4, : pixels.shape[1] // 4] = True
    return there


def again(picture: Picture) -> Picture:
    pixels = (frame.pixels for frame in picture.frames)
    return media.Picture.decode(picture.encode(*pixels, metadata=picture.metadata))


@pytest.mark.parametrize("kind", [*LOSSY, *LOSSLESS])
@pytest.mark.parametrize("pixels", [SCENE, SCENE[..., 0], flat(70, 90), SCENE[:80, :9]])
def test_an_honest_coder_is_believed(kind: str, pixels: Samples) -> None:
    form, options = (LOSSY | LOSSLESS)[kind]
    picture = media.Picture.decode(coded(pixels, form, **options))
    assert PictureTrace(picture).differences(again(picture)) == []


@pytest.mark.parametrize("kind", [*LOSSY, *LOSSLESS])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_seen(kind: str, fault: str) -> None:
    form, options = (LOSSY | LOSSLESS)[kind]
    tinted = (SCENE * np.array([1, 0.7, 0.4])).astype(np.uint8)
    picture = media.Picture.decode(coded(tinted, form, **options))
    found = again(picture)
    assert PictureTrace(picture).differences(
        replace(found, pixels=FAULTS[fault](found.pixels).astype(np.uint8))
    )


@pytest.mark.parametrize("kind", LOSSLESS)
def test_of_lossless_formats_every_sample_counts(kind: str) -> None:
    form, options = LOSSLESS[kind]
    picture = media.Picture.decode(coded(np.dstack((SCENE, SCENE[..., 0])), form, **options))
    pixels = picture.pixels.copy()
    pixels[7, 9, 1] ^= 1
    trace = PictureTrace(picture)
    assert trace.differences(replace(picture, pixels=pixels))
    assert picture.alpha is not None
    assert trace.differences(replace(picture, alpha=picture.alpha // 2))
    assert trace.differences(replace(picture, alpha=None))
    assert trace.differences(replace(picture, pixels=picture.pixels.astype(np.uint16)))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_every_frame_counts(kind: str) -> None:
    frames = [scene(seed, 90, 120) for seed in range(3)]
    picture = media.Picture.decode(animation(kind, frames))
    trace = PictureTrace(picture)
    assert trace.differences(again(picture)) == []
    dropped = replace(picture, later=picture.later[1:])
    assert trace.differences(dropped) == ["3 frames came back as 2"]
    exchanged = replace(picture, later=picture.later[::-1])
    assert any("frame 2" in each for each in trace.differences(exchanged))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_what_is_clear_in_an_animation_has_no_colour(kind: str) -> None:
    frames = [np.dstack((scene(seed, 90, 120), scene(seed, 90, 120)[..., 0])) for seed in range(3)]
    for frame in frames:
        frame[..., 3] = np.where(frame[..., 3] > 128, 255, 0)
    picture = media.Picture.decode(animation(kind, frames))
    assert PictureTrace(picture).differences(again(picture)) == []
