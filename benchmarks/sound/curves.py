"""Recovery against seconds: how long a crop must be after each attack, as table and plot.

The excerpts, attacks and crops are those of robustness.py, read at their own speed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from benchmarks.run import MEASURED, RESULTS, Run, say, table
from benchmarks.sound.attacks import Attack, plain
from benchmarks.sound.robustness import Excerpt, crops, excerpts, seeded
from synthmark import OPEN_KEY
from synthmark.watermark import audio
from synthmark.watermark.audio import Search

mpl.use("Agg")
import matplotlib.pyplot as plt

SECONDS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 14.0)
ATTACKS = ("none", "mp3 64", "aac 64", "opus 24", "opus 16", "8 kHz", "white 20", "reverb 0.3")
FORMS = (8, 16)
Counts = dict[str, dict[str, list[int]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--json", type=Path, default=RESULTS / "sound" / "curves.json")
    parser.add_argument("--crops", type=int, default=3, help="crops of each length and excerpt")
    parser.add_argument("--plot", type=Path, default=MEASURED / "images" / "sound-curves.png")
    asked = parser.parse_args()
    run = Run("sound/curves", asked.data, asked.json, None)
    pieces = list(excerpts(asked.data))
    voices = [(each.wave, each.rate) for each in pieces if each.kind == "speech"]
    attacks = {name: plain(voices)[name] for name in ATTACKS}
    curves: dict[str, Counts] = {}
    for form in FORMS:
        for kind in ("speech", "music"):
            group = [each for each in pieces if each.kind == kind]
            title = f"{kind}, {8 * form} + 32 bits"
            curves[title] = _counted(group, attacks, form, asked.crops)
            _show(title, curves[title])
    run.save({"crops": asked.crops, "curves": curves})
    _draw(curves, asked.plot)


def _counted(group: list[Excerpt], attacks: dict[str, Attack], form: int, count: int) -> Counts:
    found: Counts = {name: {f"{each:g}": [0, 0] for each in SECONDS} for name in attacks}
    for each in group:
        payload = seeded(each.name, form).bytes(form)
        marked = audio.embed(each.wave, each.rate, payload, key=OPEN_KEY).samples
        for name, attack in attacks.items():
            attacked = attack(np.asarray(marked, np.float32), each.rate, seeded(each.name, name))
            for seconds, crop in crops(attacked, each, name, count, SECONDS):
                cell = found[name][f"{seconds:g}"]
                cell[1] += 1
                cell[0] += audio.detect(crop, each.rate, reach=Search.NONE).payload == payload
        say(f"  {each.name}")
    return found


def _show(title: str, counts: Counts) -> None:
    rows: list[tuple[Any, ...]] = []
    for name, cells in counts.items():
        rows.append((name, *(f"{hit}/{of}" for hit, of in cells.values())))
    table(title, ("attack", *(f"{each:g} s" for each in SECONDS)), rows)


def _draw(curves: dict[str, Counts], target: Path) -> None:
    figure, panels = plt.subplots(2, 2, figsize=(10, 7), dpi=100, sharex=True, sharey=True)
    for axes, (title, counts) in zip(panels.T.ravel(), curves.items(), strict=True):
        for name, cells in counts.items():
            told = [(float(length), 100 * hit / of) for length, (hit, of) in cells.items() if of]
            axes.plot(*zip(*told, strict=True), marker="o", markersize=3, label=name)
        axes.set_title(title, fontsize=10)
        axes.set_xscale("log")
        axes.set_xticks(SECONDS, [f"{each:g}" for each in SECONDS])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    for axes in panels[1]:
        axes.set_xlabel("seconds of the crop")
    for axes in panels[:, 0]:
        axes.set_ylabel("exact payload read, per cent")
    panels[0, 0].legend(fontsize=8)
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target)
    say(f"written: {target}")


if __name__ == "__main__":
    main()
