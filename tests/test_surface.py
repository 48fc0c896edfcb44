"""Type checkers see the public surface as a user's program does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAMS = ROOT / "tests" / "surface"
WRONG = {
    ("misuse", number)
    for number, line in enumerate((PROGRAMS / "misuse.py").read_text("utf-8").splitlines(), 1)
    if line.endswith("# wrong")
}
Lines = set[tuple[str, int]]


def run(checker: str, *options: str | Path, cwd: Path) -> str:
    """Return what a checker said; it leaves with 1 where it found something."""
    done = subprocess.run(
        [sys.executable, "-m", checker, *options],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def reported_by_mypy(folder: Path) -> Lines:
    config = folder / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = true\nmypy_path = {ROOT / 'src'}\n", "utf-8")
    options = ("--config-file", config, "--cache-dir", folder / "cache", "--follow-imports=silent")
    said = run("mypy", *options, *PROGRAMS.glob("*.py"), cwd=folder)
    found = re.findall(r"(\w+)\.py:(\d+): error:", said)
    return {(name, int(line)) for name, line in found}


def reported_by_basedpyright(folder: Path) -> Lines:
    config = folder / "pyrightconfig.json"
    settings = {
        "include": [str(PROGRAMS)],
        "extraPaths": [str(ROOT / "src")],
        "typeCheckingMode": "strict",
    }
    config.write_text(json.dumps(settings), "utf-8")
    options = ("--project", config, "--pythonpath", sys.executable, "--outputjson")
    told = json.loads(run("basedpyright", *options, cwd=folder))["generalDiagnostics"]
    return {(Path(each["file"]).stem, each["range"]["start"]["line"] + 1) for each in told}


@pytest.mark.parametrize("checker", [reported_by_mypy, reported_by_basedpyright])
def test_a_users_program_is_right_and_each_mistake_is_told(
    checker: Callable[[Path], Lines], tmp_path: Path
) -> None:
    assert checker(tmp_path) == WRONG
