"""What the image watermark survives: every row of every suite, on every picture.

Pictures are scaled (Lanczos) to a short side, marked once under the default setting and attacked. A
row counts as read only where the exact 128 bits come back. Results are appended picture by picture
to a journal, so that a run can be stopped and taken up again; lines that other code made are left
aside. Times are ratios to saving and loading the same picture as JPEG 90, measured side by side.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
from PIL import Image

from benchmarks import pictures
from benchmarks.image import contact_sheet, peers, vae
from benchmarks.image.fingerprints import watermark_code
from benchmarks.image.suites import CLASSES, SUITES, Rows
from benchmarks.pictures import Pixels
from benchmarks.run import RESULTS, Run, one_thread, say, table, wilson
from synthmark import OPEN_KEY
from synthmark.facts import Detection, Strength, WatermarkState
from synthmark.watermark import image

Line = dict[str, Any]
T = TypeVar("T")

READ, PRESENT, MISSED, WRONG = "RPMW"
NATIVE = "native"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one run measures.

    Attributes:
        strength: Name of one of `Strength`.
        suites: Names in `SUITES`, or vae.
        peers: Names of peers.
        vae: Weights of an encoder and a decoder, for a suite of their round trip.
        code: Fingerprint of all that decides a result.
    """

    strength: str
    suites: tuple[str, ...]
    peers: tuple[str, ...]
    vae: tuple[Path, ...]
    code: str


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--sizes", nargs="+", default=["512"], metavar="SIDE|native")
    parser.add_argument("--suite", nargs="+", default=["scorecard"], choices=[*SUITES, "all"])
    parser.add_argument("--most", type=int, help="use only so many pictures")
    strengths = [each.name.lower() for each in Strength]
    parser.add_argument("--strength", default=strengths[0], choices=strengths)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--peers", nargs="*", choices=peers.NAMES, help="all, or those named")
    parser.add_argument("--vae", nargs=2, type=Path, metavar=("ENCODER", "DECODER"))
    parser.add_argument(
        "--failures", type=Path, metavar="PNG", help="draw what was not read to PNG-SIZE"
    )
    parser.add_argument("--results", type=Path, metavar="DIR", default=RESULTS / "image")
    asked = parser.parse_args()
    one_thread()
    what = Asked(
        asked.strength,
        (*(SUITES if "all" in asked.suite else asked.suite), *(["vae"] if asked.vae else [])),
        () if asked.peers is None else tuple(asked.peers or peers.NAMES),
        tuple(asked.vae or ()),
        watermark_code("attacks.py", "suites.py", "peers.py", "vae.py"),
    )
    for size in asked.sizes:
        name = f"robustness_{size}"
        if what.strength != strengths[0]:
            name += f"_{what.strength}"
        if what.peers:
            name += "_peers"
        run = Run("image/robustness", asked.data, asked.results / f"{name}.json", asked.most)
        journal = run.json.with_suffix(".jsonl")
        chosen = _large_enough(run, size)
        measure(chosen, size, what, journal, asked.workers)
        # What earlier runs added for the same code is part of the results.
        lines = [line for line in _lines(journal) if line["code"] == what.code]
        results = summary(lines)
        show(f"short side {size}, {what.strength}", results)
        run.save({"size": size, "strength": what.strength, **results})
        if asked.failures:
            sheet = asked.failures.with_stem(f"{asked.failures.stem}-{size}")
            contact_sheet.draw(_failures(lines, run.data, size), sheet)


# --- measuring -----------------------------------------------------------------------------------


