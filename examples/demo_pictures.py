"""The two things the demo does to pictures: draw one, and share one as a social network would."""

from __future__ import annotations

import math
import random
import sys

from PIL import Image, ImageDraw, ImageFilter

SIZE = (1024, 768)


def draw(target: str) -> None:
    """Draw hills under an evening sky, with a moon, stars and a little grain."""
    width, height = SIZE
    chance = random.Random(7)  # noqa: S311
    sky = Image.new("RGB", (1, height))
    for y in range(height):
        part = y / height
        sky.putpixel((0, y), (int(28 + 190 * part**2), int(36 + 90 * part), int(92 + 30 * part)))
    picture = sky.resize(SIZE)
    pen = ImageDraw.Draw(picture)
    for _ in range(160):
        x, y = chance.randrange(width), chance.randrange(height // 2)
        pen.point((x, y), fill=(230, 230, 210))
    pen.ellipse((720, 90, 840, 210), fill=(245, 238, 205))
    for depth in range(5):
        base, tone = 360 + 80 * depth, 70 - 11 * depth
        waves = [(chance.uniform(0.002, 0.012), chance.uniform(0, 6), 34) for _ in range(3)]
        ridge = [
            (x, base + sum(size * math.sin(rate * x + start) for rate, start, size in waves))
            for x in range(0, width + 8, 8)
        ]
        pen.polygon([(0, height), *ridge, (width, height)], fill=(tone, tone + 18, tone + 30))
    grain = Image.effect_noise(SIZE, 24).filter(ImageFilter.GaussianBlur(0.6))
    Image.blend(picture, Image.merge("RGB", [grain] * 3), 0.06).save(target)


def share(source: str, target: str) -> None:
    """Save at 80 % of the size as JPEG 75, which drops every kind of metadata."""
    with Image.open(source) as picture:
        small = picture.convert("RGB").resize(
            (picture.width * 4 // 5, picture.height * 4 // 5), Image.Resampling.LANCZOS
        )
    small.info.clear()
    small.save(target, quality=75)


if __name__ == "__main__":
    {"draw": draw, "share": share}[sys.argv[1]](*sys.argv[2:])
