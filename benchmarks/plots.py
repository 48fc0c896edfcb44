"""The plots of docs/measured/robustness.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from benchmarks.run import say

_COLOURS = {"256": "#9ecae1", "512": "#4292c6", "1024": "#084594", "native": "#fd8d3c"}
_DPI = 100


def classes(sizes: Mapping[str, Any], target: Path) -> None:
    """Draw what was read of each class of rows, with 95 % intervals, a bar for each size."""
    boards = {
        size: results["suites"]["scorecard"]["classes"]
        | {"all 67 rows": results["suites"]["scorecard"]["all"]}
        for size, results in sizes.items()
    }
    _bars(boards, target, "exact 128 bits read, per cent, with 95 % intervals")


def rows(sizes: Mapping[str, Any], target: Path) -> None:
    """Draw the rows that were not always read."""
    boards = {size: results["suites"]["scorecard"]["rows"] for size, results in sizes.items()}
    weak = [
        row
        for row in next(iter(boards.values()), ())
        if any(board[row]["read"] < 0.95 * board[row]["trials"] for board in boards.values())
    ]
    _bars(
        {size: {row: board[row] for row in weak} for size, board in boards.items()},
        target,
        "rows read in fewer than 95 % at any size, per cent",
    )


def quality(journals: Mapping[str, Path], target: Path) -> None:
    """Draw for each picture how it looks against how much of it was read."""
    figure, axes = plt.subplots(figsize=(7, 4.2), dpi=_DPI)
    for size, journal in journals.items():
        lines = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
        latest = {line["picture"]: line for line in lines if line["suite"] == "scorecard"}
        x = [line["ssimulacra2"] for line in latest.values()]
        y = [100 * line["outcomes"].count("R") / len(line["outcomes"]) for line in latest.values()]
        axes.scatter(x, y, s=22, color=_COLOURS[size], label=_title(size), alpha=0.8)
    axes.set_xlabel("SSIMULACRA2 of the marked picture (90: hard to tell apart)")
    axes.set_ylabel("rows of the scorecard read, per cent")
    axes.grid(alpha=0.3)
    if journals:
        axes.legend()
    _save(figure, target)


def _bars(boards: Mapping[str, Mapping[str, Any]], target: Path, title: str) -> None:
    names = list(next(iter(boards.values()), ()))
    figure, axes = plt.subplots(figsize=(7, 1 + 0.32 * max(len(names), 1)), dpi=_DPI)
    heights = 0.8 / max(len(boards), 1)
    for number, (size, board) in enumerate(boards.items()):
        for place, name in enumerate(names):
            share = board[name]
            part = 100 * share["read"] / max(share["trials"], 1)
            low, high = share["interval"]
            middle = place + (number - (len(boards) - 1) / 2) * heights
            label = None if place else _title(size)
            axes.barh(middle, part, heights, color=_COLOURS[size], label=label)
            axes.plot((low, high), (middle, middle), color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 102)
    axes.set_title(title, fontsize=9)
    axes.grid(axis="x", alpha=0.3)
    if boards:
        axes.legend(
            fontsize=8, ncols=4, loc="upper right", bbox_to_anchor=(1, -0.04 - 0.3 / len(names))
        )
    _save(figure, target)


def _title(size: str) -> str:
    return size if size == "native" else f"{size} px"


def _save(figure: Any, target: Path) -> None:
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    # Without the program's version in it the same results give the same file.
    figure.savefig(target, metadata={"Software": None})
    plt.close(figure)
    say(f"written: {target}")
