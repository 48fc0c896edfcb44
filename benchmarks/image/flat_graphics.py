"""Whether flat graphics keep their mark when they are saved again, made smaller or inverted.

The graphics are drawn here (`graphics.py`), marked once under the default setting, and read two
ways: as before ranks and inverted pictures were tried, and as the detector does now. Both look in
the frames and for the coarse mark; the search for other poses, which takes seconds, is left out. A
row counts as read only where the exact 128 bits come back.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks import pictures
from benchmarks.image import attacks, graphics, suites
from benchmarks.pictures import Pixels
from benchmarks.run import RESULTS, Run, one_thread, say, table, wilson
from synthmark import OPEN_KEY
from synthmark.watermark import image
from synthmark.watermark.image import detection, reading

EACH = 3
"""Graphics of each kind."""
SIZES = ((768, 768), (880, 680), (640, 960), (1024, 600), (1024, 1024))
"""Width and height, one after the other."""


def _half(then: attacks.Attack) -> attacks.Attack:
    return lambda picture, generator: then(pictures.scaled(picture, 0.5), generator)


def _inverted(then: attacks.Attack) -> attacks.Attack:
    return lambda picture, generator: then(np.asarray(255 - picture, np.uint8), generator)


ROWS: dict[str, attacks.Attack] = {
    "none": suites.same,
    "JPEG 50": attacks.jpeg(50),
    "JPEG 30": attacks.jpeg(30),
    "WebP 80": attacks.coded("WEBP", 80),
    "WebP 60": attacks.coded("WEBP", 60),
    "half, JPEG 85": _half(attacks.jpeg(85)),
    "inverted": _inverted(suites.same),
    "inverted, JPEG 85": _inverted(attacks.jpeg(85)),
}
BARS = ("JPEG 30", "WebP 80", "half, JPEG 85", "inverted")
LEAST = 95.0
"""Per cent of these that should be read."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, default=RESULTS / "image" / "flat_graphics.json")
    parser.add_argument("--each", type=int, default=EACH, help="graphics of each kind")
    asked = parser.parse_args()
    one_thread()
    lines = [
        _measured(kind, number, SIZES[(place + number) % len(SIZES)])
        for place, kind in enumerate(graphics.KINDS)
        for number in range(asked.each)
    ]
    results = summary(lines)
    show(results)
    Run("image/flat_graphics", None, asked.json, None).save(results)


def _measured(kind: str, number: int, size: tuple[int, int]) -> dict[str, Any]:
    """Draw one, mark it, and say for every row whether it was read, before and now."""
    name = f"{kind} {number}"
    payload = hashlib.sha256(name.encode()).digest()[:16]
    plain = graphics.drawn(kind, number, *size)
    marked = image.embed(plain, payload, key=OPEN_KEY)
    before, now = {}, {}
    for row, attack in ROWS.items():
        generator = np.random.default_rng(zlib.crc32(f"{name}/{row}".encode()))
        picture: Pixels = np.ascontiguousarray(attack(marked.pixels, generator))
        now[row] = detection.read_as_it_lies(picture, OPEN_KEY) == payload
        with _as_before():
            before[row] = detection.read_as_it_lies(picture, OPEN_KEY) == payload
    counts = sum(before.values()), sum(now.values())
    say("  {}, {}x{}: {} read before, {} now".format(name, *size, *counts))
    return {
        "graphic": name,
        "size": size,
        "psnr": round(marked.psnr, 2),
        "margin": round(marked.margin, 2),
        "before": before,
        "now": now,
    }


@contextlib.contextmanager
def _as_before() -> Iterator[None]:
    """Read with the local deviation alone, and only what was not inverted."""
    with (
        mock.patch.object(reading, "_READINGS", reading._READINGS[:1]),
        mock.patch.object(reading, "_POLARITIES", (1,)),
    ):
        yield


def summary(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up row by row."""
    rows: dict[str, dict[str, Any]] = {}
    for row in ROWS:
        rows[row] = {"trials": len(lines)}
        for when in ("before", "now"):
            read = sum(line[when][row] for line in lines)
            rows[row][when] = read
            rows[row][f"{when}, interval"] = [round(end, 1) for end in wilson(read, len(lines))]
    return {"graphics": len(lines), "rows": rows, "by graphic": lines}


def show(results: dict[str, Any]) -> None:
    table(
        f"{results['graphics']} flat graphics, exact 128 bits; {LEAST:g} % is the bar at *",
        ("", "before", "now", "of", "per cent", "95 % interval"),
        (
            (
                row + (" *" if row in BARS else ""),
                own["before"],
                own["now"],
                own["trials"],
                100 * own["now"] / own["trials"],
                "{} - {}".format(*own["now, interval"]),
            )
            for row, own in results["rows"].items()
        ),
    )
    for row in BARS:
        left = [line["graphic"] for line in results["by graphic"] if not line["now"][row]]
        if left:
            say(f"{row}: not read in {', '.join(left)}")


if __name__ == "__main__":
    main()
