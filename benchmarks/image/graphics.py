"""Flat graphics, drawn afresh from a number: posters, charts, pages, products on white and so on.

Large even fields with sharp edges, as programs and image generators make them: what compression
empties first. Everything is drawn at twice its size and made smaller, so that edges are smooth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from benchmarks.pictures import Pixels

Colour = tuple[int, int, int]
Point = tuple[float, float]

FINER = 2
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
PALETTES: tuple[tuple[Colour, ...], ...] = (
    ((244, 241, 222), (224, 122, 95), (61, 64, 91), (129, 178, 154), (242, 204, 143)),
    ((255, 255, 255), (38, 70, 83), (42, 157, 143), (233, 196, 106), (231, 111, 81)),
    ((13, 27, 42), (65, 90, 119), (224, 225, 221), (119, 141, 169), (252, 163, 17)),
    ((255, 240, 243), (201, 24, 74), (89, 13, 34), (255, 179, 193), (255, 77, 109)),
    ((250, 250, 250), (33, 33, 33), (3, 169, 244), (255, 193, 7), (139, 195, 74)),
)
"""Ground first, then what is drawn on it."""
WORDS = (
    *("open", "late", "market", "summer", "river", "music", "night", "garden", "north", "paper"),
    *("copper", "winter", "festival", "harbour", "report", "total", "quarter", "light", "account"),
    *("system", "window", "signal", "energy", "water", "sale", "fresh", "each", "every", "other"),
    *("the", "of", "and", "in", "to", "with", "for", "from", "a", "on", "by", "at", "is", "will"),
)


@dataclass(slots=True)
class Sheet:
    """A picture that is being drawn.

    Attributes:
        width: In pixels of the drawing, as all lengths here.
        height: The same.
        random: Decides all that is left open.
        colours: The ground, then others.
    """

    width: int
    height: int
    random: np.random.Generator
    colours: tuple[Colour, ...]
    image: Image.Image = field(init=False)
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.width, self.height), self.colours[0])
        self.draw = ImageDraw.Draw(self.image)

    def between(self, low: float, high: float) -> float:
        """Return any number between the two."""
        return float(self.random.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """Return any whole number from `low` on, below `high`."""
        return int(self.random.integers(low, high))

    def colour(self) -> Colour:
        """Return any colour but that of the ground."""
        return self.colours[self.whole(1, len(self.colours))]

    def words(self, count: int) -> str:
        """Return so many words, as they come."""
        return " ".join(WORDS[self.whole(0, len(WORDS))] for _ in range(count))

    def text(self, x: float, y: float, text: str, size: float, colour: Colour = BLACK) -> None:
        """Write a line of text, its upper left at (x, y)."""
        self.draw.text((x, y), text, colour, font(round(size)))

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.draw.rectangle((x, y, x + width, y + height), colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)

    def line(self, points: list[Point], colour: Colour = BLACK, width: float = 4) -> None:
        """Draw a line through points."""
        self.draw.line(points, colour, round(width), joint="curve")

    def blob(self, x: float, y: float, radius: float, uneven: float = 0.3) -> list[Point]:
        """Return a closed wavy outline."""
        waves = [(self.between(0, uneven) / n, self.between(0, 6.28), n) for n in range(1, 6)]
        points = []
        for step in range(120):
            angle = step * math.tau / 120
            reach = radius * (1 + sum(a * math.cos(n * angle + p) for a, p, n in waves))
            points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
        return points


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def drawn(kind: str, number: int, width: int, height: int) -> Pixels:
    """Draw one of `KINDS`: uint8 (height, width, 3), another for every number."""
    random = np.random.default_rng((20261128, sum(map(ord, kind)), number))
    colours = PALETTES[random.integers(len(PALETTES))]
    if kind in ON_WHITE:
        colours = (WHITE, *(each for each in colours[1:] if each != WHITE))
    sheet = Sheet(FINER * width, FINER * height, random, colours)
    KINDS[kind](sheet)
    return np.asarray(sheet.image.reduce(FINER))


# --- kinds ---------------------------------------------------------------------------------------


def poster(sheet: Sheet) -> None:
    width, height = sheet.width, sheet.height
    for _ in range(5):
        place = sheet.between(0, width), sheet.between(0, 0.6 * height)
        sheet.disc(*place, sheet.between(0.05, 0.3) * width, sheet.colour())
    sheet.box(0, 0.66 * height, width, 0.34 * height, sheet.colours[1])
    sheet.text(0.07 * width, 0.7 * height, sheet.words(2).title(), 0.1 * width, sheet.colours[0])
    for row in range(3):
        y = (0.84 + 0.04 * row) * height
        sheet.text(0.07 * width, y, sheet.words(6), 0.03 * width, sheet.colours[0])


def logo(sheet: Sheet) -> None:
    width, height = sheet.width, sheet.height
    x, y, radius = width / 2, 0.42 * height, 0.26 * min(width, height)
    petals = sheet.whole(3, 8)
    for petal in range(petals):
        angle = petal * math.tau / petals
        place = x + 0.6 * radius * math.cos(angle), y + 0.6 * radius * math.sin(angle)
        sheet.disc(*place, 0.5 * radius, sheet.colours[1 + petal % (len(sheet.colours) - 1)])
    sheet.disc(x, y, 0.35 * radius, sheet.colours[0])
    sheet.text(0.28 * width, 0.76 * height, sheet.words(1).upper(), 0.1 * width, sheet.colour())


def _axes(sheet: Sheet) -> tuple[float, float, float, float]:
    """Draw a title, a grid and numbers; return left, top, width and height of the field."""
    left, top = 0.12 * sheet.width, 0.16 * sheet.height
    width, height = 0.82 * sheet.width, 0.7 * sheet.height
    sheet.text(left, 0.05 * sheet.height, sheet.words(4).capitalize(), 0.045 * sheet.width)
    for row in range(6):
        y = top + height * row / 5
        sheet.line([(left, y), (left + width, y)], (210, 210, 210), 2)
        sheet.text(0.04 * sheet.width, y - 16, str(50 * (5 - row)), 32, (90, 90, 90))
    sheet.line([(left, top), (left, top + height), (left + width, top + height)])
    return left, top, width, height


def bars(sheet: Sheet) -> None:
    left, top, width, height = _axes(sheet)
    count, sorts = sheet.whole(4, 9), sheet.whole(1, 4)
    step = width / count
    for group in range(count):
        for sort in range(sorts):
            tall = sheet.between(0.1, 0.95) * height
            x = left + step * (group + 0.15 + 0.7 * sort / sorts)
            sheet.box(x, top + height - tall, 0.62 * step / sorts, tall, sheet.colours[1 + sort])
        sheet.text(left + step * (group + 0.2), top + height + 12, f"Q{group + 1}", 34)


def lines(sheet: Sheet) -> None:
    left, top, width, height = _axes(sheet)
    for sort in range(sheet.whole(2, 5)):
        steps = sheet.random.normal(0, 0.06, 40).cumsum() + sheet.between(0.3, 0.7)
        points = [
            (left + width * n / 39, top + height * (1 - min(max(float(value), 0.02), 0.98)))
            for n, value in enumerate(steps)
        ]
        sheet.line(points, sheet.colours[1 + sort % (len(sheet.colours) - 1)], 6)


def dots(sheet: Sheet) -> None:
    left, top, width, height = _axes(sheet)
    for _ in range(sheet.whole(80, 250)):
        across = sheet.between(0, 1)
        up = min(max(across + float(sheet.random.normal(0, 0.15)), 0), 1)
        sheet.disc(left + across * width, top + (1 - up) * height, 9, sheet.colour())


def pie(sheet: Sheet) -> None:
    width, height = sheet.width, sheet.height
    radius, x, y = 0.33 * min(width, height), 0.4 * width, 0.52 * height
    shares = sheet.random.dirichlet(np.full(6, 2.0)) * 360
    around = (x - radius, y - radius, x + radius, y + radius)
    start = 0.0
    for sort, share in enumerate(shares):
        colour = sheet.colours[1 + sort % (len(sheet.colours) - 1)]
        sheet.draw.pieslice(around, start, start + float(share), colour, WHITE, 4)
        start += float(share)
        sheet.box(0.78 * width, (0.25 + 0.08 * sort) * height, 36, 36, colour)
        sheet.text(0.83 * width, (0.25 + 0.08 * sort) * height, sheet.words(1), 34)
    sheet.text(0.1 * width, 0.06 * height, sheet.words(3).capitalize(), 0.05 * width)


def line_art(sheet: Sheet) -> None:
    width, height = sheet.width, sheet.height
    pen = sheet.whole(4, 10)
    for _ in range(sheet.whole(5, 10)):
        x, y = sheet.between(0.15, 0.85) * width, sheet.between(0.15, 0.85) * height
        outline = sheet.blob(x, y, sheet.between(0.06, 0.2) * min(width, height))
        sheet.draw.polygon(outline, WHITE)
        sheet.line([*outline, outline[0]], BLACK, pen)
        for turn in range(sheet.whole(3, 9)):
            sheet.line([(x, y), outline[turn * 13]], BLACK, pen / 2)


def page(sheet: Sheet) -> None:
    width, height = sheet.width, sheet.height
    sheet.text(0.1 * width, 0.06 * height, sheet.words(3).title(), 0.05 * width)
    size, columns = sheet.between(26, 44), sheet.whole(1, 3)
    wide = 0.8 * width / columns
    for column in range(columns):
        y = 0.16 * height
        while y < 0.92 * height:
            if sheet.random.random() < 0.12:
                y += size
            words = round(wide / size / 3.2 * (1 if sheet.random.random() < 0.85 else 0.5))
            sheet.text(0.1 * width + column * wide, y, sheet.words(max(1, words)), size)
            y += 1.45 * size


def product(sheet: Sheet) -> None:
    """A bottle or a box on white, shaded from side to side, with a soft shadow."""
    width, height = sheet.width, sheet.height
    x, y, wide = 0.35 * width, 0.2 * height, sheet.between(0.18, 0.34) * width
    tall = 0.62 * height
    shadow = Image.new("L", sheet.image.size, 0)
    ground = (x - 0.1 * wide, y + 0.96 * tall, x + 1.3 * wide, y + 1.05 * tall)
    ImageDraw.Draw(shadow).ellipse(ground, 90)
    shadow = shadow.filter(ImageFilter.GaussianBlur(18))
    sheet.image.paste((120, 120, 120), mask=shadow)
    body = np.array(sheet.colour(), np.float64)
    for column in range(round(wide)):
        light = 0.65 + 0.5 * math.sin(math.pi * (column / wide * 0.9 + 0.1))
        shade = np.clip(body * light, 0, 255).astype(int)
        colour = int(shade[0]), int(shade[1]), int(shade[2])
        sheet.line([(x + column, y), (x + column, y + tall)], colour, 1)
    sheet.box(x + 0.3 * wide, y - 0.1 * tall, 0.4 * wide, 0.1 * tall, sheet.colour())
    sheet.box(x, y + 0.4 * tall, wide, 0.3 * tall, (250, 248, 240))
    sheet.text(x + 0.1 * wide, y + 0.47 * tall, sheet.words(1).upper(), 0.16 * wide)


def city_map(sheet: Sheet) -> None:
    width, height = sheet.width, sheet.height
    sheet.box(0, 0, width, height, (242, 239, 233))
    for _ in range(4):
        place = sheet.between(0, width), sheet.between(0, height)
        sheet.draw.polygon(sheet.blob(*place, 0.15 * width), (200, 230, 190))
    bank = sheet.between(0.2, 0.8) * height
    river = [(n * width / 20, bank + 0.08 * height * math.sin(n / 2)) for n in range(21)]
    sheet.line(river, (170, 211, 223), 60)
    for number in range(26):
        road = (12, (255, 255, 255)) if number % 5 else (26, (252, 214, 164))
        start = sheet.between(0, width), 0.0
        end = start[0] + sheet.between(-0.15, 0.15) * width, float(height)
        if number % 2:
            start, end = (0.0, start[0] * height / width), (float(width), end[0] * height / width)
        sheet.line([start, end], road[1], road[0])
    for _ in range(12):
        place = sheet.between(0, 0.85) * width, sheet.between(0, 0.95) * height
        sheet.text(*place, sheet.words(2).title(), 28, (80, 80, 80))


def diagram(sheet: Sheet) -> None:
    width, height = sheet.width, sheet.height
    rows, columns = sheet.whole(3, 5), sheet.whole(2, 4)
    wide, tall = 0.7 * width / columns, 0.5 * height / rows
    for row in range(rows):
        for column in range(columns):
            x, y = width * (column + 0.15) / columns, height * (row + 0.25) / rows
            if row:
                middle = x + wide / 2
                sheet.line([(middle, y - height / rows + tall), (middle, y)], (70, 70, 70))
                arrow = [(middle - 14, y - 26), (middle + 14, y - 26), (middle, y)]
                sheet.draw.polygon(arrow, (70, 70, 70))
            corners = (x, y, x + wide, y + tall)
            sheet.draw.rounded_rectangle(corners, 20, sheet.colour(), (60, 60, 60), 4)
            sheet.text(x + 0.12 * wide, y + 0.35 * tall, sheet.words(1), 0.26 * tall, WHITE)


def icons(sheet: Sheet) -> None:
    count = sheet.whole(3, 6)
    step = min(sheet.width, sheet.height) / count
    for row in range(round(sheet.height / step)):
        for column in range(round(sheet.width / step)):
            x, y = (column + 0.5) * step, (row + 0.5) * step
            corners = (x - 0.36 * step, y - 0.36 * step, x + 0.36 * step, y + 0.36 * step)
            sheet.draw.rounded_rectangle(corners, 0.15 * step, sheet.colour())
            sign = sheet.whole(0, 4)
            if sign == 0:
                sheet.disc(x, y, 0.18 * step, WHITE)
            elif sign == 1:
                sheet.draw.regular_polygon((x, y, 0.22 * step), sheet.whole(3, 7), fill=WHITE)
            elif sign == 2:
                sheet.box(x - 0.2 * step, y - 0.05 * step, 0.4 * step, 0.1 * step, WHITE)
            else:
                around = (x - 0.2 * step, y - 0.2 * step, x + 0.2 * step, y + 0.2 * step)
                sheet.draw.arc(around, 30, 330, WHITE, round(0.07 * step))


def comic(sheet: Sheet) -> None:
    width, height = sheet.width, sheet.height
    rows, edge = sheet.whole(2, 4), 24
    for row in range(rows):
        cut = sheet.between(0.35, 0.65) * width
        for left, right in ((0.0, cut), (cut, float(width))):
            top, low = row * height / rows + edge, (row + 1) * height / rows - edge
            corners = (left + edge, top, right - edge, low)
            sheet.draw.rectangle(corners, sheet.colour(), BLACK, 8)
            x, y = (left + right) / 2, (top + 2 * low) / 3
            figure = sheet.blob(x, y, 0.22 * (low - top), 0.2)
            sheet.draw.polygon(figure, (255, 220, 180))
            sheet.line([*figure, figure[0]], BLACK, 8)
            for eye in (-1, 1):
                sheet.disc(x + eye * 0.07 * (low - top), y - 20, 12, BLACK)
            bubble = (left + 2 * edge, top + 16, right - 3 * edge, top + 0.3 * (low - top))
            sheet.draw.ellipse(bubble, WHITE, BLACK, 5)
            sheet.text(left + 5 * edge, top + 0.12 * (low - top), sheet.words(2).upper(), 34)


def ledger(sheet: Sheet) -> None:
    """A table of numbers."""
    rows, columns = sheet.whole(10, 18), sheet.whole(4, 7)
    tall, wide = 0.86 * sheet.height / rows, 0.9 * sheet.width / columns
    for row in range(rows):
        y = 0.07 * sheet.height + row * tall
        ground = sheet.colours[1] if not row else WHITE if row % 2 else (240, 243, 247)
        sheet.box(0.05 * sheet.width, y, 0.9 * sheet.width, tall, ground)
        for column in range(columns):
            text = sheet.words(1) if not row or not column else f"{sheet.between(0, 999):.2f}"
            x = 0.05 * sheet.width + column * wide + 12
            sheet.text(x, y + 0.25 * tall, text, min(0.45 * tall, 40), BLACK if row else WHITE)


def screen(sheet: Sheet) -> None:
    """A window of a program."""
    width, height = sheet.width, sheet.height
    sheet.box(0, 0, width, height, (246, 247, 249))
    sheet.box(0, 0, width, 0.08 * height, sheet.colours[1])
    sheet.text(0.03 * width, 0.025 * height, sheet.words(2).title(), 0.03 * height, WHITE)
    sheet.box(0, 0.08 * height, 0.2 * width, height, (228, 231, 236))
    for row in range(9):
        sheet.text(0.03 * width, (0.12 + 0.07 * row) * height, sheet.words(1), 36, (60, 60, 60))
    for row in range(3):
        for column in range(2):
            x, y = (0.24 + 0.38 * column) * width, (0.12 + 0.29 * row) * height
            corners = (x, y, x + 0.34 * width, y + 0.25 * height)
            sheet.draw.rounded_rectangle(corners, 16, WHITE, (210, 214, 220), 3)
            sheet.text(x + 30, y + 26, sheet.words(2).capitalize(), 38)
            sheet.text(x + 30, y + 84, sheet.words(4), 28, (110, 110, 110))
            sheet.box(x + 30, y + 0.17 * height, 0.12 * width, 0.05 * height, sheet.colour())


def plan(sheet: Sheet) -> None:
    """A floor plan."""
    width, height = sheet.width, sheet.height
    left, top, right, low = 0.1 * width, 0.1 * height, 0.9 * width, 0.9 * height
    sheet.draw.rectangle((left, top, right, low), WHITE, BLACK, 18)
    for _ in range(sheet.whole(4, 8)):
        x, y = sheet.between(left, right), sheet.between(top, low)
        if sheet.random.random() < 0.5:
            sheet.line([(x, top), (x, y)], BLACK, 12)
        else:
            sheet.line([(left, y), (x, y)], BLACK, 12)
        around = (x - 60, y - 60, x + 60, y + 60)
        sheet.draw.arc(around, 0, 90, (90, 90, 90), 4)
        sheet.text(x + 20, y + 60, f"{sheet.between(6, 30):.1f} m2", 30, (90, 90, 90))


KINDS: dict[str, Callable[[Sheet], None]] = {
    "poster": poster,
    "logo": logo,
    "bar chart": bars,
    "line chart": lines,
    "scatter plot": dots,
    "pie chart": pie,
    "line art": line_art,
    "page of text": page,
    "product on white": product,
    "map": city_map,
    "diagram": diagram,
    "icons": icons,
    "comic": comic,
    "table": ledger,
    "window": screen,
    "floor plan": plan,
}
ON_WHITE = {
    *("bar chart", "line chart", "scatter plot", "pie chart", "line art", "page of text"),
    *("product on white", "comic", "table", "floor plan"),
}
