"""Where the time of the image watermark goes, kernel by kernel, against what it cannot go below.

1024x1024, one thread, kernels warm. Every stage is timed, in processor time, without the stages
inside it. Its floor is the bytes that it has to read and write once at the measured speed of a
copy, or the operations of its Fourier transforms at the measured speed of one; where neither bounds
it, it has none. Timing itself costs a few microseconds a call.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from benchmarks import pages, pictures
from benchmarks.pictures import Pixels
from benchmarks.run import MEASURED, begin, one_thread, say, table
from synthmark import OPEN_KEY, watermark
from synthmark.watermark.image import reading, whitening

SIDE = 1024
PICTURES = 4
ROUNDS = 7
PAYLOAD = bytes(range(16, 32))
ROTATION = 10.0
MEMORY, CACHE = 2**26, 2**15
"""Bytes that are copied to measure memory, and the nearest cache."""
PAGE = MEASURED / "kernels.md"
_OTHER = "the rest, in Python"

# Where each stage is called from: the module that looks its name up.
STAGES = (
    "image.frame.luma",
    "image.frame.resize",
    "image.frame.add_dithered",
    "image.frame.add",
    "image.mask.strength",
    "image.perception.Quality",
    "image.whitening.blur",
    "image.whitening.high_pass",
    "image.whitening.normalise",
    "image.whitening.whiten",
    "image.whitening.add_ranks",
    "image.whitening.rank",
    "image.folding.fold",
    "image.folding.spectrum",
    "image.folding.fold_through",
    "image.folding.spectrum_through",
    "image.sync.matched",
    "image.sync.find",
    "image.sync.refine",
    "image.channel.soft_values",
    "image.channel.tile",
    "image.coarse.view",
    "image.coarse.series",
    "image.coarse.change",
    "image.coarse.fit",
    "image.outline.corners",
    "image.jpeg.recoded",
    "image.jpeg.carry_over",
    "image.jpeg.carried_over",
    "image.marking._change",
    "image.search.power_map",
    "image.search.constellation",
    "image.search.similar",
    "image.search.bent_constellation",
    "image.search.bent",
    "image.pose.climb",
    "image.blocks.lay_out",
    "image.blocks.cut",
    "image.tracking._displacements",
    "image.tracking._fitted",
    "image.geometry.held",
    "image.geometry.through",
    "polar.list_decode",
)
UNBOUNDED = {
    "image.blocks.cut",
    "image.coarse.change",
    "image.coarse.fit",
    "image.coarse.series",
    "image.geometry.held",
    "image.geometry.through",
    "image.jpeg.recoded",
    "image.search.bent",
    "image.pose.climb",
    "image.search.similar",
    "image.sync.refine",
    "image.tracking._displacements",
    "image.tracking._fitted",
    "polar.list_decode",
}
"""Codecs, matrix products, and where every step waits for the one before."""
TRANSFORMS: dict[str, Callable[[tuple[Any, ...], Any], tuple[int, int]]] = {
    # How many transforms, and of how many points.
    "image.folding.spectrum": lambda _, found: (1, found.size),
    "image.folding.spectrum_through": lambda _, found: (1, 4 * found.size),
    "image.sync.matched": lambda _, found: (len(found), found[0].size),
    "image.search.power_map": lambda _, found: (1, len(found) ** 2 // 2),
}
ADDITIONS: dict[str, Callable[[tuple[Any, ...]], int]] = {
    # Bytes of a map that are added up, out of the nearest cache.
    "image.search.constellation": lambda args: args[0].shape[0] * len(args[1]) * args[3],
    "image.search.bent_constellation": lambda args: (
        len(args[1]) * len(args[2]) * int(args[3][1]) * int(args[3][2])
    ),
}


@dataclass(frozen=True, slots=True)
class Speeds:
    """What this machine does on one thread.

    Attributes:
        memory: Bytes that a copy reads and writes in memory, a second.
        cache: The same in the nearest cache.
        transform: Operations (5 n log2 n) of a real FFT, a second.
    """

    memory: float
    cache: float
    transform: float


@dataclass(slots=True)
class Spent:
    """What one task spent in each stage.

    Attributes:
        seconds: In the stage itself, without the stages inside it.
        floor: Seconds that it cannot go below.
        calls: How often it was called.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    floor: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


