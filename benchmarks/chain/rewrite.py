"""Files of random tags and structure: all of that is there afterwards, or they are refused.

They go through all of embedding but the mark, which does not touch what stands beside the signal.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from benchmarks.run import RESULTS, Run, say, table
from synthmark.errors import MediaError, SynthmarkError
from tests.assets.rewriting import rewritten
from tests.generated import KINDS, generated


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("number", type=int, nargs="?", default=1000, help="of files")
    parser.add_argument("--json", type=Path, default=RESULTS / "chain" / "rewrite.json")
    asked = parser.parse_args()
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    faults: list[str] = []
    for number in range(asked.number):
        kind = list(KINDS)[number % len(KINDS)]
        seed = number // len(KINDS)
        outcome = tried(kind, seed)
        counts[kind][outcome.partition(":")[0]] += 1
        if not outcome.startswith("kept"):
            say(f"{kind} {seed}: {outcome}")
        if not outcome.startswith(("kept", "refused")):
            faults.append(f"{kind} {seed}: {outcome}")
    outcomes = ("kept", "refused", "withheld", "lost", "defect")
    table(
        f"{asked.number} generated files",
        ("format", *outcomes),
        ((kind, *(found[each] for each in outcomes)) for kind, found in counts.items()),
    )
    kept = {kind: dict(found) for kind, found in counts.items()}
    Run("chain/rewrite", None, asked.json, None).save({"files": kept, "faults": faults})
    sys.exit(bool(faults))


def tried(kind: str, seed: int) -> str:
    """Return what became of one file."""
    file = generated(kind, seed)
    try:
        data, _ = rewritten(file.data)
    except MediaError as error:
        return f"refused: {error}"
    except SynthmarkError as error:
        return f"withheld: {error}"
    except Exception as error:
        return f"defect: {type(error).__name__}: {error}"
    lost = [item for item in file.items if item not in data]
    return f"lost: {lost[0]!r} and {len(lost) - 1} more" if lost else "kept"


if __name__ == "__main__":
    main()
