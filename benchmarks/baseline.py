"""Compare new results with the stored ones: a line for each loss, and exit code 1 if there is one.

python -m benchmarks.baseline NEW holds every file of results under NEW against the file of the same
name under benchmarks/results. What only one of the two measured is not compared. A loss is

- a share whose 95 % interval (Wilson) lies wholly below the interval of the stored one,
- a fault, such as a wrong message, that was counted more often,
- a cost, such as a time as a multiple of a codec's, that grew by more than 10 %,
- a grade that fell by more than what its rule says.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.run import RESULTS, say, wilson

# By how much a cost may grow: two runs on one machine differ by less.
TOLERANCE = 0.10
ANY = "*"

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A count of what went well among trials: two fields of a row, or a pair in their place."""

    where: Place
    hits: Place = ()
    trials: str = ""

    def loss(self, new: Any, old: Any) -> str | None:
        """Say that the new interval lies wholly below the old one."""
        now, before = self._counts(new), self._counts(old)
        if now is None or before is None or wilson(*now)[1] >= wilson(*before)[0]:
            return None
        return f"{_shown(now)}, was {_shown(before)}"

    def _counts(self, row: Any) -> tuple[int, int] | None:
        if isinstance(row, list):
            return row[0], row[1]
        if not isinstance(row, dict) or self.trials not in row:
            return None
        trials = row[self.trials]
        for name in self.hits:
            row = row.get(name, 0)
        return row, sum(trials.values()) if isinstance(trials, dict) else trials


@dataclass(frozen=True, slots=True)
class Fault:
    """How often something happened that never should: a number, or a list of the cases."""

    where: Place

    def loss(self, new: Any, old: Any) -> str | None:
        """Say that there are more than before."""
        now, before = (len(each) if isinstance(each, list) else each for each in (new, old))
        return f"{now}, was {before}" if now > before else None


@dataclass(frozen=True, slots=True)
class Cost:
    """A time or an amount of memory, as a multiple of `unit`, a field of its row, if given."""

    where: Place
    unit: str = ""

    def loss(self, new: Any, old: Any) -> str | None:
        """Say that it grew by more than the tolerance."""
        return f"{new:.2f}, was {old:.2f}" if new > (1 + TOLERANCE) * old else None


@dataclass(frozen=True, slots=True)
class Grade:
    """Something of which more is better, and the most by which it may fall."""

    where: Place
    most: float

    def loss(self, new: Any, old: Any) -> str | None:
        """Say that it fell by more than the rule allows."""
        return f"{new:.4g}, was {old:.4g}" if new < old - self.most else None


Rule = Share | Fault | Cost | Grade

_VERDICTS = (
    Share(("verdicts", ANY), ("verdicts", "verified"), "labelled"),
    Share(("verdicts", ANY), ("ids agree",), "labelled"),
)
# The most that is lost of SSIMULACRA2 (points), PSNR and SNR (dB), SSIM and PEAQ's grade.
_SCORE, _DECIBELS, _SSIM, _ODG = 0.5, 0.3, 0.002, 0.05

