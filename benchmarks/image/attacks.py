"""What happens to pictures on their way: the rows of the robustness scorecard.

Each attack takes uint8 (H, W, 3) pixels and a random generator and returns uint8 pixels. Lossy
coding is decoded again, so that attacks chain.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

Pixels = NDArray[np.uint8]
Attack = Callable[[Pixels, np.random.Generator], Pixels]


# --- coding --------------------------------------------------------------------------------------


def coded(kind: str, quality: int, **options: Any) -> Attack:
    def attack(picture: Pixels, _: np.random.Generator) -> Pixels:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, kind, quality=quality, **options)
        return np.asarray(Image.open(file).convert("RGB"))

    return attack


def jpeg(quality: int, subsampling: str = "4:2:0") -> Attack:
    return coded("JPEG", quality, subsampling=subsampling)


# --- geometry ------------------------------------------------------------------------------------


def sized(picture: Pixels, width: int, height: int) -> Pixels:
    """Scale by area where it shrinks, by cubic interpolation where it grows."""
    shrinks = width * height < picture.shape[0] * picture.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)


def resize(factor: float, other: float | None = None) -> Attack:
    """Scale both sides by `factor`, or width and height apart."""

    def attack(picture: Pixels, _: np.random.Generator) -> Pixels:
        height, width = picture.shape[:2]
        down = factor if other is None else other
        return sized(picture, max(1, round(width * factor)), max(1, round(height * down)))

    return attack


def long_edge(most: int, then: Attack) -> Attack:
    """Shrink until the long edge is `most` pixels, then save, as a platform does."""

    def attack(picture: Pixels, generator: np.random.Generator) -> Pixels:
        factor = min(1.0, most / max(picture.shape[:2]))
        height, width = picture.shape[:2]
        if factor < 1:
            picture = sized(picture, round(width * factor), round(height * factor))
        return then(picture, generator)

    return attack


def crop(area: float, *, back: bool = False) -> Attack:
    """Keep a part of the area at a random place, at its own scale or resized back."""

    def attack(picture: Pixels, generator: np.random.Generator) -> Pixels:
        height, width = picture.shape[:2]
        tall, wide = round(height * math.sqrt(area)), round(width * math.sqrt(area))
        top = int(generator.integers(height - tall + 1))
        left = int(generator.integers(width - wide + 1))
        part = picture[top : top + tall, left : left + wide]
        if back:
            part = np.asarray(cv2.resize(part, (width, height)), np.uint8)
        return np.ascontiguousarray(part)

    return attack


def rotate(degrees: float, method: Image.Resampling = Image.Resampling.BICUBIC) -> Attack:
    def attack(picture: Pixels, _: np.random.Generator) -> Pixels:
        if degrees % 90 == 0:
            return np.ascontiguousarray(np.rot90(picture, int(degrees // 90)))
        return np.asarray(Image.fromarray(picture).rotate(degrees, method))

    return attack


def flip(axis: int) -> Attack:
    return lambda picture, _: np.ascontiguousarray(np.flip(picture, axis))


def perspective(distortion: float) -> Attack:
    """Move each corner inwards by up to `distortion` half sides, the canvas kept."""

    def attack(picture: Pixels, generator: np.random.Generator) -> Pixels:
        height, width = picture.shape[:2]
        reach = np.array([width, height]) * distortion / 2
        inward = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
        corners = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)])
        moved = corners + inward * generator.uniform(0, 1, (4, 2)) * reach
        matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
        return np.asarray(cv2.warpPerspective(picture, matrix, (width, height)), np.uint8)

    return attack


# --- filters and noise ---------------------------------------------------------------------------


def blur(sigma: float) -> Attack:
    return lambda picture, _: np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def noise(sigma: float) -> Attack:
    def attack(picture: Pixels, generator: np.random.Generator) -> Pixels:
        noisy = picture + generator.normal(0, sigma, picture.shape)
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)

    return attack


def median(width: int) -> Attack:
    return lambda picture, _: np.asarray(cv2.medianBlur(picture, width), np.uint8)


def denoise(strength: float) -> Attack:
    def attack(picture: Pixels, _: np.random.Generator) -> Pixels:
        clean = cv2.fastNlMeansDenoisingColored(picture, None, strength, strength, 5, 11)
        return np.asarray(clean, np.uint8)

    return attack


# --- tone ----------------------------------------------------------------------------------------


def enhance(kind: Callable[[Image.Image], ImageEnhance._Enhance], factor: float) -> Attack:
    return lambda picture, _: np.asarray(kind(Image.fromarray(picture)).enhance(factor))


def gamma(power: float) -> Attack:
    table = np.rint(255 * (np.arange(256) / 255) ** power).astype(np.uint8)
    return lambda picture, _: table[picture]


def hue(turn: float) -> Attack:
    def attack(picture: Pixels, _: np.random.Generator) -> Pixels:
        planes = np.array(Image.fromarray(picture).convert("HSV"))
        planes[..., 0] += np.uint8(round(255 * turn) % 256)
        return np.asarray(Image.fromarray(planes, "HSV").convert("RGB"))

    return attack


def gray(picture: Pixels, _: np.random.Generator) -> Pixels:
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def posterize(bits: int) -> Attack:
    return lambda picture, _: picture & np.uint8(0xFF << (8 - bits) & 0xFF)


# --- overlays ------------------------------------------------------------------------------------


def erase(area: float) -> Attack:
    def attack(picture: Pixels, generator: np.random.Generator) -> Pixels:
        height, width = picture.shape[:2]
        tall, wide = round(height * math.sqrt(area)), round(width * math.sqrt(area))
        top = int(generator.integers(height - tall + 1))
        left = int(generator.integers(width - wide + 1))
        erased = picture.copy()
        erased[top : top + tall, left : left + wide] = 0
        return erased

    return attack


def text(picture: Pixels, _: np.random.Generator) -> Pixels:
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    tall = image.height // 9
    font = ImageFont.load_default(tall)
    for row, line in enumerate(("WHEN THE PICTURE", "HAS A CAPTION")):
        place = image.width // 2, tall + row * (image.height - 2 * tall)
        pen.text(place, line, "white", font, "mm", stroke_width=tall // 12, stroke_fill="black")
    return np.asarray(image)


def emoji(picture: Pixels, _: np.random.Generator) -> Pixels:
    image = Image.fromarray(picture)
    radius = min(image.size) // 7
    x, y = image.width // 2, image.height // 2
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), (255, 210, 40))
    return np.asarray(image)


def page(picture: Pixels, _: np.random.Generator) -> Pixels:
    """Paste the picture on a page with text and shrink the whole to .8."""
    height, width = picture.shape[:2]
    sheet = Image.new("RGB", (round(width * 1.25), round(height * 1.35)), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(max(10, height // 30))
    for row in range(3):
        line = "A line of text that goes with the picture, as on a page"
        pen.text((width // 20, height // 40 + row * height // 22), line, "black", font)
    sheet.paste(Image.fromarray(picture), (width // 8, height // 5))
    size = round(sheet.width * 0.8), round(sheet.height * 0.8)
    return np.asarray(sheet.resize(size, Image.Resampling.BICUBIC))


# --- chains --------------------------------------------------------------------------------------


def chain(*attacks: Attack) -> Attack:
    def attack(picture: Pixels, generator: np.random.Generator) -> Pixels:
        for each in attacks:
            picture = each(picture, generator)
        return picture

    return attack


BRIGHTNESS, CONTRAST = ImageEnhance.Brightness, ImageEnhance.Contrast
COLOUR, SHARPNESS = ImageEnhance.Color, ImageEnhance.Sharpness


def waves_geometry(strength: float) -> Attack:
    """WAVES' geometric combination at a relative strength: rotation, resized crop, erasing."""
    nearest = Image.Resampling.NEAREST
    return chain(
        rotate(45 * strength, nearest),
        crop(1 - 0.5 * strength, back=True),
        erase(0.25 * strength),
    )


