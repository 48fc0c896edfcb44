"""How often a picture that carries no mark of a key passes for marked: a count that never ends.

Each round takes a picture or draws a flat graphic, scales, crops, turns, bends, inverts and
re-saves it, or marks it under a key that is not tried; then it is read under many keys: fast (in
the frames only), by the coarse mark and by the full search, counted apart. Rounds are numbered and
never repeated; the state file holds the totals for each version of the detector's code, so that a
run can be stopped and taken up at any time.

Where nothing is read, the chance that presence states is kept too: how often each level was
reached, and what an exponential tail of its logarithm makes of the level that is called present.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import math
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import pictures
from benchmarks.image import attacks, graphics
from benchmarks.image.fingerprints import detection_code
from benchmarks.pictures import Pixels
from benchmarks.run import RESULTS, Run, one_thread, say, shared, table
from synthmark import OPEN_KEY
from synthmark.errors import UnmarkableError
from synthmark.keys import WatermarkKey
from synthmark.watermark import image
from synthmark.watermark.image import detection, frame, presence, reading
from synthmark.watermark.scheme import IMAGE_1

FAST_KEYS, FULL_KEYS = 40, 4
POOL = 48
MOST_PIXELS = 1024
KINDS = ("fast", "coarse", "full")
BIN = 0.05
# Below the quantile that a kind of scores knows no chance is stated: the tail begins above it.
TAIL = 0.01
FEWEST = 50
LEVELS = ("1e-1", "1e-2", "1e-3", "1e-4", "1e-5", "1e-6")
SURPRISE = -math.log(presence.MOST_CHANCE)


def _key(name: str) -> WatermarkKey:
    return WatermarkKey(name, hashlib.sha256(f"false accepts: {name}".encode()).digest())


KEYS = (OPEN_KEY, *(_key(str(number)) for number in range(1, POOL)))
FOREIGN = _key("foreign")
"""Marks some of the pictures and is never tried."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument(
        "--state", type=Path, metavar="FILE", default=RESULTS / "image" / "false_accepts.json"
    )
    parser.add_argument("--minutes", type=float, help="stop after so long; else when interrupted")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the rounds")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="only these")
    parser.add_argument("--report", action="store_true", help="only add up what was counted")
    asked = parser.parse_args()
    one_thread()
    state, code = _load(asked.state), detection_code()
    run = Run("image/false_accepts", asked.data, asked.state, None)
    if not asked.report:
        # Being told to end is as good as an interrupt, which shells keep from background jobs.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            count(run, state, code, asked)
        except KeyboardInterrupt:
            say("stopped")
    run.save(summary(state, code))
    show(summary(state, code))


def count(run: Run, state: dict[str, Any], code: str, asked: argparse.Namespace) -> None:
    """Go through rounds until the time is up; keep the totals every minute."""
    counts = state["by code"].setdefault(code, _nothing())
    given = run.all_pictures, tuple(asked.kinds)
    for found in shared(state, asked.minutes, asked.workers, _counted, *given):
        for each in found:
            _add(counts, each)
        run.save(summary(state, code))
        words = ", ".join(
            f"{counts[kind]['detections']} {kind} with {len(counts[kind]['accepted'])} accepts"
            for kind in KINDS
        )
        say(f"  round {state['rounds']}: {words}")


def _counted(paths: list[Path], kinds: tuple[str, ...], numbers: Iterator[int]) -> dict[str, Any]:
    counts = _nothing()
    for number in numbers:
        _round(paths, kinds, number, counts)
    return counts


def _add(counts: dict[str, Any], found: dict[str, Any]) -> None:
    for kind in KINDS:
        own, other = counts[kind], found[kind]
        for word in ("detections", "checks", "accepted"):
            own[word] += other[word]
        own["most checks"] = max(own["most checks"], other["most checks"])
        for word in ("variants", "presence"):
            own[word] = dict(Counter(own[word]) + Counter(other[word]))


def _round(paths: list[Path], kinds: tuple[str, ...], number: int, counts: dict[str, Any]) -> None:
    generator = np.random.default_rng((20261125, number))
    picture, variant = _drawn(paths, generator)
    gray = frame.luma(picture)
    keys = [KEYS[place] for place in generator.permutation(POOL)]
    for kind, detect, seen, many in (
        ("fast", reading.in_frames, gray, FAST_KEYS),
        ("coarse", detection._coarsely, picture, POOL),
        ("full", detection._searched, gray, FULL_KEYS),
    ):
        if kind not in kinds:
            continue
        own = counts[kind]
        own["variants"][variant] = own["variants"].get(variant, 0) + many
        for reader, found in _tried(detect, seen, keys[:many]):
            own["detections"] += 1
            own["checks"] += reader.checks
            own["most checks"] = max(own["most checks"], reader.checks)
            if found is not None:
                own["accepted"].append([number, reader.key.name, found[0].hex()])
            if found is None:
                _note(own["presence"], reader.likeliest()[0])


def _note(null: dict[str, int], chance: float) -> None:
    """Add a chance to the null: the bin of its logarithm."""
    place = str(int(-math.log(chance) / BIN))
    null[place] = null.get(place, 0) + 1


