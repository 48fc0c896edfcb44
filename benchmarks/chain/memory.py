"""Memory that a panorama takes: the most that `embed` and `verify` hold, in multiples of its size.

Pictures under DIR/images are laid side by side until they are as large as the default limit allows.
Each command runs in a process of its own; what it holds for a small picture is taken off.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import commands
from benchmarks.run import begin, say, table

WIDTH, HEIGHT = 16_384, 4_096
MOST = 3.0
KINDS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 90},
    "png": {"compress_level": 1},
    "webp": {"quality": 85, "method": 0},
    "tiff": {"compression": "tiff_adobe_deflate", "tiffinfo": {317: 2}},
}


def main() -> None:
    run = begin(__doc__, limit_help="lay only so many pictures side by side")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands.settle(folder)
        commands.measure([commands.SYNTHMARK, "doctor"], seconds=600)
        say(f"drawing a picture of {WIDTH}x{HEIGHT}")
        # In a process of its own: a child's peak begins with its parent's memory.
        drawing = multiprocessing.get_context("spawn").Process(
            target=draw, args=(run.pictures, folder)
        )
        drawing.start()
        drawing.join()
        rows = [measured(kind, folder) for kind in KINDS]
    table(
        f"Memory beyond that for a small picture, {WIDTH}x{HEIGHT} pixels; the aim is {MOST}x",
        ("file", "file MiB", "pixels MiB", "embed MiB", "x", "verify MiB", "x"),
        (
            (
                row["kind"],
                row["file"],
                row["pixels"],
                row["embed"],
                row["embed"] / row["pixels"],
                row["verify"],
                row["verify"] / row["pixels"],
            )
            for row in rows
        ),
    )
    run.save({"width": WIDTH, "height": HEIGHT, "rows": rows})


def draw(pictures: list[Path], folder: Path) -> None:
    """Write the panorama and a small part of it in every format."""
    whole = panorama(pictures)
    for kind, options in KINDS.items():
        # WebP has at most 16,383 pixels a side.
        whole.crop((0, 0, WIDTH - 1, HEIGHT)).save(folder / f"large.{kind}", kind, **options)
        whole.crop((0, 0, 512, 512)).save(folder / f"small.{kind}", kind, **options)


def panorama(pictures: list[Path]) -> Image.Image:
    """Tile pictures, each scaled to the same height."""
    whole = Image.new("RGB", (WIDTH, HEIGHT))
    tall = HEIGHT // 4
    left, top, number = 0, 0, 0
    while top < HEIGHT:
        with Image.open(pictures[number % len(pictures)]) as image:
            part = image.convert("RGB")
        part = part.resize((max(1, part.width * tall // part.height), tall))
        whole.paste(part, (left, top))
        left, number = left + part.width, number + 1
        if left >= WIDTH:
            left, top = 0, top + tall
    return whole


def measured(kind: str, folder: Path) -> dict[str, Any]:
    large, small = folder / f"large.{kind}", folder / f"small.{kind}"
    row: dict[str, Any] = {
        "kind": kind,
        "file": large.stat().st_size / 2**20,
        "pixels": (WIDTH - 1) * HEIGHT * 3 / 2**20,
    }
    for verb, output in (("embed", True), ("verify", False)):
        held = []
        for path in (large, small):
            target = path.with_name(f"out-{path.name}")
            command: list[str | Path] = [commands.SYNTHMARK, verb]
            command += [path, "-f", "-o", target] if output else [target]
            done = commands.measure(command, seconds=600)
            if done.code != 0:
                raise SystemExit(f"synthmark {verb} left with {done.code}: {done.stderr}")
            held.append(done.mebibytes)
        row[verb] = held[0] - held[1]
    return row


if __name__ == "__main__":
    main()