class Watch:
    """Times the stages, each without those inside it."""

    def __init__(self, speeds: Speeds) -> None:
        self._speeds = speeds
        self._inner = [0.0]
        self.spent = Spent()

    def install(self) -> None:
        """Put a timed function in the place of every stage."""
        for stage in STAGES:
            place, name = stage.rsplit(".", 1)
            module = importlib.import_module(f"synthmark.watermark.{place}")
            timed = self._timed(stage, getattr(module, name))
            # A few rooms import a stage by its name.
            for room in (module, *_rooms()):
                if getattr(room, name, None) is getattr(module, name) and room is not module:
                    setattr(room, name, timed)
            setattr(module, name, timed)
        reading._READINGS = tuple(
            (getattr(whitening, whiten.__name__), kind) for whiten, kind in reading._READINGS
        )

    def task(self, work: Callable[[], Any]) -> Spent:
        """Run a task and return what it spent."""
        self.spent, self._inner = Spent(), [0.0]
        begun = time.thread_time()
        work()
        whole = time.thread_time() - begun
        self.spent.seconds[_OTHER] = whole - self._inner[0]
        return self.spent

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            self._inner.append(0.0)
            begun = time.thread_time()
            found = function(*args, **options)
            took = time.thread_time() - begun
            own = took - self._inner.pop()
            self._inner[-1] += took
            spent = self.spent
            spent.seconds[stage] = spent.seconds.get(stage, 0.0) + own
            spent.calls[stage] = spent.calls.get(stage, 0) + 1
            floor = self._floor(stage, args, found)
            spent.floor[stage] = spent.floor.get(stage, 0.0) + floor
            return found

        return timed

    def _floor(self, stage: str, args: tuple[Any, ...], found: Any) -> float:
        if stage in UNBOUNDED:
            return 0.0
        if stage in ADDITIONS:
            return ADDITIONS[stage](args) / self._speeds.cache
        if stage in TRANSFORMS:
            count, points = TRANSFORMS[stage](args, found)
            return float(5 * count * points * np.log2(points)) / self._speeds.transform
        return (_bytes(args) + _bytes(found)) / self._speeds.memory


