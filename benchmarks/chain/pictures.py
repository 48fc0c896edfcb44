"""The whole chain on real pictures: labelled, attacked, forged, and checked by others.

Verdicts through the command line for PNG, JPEG and WebP; recovery after re-saving without metadata;
false positives on the unmarked originals; quality; tampering; independent checkers.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import encypher_c2pa

from benchmarks import commands, pictures
from benchmarks.pictures import ATTACKS, SUFFIXES
from benchmarks.run import Run, begin, say, table, wilson
from synthmark import ContentId, Store, Verdict, Verifier, batch, open_store
from synthmark.manifest import development

CODE = "001191110102MACQD9K64010000"
OPTIONS: dict[str, dict[str, Any]] = {"PNG": {}, "JPEG": {"quality": 95}, "WEBP": {"quality": 90}}
# The pictures have short sides of 512 pixels and more; small ones are made from them.
SMALL_SIDES = (256, 160)
LARGE = "384 and more"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture before and after `synthmark embed`."""

    source: Path
    target: Path
    content_id: str
    psnr: float

    @property
    def name(self) -> str:
        """Folder and stem of the picture it was made of."""
        return self.source.stem


def main() -> None:
    run = begin(__doc__)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands.settle(folder)
        results = measure(run, folder)
    run.save(results)


def measure(run: Run, folder: Path) -> dict[str, Any]:
    uri = f"sqlite:///{folder / 'manifests.db'}"
    results: dict[str, Any] = {"pictures": len(run.pictures)}
    written: dict[str, list[Labelled]] = {}
    verdicts: dict[str, Any] = {}
    with open_store(uri) as store:
        verifier = Verifier(store=store)
        for kind in SUFFIXES:
            say(f"labelling and verifying {len(run.pictures)} pictures as {kind}")
            written[kind] = label(run.pictures, kind, OPTIONS[kind], folder / kind, uri)
            verdicts[kind] = verdicts_of(written[kind], verifier, store, uri)
        results["verdicts"] = verdicts
        show_verdicts(verdicts)
        groups = {LARGE: written["PNG"]}
        for side in SMALL_SIDES:
            say(f"labelling pictures scaled to a short side of {side}")
            groups[f"scaled to {side}"] = label(
                run.pictures, "PNG", {}, folder / f"small-{side}", uri, side=side
            )
        results["attacks"] = {
            name: attack(name, verifier, group, len(run.pictures)) for name, group in groups.items()
        }
        results["quality"] = {name: quality(name, group) for name, group in groups.items()}
        results["tampering"] = tamper(written["PNG"], verifier)
    results["independent"] = {kind: check(kind, written[kind]) for kind in SUFFIXES}
    show_independent(results["independent"])
    return results


# --- claim 1: verified, one id in every layer ----------------------------------------------------


def label(
    paths: Iterable[Path],
    kind: str,
    options: dict[str, Any],
    folder: Path,
    uri: str,
    *,
    side: int | None = None,
) -> list[Labelled]:
    """Write bare copies of the pictures and label them by the command line."""
    (folder / "source").mkdir(parents=True)
    sources = []
    for path in paths:
        pixels = pictures.pixels(path)
        if side is not None:
            pixels = pictures.scaled(pixels, side / min(pixels.shape[:2]))
        source = folder / "source" / f"{path.parent.name}-{path.stem}{SUFFIXES[kind]}"
        source.write_bytes(pictures.coded(pixels, kind, **options))
        sources.append(source)
    printed = commands.lines(
        "embed",
        *sources,
        *("-o", f"{folder / 'labelled'}/", "--json", "--store", uri),
        *("--provider", CODE, "--model", "bench/1.0"),
    )
    for line in printed:
        if "error" in line:
            say(f"  {Path(line['file']).name}: {line['error']['message']}")
    return [
        Labelled(Path(line["file"]), Path(line["output"]), line["content_id"], line["psnr"])
        for line in printed
        if "error" not in line
    ]


def verdicts_of(
    labelled: list[Labelled], verifier: Verifier, store: Store, uri: str
) -> dict[str, Any]:
    """Verify the labelled files and their sources by the command line, and compare the ids."""
    files = [each.target for each in labelled]
    marked = commands.lines("verify", "--json", "--store", uri, *files)
    sources = [each.source for each in labelled]
    unmarked = commands.lines("verify", "--json", "--store", uri, *sources)
    agreeing = 0
    for each, line in zip(labelled, marked, strict=True):
        report = verifier.verify(each.target)
        layers = report.content_ids
        record = store.find(ContentId.parse(each.content_id))
        agreeing += (
            {"watermark", "AIGC label", "manifest"} <= set(layers)
            and {*map(str, layers.values()), line["labels"]["aigc"]["values"]["ProduceID"]}
            == {each.content_id}
            and record is not None
            and str(record.content_id) == each.content_id
        )
    return {
        "labelled": len(labelled),
        "verdicts": Counter(line["verdict"] for line in marked),
        "ids agree": agreeing,
        "originals": Counter(line["verdict"] for line in unmarked),
    }