RULES: dict[str, tuple[Rule, ...]] = {
    "image/robustness": (
        Share(("suites", ANY, "all"), ("read",), "trials"),
        Share(("suites", ANY, "classes", ANY), ("read",), "trials"),
        Share(("suites", ANY, "rows", ANY), ("read",), "trials"),
        Fault(("suites", ANY, "rows", ANY, "wrong")),
        Grade(("quality", "ssimulacra2", "mean"), _SCORE),
        Grade(("quality", "psnr", "mean"), _DECIBELS),
        Grade(("quality", "ssim", "mean"), _SSIM),
        Cost(("embed",)),
    ),
    "image/flat_graphics": (Share(("rows", ANY), ("now",), "trials"),),
    "image/false_accepts": (Fault(("total", ANY, "accepts")),),
    "image/speed": (
        Cost(("steps", "ratios", ANY)),
        Cost(("start", "verify of import numba")),
        Fault(("start", "help loads")),
    ),
    "sound/robustness": (
        Share(("results", ANY, "attacks", ANY, "3 s")),
        Share(("results", ANY, "attacks", ANY, "5 s")),
        Share(("results", ANY, "attacks", ANY, "10 s")),
        Fault(("results", ANY, "attacks", ANY, "wrong")),
        Grade(("results", ANY, "snr"), _DECIBELS),
    ),
    "sound/curves": (Share(("curves", ANY, ANY, ANY)),),
    "sound/quality": (
        Grade(("kinds", ANY, "odg"), _ODG),
        Grade(("kinds", ANY, "snr"), _DECIBELS),
    ),
    "sound/false_accepts": (Fault(("by code", ANY, ANY, "accepted")),),
    "sound/speed": (Cost(("times", ANY, ANY), "FLAC"),),
    "sound/length": (Cost(("rows", ANY, ANY, "ratio")),),
    "chain/pictures": (
        *_VERDICTS,
        Share(("attacks", ANY, "by attack", ANY), ("recovered",), "trials"),
        Fault(("attacks", ANY, "false positives")),
        Fault(("tampering", "failed", ANY)),
        Grade(("quality", ANY, "ssimulacra2 mean"), _SCORE),
        Grade(("quality", ANY, "psnr mean"), _DECIBELS),
    ),
    "chain/sounds": (
        *_VERDICTS,
        Share(("originals",), ("verdicts", "unmarked"), "trials"),
        Share(("shared", ANY, ANY), ("recovered",), "trials"),
        Share(("others", ANY), ("title",), "files"),
        Share(("others", ANY), ("label",), "files"),
        Grade(("verdicts", ANY, "snr mean"), _DECIBELS),
    ),
    "chain/rewrite": (Fault(("faults",)),),
    "chain/hostile": (Fault(("files", ANY, "faults")),),
    "chain/memory": (
        Cost(("rows", ANY, "embed"), "pixels"),
        Cost(("rows", ANY, "verify"), "pixels"),
    ),
    "chain/threads": (Fault(("errors",)), Fault(("differ",))),
    "chain/kill": (Fault(("unfinished",)), Fault(("damaged",)), Fault(("unknown",))),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("new", type=Path, metavar="NEW", help="a folder laid out as the stored one")
    parser.add_argument("--stored", type=Path, metavar="DIR", default=RESULTS)
    asked = parser.parse_args()
    raise SystemExit(compare(asked.new, asked.stored, print))


def compare(new: Path, stored: Path, tell: Callable[[str], object]) -> int:
    """Tell each loss of the results under `new`; return 1 if there is one or nothing to compare."""
    losses = compared = 0
    for path in sorted(new.glob("*/*.json")):
        name = path.relative_to(new)
        if not (stored / name).exists():
            say(f"{name}: nothing is stored to compare it with")
            continue
        results, before = (json.loads(each.read_text("utf-8")) for each in (path, stored / name))
        for place, loss in _compared(results, before):
            compared += 1
            if loss is not None:
                losses += 1
                tell(f"{name.with_suffix('')}: {', '.join(place)}: {loss}")
    say(f"{compared} values compared, {losses} losses")
    return int(losses > 0 or not compared)


def _compared(new: Any, old: Any) -> Iterator[tuple[Place, str | None]]:
    """Yield the place of each value that both hold, with what is lost there."""
    for rule in RULES.get(new["benchmark"], ()):
        unit = rule.unit if isinstance(rule, Cost) else ""
        now, before = (dict(_found(each, rule.where, unit)) for each in (new, old))
        for place in now.keys() & before.keys():
            yield place, rule.loss(now[place], before[place])
        if isinstance(rule, Fault):
            # A kind of fault that was never seen before is not stored as a place.
            for place in now.keys() - before.keys():
                if loss := rule.loss(now[place], 0):
                    yield place, loss


def _found(results: Any, where: Place, unit: str) -> Iterator[tuple[Place, Any]]:
    """Yield the places that a pattern fits, with their values, in multiples of a field beside."""
    if not where:
        yield (), results
        return
    if isinstance(results, list):
        # A row is known by what stands in it first: a name, a length.
        results = {str(next(iter(row.values()))): row for row in results}
    name, *rest = where
    for key in results if name == ANY else (name,):
        if not isinstance(results, dict) or key not in results or key == unit:
            continue
        if unit and not rest:
            yield (key,), results[key] / results[unit]
            continue
        for place, value in _found(results[key], tuple(rest), unit):
            yield (key, *place), value


def _shown(counts: tuple[int, int]) -> str:
    low, high = wilson(*counts)
    return f"{counts[0]}/{counts[1]} ({low:.0f}-{high:.0f} %)"


if __name__ == "__main__":
    main()
