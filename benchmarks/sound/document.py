"""Fill the tables of docs/measured/sound-robustness.md from what the benchmarks of sound wrote."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import pages
from benchmarks.pages import table
from benchmarks.run import MEASURED, RESULTS, wilson

PAGE = MEASURED / "sound-robustness.md"
LENGTHS = ("3 s", "5 s", "10 s")

Results = dict[str, Any]
Cell = Sequence[int]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--results", type=Path, metavar="DIR", default=RESULTS / "sound")
    asked = parser.parse_args()

    found = {
        path.stem: json.loads(path.read_text("utf-8")) for path in asked.results.glob("*.json")
    }

    def told(wanted: str) -> str:
        file, _, name = wanted.partition(" ")
        return _bars(found) if file == "bars" else TABLES[name or file](found[file])

    pages.fill(PAGE, told)


# What is asked, of which group, which rows at which length, the prototype's share, and the bar.
_SPEECH, _MUSIC = "speech, {} + 32 bits", "music, {} + 32 bits"
_ALL = ("8 kHz", "low-pass 4k", "mu-law", "equalizer", "echo", "8 bit", "clipped", "compressor")
_BARS: tuple[tuple[str, str, int, tuple[str, ...], str, str, float], ...] = (
    ("clean", _SPEECH, 128, ("none",), "3 s", "80/80", 100),
    ("clean", _SPEECH, 128, ("none",), "5 s", "80/80", 100),
    ("clean", _MUSIC, 128, ("none",), "3 s", "34/40", 95),
    ("clean", _MUSIC, 128, ("none",), "5 s", "40/40", 99),
    ("clean", _MUSIC, 64, ("none",), "3 s", "98.3 %", 99),
    ("MP3 64, AAC 64", _SPEECH, 128, ("mp3 64", "aac 64"), "3 s", "80/80 each", 99.5),
    ("MP3 64, AAC 64", _SPEECH, 128, ("mp3 64", "aac 64"), "5 s", "80/80 each", 99.5),
    ("Opus 24", _SPEECH, 128, ("opus 24",), "5 s", "51/80", 90),
    ("Opus 24", _SPEECH, 128, ("opus 24",), "10 s", "80/80", 100),
    ("MP3 64", _MUSIC, 64, ("mp3 64",), "5 s", "36/40", 95),
    ("MP3 64", _MUSIC, 64, ("mp3 64",), "10 s", "34/36", 99),
    ("AAC 64", _MUSIC, 64, ("aac 64",), "5 s", "36/40", 95),
    ("AAC 64", _MUSIC, 64, ("aac 64",), "10 s", "34/36", 99),
    ("Opus 24", _SPEECH, 64, ("opus 24",), "5 s", "27/28", 99),
    ("Opus 16", _SPEECH, 64, ("opus 16",), "10 s", "26/28", 99),
    ("eight everyday rows", _SPEECH, 64, _ALL, "10 s", "all", 100),
    ("eight everyday rows", _MUSIC, 64, _ALL, "10 s", "all", 100),
    ("white 20 dB", _SPEECH, 64, ("white 20",), "5 s", "52/80", 90),
    ("white 20 dB", _SPEECH, 64, ("white 20",), "10 s", "76/80", 99),
    ("babble 10 dB", _SPEECH, 64, ("babble 10",), "10 s", "27/28", 95),
    ("pink 10 dB", _SPEECH, 64, ("pink 10",), "10 s", "21/28", 95),
    ("reverb 0.3 s", _SPEECH, 64, ("reverb 0.3",), "10 s", "26/28", 98),
    ("reverb 0.6 s", _SPEECH, 64, ("reverb 0.6",), "10 s", "7/28", 60),
)


_STEREO = "44.1 kHz, 2 channels"


def _bars(found: dict[str, Results]) -> str:
    """What was asked for, beside what was measured."""
    lines: list[list[object]] = []
    for name, group, bits, rows, length, prototype, bar in _BARS:
        cells = found["plain"]["results"][group.format(bits)]["attacks"]
        hit, of = _sum([cells[row] for row in rows], length)
        reached = "yes" if 100 * hit >= bar * of else "no"
        before = found.get("prototype", {"results": {}})["results"].get(group.format(bits))
        here = "-"
        if before and all(row in before["attacks"] for row in rows):
            here = _read(_sum([before["attacks"][row] for row in rows], length))
        title = f"{name}, {group.format(bits)}, {length}"
        lines.append([title, prototype, here, f"{bar:g} %", _share((hit, of)), reached])
    if "geometric" in found:
        for name, own in found["geometric"]["results"].items():
            hit, of = _sum(own["attacks"].values(), "5 s")
            row = f"speed, stretch, pitch and both, {name}, 5 s"
            lines.append([row, "all", "-", "all", _share((hit, of)), "yes" if hit == of else "no"])
    if "curves" in found:
        hit, of = found["curves"]["curves"][_SPEECH.format(64)]["none"]["2"]
        title = f"clean, {_SPEECH.format(64)}, 2 s"
        reached = "yes" if hit == of else "no"
        lines.insert(0, [title, "240/240", "-", "100 %", _share((hit, of)), reached])
    for kind, odg, worst, prototype in (
        ("speech", -0.10, -0.5, "-.11 (-.25)"),
        ("music", -0.20, -0.5, "-.30 (-.84)"),
    ):
        own = found["quality"]["kinds"][kind]
        told = f"{own['odg']:.3f} ({own['worst odg']:.2f})"
        reached = "yes" if own["odg"] >= odg and own["worst odg"] >= worst else "no"
        bar_told = f"{odg:.2f} ({worst:.1f})"
        title = f"PEAQ grade, {kind}, mean (worst)"
        lines.append([title, prototype, "-", bar_told, told, reached])
    times = found["speed"]["times"][_STEREO]
    for step, bar in (("embed", 1.6), ("read, fast", 0.5), ("unmarked, full", 22)):
        ratio = times[step] / times["FLAC"]
        title = f"{step}, 10 s of {_STEREO}, FLAC encodes"
        lines.append([title, "-", "-", f"{bar}", f"{ratio:.2f}", "yes" if ratio <= bar else "no"])
    header = ["measure", "prototype", "its design here", "bar", "measured", "reached"]
    return table(header, lines)


def _measured(found: Results) -> str:
    machine = found["machine"]["processor"]
    return f"Measured {found['measured']} on {machine}, version `{found['commit']}`."


def _rows(found: Results) -> str:
    """Every attack, for each group at each length."""
    groups = found["results"]
    header = ["attack"]
    for name in groups:
        header += [f"{name}: {length}" for length in LENGTHS]
    lines: list[list[object]] = []
    for attack in next(iter(groups.values()))["attacks"]:
        cells = [group["attacks"].get(attack, {}) for group in groups.values()]
        lines.append(
            [attack, *(_read(each.get(length, (0, 0))) for each in cells for length in LENGTHS)]
        )
    totals = [group["attacks"].values() for group in groups.values()]
    lines.append(
        ["all rows", *(_share(_sum(rows, length)) for rows in totals for length in LENGTHS)]
    )
    wrong = sum(row["wrong"] for rows in totals for row in rows)
    return f"{table(header, lines)}\n\nWrong payloads: {wrong}."


def _intervals(found: Results) -> str:
    """The same as per cent with intervals."""
    lines = []
    for name, group in found["results"].items():
        for attack, row in group["attacks"].items():
            lines.append([name, attack, *(_share(row[length]) for length in LENGTHS)])
    return table(["group", "attack", *LENGTHS], lines)


def _curves(found: Results) -> str:
    parts = []
    for title, counts in found["curves"].items():
        lengths = list(next(iter(counts.values())))
        lines = [[attack, *map(_read, cells.values())] for attack, cells in counts.items()]
        parts.append(f"**{title}**\n\n" + table(["attack", *(f"{x} s" for x in lengths)], lines))
    return "\n\n".join(parts)


def _quality(found: Results) -> str:
    header = ["", "clips", "SNR mean", "SNR least", "ODG mean", "ODG worst"]
    lines = [[kind, *own.values()] for kind, own in found["kinds"].items()]
    grades = [[each["clip"], each["snr"], each.get("odg", "-")] for each in found["clips"]]
    return f"{table(header, lines)}\n\n{table(['clip', 'SNR', 'ODG'], grades)}"


def _speed(found: Results) -> str:
    lines = []
    for step in next(iter(found["times"].values())):
        times = found["times"].values()
        lines.append([step, *(f"{each[step] / each['FLAC']:.2f}" for each in times)])
    return table(["", *found["times"]], lines)


def _length(found: Results) -> str:
    steps = ("embed", "detect", "verify")
    header = ["seconds", *steps, *(f"{step}, MiB" for step in steps)]
    lines = [
        [row["seconds"], *(row[step][part] for part in ("ratio", "mebibytes") for step in steps)]
        for row in found["rows"]
    ]
    return table(header, lines)


def _accepts(found: Results) -> str:
    parts = []
    for code, counts in found["by code"].items():
        lines = []
        for kind, own in counts.items():
            detections, accepted = own["detections"], len(own["accepted"])
            most = wilson(accepted, detections)[1] / 100 if accepted else 3.0 / detections
            lines.append([kind, f"{detections:,}", accepted, f"{own['sounds']:,}", f"{most:.1e}"])
        header = ["search", "detections", "accepted", "sounds", "bound by trials (95 %)"]
        parts.append(f"Detector `{code}`:\n\n{table(header, lines)}")
    return "\n\n".join(parts)


def _presence(found: Results) -> str:
    header = ["stated chance", "fast: reached", "expected", "full: reached", "expected"]
    parts = []
    for code, counts in found["by code"].items():
        lines = []
        for level in next(iter(counts.values()))["reached"]:
            cells = []
            for own in counts.values():
                cells += [own["reached"][level], f"{float(level) * own['sounds']:.3g}"]
            lines.append([level, *cells])
        parts.append(f"Detector `{code}`:\n\n{table(header, lines)}")
    return "\n\n".join(parts)


def _averaging(found: Results) -> str:
    header = ["what is averaged", "sounds", "sync signs", "data signs", "still read", "sync score"]
    lines = []
    for row in found["averaging"]:
        shares = [f"{row[name]:.0f} %" for name in ("sync", "data")]
        lines.append([row["averaged"], row["sounds"], *shares, row["read"], f"{row['score']:.1f}"])
    copies = [[each["copy"], f"{each['read']}/{each['trials']}"] for each in found["copying"]]
    return f"{table(header, lines)}\n\n{table(['what is copied', 'read'], copies)}"


def _sum(rows: Iterable[Mapping[str, Any]], length: str) -> tuple[int, int]:
    cells = [row[length] for row in rows]
    return sum(cell[0] for cell in cells), sum(cell[1] for cell in cells)


def _read(cell: Cell) -> str:
    return f"{cell[0]}/{cell[1]}" if cell[1] else "-"


def _share(cell: Cell) -> str:
    if not cell[1]:
        return "-"
    low, high = wilson(cell[0], cell[1])
    return f"{cell[0]}/{cell[1]} ({low:.0f}-{high:.0f} %)"


TABLES: dict[str, Callable[[Results], str]] = {
    "measured": _measured,
    "rows": _rows,
    "intervals": _intervals,
    "curves": _curves,
    "quality": _quality,
    "speed": _speed,
    "length": _length,
    "accepts": _accepts,
    "presence": _presence,
    "averaging": _averaging,
}

if __name__ == "__main__":
    main()