def show_verdicts(verdicts: dict[str, Any]) -> None:
    table(
        "Through the command line: synthmark embed, then synthmark verify --json",
        ("format", "labelled", "verified", "one id in all layers", "originals unmarked"),
        (
            (
                kind,
                found["labelled"],
                found["verdicts"]["verified"],
                found["ids agree"],
                found["originals"]["unmarked"],
            )
            for kind, found in verdicts.items()
        ),
    )


# --- claim 2: recovered after re-saving ----------------------------------------------------------


def attack(title: str, verifier: Verifier, group: list[Labelled], offered: int) -> dict[str, Any]:
    """Re-save marked and unmarked pictures in every way and verify them."""
    say(f"re-saving {len(group)} pictures ({title}) in {len(ATTACKS)} ways")

    def work(each: Labelled) -> dict[str, tuple[bool, str, str]]:
        marked, plain = pictures.pixels(each.target), pictures.pixels(each.source)
        found = {}
        for name, resave in ATTACKS.items():
            report = verifier.verify(resave(marked))
            recovered = (
                report.verdict is Verdict.RECOVERED and str(report.content_id) == each.content_id
            )
            unmarked = verifier.verify(resave(plain)).verdict.value
            found[name] = recovered, report.verdict.value, unmarked
        return found

    rows: dict[str, Any] = {
        name: {"recovered": 0, "trials": 0, "verdicts": Counter(), "missed": [], "unmarked": 0}
        for name in ATTACKS
    }
    for outcome in batch.run(work, group):
        assert outcome.result is not None, outcome.error
        for name, (recovered, verdict, unmarked) in outcome.result.items():
            row = rows[name]
            row["trials"] += 1
            row["recovered"] += recovered
            row["verdicts"][verdict] += 1
            row["unmarked"] += unmarked == "unmarked"
            if not recovered:
                row["missed"].append(outcome.job.name)
    hits, trials = (sum(row[word] for row in rows.values()) for word in ("recovered", "trials"))
    clean = sum(row["unmarked"] for row in rows.values())
    shown = [(name, row["recovered"], row["trials"], row["unmarked"]) for name, row in rows.items()]
    table(
        f"Recovered with the right id after losing all metadata, short side {title}; "
        f"{len(group)} of {offered} pictures hold the mark",
        ("attack", "recovered", "of", "per cent", "95 % interval", "originals unmarked"),
        (
            (name, hit, of, 100 * hit / of, _interval(hit, of), plain)
            for name, hit, of, plain in [*shown, ("all", hits, trials, clean)]
        ),
    )
    for name, row in rows.items():
        if row["missed"]:
            say(f"  {name}: missed {', '.join(row['missed'])}")
    return {
        "offered": offered,
        "labelled": len(group),
        "recovered": hits,
        "trials": trials,
        "interval": wilson(hits, trials),
        "false positives": trials - clean,
        "by attack": rows,
    }


def _interval(hits: int, trials: int) -> str:
    low, high = wilson(hits, trials)
    return f"{low:.1f} - {high:.1f}"


def quality(title: str, group: list[Labelled]) -> dict[str, Any]:
    """PSNR as the embedder says, SSIMULACRA2 by an independent implementation."""
    say(f"measuring SSIMULACRA2 of {len(group)} pictures ({title})")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        scores = list(pool.map(_ssimulacra2, group))
    ratios = [each.psnr for each in group]
    worst = min(zip(scores, group, strict=True), key=lambda pair: pair[0])
    found = {
        "psnr mean": statistics.mean(ratios),
        "psnr min": min(ratios),
        "ssimulacra2 mean": statistics.mean(scores),
        "ssimulacra2 min": worst[0],
        "ssimulacra2 min picture": worst[1].name,
    }
    table(f"Quality, short side {title}", tuple(found), [tuple(found.values())])
    return found


def _ssimulacra2(each: Labelled) -> float:
    import ssimulacra2

    return float(ssimulacra2.compute_ssimulacra2(each.source, each.target))


# --- claim 3: tampering --------------------------------------------------------------------------


