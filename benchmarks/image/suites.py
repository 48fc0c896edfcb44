"""The distortions of published benchmarks, as far as they need no neural network.

Each suite is a function of the unmarked original, which two rows of one suite paste back, and gives
its rows by name. Attacks with learned models, generators or an attacker's classifier are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from PIL import Image

from benchmarks.image.attacks import (
    BRIGHTNESS,
    COLOUR,
    CONTRAST,
    SCORECARD,
    SHARPNESS,
    Attack,
    Pixels,
    blur,
    chain,
    coded,
    crop,
    enhance,
    erase,
    flip,
    gray,
    hue,
    jpeg,
    long_edge,
    median,
    noise,
    perspective,
    posterize,
    resize,
    rotate,
    text,
)

Rows = Mapping[str, Attack]

_FACTORS = (0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2)
_SIDES = (0.32, 0.45, 0.55, 0.63, 0.71, 0.77, 0.84, 0.89, 0.95, 1)
_HUES = tuple(step / 10 for step in range(-4, 6))
_NEAREST = Image.Resampling.NEAREST


def same(picture: Pixels, _: np.random.Generator) -> Pixels:
    return picture


def waves(_: Pixels) -> Rows:
    """WAVES (ICML 2024): eight distortions and four stacks at relative strengths of .2 to 1."""
    rows: dict[str, Attack] = {}
    for part in (0.2, 0.4, 0.6, 0.8, 1.0):
        turn, cut, hole = (
            rotate(45 * part, _NEAREST),
            crop(1 - part / 2, back=True),
            erase(part / 4),
        )
        light, contrast = enhance(BRIGHTNESS, 1 + part), enhance(CONTRAST, 1 + part)
        soft, rough, saved = blur(20 * part), noise(25.5 * part), jpeg(round(90 - 80 * part))
        each = {
            "rotation": turn,
            "resized crop": cut,
            "erasing": hole,
            "brightness": light,
            "contrast": contrast,
            "blur": soft,
            "noise": rough,
            "jpeg": saved,
            "geometric": chain(turn, cut, hole),
            "photometric": chain(light, contrast),
            "degradation": chain(soft, rough, saved),
            "everything": chain(turn, cut, hole, light, contrast, soft, rough, saved),
        }
        rows |= {f"{name} {part:g}": attack for name, attack in each.items()}
    return rows


def wbench(_: Pixels) -> Rows:
    """W-Bench (ICLR 2025), DISTORTION_1K."""
    lights = (1.2, 1.4, 1.6, 1.8, 2)
    return {
        **{f"blur {radius}": blur(radius) for radius in (1, 3, 5, 7, 9)},
        **{f"brightness {factor:g}": enhance(BRIGHTNESS, factor) for factor in lights},
        **{f"contrast {factor:g}": enhance(CONTRAST, factor) for factor in lights},
        **{f"noise {share:g}": noise(255 * share) for share in (0.02, 0.04, 0.06, 0.08, 0.1)},
        **{f"jpeg {quality}": jpeg(quality) for quality in (70, 55, 40, 25, 10)},
    }


def videoseal(_: Pixels) -> Rows:
    """VideoSeal's validation on images; sizes and crops are given by their sides."""
    return {
        "identity": same,
        "hflip": flip(1),
        **_rotations(),
        **{f"resize {side:g}": resize(side) for side in _SIDES},
        **{f"crop {side:g}": crop(side**2) for side in _SIDES},
        **_perspectives(),
        **_factors("brightness", BRIGHTNESS),
        **_factors("contrast", CONTRAST),
        **{f"hue {turn:g}": hue(turn) for turn in _HUES},
        "gray": gray,
        **_jpegs(),
        **_blurs(),
        **{
            f"jpeg {quality}, crop .71, brightness .5": chain(
                jpeg(quality), crop(0.71**2), enhance(BRIGHTNESS, 0.5)
            )
            for quality in (40, 60, 80)
        },
    }


def omniseal(original: Pixels) -> Rows:
    """OmniSeal Bench: its 103 rows without the nine whose value leaves a picture as it is."""
    areas = (0.05, 0.1, 0.2, 0.5)
    other = np.ascontiguousarray(np.rot90(original, 2))
    rows = {
        **{f"kept {area:g}": _kept(area, original) for area in areas},
        **{f"collage {area:g}": _collage(area, other) for area in areas},
        **{f"centre crop {area:g}": _centre(area) for area in areas},
        **_rotations(),
        **_jpegs(),
        **_factors("brightness", BRIGHTNESS),
        **_factors("contrast", CONTRAST),
        **_factors("saturation", COLOUR),
        **_factors("sharpness", SHARPNESS),
        **{f"resize {area:g}": resize(math.sqrt(area)) for area in _SIDES},
        "text": text,
        "hflip": flip(1),
        **_perspectives(),
        **{f"median {width}": median(width) for width in (3, 5, 9, 13, 17)},
        **{f"hue {turn:g}": hue(turn) for turn in _HUES},
        **_blurs(),
        "crop .5, brightness 1.5, jpeg 80": chain(crop(0.5), enhance(BRIGHTNESS, 1.5), jpeg(80)),
    }
    idle = {"hue 0", "resize 1", *(f"{kind} 1" for kind in _TONES)}
    return {name: attack for name, attack in rows.items() if name not in idle}


