"""Eight threads through one Embedder and one Verifier against one thread: nothing may differ.

Ids and the clock are injected; signatures are random, so pixels, ids and verdicts are compared.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import commands, pictures
from benchmarks.run import begin, say, table
from synthmark import ContentId, Embedder, Label, Store, Verifier, batch, open_store

THREADS = 8
OPERATIONS = 2000
PICTURES = 20
SIDE = 384
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

Job = tuple[str, int]


def main() -> None:
    run = begin(__doc__, limit_help="do only so many operations")
    operations = run.limit or OPERATIONS
    paths = run.pictures
    paths = [paths[len(paths) * place // PICTURES] for place in range(min(PICTURES, len(paths)))]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands.settle(folder)
        sources = [_source(path) for path in paths]
        with open_store(f"sqlite:///{folder / 'manifests.db'}") as store:
            results = compare(sources, store, operations)
    run.save(results)


def compare(sources: list[bytes], store: Store, operations: int) -> dict[str, Any]:
    """Do every job once in one thread, then many times in eight, and count what differs."""
    embedder = Embedder(store=store, clock=lambda: MOMENT)
    verifier = Verifier(store=store)
    labelled = [_embed(embedder, source, place) for place, source in enumerate(sources)]
    # Recovery through the store is verified as well: every other picture lost its metadata.
    seen = [
        asset if place % 2 else pictures.coded(pictures.pixels(asset), "JPEG", quality=85)
        for place, asset in enumerate(labelled)
    ]

    def work(job: Job) -> str:
        verb, place = job
        if verb == "embed":
            asset = _embed(embedder, sources[place], place)
            return f"{_hash(asset)} {verifier.verify(asset).content_id}"
        report = verifier.verify(seen[place])
        return f"{report.verdict.value} {report.content_id}"

    kinds = [(verb, place) for place in range(len(sources)) for verb in ("embed", "verify")]
    expected = {job: work(job) for job in kinds}
    jobs = _repeated(kinds, operations)
    say(f"{operations} operations in {THREADS} threads")
    begun = time.perf_counter()
    errors, differing, done = 0, 0, 0
    for outcome in batch.run(work, jobs, workers=THREADS):
        errors += outcome.error is not None
        differing += outcome.error is None and outcome.result != expected[outcome.job]
        done += 1
        if done % 250 == 0:
            say(f"  {done}, {errors} errors, {differing} differ")
    seconds = time.perf_counter() - begun
    verdicts = sorted({expected[job].split()[0] for job in kinds if job[0] == "verify"})
    table(
        f"{THREADS} threads against one, {len(sources)} pictures, verdicts {', '.join(verdicts)}",
        ("operations", "errors", "differ", "s"),
        [(done, errors, differing, seconds)],
    )
    return {"threads": THREADS, "operations": done, "errors": errors, "differ": differing}


def _repeated(kinds: list[Job], count: int) -> Iterator[Job]:
    for number in range(count):
        yield kinds[number % len(kinds)]


def _source(path: Path) -> bytes:
    pixels = pictures.pixels(path)
    return pictures.coded(pictures.scaled(pixels, SIDE / min(pixels.shape[:2])))


def _embed(embedder: Embedder, source: bytes, place: int) -> bytes:
    content_id = ContentId(bytes((0x11, 0, 0, 0)) + place.to_bytes(12, "big"))
    return embedder.embed(source, Label(content_id=content_id)).asset


def _hash(asset: bytes) -> str:
    return hashlib.sha256(pictures.pixels(asset).tobytes()).hexdigest()


if __name__ == "__main__":
    main()