def _tried(
    detect: Callable[..., reading.Found | None], picture: Pixels, keys: list[WatermarkKey]
) -> list[tuple[reading.Reader, reading.Found | None]]:
    readers = [reading.Reader(key) for key in keys]
    if detect(picture, readers) is None:
        return [(reader, None) for reader in readers]
    # Keys after one that is accepted were not tried: now each is alone.
    alone = [reading.Reader(key) for key in keys]
    return [(reader, detect(picture, [reader])) for reader in alone]


def _drawn(paths: list[Path], generator: np.random.Generator) -> tuple[Pixels, str]:
    """Return a picture without a mark of any key that is tried, and what was done to it."""
    words = []
    side = int(generator.integers(200, 769))
    if generator.random() < 1 / 3:
        kind = list(graphics.KINDS)[generator.integers(len(graphics.KINDS))]
        picture = graphics.drawn(kind, int(generator.integers(2**31)), 3 * side // 2, side)
        words.append("flat")
    else:
        picture = pictures.pixels(paths[generator.integers(len(paths))])
    if max(picture.shape[:2]) * side > 3 * MOST_PIXELS * min(picture.shape[:2]):
        picture = picture[: 3 * min(picture.shape[:2]), : 3 * min(picture.shape[:2])]
    picture = pictures.scaled(picture, side / min(picture.shape[:2]))
    if generator.random() < 1 / 3:
        payload = generator.bytes(16)
        # What holds no mark stays unmarked.
        with contextlib.suppress(UnmarkableError):
            picture = image.embed(picture, payload, key=FOREIGN).pixels
            words.append("foreign mark")
    if generator.random() < 1 / 2:
        picture = attacks.crop(generator.uniform(0.2, 0.9))(picture, generator)
        words.append("crop")
    if generator.random() < 1 / 3:
        picture = attacks.rotate(generator.uniform(1, 89))(picture, generator)
        words.append("turn")
    if generator.random() < 1 / 4:
        picture = attacks.perspective(generator.uniform(0.1, 0.8))(picture, generator)
        words.append("perspective")
    if generator.random() < 1 / 8:
        picture = np.asarray(255 - picture, np.uint8)
        words.append("inverted")
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
            "presence": {},
        }
        for kind in KINDS
    }


def _load(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"rounds": 0, "by code": {}}
    kept = json.loads(path.read_text("utf-8"))
    return {name: kept[name] for name in ("rounds", "by code")}


# --- adding up -----------------------------------------------------------------------------------


def summary(state: dict[str, Any], code: str) -> dict[str, Any]:
    """Add up over all versions of the code, and bound the rate by the number of checks."""
    return {
        "rounds": state["rounds"],
        "by code": state["by code"],
        "total": {
            kind: _total([each[kind] for each in state["by code"].values() if kind in each])
            for kind in KINDS
        },
        # What other versions of the code stated does not compare.
        "presence": {
            kind: _null(state["by code"][code][kind]["presence"])
            for kind in KINDS
            if state["by code"].get(code, {}).get(kind, {}).get("presence")
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
        "bound by count, mean": checks / max(detections, 1) / 2**IMAGE_1.check_bits,
        "bound by count, most": most / 2**IMAGE_1.check_bits,
        # The rule of three: what 95 % of such runs without an accept would not exceed.
        "bound by trials": 3 / max(detections, 1) if not accepts else None,
        "variants": dict(variants.most_common()),
    }


def _null(bins: Mapping[str, int]) -> dict[str, Any]:
    """Say how often each chance was reached, and fit the tail.

    What exceeds the 98 % quantile of the chances' logarithm is taken for exponential, whose mean
    has a relative error of one over the root of their number; `most` takes it for 1.645 errors
    longer. At a mean of 1 the stated chances are right, at less they are cautious.
    """
    surprise = np.repeat([(int(place) + 0.5) * BIN for place in bins], list(bins.values()))
    null: dict[str, Any] = {
        "detections": len(surprise),
        "least chance": math.exp(-float(surprise.max())),
        "reached": {level: int((surprise >= -math.log(float(level))).sum()) for level in LEVELS},
    }
    if len(surprise) * TAIL < FEWEST:
        return null
    start = float(np.quantile(surprise, 1 - TAIL))
    excess = surprise[surprise > start] - start
    mean, share = float(excess.mean()), len(excess) / len(surprise)
    longer = mean * (1 + 1.645 / math.sqrt(len(excess)))
    return null | {
        "mean excess": mean,
        "rate": share * math.exp(-(SURPRISE - start) / mean),
        "most": share * math.exp(-(SURPRISE - start) / longer),
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
    for kind, null in results["presence"].items():
        table(
            f"Presence, {null['detections']} {kind} detections with this code, "
            f"least chance stated {null['least chance']:.1e}",
            ("stated chance", "reached", "expected at most"),
            (
                (level, many, null["detections"] * float(level))
                for level, many in null["reached"].items()
            ),
        )
        if "rate" in null:
            say(
                f"by an exponential tail of mean {null['mean excess']:.2f}, {null['rate']:.1e} of "
                f"unmarked pictures are called present; at most {null['most']:.1e} (95 %)"
            )


if __name__ == "__main__":
    main()
