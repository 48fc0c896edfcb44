"""Fill the tables and plots of docs/ from what the benchmarks wrote under results/."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import pages, plots
from benchmarks.pages import table
from benchmarks.run import DOCS, MEASURED, RESULTS

SIZES = ("256", "512", "1024", "native")
STRENGTHS = ("balanced", "robust")

Results = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--results", type=Path, metavar="DIR", default=RESULTS / "image")
    asked = parser.parse_args()
    found = {
        path.stem: json.loads(path.read_text("utf-8")) for path in asked.results.glob("*.json")
    }
    for name in ("measured/robustness.md", "measured/ablation.md", "why/keys.md"):
        pages.fill(DOCS / name, lambda wanted: TABLES[wanted](found))
    sizes = by_size(found)
    plots.classes(sizes, MEASURED / "images" / "robustness-classes.png")
    plots.rows(sizes, MEASURED / "images" / "robustness-rows.png")
    journals = {size: asked.results / f"robustness_{size}.jsonl" for size in sizes}
    plots.quality(journals, MEASURED / "images" / "robustness-quality.png")


def by_size(found: dict[str, Results]) -> dict[str, Results]:
    """Return the results of the default strength that include the scorecard."""
    named = {size: found.get(f"robustness_{size}") for size in SIZES}
    return {
        size: results
        for size, results in named.items()
        if results is not None and "scorecard" in results["suites"]
    }


# --- tables --------------------------------------------------------------------------------------


def _measured(found: dict[str, Results]) -> str:
    lines = []
    for size, results in by_size(found).items():
        count = results["suites"]["scorecard"]["pictures"]
        lines.append(
            (_side(size), count, results["measured"], f"`{results['commit']}`",
             results["machine"]["processor"])
        )  # fmt: skip
    return table(("short side", "pictures", "measured", "version", "processor"), lines)


def _classes(found: dict[str, Results]) -> str:
    sizes = by_size(found)
    boards = {size: results["suites"]["scorecard"] for size, results in sizes.items()}
    names = list(next(iter(boards.values()))["classes"])
    lines = [
        (name, *(_share(board["classes"][name]) for board in boards.values())) for name in names
    ]
    lines.append(("**all 67 rows**", *(_share(board["all"]) for board in boards.values())))
    lines.append(
        ("present, of what was not read", *(_present(board["all"]) for board in boards.values()))
    )
    lines.append(("wrong message", *(str(board["all"]["wrong"]) for board in boards.values())))
    return table(("rows", *map(_side, boards)), lines)


def _suites(found: dict[str, Results]) -> str:
    results = found["robustness_512"]
    return table(
        ("suite", "rows", "pictures", "read", "present, of what was not read", "wrong"),
        (
            (
                suite,
                len(own["rows"]),
                own["pictures"],
                _share(own["all"]),
                _present(own["all"]),
                own["all"]["wrong"],
            )
            for suite, own in results["suites"].items()
        ),
    )


def _weak_rows(found: dict[str, Results]) -> str:
    results = found["robustness_512"]
    lines = []
    for suite, own in results["suites"].items():
        weak = [
            f"{row} {each['read']}/{each['trials']}"
            for row, each in own["rows"].items()
            if each["read"] < each["trials"]
        ]
        if suite != "scorecard":
            lines.append((suite, ", ".join(weak) or "none"))
    return table(("suite", "rows that were not read on every picture"), lines)


def _rows(found: dict[str, Results]) -> str:
    boards = {size: results["suites"]["scorecard"] for size, results in by_size(found).items()}
    names = list(next(iter(boards.values()))["rows"])
    return table(
        ("row", *map(_side, boards)),
        ((name, *(_counted(board["rows"][name]) for board in boards.values())) for name in names),
    )


def _quality(found: dict[str, Results]) -> str:
    lines = []
    names = {f"robustness_{size}": _side(size) for size in SIZES}
    names |= {
        f"robustness_{size}_{strength}": f"{_side(size)}, {strength}"
        for size in SIZES
        for strength in STRENGTHS
    }
    for name, title in names.items():
        if name in found:
            quality = found[name]["quality"]
            score = found[name]["suites"].get("scorecard")
            lines.append(
                (
                    title,
                    found[name]["pictures"],
                    *(f"{each['mean']:.4g} / {each['min']:.4g}" for each in quality.values()),
                    _share(score["all"]) if score else "",
                )
            )
    return table(
        ("short side", "pictures", "PSNR mean / min", "SSIM", "SSIMULACRA2", "67 rows read"), lines
    )


def _times(found: dict[str, Results]) -> str:
    sizes = by_size(found)
    boards = {size: results["suites"]["scorecard"]["rows"] for size, results in sizes.items()}
    lines = [("embedding", *(f"{results['embed']:.1f}" for results in sizes.values()))]
    for title, row in (
        ("reading, not attacked", "none"),
        ("reading, JPEG 50", "jpeg50"),
        ("reading, mirrored", "hflip"),
        ("reading, turned by 10 degrees", "rot10"),
        ("reading, stretched by 1.2", "stretch1.2"),
        ("reading, perspective .3", "persp0.3"),
        ("unreadable, everything tried", "wavesdeg.2"),
    ):
        lines.append((title, *(f"{board[row]['time']:.1f}" for board in boards.values())))
    return table(("step, in times of JPEG 90 saved and loaded", *map(_side, boards)), lines)


def _peers(found: dict[str, Results]) -> str:
    results = found["robustness_512_peers"]
    return table(
        ("", "bits", "pictures", "PSNR", "SSIM", "SSIMULACRA2", "exact, 67 rows", "embed", "read"),
        (
            (
                name,
                own["bits"],
                own["pictures"],
                *(f"{own['quality'][each]['mean']:.4g}" for each in own["quality"]),
                _share(own["suites"]["scorecard"]),
                f"{own['embed']:.1f}",
                f"{own['read']:.1f}",
            )
            for name, own in results["peers"].items()
        ),
    )


def _flat_graphics(found: dict[str, Results]) -> str:
    results = found["flat_graphics"]
    count = results["graphics"]
    return table(
        (f"{count} graphics", "read before", "read now", "", "95 % interval"),
        (
            (
                row,
                own["before"],
                own["now"],
                f"{100 * own['now'] / count:.1f} %",
                "{}-{}".format(*own["now, interval"]),
            )
            for row, own in results["rows"].items()
        ),
    )


def _false_accepts(found: dict[str, Results]) -> str:
    totals = found["false_accepts"]["total"]
    return table(
        ("", "detections", "accepted", "checks", "bound by count", "bound by trials (95 %)"),
        (
            (
                {"fast": "in the frames only", "coarse": "coarse mark", "full": "full search"}[
                    kind
                ],
                f"{own['detections']:,}",
                own["accepts"],
                f"{own['checks']:,}",
                f"{own['bound by count, mean']:.1e} (most {own['bound by count, most']:.1e})",
                "" if own["bound by trials"] is None else f"{own['bound by trials']:.1e}",
            )
            for kind, own in totals.items()
        ),
    )


def _presence(found: dict[str, Results]) -> str:
    nulls = found["false_accepts"]["presence"]
    counts = ", ".join(f"{null['detections']:,} {kind} ones" for kind, null in nulls.items())
    reached = table(
        ("stated chance", *(f"{kind}: reached (expected)" for kind in nulls)),
        (
            (
                level,
                *(
                    f"{null['reached'][level]} ({null['detections'] * float(level):.4g})"
                    for null in nulls.values()
                ),
            )
            for level in nulls["fast"]["reached"]
        ),
    )
    said = (
        f"The statistic behind *present* is the pilots' best matched-filter score, in the frames "
        f"(fast), in the coarse mark and in poses (full). In {counts}, those of the detector as it "
        f"is, the chance that it states for its scores was reached so often:\n\n{reached}"
    )
    for kind, null in nulls.items():
        if "rate" in null:
            said += (
                f"\n\nOf {kind} detections, an exponential tail fitted to the highest 1 % gives "
                f"a rate of {null['rate']:.1e} at the level from which a mark is called present, "
                f"{null['most']:.1e} at the upper end of its 95 % bound."
            )
    return said


def _averaging(found: dict[str, Results]) -> str:
    results = found["averaging"]
    names = ("positions", "phases, averaged", "phases, aligned", "repeats, pilots known")
    titles = (
        "pilots found",
        "phases right, plain average",
        "pilots found and phases right, pictures aligned",
        "carriers paired with one of the same code bit",
    )
    lines = [
        (count, *(f"{each[name]:.0f} %" for name in names))
        for count, each in results["marked"].items()
    ]
    chance = list(results["unmarked"].values())[-1]
    lines.append(("unmarked pictures", *(f"{chance[name]:.0f} %" for name in names)))
    return table(("marked pictures", *titles), lines)


def _ablation(found: dict[str, Results]) -> str:
    variants = found["ablation"]["variants"]
    margins, seen, read = (list(variants[0][part]) for part in ("margin", "seen", "read"))
    count = variants[0]["pictures"]
    lines = [
        (
            f"**{each['changed']}**" if each is variants[0] else each["changed"],
            f"{each['ssimulacra2'][0]:.1f} / {each['ssimulacra2'][1]:.1f}",
            *(f"{each['margin'][row]:+.1f}" for row in margins),
            *(each["seen"][row] for row in seen),
            *(each["read"][row] for row in read),
        )
        for each in variants
    ]
    titles = (
        "changed",
        "SSIMULACRA2, mean / least",
        *(f"{row}, dB" for row in margins),
        *(f"{row} seen, of {count}" for row in seen),
        *(f"{row} read" for row in read),
    )
    return table(titles, lines)


TABLES: dict[str, Callable[[dict[str, Results]], str]] = {
    "measured": _measured,
    "classes": _classes,
    "suites": _suites,
    "weak rows": _weak_rows,
    "rows": _rows,
    "quality": _quality,
    "times": _times,
    "peers": _peers,
    "flat graphics": _flat_graphics,
    "false accepts": _false_accepts,
    "presence": _presence,
    "averaging": _averaging,
    "ablation": _ablation,
}


# --- cells ---------------------------------------------------------------------------------------


def _side(size: str) -> str:
    return size if size == "native" else f"{size} px"


def _share(share: Results) -> str:
    low, high = share["interval"]
    part = 100 * share["read"] / max(share["trials"], 1)
    return f"{part:.1f} % ({low:.1f}-{high:.1f})"


def _present(share: Results) -> str:
    missed = share["trials"] - share["read"] - share["wrong"]
    return f"{share['present']} of {missed}"


def _counted(row: Results) -> str:
    present = f" +{row['present']}" if row["present"] else ""
    return f"{row['read']}/{row['trials']}{present}"


if __name__ == "__main__":
    main()
