"""Tables in documents: each stands between two marks, and what is written around it stays.

<!-- results: NAME --> begins a table, <!-- end --> ends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks.run import say

_BLOCK = re.compile(r"(<!-- results: ([\w -]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: Path, told: Callable[[str], str]) -> None:
    """Make every table of a page anew from its name; one without results (KeyError) says so."""

    def made(match: re.Match[str]) -> str:
        try:
            text = told(match[2])
        except KeyError as missing:
            say(f"{match[2]}: no results for {missing}")
            text = "Not measured yet."
        return f"{match[1]}\n{text}\n\n{match[3]}"

    page.write_text(_BLOCK.sub(made, page.read_text("utf-8")), "utf-8")
    say(f"written: {page}")


def table(header: Sequence[object], lines: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)