def measure(chosen: Sequence[Path], size: str, what: Asked, journal: Path, workers: int) -> None:
    """Append a line to the journal for each picture and suite that it lacks."""
    done = {
        (line["picture"], line["suite"], *line["peers"])
        for line in _lines(journal)
        if line["code"] == what.code
    }
    journal.parent.mkdir(parents=True, exist_ok=True)
    left = []
    for path in chosen:
        missing = [suite for suite in what.suites if (path.stem, suite, *what.peers) not in done]
        if missing:
            left.append((path, tuple(missing)))
    say(f"short side {size}: {len(left)} of {len(chosen)} pictures to measure")
    begun = time.monotonic()
    for number, line in enumerate(_measured(left, size, what, workers), 1):
        with journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        counts: Counter[str] = Counter(line["outcomes"])
        say(
            f"  {number}: {line['picture']}, {line['suite']}: {counts[READ]} of "
            f"{counts.total()} read, {counts[PRESENT]} present, {counts[WRONG]} wrong, "
            f"{time.monotonic() - begun:.0f} s"
        )


def _measured(
    left: Sequence[tuple[Path, tuple[str, ...]]], size: str, what: Asked, workers: int
) -> Iterator[Line]:
    if workers == 1:
        for path, suites in left:
            yield from _picture(path, size, suites, what)
        return
    with ProcessPoolExecutor(workers) as pool:
        tasks = [pool.submit(_of_picture, path, size, suites, what) for path, suites in left]
        for task in as_completed(tasks):
            yield from task.result()


def _of_picture(path: Path, size: str, suites: tuple[str, ...], what: Asked) -> list[Line]:
    return list(_picture(path, size, suites, what))


def _picture(path: Path, size: str, suites: tuple[str, ...], what: Asked) -> Iterator[Line]:
    """Mark one picture and yield what came of it, suite by suite."""
    plain = scaled(path, size)
    payload = hashlib.sha256(path.stem.encode()).digest()[:16]
    strength = Strength[what.strength.upper()]
    image.embed(plain, payload, key=OPEN_KEY, strength=strength)
    marked, embed = _timed(
        lambda: image.embed(plain, payload, key=OPEN_KEY, strength=strength), plain
    )

    def read(picture: Pixels) -> str:
        return outcome(image.detect(picture, keys=[OPEN_KEY]), payload)

    image.detect(marked.pixels)
    quality = _quality(plain, marked.pixels) | {"margin": round(marked.margin, 2)}
    others = _peers(plain, what.peers, path.stem)
    known = SUITES | ({"vae": vae.rows(*what.vae)} if what.vae else {})
    for suite in suites:
        rows = known[suite](plain)
        outcomes, ratios = _attacked(marked.pixels, rows, f"{path.stem}/{suite}", read)
        line: Line = {
            "code": what.code,
            "suite": suite,
            "picture": path.stem,
            "path": f"{path.parent.name}/{path.name}",
            "height": plain.shape[0],
            "width": plain.shape[1],
            **quality,
            "embed": round(embed, 2),
            "rows": list(rows),
            "outcomes": outcomes,
            "ratios": ratios,
            "peers": {},
        }
        for name, (pixels, ratio, found) in others.items():
            outcomes, ratios = _attacked(pixels, rows, f"{path.stem}/{suite}", found)
            line["peers"][name] = {
                **_quality(plain, pixels),
                "embed": round(ratio, 2),
                "outcomes": outcomes,
                "ratios": ratios,
            }
        yield line


def _attacked(
    marked: Pixels, rows: Rows, seed: str, read: Callable[[Pixels], str]
) -> tuple[str, list[float]]:
    """Return a letter and a time for each row; its random choices are the same in every run."""
    outcomes, ratios = "", []
    for name, attack in rows.items():
        generator = np.random.default_rng(zlib.crc32(f"{seed}/{name}".encode()))
        attacked = np.ascontiguousarray(attack(marked, generator))
        letter, ratio = _timed(read, attacked, attacked)
        outcomes += letter
        ratios.append(round(ratio, 2))
    return outcomes, ratios


def outcome(found: Detection, payload: bytes) -> str:
    if found.state is WatermarkState.DECODED:
        return READ if found.payload == payload else WRONG
    return PRESENT if found.state is WatermarkState.PRESENT else MISSED


def _timed(work: Callable[..., T], picture: Pixels, *given: Any) -> tuple[T, float]:
    """Return a result and its time over that of JPEG 90 on the same picture, side by side."""
    begun = time.perf_counter()
    result = work(*given)
    middle = time.perf_counter()
    pictures.pixels(pictures.coded(picture, "JPEG", quality=90))
    return result, (middle - begun) / (time.perf_counter() - middle)