def invismark(_: Pixels) -> Rows:
    """InvisMark's (WACV 2025) noise layers at their strongest."""
    return {
        "hflip": flip(1),
        "vflip": flip(0),
        "rotation 10": rotate(10),
        "perspective 0.1": perspective(0.1),
        "resized crop": _resized_crop,
        "brightness 0.75": enhance(BRIGHTNESS, 0.75),
        "brightness 1.25": enhance(BRIGHTNESS, 1.25),
        "contrast 0.75": enhance(CONTRAST, 0.75),
        "contrast 1.25": enhance(CONTRAST, 1.25),
        "saturation 0.75": enhance(COLOUR, 0.75),
        "saturation 1.25": enhance(COLOUR, 1.25),
        "box blur 5": lambda picture, _: np.asarray(cv2.blur(picture, (5, 5)), np.uint8),
        "blur 5": lambda picture, _: np.asarray(cv2.GaussianBlur(picture, (5, 5), 1.5), np.uint8),
        "noise 0.04": noise(255 * 0.04),
        "jpeg 50": jpeg(50),
        "erasing 0.1": erase(0.1),
        "jiggle": _jiggle,
        "posterize 4": posterize(4),
        "rgb shift 0.05": _rgb_shift,
    }


def markdiffusion(_: Pixels) -> Rows:
    """MarkDiffusion's image editors, JPEG at the quality of its examples."""
    return {
        "jpeg 25": jpeg(25),
        "rotation 30": rotate(30),
        "resized crop 0.8": crop(0.8**2, back=True),
        "blur 2": blur(2),
        "noise 25": noise(25),
        "brightness 1.2": enhance(BRIGHTNESS, 1.2),
    }


def platforms(_: Pixels) -> Rows:
    """What sharing does to a picture: profiles of platforms, as wmbench publishes them."""
    return {
        "instagram": long_edge(1080, jpeg(80)),
        "facebook": long_edge(2048, jpeg(72)),
        "whatsapp": long_edge(1600, jpeg(60)),
        "screenshot": long_edge(1280, jpeg(92, "4:4:4")),
        "webp 80": coded("WEBP", 80),
        "shared twice": chain(long_edge(1080, jpeg(80)), long_edge(720, jpeg(70))),
        "captioned": chain(text, long_edge(1080, jpeg(80))),
    }


def qualities(_: Pixels) -> Rows:
    """JPEG, at qualities that the mark is carried over at and between them."""
    return {f"jpeg {quality}": jpeg(quality) for quality in (8, 10, 12, 15, 17, 20, 22, 25, 35)}


def scorecard(_: Pixels) -> Rows:
    """The project's own 67 rows."""
    return SCORECARD


SUITES: dict[str, Callable[[Pixels], Rows]] = {
    "scorecard": scorecard,
    "waves": waves,
    "w-bench": wbench,
    "videoseal": videoseal,
    "omniseal": omniseal,
    "invismark": invismark,
    "markdiffusion": markdiffusion,
    "platforms": platforms,
    "jpeg": qualities,
}

CLASSES: dict[str, frozenset[str]] = {
    "everyday": frozenset((
        "none", "jpeg90", "jpeg70", "jpeg50", "jpeg40", "jpeg30", "webp80", "resize0.5",
        "resize1.5", "resize2", "rot90", "hflip", "vflip", "noise10", "noise25", "median3",
        "bright0.5", "bright1.5", "bright2", "contrast0.5", "contrast2", "gamma0.5", "gamma2",
        "hue0.25", "gray", "sat0.3", "sat2", "sharp2", "posterize4", "erase25", "text", "emoji",
        "pagescreenshot", "screenshot", "instagram", "whatsapp", "doubleshare",
    )),
    "rotation, stretch, crop 75 and 50": frozenset((
        "rot2", "rot10", "rot30", "rot45", "stretch1.1", "stretch1.2", "crop75", "crop50",
    )),
    "crop 25": frozenset(("crop25",)),
    "crop 10": frozenset(("crop10",)),
    "perspective .1": frozenset(("persp0.1",)),
    "perspective .3": frozenset(("persp0.3",)),
    "perspective .5": frozenset(("persp0.5",)),
    "JPEG 20": frozenset(("jpeg20",)),
    "JPEG 10": frozenset(("jpeg10",)),
    "WebP 30": frozenset(("webp30",)),
    "AVIF 30": frozenset(("avif30",)),
    "blur 3, resize .25": frozenset(("blur3", "resize0.25")),
    "blur 1.5, median 5, denoised": frozenset(("blur1.5", "median5", "nlm7")),
    "stacks": frozenset((
        "crop50back", "j40c.71b.5", "c.5b1.5j80", "r10c.5j70", "c.4rs.5j60", "rs.75j60",
        "wavesgeo.6", "wavesdeg.2",
    )),
}  # fmt: skip
"""Rows of the scorecard that are judged together; every row is in one class."""


