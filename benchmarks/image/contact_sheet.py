"""A picture of failures: each picture small, and under it the rows that were not read."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmarks.pictures import Pixels

MOST = 15
"""How many pictures a sheet shows."""

_COLUMNS, _WIDTH, _HEIGHT, _THUMBNAIL, _LINE = 5, 250, 330, 160, 13


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture and the names of the rows that failed on it."""

    name: str
    picture: Pixels
    rows: Sequence[str]


def draw(failures: Sequence[Failure], target: Path) -> None:
    """Write a sheet as PNG."""
    lines = max(1, -(-len(failures) // _COLUMNS))
    sheet = Image.new("RGB", (_COLUMNS * _WIDTH, lines * _HEIGHT), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    fit = (_HEIGHT - _THUMBNAIL - 30) // _LINE
    for place, failure in enumerate(failures):
        left, top = place % _COLUMNS * _WIDTH + 8, place // _COLUMNS * _HEIGHT + 8
        thumbnail = Image.fromarray(failure.picture)
        thumbnail.thumbnail((_WIDTH - 16, _THUMBNAIL))
        sheet.paste(thumbnail, (left, top))
        title = f"{failure.name}: {len(failure.rows)} not read"
        text = textwrap.wrap(", ".join(failure.rows), 42, max_lines=fit)
        for number, line in enumerate((title, *text)):
            pen.text((left, top + _THUMBNAIL + 4 + number * _LINE), line, "black", font)
    target.parent.mkdir(parents=True, exist_ok=True)
    # A palette keeps the sheet small.
    sheet.quantize(128).save(target, optimize=True)