def _quality(plain: Pixels, marked: Pixels) -> dict[str, float]:
    return {
        "psnr": round(pictures.psnr(plain, marked), 2),
        "ssim": round(pictures.ssim(plain, marked), 5),
        "ssimulacra2": round(pictures.ssimulacra2(plain, marked), 2),
    }


def _peers(
    plain: Pixels, names: Sequence[str], seed: str
) -> dict[str, tuple[Pixels, float, Callable[[Pixels], str]]]:
    """Return what each peer made of the picture, how long it took, and how to read it."""
    generator = np.random.default_rng(zlib.crc32(seed.encode()))
    bits = [int(bit) for bit in generator.integers(0, 2, peers.BITS)]
    made: dict[str, tuple[Pixels, float, Callable[[Pixels], str]]] = {}
    for name, peer in peers.installed(names).items():
        marked, ratio = _timed(peer.embed, plain, plain, bits)

        def read(picture: Pixels, peer: peers.Peer = peer) -> str:
            # Bits that differ are a wrong message, but no peer can tell; they count as missed.
            try:
                return READ if peer.read(picture) == bits else MISSED
            except (RuntimeError, ValueError, IndexError, AssertionError, cv2.error):
                return MISSED

        made[name] = marked, ratio, read
    return made


def scaled(path: Path, size: str) -> Pixels:
    picture = pictures.pixels(path)
    short = min(picture.shape[:2])
    if size == NATIVE or short == int(size):
        return picture
    return pictures.scaled(picture, int(size) / short)


def _large_enough(run: Run, size: str) -> list[Path]:
    """Return the pictures that reach the size, evenly thinned to the limit."""
    found = run.all_pictures
    if size != NATIVE:
        found = [path for path in found if min(Image.open(path).size) >= int(size)]
    return run.thinned(found)


def _lines(journal: Path) -> list[Line]:
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_text("utf-8").splitlines()]


# --- adding up -----------------------------------------------------------------------------------


def summary(lines: Sequence[Line]) -> dict[str, Any]:
    """Add up a journal: quality, and by suite its rows, classes and peers."""
    pictured = {line["picture"]: line for line in lines}
    results: dict[str, Any] = {
        "pictures": len(pictured),
        "quality": _qualities(pictured.values()),
        "embed": statistics.median(line["embed"] for line in pictured.values()),
        "suites": {},
    }
    for suite in dict.fromkeys(line["suite"] for line in lines):
        own = {line["picture"]: line for line in lines if line["suite"] == suite}
        if own:
            results["suites"][suite] = _suite(list(own.values()))
    with_peers = [line for line in lines if line["peers"]]
    if with_peers:
        results["peers"] = _compared(with_peers)
    return results


def _suite(lines: Sequence[Line]) -> dict[str, Any]:
    rows: dict[str, Counter[str]] = {}
    ratios: dict[str, list[float]] = {}
    for line in lines:
        for row, letter, ratio in zip(line["rows"], line["outcomes"], line["ratios"], strict=True):
            rows.setdefault(row, Counter())[letter] += 1
            ratios.setdefault(row, []).append(ratio)
    found: dict[str, Any] = {"pictures": len(lines), "all": _share(rows.values())}
    if set(rows) == set().union(*CLASSES.values()):
        found["classes"] = {
            name: _share(counts for row, counts in rows.items() if row in members)
            for name, members in CLASSES.items()
        }
    found["rows"] = {
        row: {**_share([counts]), "time": statistics.median(ratios[row])}
        for row, counts in rows.items()
    }
    return found


def _share(counts: Iterable[Counter[str]]) -> dict[str, Any]:
    total: Counter[str] = sum(counts, Counter())
    trials = total.total()
    return {
        "read": total[READ],
        "trials": trials,
        "interval": [round(end, 1) for end in wilson(total[READ], trials)],
        "present": total[PRESENT],
        "wrong": total[WRONG],
    }