def waves_degradation(strength: float) -> Attack:
    """WAVES' degradation at a relative strength: blur, noise, JPEG."""
    return chain(blur(20 * strength), noise(25.5 * strength), jpeg(round(90 - 80 * strength)))


SCORECARD: dict[str, Attack] = {
    "none": lambda picture, _: picture,
    **{f"jpeg{quality}": jpeg(quality) for quality in (90, 70, 50, 40, 30, 20, 10)},
    "webp80": coded("WEBP", 80),
    "webp30": coded("WEBP", 30),
    "avif30": coded("AVIF", 30, speed=8),
    **{f"resize{factor:g}": resize(factor) for factor in (0.25, 0.5, 1.5, 2)},
    **{f"crop{area}": crop(area / 100) for area in (75, 50, 25, 10)},
    "crop50back": crop(0.5, back=True),
    **{f"rot{degrees}": rotate(degrees) for degrees in (2, 10, 30, 45, 90)},
    "hflip": flip(1),
    "vflip": flip(0),
    "stretch1.1": resize(1.1, 1.0),
    "stretch1.2": resize(1.0, 1.2),
    **{f"persp{share:g}": perspective(share) for share in (0.1, 0.3, 0.5)},
    "blur1.5": blur(1.5),
    "blur3": blur(3),
    "noise10": noise(10),
    "noise25": noise(25),
    "median3": median(3),
    "median5": median(5),
    "nlm7": denoise(7),
    **{f"bright{factor:g}": enhance(BRIGHTNESS, factor) for factor in (0.5, 1.5, 2)},
    **{f"contrast{factor:g}": enhance(CONTRAST, factor) for factor in (0.5, 2)},
    "gamma0.5": gamma(0.5),
    "gamma2": gamma(2),
    "hue0.25": hue(0.25),
    "gray": gray,
    "sat0.3": enhance(COLOUR, 0.3),
    "sat2": enhance(COLOUR, 2),
    "sharp2": enhance(SHARPNESS, 2),
    "posterize4": posterize(4),
    "erase25": erase(0.25),
    "text": text,
    "emoji": emoji,
    "pagescreenshot": page,
    "screenshot": long_edge(1280, jpeg(92, "4:4:4")),
    "instagram": long_edge(1080, jpeg(80)),
    "whatsapp": long_edge(1600, jpeg(60)),
    "doubleshare": chain(long_edge(1080, jpeg(80)), long_edge(720, jpeg(70))),
    "j40c.71b.5": chain(jpeg(40), crop(0.71**2), enhance(BRIGHTNESS, 0.5)),
    "c.5b1.5j80": chain(crop(0.5), enhance(BRIGHTNESS, 1.5), jpeg(80)),
    "r10c.5j70": chain(rotate(10), crop(0.5), jpeg(70)),
    "c.4rs.5j60": chain(crop(0.4), resize(0.5), jpeg(60)),
    "rs.75j60": chain(resize(0.75), jpeg(60)),
    "wavesgeo.6": waves_geometry(0.6),
    "wavesdeg.2": waves_degradation(0.2),
}
"""The 67 rows; eleven of them are meant to break any mark."""
