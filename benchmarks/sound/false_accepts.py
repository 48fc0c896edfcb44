"""How often sound that carries no mark of a key passes for marked: a count that never ends.

Each round draws a piece of a recording, at times marked under a key that is not tried, at times
re-sampled or noisy, and reads it under many keys at once: fast (at its own speed) and by the full
search, counted apart. A detection is one sound under one key. Rounds are numbered and never
repeated; the state file holds the totals for each version of the watermark's code, so that a run
can be stopped and taken up again.

Sounds without a payload also tell the null of the presence statistic: how often the chance that is
reported, over all keys that were tried, was that small.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.run import HERE, RESULTS, Run, one_thread, say, shared, table
from benchmarks.sound import attacks
from benchmarks.sound.robustness import Excerpt, excerpts
from synthmark import OPEN_KEY
from synthmark.errors import UnmarkableError
from synthmark.facts import Detection, WatermarkState
from synthmark.keys import WatermarkKey
from synthmark.watermark import audio
from synthmark.watermark.audio import Search

POOL, FAST_KEYS, FULL_KEYS = 64, 60, 6
KINDS = {"fast": (Search.NONE, FAST_KEYS), "full": (Search.FAMILIES, FULL_KEYS)}
LEVELS = ("1e-1", "1e-2", "1e-3", "1e-4", "1e-5")
NAME = "sound/false_accepts"
DETECTION = (
    *("cells", "decoding", "detection", "extent", "hearing", "layout"),
    *("pcm", "prediction", "search", "spectrum", "sync", "whitening"),
)


def _key(name: str) -> WatermarkKey:
    return WatermarkKey(name, hashlib.sha256(f"false accepts: {name}".encode()).digest())


KEYS = (OPEN_KEY, *(_key(str(number)) for number in range(1, POOL)))
FOREIGN = _key("foreign")
"""Marks some of the pieces and is never tried."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--state", type=Path, default=RESULTS / f"{NAME}.json")
    parser.add_argument("--minutes", type=float, help="stop after so long; else when interrupted")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the rounds")
    asked = parser.parse_args()
    one_thread()
    run = Run(NAME, asked.data, asked.state, None)
    state = {"rounds": 0, "by code": {}}
    if asked.state.exists():
        kept = json.loads(asked.state.read_text("utf-8"))
        state = {name: kept[name] for name in state}
    try:
        count(run, state, asked.minutes, asked.workers)
    except KeyboardInterrupt:
        say("stopped")
    run.save(state)
    show(state)


def count(run: Run, state: dict[str, Any], minutes: float | None, workers: int) -> None:
    """Go through rounds until the time is up; keep the totals every minute."""
    counts = state["by code"].setdefault(_code(), {kind: _nothing() for kind in KINDS})
    for found in shared(state, minutes, workers, _counted, run.data):
        for each in found:
            for kind in KINDS:
                _add(counts[kind], each[kind])
        run.save(state)
        say(f"  round {state['rounds']}: {counts['fast']['detections']} fast detections")


def _counted(data: Path, numbers: Iterator[int]) -> dict[str, Any]:
    group, counts = _group(data), {kind: _nothing() for kind in KINDS}
    for number in numbers:
        generator = np.random.default_rng((20261125, number))
        piece, rate = _drawn(group, generator)
        keys = [KEYS[place] for place in generator.permutation(POOL)]
        for kind, (reach, many) in KINDS.items():
            found = audio.detect(piece, rate, keys=keys[:many], reach=reach)
            _note(counts[kind], found, number, many)
    return counts


@functools.cache
def _group(data: Path) -> list[Excerpt]:
    return list(excerpts(data))


def _add(own: dict[str, Any], other: dict[str, Any]) -> None:
    for word in ("sounds", "detections", "accepted"):
        own[word] += other[word]
    for level in LEVELS:
        own["reached"][level] += other["reached"][level]


def _note(own: dict[str, Any], found: Detection, number: int, keys: int) -> None:
    own["sounds"] += 1
    own["detections"] += keys
    if found.state is WatermarkState.DECODED:
        assert found.payload is not None
        own["accepted"].append([number, found.key, found.payload.hex()])
    elif found.p_value is not None:
        for level in LEVELS:
            own["reached"][level] += found.p_value <= float(level)


def _drawn(group: list[Excerpt], generator: np.random.Generator) -> tuple[NDArray[np.float32], int]:
    """Return 2 to 12 s of sound without a mark of any key that is tried."""
    each = group[int(generator.integers(len(group)))]
    length = min(len(each.wave), int(generator.uniform(2, 12) * each.rate))
    start = int(generator.integers(len(each.wave) - length + 1))
    piece = np.ascontiguousarray(each.wave[start : start + length])
    if generator.random() < 1 / 3:
        payload = generator.bytes(16 if len(piece) >= 5 * each.rate else 8)
        # What holds no mark stays unmarked.
        with contextlib.suppress(UnmarkableError):
            marked = audio.embed(piece, each.rate, payload, key=FOREIGN).samples
            piece = np.asarray(marked, np.float32)
    if generator.random() < 1 / 3:
        piece = attacks.speed(generator.uniform(0.8, 1.25))(piece, each.rate, generator)
    if generator.random() < 1 / 3:
        piece = attacks.white(generator.uniform(0, 30))(piece, each.rate, generator)
    return piece, each.rate


def _nothing() -> dict[str, Any]:
    return {"sounds": 0, "detections": 0, "accepted": [], "reached": dict.fromkeys(LEVELS, 0)}


def _code() -> str:
    """Return a fingerprint of the sources that detection runs through, comments included."""
    root = HERE.parent / "src" / "synthmark"
    files = [root / "keys.py", *(root / "watermark" / name for name in ("payload.py", "polar.py"))]
    files += [root / "watermark" / "audio" / f"{name}.py" for name in DETECTION]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def show(state: dict[str, Any]) -> None:
    rows = []
    for code, counts in state["by code"].items():
        for kind, own in counts.items():
            shares = [f"{own['reached'][level]}" for level in LEVELS]
            counted = (own["detections"], len(own["accepted"]), own["sounds"])
            rows.append((f"{code} {kind}", *counted, *shares))
    header = ("code", "detections", "accepted", "sounds", *(f"p <= {level}" for level in LEVELS))
    table(f"False accepts after {state['rounds']} rounds", header, rows)


if __name__ == "__main__":
    main()