def _qualities(lines: Iterable[Line]) -> dict[str, Any]:
    found = list(lines)
    return {
        name: {
            "mean": round(statistics.mean(line[name] for line in found), 4),
            "min": min(line[name] for line in found),
        }
        for name in ("psnr", "ssim", "ssimulacra2")
    }


def _compared(lines: Sequence[Line]) -> dict[str, Any]:
    """Set ours beside the peers, on the pictures and rows where both were measured."""
    own = {(line["picture"], line["suite"]): line for line in lines}
    contenders: dict[str, list[Line]] = {"synthmark": list(own.values())}
    for line in lines:
        for name, other in line["peers"].items():
            contenders.setdefault(name, []).append(line | other)
    return {
        name: {
            "bits": 128 if name == "synthmark" else peers.BITS,
            "pictures": len({line["picture"] for line in own}),
            "quality": _qualities(own),
            "embed": statistics.median(line["embed"] for line in own),
            "read": statistics.median(line["ratios"][0] for line in own),
            "suites": {
                suite: _share(Counter(line["outcomes"]) for line in own if line["suite"] == suite)
                for suite in {line["suite"] for line in own}
            },
        }
        for name, own in contenders.items()
    }


def _failures(lines: Sequence[Line], data: Path | None, size: str) -> list[contact_sheet.Failure]:
    """Return what was not read, picture by picture, the worst first."""
    assert data is not None
    missed: dict[str, list[str]] = {}
    paths: dict[str, Path] = {}
    for line in lines:
        paths[line["picture"]] = data / "images" / line["path"]
        missed.setdefault(line["picture"], []).extend(
            row + (" (present)" if letter == PRESENT else "")
            for row, letter in zip(line["rows"], line["outcomes"], strict=True)
            if letter != READ
        )
    worst = sorted(missed.items(), key=lambda each: -len(each[1]))
    return [
        contact_sheet.Failure(name, scaled(paths[name], size), rows)
        for name, rows in worst[: contact_sheet.MOST]
        if rows
    ]


# --- showing -------------------------------------------------------------------------------------


def show(title: str, results: dict[str, Any]) -> None:
    header = ("", "read", "of", "per cent", "95 % interval", "present", "wrong")
    for suite, found in results["suites"].items():
        table(
            f"{suite}, {title}, {found['pictures']} pictures: by row",
            (*header, "time of JPEG 90"),
            ((*_cells(row, share), share["time"]) for row, share in found["rows"].items()),
        )
        if "classes" in found:
            table(
                f"{suite}, {title}: by class",
                header,
                (_cells(name, share) for name, share in found["classes"].items()),
            )
    totals = {suite: found["all"] for suite, found in results["suites"].items()}
    table(f"All rows, {title}", header, (_cells(name, all_) for name, all_ in totals.items()))
    quality = results["quality"]
    table(
        f"Quality, {title}, {results['pictures']} pictures; embedding takes "
        f"{results['embed']:.1f} x JPEG 90",
        ("", "mean", "min"),
        ((name, each["mean"], each["min"]) for name, each in quality.items()),
    )
    if "peers" in results:
        table(
            f"Side by side, {title}",
            ("", "bits", "PSNR", "SSIM", "SSIMULACRA2", "embed", "read", "exact by suite"),
            (
                (
                    name,
                    own["bits"],
                    *(own["quality"][each]["mean"] for each in own["quality"]),
                    own["embed"],
                    own["read"],
                    ", ".join(
                        f"{suite} {share['read']}/{share['trials']}"
                        for suite, share in own["suites"].items()
                    ),
                )
                for name, own in results["peers"].items()
            ),
        )


def _cells(name: str, share: dict[str, Any]) -> tuple[object, ...]:
    low, high = share["interval"]
    hits, trials = share["read"], share["trials"]
    part = 100 * hits / max(trials, 1)
    return name, hits, trials, part, f"{low:.1f} - {high:.1f}", share["present"], share["wrong"]


if __name__ == "__main__":
    main()
