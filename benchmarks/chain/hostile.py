"""Odd, damaged and hostile files: each ends with a result or one clear line, in time and memory.

Every file under DIR/hard goes through `synthmark embed` and `synthmark verify`, each in a process
of its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks import commands
from benchmarks.run import begin, say, table
from synthmark import batch

SECONDS = 10.0
MEBIBYTES = 1024.0
CODES = {0, 1, 2, 3}


def main() -> None:
    run = begin(__doc__, limit_help="use only so many files")
    assert run.data is not None
    files = sorted(path for path in (run.data / "hard").glob("*/*") if path.is_file())
    files = files[: run.limit]
    if not files:
        raise SystemExit(f"{run.data}: there are no files in hard/*/")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands.settle(folder)
        # Certificate, store and kernel cache are made before anything is measured.
        commands.measure([commands.SYNTHMARK, "doctor"], seconds=600)
        rows = []
        say(f"{len(files)} files through embed and verify")
        jobs = [(number, path) for number, path in enumerate(files)]
        for outcome in batch.run(lambda job: try_file(*job, folder), jobs):
            assert outcome.result is not None, outcome.error
            row = outcome.result
            rows.append(row)
            for fault in row["faults"]:
                say(f"  {row['file']}: {fault}")
    show(rows)
    run.save({"seconds": SECONDS, "mebibytes": MEBIBYTES, "files": rows})


def try_file(number: int, path: Path, folder: Path) -> dict[str, Any]:
    """Embed and verify one file and list what went wrong that must not."""
    name = f"{path.parent.name}/{path.name}"
    place = folder / f"{number:04}"
    place.mkdir()
    target = place / f"labelled{path.suffix}"
    row: dict[str, Any] = {"file": name, "faults": []}
    for verb, output in (("embed", ("-o", target)), ("verify", ())):
        command = [commands.SYNTHMARK, verb, path, *output]
        done = commands.measure(command, seconds=SECONDS)
        said = done.stderr.strip().splitlines()
        row[verb] = {
            "code": done.code,
            "seconds": round(done.seconds, 2),
            "mebibytes": round(done.mebibytes),
            "said": _without(place, said[0]) if done.code in (2, 3) and said else "",
        }
        row["faults"] += [f"{verb}: {fault}" for fault in faults(done, said)]
    if target.exists():
        row["faults"] += half_written(target)
    if row["embed"]["code"] == 0 and not target.exists():
        row["faults"].append("embed: left with 0 but wrote nothing")
    left = [path.name for path in place.iterdir() if path != target]
    row["faults"] += [f"embed: left {name} behind" for name in left]
    shutil.rmtree(place)
    return row


def faults(done: commands.Measured, said: list[str]) -> list[str]:
    """Return what no file may cause."""
    found = []
    if done.code is None:
        found.append(f"took more than {SECONDS:.0f} s")
    elif done.code not in CODES:
        found.append(f"left with {done.code}: {said[-1] if said else ''}")
    if done.mebibytes > MEBIBYTES:
        found.append(f"held {done.mebibytes:.0f} MiB")
    if any("Traceback" in line for line in said):
        found.append("traceback")
    if done.code in (2, 3) and len(said) != 1:
        found.append(f"{len(said)} lines for one error")
    return found


def half_written(target: Path) -> list[str]:
    """Verify an output, in a process of its own: a child's peak begins with its parent's memory."""
    (line,) = commands.lines("verify", "--json", target)
    found = line["error"]["message"] if "error" in line else line["verdict"]
    return [] if found == "verified" else [f"output: {found}"]


def _without(place: Path, line: str) -> str:
    """Drop folders from a line, so that results do not name places on this machine."""
    words = line.replace(f"{place}{os.sep}", "").split(" ")
    return " ".join(Path(word).name if word.startswith(os.sep) else word for word in words)


def show(rows: list[dict[str, Any]]) -> None:
    folders: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        folders.setdefault(row["file"].partition("/")[0], []).append(row)
    table(
        f"Files that synthmark meets badly: no more than {SECONDS:.0f} s and {MEBIBYTES:.0f} MiB",
        ("folder", "files", "labelled", "refused", "slowest s", "most MiB", "faults"),
        (_summary(name, group) for name, group in [*folders.items(), ("all", rows)]),
    )
    codes = Counter(row["verify"]["code"] for row in rows)
    say("verify left with " + ", ".join(f"{code}: {count}" for code, count in codes.items()))


def _summary(name: str, rows: list[dict[str, Any]]) -> tuple[object, ...]:
    both = [row[verb] for row in rows for verb in ("embed", "verify")]
    return (
        name,
        len(rows),
        sum(row["embed"]["code"] == 0 for row in rows),
        sum(row["embed"]["code"] == 3 for row in rows),
        max(each["seconds"] for each in both),
        max(each["mebibytes"] for each in both),
        sum(len(row["faults"]) for row in rows),
    )


if __name__ == "__main__":
    main()
