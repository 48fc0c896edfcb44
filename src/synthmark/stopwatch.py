"""Seconds by step, for the timings of results and reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Measures named steps of one operation.

    Args:
        begun: Told the name of each step as it begins.

    Attributes:
        seconds: Wall-clock seconds by step, in the order the steps were begun; of one that was
            gone through again, all of them.
    """

    def __init__(self, begun: Callable[[str], None] | None = None) -> None:
        self._begun = begun
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Measure one step."""
        if self._begun is not None:
            self._begun(step)
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = self.seconds.get(step, 0.0) + time.perf_counter() - start
            self.seconds[step] = round(spent, 6)