def tamper(group: list[Labelled], verifier: Verifier) -> dict[str, Any]:
    """Forge with every picture: paint, transplant the watermark, transplant the manifest."""
    say(f"forging with {len(group)} pictures")
    pairs = list(zip(group, [*group[1:], *group[:1]], strict=True))

    def work(pair: tuple[Labelled, Labelled]) -> dict[str, bool | None]:
        one, other = pair
        signed = one.target.read_bytes()
        marked = pictures.pixels(signed)
        painted = verifier.verify(pictures.with_chunks_of(signed, pictures.painted(marked)))
        codes = {finding.code for finding in painted.findings}
        transplant = pictures.transplanted(
            marked, pictures.pixels(one.source), pictures.pixels(other.source)
        )
        copied = verifier.verify(pictures.coded(transplant))
        into_marked, into_plain = (
            verifier.verify(
                pictures.with_chunks_of(signed, pictures.pixels(path), pictures.MANIFEST)
            )
            for path in (other.target, other.source)
        )
        return {
            "painted: not verified": painted.verdict is not Verdict.VERIFIED,
            "painted: watermark names it": str(painted.watermark.content_id) == one.content_id,
            "painted: said to be changed": "manifest.edited-after-signing" in codes,
            # In dense texture the foreign mark drowns: such a picture is as unmarked as before.
            "watermark transplanted and read: conflicting": (
                copied.verdict is Verdict.CONFLICTING if copied.watermark.content_id else None
            ),
            "watermark transplanted: never recovered or verified": (
                copied.verdict not in (Verdict.RECOVERED, Verdict.VERIFIED)
            ),
            "manifest into a marked one: conflicting": into_marked.verdict is Verdict.CONFLICTING,
            "manifest into a plain one: conflicting": into_plain.verdict is Verdict.CONFLICTING,
        }

    counts: Counter[str] = Counter()
    trials: Counter[str] = Counter()
    failed: dict[str, list[str]] = {}
    for outcome in batch.run(work, pairs):
        assert outcome.result is not None, outcome.error
        for name, held in outcome.result.items():
            counts[name] += bool(held)
            trials[name] += held is not None
            if held is False:
                failed.setdefault(name, []).append(outcome.job[0].name)
    table("Tampering", ("forgery: what must hold", "held", "of"), (
        (name, count, trials[name]) for name, count in counts.items()
    ))  # fmt: skip
    for name, names in failed.items():
        say(f"  {name}: not so for {', '.join(names)}")
    return {"trials": trials, "held": counts, "failed": failed}


# --- claim 4: others agree -----------------------------------------------------------------------


def check(kind: str, group: list[Labelled]) -> dict[str, Any]:
    """Let a C2PA checker that shares no code with ours and exiftool read every written file."""
    say(f"letting others check {len(group)} files ({kind})")
    root = Path(development().root).read_text("utf-8")
    states: Counter[str] = Counter()
    for each in group:
        report = encypher_c2pa.verify(each.target, trust_pem=root, telemetry=False)
        states[str(report["validation_state"])] += 1
    found: dict[str, Any] = {"files": len(group), "encypher-c2pa": states, "exiftool": None}
    if shutil.which("exiftool"):
        seen = exiftool([each.target for each in group])
        found["exiftool"] = sum(
            label == _aigc(each.content_id) for each, label in zip(group, seen, strict=True)
        )
    return found


def _aigc(content_id: str) -> dict[str, str]:
    """Return what GB 45438-2025 Annex E asks for on the first write."""
    return {
        "Label": "1",
        "ContentProducer": CODE,
        "ProduceID": content_id,
        "ReservedCode1": "",
        "ContentPropagator": CODE,
        "PropagateID": content_id,
        "ReservedCode2": "",
    }


def exiftool(files: list[Path]) -> list[Any]:
    command = ["exiftool", "-json", "-G1", "-a", "-U", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    labels = [found.get("XMP-TC260:Aigc") for found in json.loads(done.stdout)]
    return [json.loads(label) if isinstance(label, str) else label for label in labels]


def show_independent(independent: dict[str, Any]) -> None:
    table(
        "Independent checkers on every written file",
        ("format", "files", "encypher-c2pa says", "exiftool sees the AIGC label"),
        (
            (
                kind,
                found["files"],
                ", ".join(f"{state}: {count}" for state, count in found["encypher-c2pa"].items()),
                found["exiftool"] if found["exiftool"] is not None else "not installed",
            )
            for kind, found in independent.items()
        ),
    )


if __name__ == "__main__":
    main()
