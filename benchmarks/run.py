"""What every benchmark shares: its command line, its tables, and its results as JSON."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2

HERE = Path(__file__).parent
RESULTS = HERE / "results"
DOCS = HERE.parent / "docs"
MEASURED = DOCS / "measured"
# Seconds after which totals are kept.
_SAVED = 60.0
_THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
_LIBRARIES = ("numpy", "numba", "opencv-python-headless", "pillow", "c2pa-python", "iscc-core")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one benchmark.

    Attributes:
        name: Of the benchmark: its room and what it measures, as in image/robustness.
        data: The folder of pictures, None where none is needed.
        json: Where the results go.
        limit: At most so many pictures or rounds, None for all.
    """

    name: str
    data: Path | None
    json: Path
    limit: int | None

    @property
    def pictures(self) -> list[Path]:
        """The pictures of the data folder, in the order of their names, evenly thinned to limit."""
        return self.thinned(self.all_pictures)

    @property
    def all_pictures(self) -> list[Path]:
        """The pictures of the data folder, in the order of their names."""
        assert self.data is not None
        found = sorted(path for path in (self.data / "images").glob("*/*") if path.is_file())
        if not found:
            raise SystemExit(f"{self.data}: there are no pictures in images/*/")
        return found

    def thinned(self, found: list[Path]) -> list[Path]:
        """Return at most `limit` of what was found, evenly spread."""
        if self.limit is None or self.limit >= len(found):
            return found
        return [found[len(found) * place // self.limit] for place in range(self.limit)]

    def save(self, results: dict[str, Any]) -> None:
        """Write the results, with the versions and the machine that they were measured on."""
        record = {
            "benchmark": self.name,
            "measured": datetime.now(UTC).date().isoformat(),
            "commit": _commit(),
            "machine": {"processor": _processor(), "cores": os.cpu_count()},
            "python": platform.python_version(),
            "versions": {name: importlib.metadata.version(name) for name in _LIBRARIES},
            **results,
        }
        self.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=False)
        new = self.json.with_suffix(".new")
        new.write_text(text + "\n", "utf-8")
        new.replace(self.json)
        say(f"written: {self.json}")


def shared(
    state: dict[str, Any],
    minutes: float | None,
    workers: int,
    go: Callable[..., dict[str, Any]],
    *given: Any,
) -> Iterator[list[dict[str, Any]]]:
    """Have processes share numbered rounds until the time is up; yield what each counted a minute.

    Args:
        state: Its ``rounds`` is the number of the next round.
        minutes: None for ever.
        workers: Number of processes.
        go: Called with `given` and the numbers of rounds, an iterator that ends by the clock.
        given: For `go`.
    """
    left = math.inf if minutes is None else 60 * minutes
    with ProcessPoolExecutor(workers) as pool:
        while left > 0:
            seconds, left = min(left, _SAVED), left - _SAVED
            shares = [
                pool.submit(_share, go, given, state["rounds"] + place, workers, seconds)
                for place in range(workers)
            ]
            found = [share.result() for share in shares]
            state["rounds"] = max(done for done, _ in found)
            yield [counts for _, counts in found]


def _share(
    go: Callable[..., dict[str, Any]], given: Any, first: int, step: int, seconds: float
) -> tuple[int, dict[str, Any]]:
    """Return the number after the last round, and what was counted."""
    until, last = time.monotonic() + seconds, first

    def numbers() -> Iterator[int]:
        nonlocal last
        while time.monotonic() < until:
            yield last
            last += step

    counts = go(*given, numbers())
    return last, counts


def begin(description: str | None, *, limit_help: str = "use only so many pictures") -> Run:
    """Read the command line; the benchmark's name is that of its module: room/file."""
    name = Path(sys.argv[0]).relative_to(HERE).with_suffix("").as_posix()
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--json", type=Path, default=RESULTS / f"{name}.json")
    parser.add_argument("--limit", type=int, help=limit_help)
    asked = parser.parse_args()
    return Run(name, asked.data, asked.json, asked.limit)


def one_thread() -> None:
    """Start over with one thread in every library, so that times compare."""
    one = dict.fromkeys(_THREADS, "1")
    if not one.items() <= os.environ.items():
        # These count only before the libraries are loaded.
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | one)  # noqa: S606
    cv2.setNumThreads(1)


def say(text: str) -> None:
    """Tell how far it is, on standard error."""
    print(text, file=sys.stderr, flush=True)


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: the first column to the left, numbers to the right."""
    text = [list(header), *([_cell(each) for each in row] for row in rows)]
    widths = [max(len(row[place]) for row in text) for place in range(len(header))]
    print(f"\n{title}")
    for place, row in enumerate(text):
        first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        cells = [first, *(cell.strip().rjust(len(cell)) for cell in rest)]
        print("  " + "  ".join(cells).rstrip())
        if not place:
            print("  " + "  ".join("-" * width for width in widths))
    sys.stdout.flush()


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share, both ends in per cent."""
    if not trials:
        return 0.0, 100.0
    z, share = 1.96, hits / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 100 / (1 + z * z / trials)
    return max(0.0, (middle - spread) * scale), min(100.0, (middle + spread) * scale)


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _commit() -> str:
    """Return the commit that is measured, ``-dirty`` where code differs from it; results may."""
    revision = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", "../src", ".", ":!results")
    return f"{revision}-dirty" if changed else revision


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
