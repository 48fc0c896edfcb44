"""Killed at any point of a batch (kill -9): a target is absent or whole, and the store agrees."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import commands, pictures
from benchmarks.run import begin, say, table
from synthmark import ContentId, Verdict, Verifier, open_store
from synthmark.errors import SynthmarkError

ROUNDS = 40
PICTURES = 24
SIDE = 512


def main() -> None:
    run = begin(__doc__, limit_help="kill only so many batches")
    paths = run.pictures[:: max(1, len(run.pictures) // PICTURES)][:PICTURES]
    rounds = run.limit or ROUNDS
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands.settle(folder)
        (folder / "source").mkdir()
        sources = []
        for number, path in enumerate(paths):
            pixels = pictures.pixels(path)
            small = pictures.scaled(pixels, SIDE / min(pixels.shape[:2]))
            sources.append(folder / "source" / f"{number:02}.png")
            sources[-1].write_bytes(pictures.coded(small))
        results = kill(folder, sources, rounds)
    run.save(results)


def kill(folder: Path, sources: list[Path], rounds: int) -> dict[str, Any]:
    """Kill batches at moments spread over the time one takes, and look at what is left."""
    whole_time = _batch(folder, sources, None)[0]
    say(f"one batch of {len(sources)} takes {whole_time:.1f} s; {rounds} are killed")
    chance = random.Random(1)  # noqa: S311
    counts = {"killed": 0, "whole": 0, "absent": 0, "unfinished": 0, "damaged": 0, "unknown": 0}
    for turn in range(rounds):
        moment = whole_time * (turn + chance.random()) / rounds
        _, killed, target, uri = _batch(folder, sources, moment)
        counts["killed"] += killed
        look(target, uri, sources, counts)
        say(f"  after {moment:.2f} s: {counts}")
        shutil.rmtree(target.parent)
    table(
        "After kill -9",
        ("batches killed", "targets whole", "absent", ".part files", "damaged", "not in the store"),
        [tuple(counts.values())],
    )
    return {"batches": rounds, **counts}


def _batch(
    folder: Path, sources: list[Path], moment: float | None
) -> tuple[float, bool, Path, str]:
    """Run one batch, killed after `moment` seconds; return how long it took and what it wrote."""
    place = Path(tempfile.mkdtemp(dir=folder))
    target, uri = place / "labelled", f"sqlite:///{place / 'manifests.db'}"
    command: list[str | Path] = [commands.SYNTHMARK, "embed", *sources]
    command += ["-o", f"{target}/", "--store", uri]
    begun = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as child:
        try:
            child.wait(moment)
        except subprocess.TimeoutExpired:
            child.kill()
    return time.perf_counter() - begun, child.returncode < 0, target, uri


def look(target: Path, uri: str, sources: list[Path], counts: dict[str, int]) -> None:
    """Count targets that are whole, absent, damaged, or unknown to the store."""
    counts["unfinished"] += len(list(target.glob(".synthmark-*.part")))
    with open_store(uri) as store:
        verifier = Verifier(store=store)
        for source in sources:
            path = target / source.name
            if not path.exists():
                counts["absent"] += 1
                continue
            try:
                report = verifier.verify(path)
            except SynthmarkError:
                counts["damaged"] += 1
                continue
            if report.verdict is not Verdict.VERIFIED or report.content_id is None:
                counts["damaged"] += 1
                continue
            counts["whole"] += 1
            bare = verifier.verify(pictures.coded(pictures.pixels(path)))
            kept = store.find(ContentId.parse(str(report.content_id))) is not None
            counts["unknown"] += not kept or bare.verdict is not Verdict.RECOVERED


if __name__ == "__main__":
    main()
