"""A small kernel whose cache lies where a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numba.core import config

from synthmark.watermark import jit


def source(number: int) -> int:
    return 3 * number + 1


@contextmanager
def cache_in(folder: Path) -> Iterator[None]:
    """Tell Numba where to cache, as NUMBA_CACHE_DIR does when a process starts."""
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def first_call(folder: Path, function: Callable[[int], int] = source) -> tuple[int, bool]:
    """Call a kernel as a new process would; return what it gives, and whether it was cached."""
    fresh: Any = jit.kernel("int64(int64)")(function)
    with cache_in(folder):
        result = fresh(5)
    return result, bool(fresh._compiled.stats.cache_hits)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