def main() -> None:
    run = begin(__doc__, limit_help=f"use only so many pictures ({PICTURES})")
    one_thread()
    watermark.image.warmup()
    speeds = measured()
    watch = Watch(speeds)
    watch.install()
    tasks: dict[str, list[Spent]] = {}
    sources = [path for path in replace(run, limit=None).pictures if _large(path)]
    count = min(run.limit or PICTURES, len(sources))
    for path in [sources[len(sources) * place // count] for place in range(count)]:
        say(f"timing {path.name}")
        for name, work in _tasks(_square(pictures.pixels(path))).items():
            work()
            rounds = [watch.task(work) for _ in range(ROUNDS)]
            tasks.setdefault(name, []).append(_median(rounds))
    rows = {name: _rows(spent) for name, spent in tasks.items()}
    table(
        "What one thread does here",
        ("", "GB/s or Gflop/s"),
        [(name, getattr(speeds, name) / 1e9) for name in ("memory", "cache", "transform")],
    )
    for name, own in rows.items():
        table(
            f"{name}: {sum(row['ms'] for row in own):.1f} ms, mean over {count} pictures of the "
            f"median of {ROUNDS} rounds",
            ("stage", "calls", "ms", "%", "floor ms", "x"),
            map(_cells, own),
        )
    results = {name: getattr(speeds, name) for name in ("memory", "cache", "transform")}
    run.save({"pictures": count, "speeds": results, "tasks": rows})
    _document(speeds, rows)


def measured() -> Speeds:
    """Measure how fast this machine copies and transforms."""

    def best(work: Callable[[], Any], times: int) -> float:
        taken = []
        for _ in range(15):
            begun = time.thread_time()
            for _ in range(times):
                work()
            taken.append((time.thread_time() - begun) / times)
        return min(taken)

    def copied(size: int, times: int) -> float:
        source, target = np.ones(size // 2, np.uint8), np.empty(size // 2, np.uint8)
        return size / best(lambda: np.copyto(target, source), times)

    plane = np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype(np.float32)
    # A real transform is half of a complex one.
    operations = 2.5 * plane.size * np.log2(plane.size)
    transform = operations / best(lambda: cv2.dft(plane), 1)
    return Speeds(copied(MEMORY, 1), copied(CACHE, 1000), transform)


def _tasks(plain: Pixels) -> dict[str, Callable[[], Any]]:
    marked = watermark.image.embed(plain, PAYLOAD, key=OPEN_KEY).pixels
    middle = (SIDE / 2, SIDE / 2)
    turn = cv2.getRotationMatrix2D(middle, ROTATION, 1)
    rotated = np.asarray(cv2.warpAffine(marked, turn, (SIDE, SIDE), flags=cv2.INTER_CUBIC))
    return {
        "embed": lambda: watermark.image.embed(plain, PAYLOAD, key=OPEN_KEY),
        "fast detect": lambda: watermark.image.detect(marked),
        "rotated and found": lambda: watermark.image.detect(rotated),
        "unmarked, everything tried": lambda: watermark.image.detect(plain),
    }


def _rooms() -> list[Any]:
    names = (
        "marking",
        "detection",
        "reading",
        "mask",
        "perception",
        "tracking",
        "geometry",
        "sync",
    )
    return [importlib.import_module(f"synthmark.watermark.image.{name}") for name in names]


def _large(path: Any) -> bool:
    height, width = pictures.pixels(path).shape[:2]
    return bool(height >= SIDE and width >= SIDE)


def _square(picture: Pixels) -> Pixels:
    top, left = ((side - SIDE) // 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + SIDE, left : left + SIDE])


def _bytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple | list):
        return sum(map(_bytes, value))
    return 0


def _median(rounds: list[Spent]) -> Spent:
    """Return each stage's median; calls and floors are the same in every round."""
    stages = rounds[0].seconds
    taken = {each: statistics.median(one.seconds[each] for one in rounds) for each in stages}
    return Spent(taken, rounds[0].floor, rounds[0].calls)


def _rows(pictures_spent: list[Spent]) -> list[dict[str, Any]]:
    """Return the stages of a task, the longest first, as means over the pictures."""
    count = len(pictures_spent)
    stages = {stage for spent in pictures_spent for stage in spent.seconds}

    def mean(what: str, stage: str) -> float:
        return float(sum(getattr(spent, what).get(stage, 0) for spent in pictures_spent)) / count

    whole = sum(mean("seconds", stage) for stage in stages)
    rows = [
        {
            "stage": stage.removeprefix("image."),
            "calls": mean("calls", stage),
            "ms": 1000 * mean("seconds", stage),
            "share": 100 * mean("seconds", stage) / whole,
            "floor": 1000 * mean("floor", stage),
        }
        for stage in stages
    ]
    return sorted(rows, key=lambda row: -row["ms"])


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    floor = row["floor"]
    return (
        row["stage"],
        f"{row['calls']:.0f}" if row["calls"] else "",
        row["ms"],
        f"{row['share']:.0f}",
        f"{floor:.3f}" if floor else "-",
        f"{row['ms'] / floor:.1f}" if floor else "-",
    )


def _document(speeds: Speeds, tasks: dict[str, list[dict[str, Any]]]) -> None:
    """Fill the tables of the page; stages under one per cent are added up."""
    parts = [
        f"A copy moves {speeds.memory / 1e9:.1f} GB/s in memory (read and written) and "
        f"{speeds.cache / 1e9:.0f} GB/s in the nearest cache; a transform does "
        f"{speeds.transform / 1e9:.1f} Gflop/s."
    ]
    for name, rows in tasks.items():
        shown = [row for row in rows if row["share"] >= 1]
        floor = sum(row["floor"] for row in rows)
        title = f"### {name[:1].upper()}{name[1:]}: {sum(row['ms'] for row in rows):.1f} ms, "
        lines = []
        for row in shown:
            stage, calls, took, *rest = _cells(row)
            lines.append((f"`{stage}`" if row["calls"] else stage, calls, f"{took:.2f}", *rest))
        header = ("stage", "calls", "ms", "%", "floor, ms", "times")
        parts.append(f"{title}floor {floor:.1f} ms\n\n{pages.table(header, lines)}")
    pages.fill(PAGE, lambda _: "\n\n".join(parts))


if __name__ == "__main__":
    main()