# --- rows that several suites share --------------------------------------------------------------

_TONES = {"brightness", "contrast", "saturation", "sharpness"}


def _factors(name: str, kind: type) -> dict[str, Attack]:
    return {f"{name} {factor:g}": enhance(kind, factor) for factor in _FACTORS}


def _rotations() -> dict[str, Attack]:
    return {f"rotation {degrees}": rotate(degrees, _NEAREST) for degrees in (5, 10, 30, 45, 90)}


def _perspectives() -> dict[str, Attack]:
    return {f"perspective {step / 10:g}": perspective(step / 10) for step in range(1, 9)}


def _jpegs() -> dict[str, Attack]:
    return {f"jpeg {quality}": jpeg(quality) for quality in range(40, 91, 10)}


def _blurs() -> dict[str, Attack]:
    """Gaussian blur by kernel width, sigma as torchvision derives it."""

    def blurred(width: int) -> Attack:
        sigma = 0.3 * ((width - 1) / 2 - 1) + 0.8
        return lambda picture, _: np.asarray(
            cv2.GaussianBlur(picture, (width, width), sigma), np.uint8
        )

    return {f"blur kernel {width}": blurred(width) for width in (3, 5, 9, 13, 17)}


# --- rows of one suite ---------------------------------------------------------------------------


def _middle(picture: Pixels, area: float) -> tuple[slice, slice]:
    height, width = picture.shape[:2]
    tall, wide = int(height * math.sqrt(area)), int(width * math.sqrt(area))
    top, left = (height - tall) // 2, (width - wide) // 2
    return slice(top, top + tall), slice(left, left + wide)


def _centre(area: float) -> Attack:
    return lambda picture, _: np.ascontiguousarray(picture[_middle(picture, area)])


def _kept(area: float, original: Pixels) -> Attack:
    """Keep the middle of the marked picture in the unmarked one."""

    def attack(picture: Pixels, _: np.random.Generator) -> Pixels:
        mixed = original.copy()
        part = _middle(picture, area)
        mixed[part] = picture[part]
        return mixed

    return attack


def _collage(area: float, other: Pixels) -> Attack:
    """Keep a rectangle of random shape and place, on another picture of the same size."""

    def attack(picture: Pixels, generator: np.random.Generator) -> Pixels:
        height, width = picture.shape[:2]
        aspect = generator.uniform(0.25, 1.75)
        wide = min(int(math.sqrt(height * width * area * aspect)), width - 1)
        tall = min(int(height * width * area / wide), height - 1)
        top, left = int(generator.integers(height - tall)), int(generator.integers(width - wide))
        mixed = other.copy()
        part = slice(top, top + tall), slice(left, left + wide)
        mixed[part] = picture[part]
        return mixed

    return attack


def _resized_crop(picture: Pixels, generator: np.random.Generator) -> Pixels:
    """Cut .75 to 1 of the area, its aspect changed by up to 4:3, and size it back."""
    height, width = picture.shape[:2]
    area, aspect = generator.uniform(0.75, 1), math.exp(generator.uniform(-1, 1) * math.log(4 / 3))
    tall = min(height, round(height * math.sqrt(area / aspect)))
    wide = min(width, round(width * math.sqrt(area * aspect)))
    top = int(generator.integers(height - tall + 1))
    left = int(generator.integers(width - wide + 1))
    part = picture[top : top + tall, left : left + wide]
    return np.asarray(cv2.resize(part, (width, height)), np.uint8)


def _jiggle(picture: Pixels, generator: np.random.Generator) -> Pixels:
    """Change brightness, contrast and saturation by up to a tenth, hue by a fiftieth of a turn."""
    for kind in (BRIGHTNESS, CONTRAST, COLOUR):
        picture = enhance(kind, generator.uniform(0.9, 1.1))(picture, generator)
    return hue(generator.uniform(-0.02, 0.02))(picture, generator)


def _rgb_shift(picture: Pixels, generator: np.random.Generator) -> Pixels:
    shift = generator.uniform(-0.05, 0.05, 3) * 255
    return np.clip(np.rint(picture + shift), 0, 255).astype(np.uint8)
