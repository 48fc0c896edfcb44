"""How often a picture that carries no mark of a key passes for marked: a count that never ends.

Each round draws a picture, scales, crops, turns and re-saves it, or marks it under a key that is
not tried, and reads it under many keys: fast (in the frames only) and by the full search, counted
apart. Rounds are numbered and never repeated; the state file holds the totals for each version of
the watermark's code, so that a run can be stopped and taken up at any time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import attacks
import pictures
from fingerprints import watermark_code
from pictures import Pixels
from results import HERE, Run, one_thread, say, table
from synthmark import OPEN_KEY
from synthmark.keys import WatermarkKey
from synthmark.watermark import image
from synthmark.watermark.image import detection, frame
from synthmark.watermark.payload import CHECK_BITS

FAST_KEYS, FULL_KEYS = 40, 4
POOL = 48
MOST_PIXELS = 1024
KINDS = ("fast", "full")
NAME = "false_accepts.json"


def _key(name: str) -> WatermarkKey:
    return WatermarkKey(name, hashlib.sha256(f"false accepts: {name}".encode()).digest())


KEYS = (OPEN_KEY, *(_key(str(number)) for number in range(1, POOL)))
FOREIGN = _key("foreign")
"""Marks some of the pictures and is never tried."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--state", type=Path, metavar="FILE", default=HERE / "results" / NAME)
    parser.add_argument("--minutes", type=float, help="stop after so long; else when interrupted")
    parser.add_argument("--report", action="store_true", help="only add up what was counted")
    asked = parser.parse_args()
    one_thread()
    state = _load(asked.state)
    run = Run("false_accepts", asked.data, asked.state, None)
    if not asked.report:
        try:
            count(run, state, asked.minutes)
        except KeyboardInterrupt:
            say("stopped")
    run.save(summary(state))
    show(summary(state))


def count(run: Run, state: dict[str, Any], minutes: float | None) -> None:
    """Go through rounds until the time is up; keep the totals every minute."""
    counts = state["by code"].setdefault(watermark_code(), _nothing())
    paths = run.all_pictures
    begun = saved = time.monotonic()
    while minutes is None or time.monotonic() - begun < 60 * minutes:
        _round(paths, state["rounds"], counts)
        state["rounds"] += 1
        if time.monotonic() - saved > 60:
            saved = time.monotonic()
            run.save(summary(state))
            done = ", ".join(
                f"{counts[kind]['detections']} {kind} with {len(counts[kind]['accepted'])} accepts"
                for kind in KINDS
            )
            say(f"  round {state['rounds']}: {done}")


def _round(paths: list[Path], number: int, counts: dict[str, Any]) -> None:
    generator = np.random.default_rng((20261125, number))
    picture, variant = _drawn(paths, generator)
    gray = frame.luma(picture)
    keys = [KEYS[place] for place in generator.permutation(POOL)]
    for kind, detect, many in (
        ("fast", detection._in_frames, FAST_KEYS),
        ("full", detection._searched, FULL_KEYS),
    ):
        own = counts[kind]
        own["variants"][variant] = own["variants"].get(variant, 0) + many
        for reader, found in _tried(detect, gray, keys[:many]):
            own["detections"] += 1
            own["checks"] += reader.checks
            own["most checks"] = max(own["most checks"], reader.checks)
            if found is not None:
                own["accepted"].append([number, reader.key.name, found[0].hex()])


def _tried(
    detect: Callable[..., detection._Found | None], gray: Pixels, keys: list[WatermarkKey]
) -> list[tuple[detection._Reader, detection._Found | None]]:
    readers = [detection._Reader(key) for key in keys]
    if detect(gray, readers) is None:
        return [(reader, None) for reader in readers]
    # Keys after one that is accepted were not tried: now each is alone.
    alone = [detection._Reader(key) for key in keys]
    return [(reader, detect(gray, [reader])) for reader in alone]


def _drawn(paths: list[Path], generator: np.random.Generator) -> tuple[Pixels, str]:
    """Return a picture without a mark of any key that is tried, and what was done to it."""
    picture = pictures.pixels(paths[generator.integers(len(paths))])
    side = int(generator.integers(200, 769))
    if max(picture.shape[:2]) * side > 3 * MOST_PIXELS * min(picture.shape[:2]):
        picture = picture[: 3 * min(picture.shape[:2]), : 3 * min(picture.shape[:2])]
    picture = pictures.scaled(picture, side / min(picture.shape[:2]))
    words = []
    if generator.random() < 1 / 3:
        payload = generator.bytes(16)
        picture = image.embed(picture, payload, key=FOREIGN).pixels
        words.append("foreign mark")
    if generator.random() < 1 / 2:
        picture = attacks.crop(generator.uniform(0.2, 0.9))(picture, generator)
        words.append("crop")
    if generator.random() < 1 / 3:
        picture = attacks.rotate(generator.uniform(1, 89))(picture, generator)
        words.append("turn")
    if generator.random() < 1 / 2:
        picture = attacks.jpeg(int(generator.integers(30, 96)))(picture, generator)
        words.append("jpeg")
    return np.ascontiguousarray(picture), ", ".join(words) or "as it is"


# --- state ---------------------------------------------------------------------------------------


def _nothing() -> dict[str, Any]:
    return {
        kind: {
            "detections": 0,
            "checks": 0,
            "most checks": 0,
            "accepted": [],
            "variants": {},
        }
        for kind in KINDS
    }


def _load(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"rounds": 0, "by code": {}}
    kept = json.loads(path.read_text("utf-8"))
    return {name: kept[name] for name in ("rounds", "by code")}


# --- adding up -----------------------------------------------------------------------------------


def summary(state: dict[str, Any]) -> dict[str, Any]:
    """Add up over all versions of the code, and bound the rate by the number of checks."""
    return {
        "rounds": state["rounds"],
        "by code": state["by code"],
        "total": {
            kind: _total([counts[kind] for counts in state["by code"].values()]) for kind in KINDS
        },
    }


def _total(counts: list[dict[str, Any]]) -> dict[str, Any]:
    detections, checks = (sum(each[word] for each in counts) for word in ("detections", "checks"))
    accepts = sum(len(each["accepted"]) for each in counts)
    variants: Counter[str] = sum((Counter(each["variants"]) for each in counts), Counter())
    most = max((each["most checks"] for each in counts), default=0)
    return {
        "detections": detections,
        "accepts": accepts,
        "checks": checks,
        "bound by count, mean": checks / max(detections, 1) / 2**CHECK_BITS,
        "bound by count, most": most / 2**CHECK_BITS,
        # The rule of three: what 95 % of such runs without an accept would not exceed.
        "bound by trials": 3 / max(detections, 1) if not accepts else None,
        "variants": dict(variants.most_common()),
    }


def show(results: Mapping[str, Any]) -> None:
    table(
        f"Detections where nothing is to be found, {results['rounds']} rounds",
        ("", "detections", "accepts", "checks", "bound by count: mean", "most", "by trials (95 %)"),
        (
            (
                kind,
                total["detections"],
                total["accepts"],
                total["checks"],
                f"{total['bound by count, mean']:.1e}",
                f"{total['bound by count, most']:.1e}",
                "-" if total["bound by trials"] is None else f"{total['bound by trials']:.1e}",
            )
            for kind, total in results["total"].items()
        ),
    )


if __name__ == "__main__":
    main()
