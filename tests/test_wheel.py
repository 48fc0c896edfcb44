"""The wheel, installed into an environment that holds nothing but it and what it asks for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
BARE = {"HOME", "LANG", "PATH", "SYSTEMROOT", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"}


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program that sees nothing of this environment's Python."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name in BARE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def needed(requirements: list[str], seen: set[str]) -> Iterator[metadata.Distribution]:
    """Yield what is required, and what that requires, without extras that nobody asked for."""
    for text in requirements:
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        if wanted.name.lower() not in seen:
            seen.add(wanted.name.lower())
            found = metadata.distribution(wanted.name)
            yield found
            yield from needed(found.requires or [], seen)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in a new environment; what it declares as needed is lent by links, nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip")
    offline = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    run(*pip, "wheel", *offline, "--no-build-isolation", "-w", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("synthmark-*.whl")
    place = folder / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", place, cwd=folder)
    python = place / "bin" / "python"
    run(*pip, "--python", python, "install", *offline, wheel, cwd=folder)
    (packages,) = place.glob("lib/python*/site-packages")
    (own,) = metadata.distributions(path=[str(packages)])
    for lent in needed(own.requires or [], {"synthmark"}):
        for entry in {file.parts[0] for file in lent.files or []} - {"..", "__pycache__"}:
            (packages / entry).symlink_to(Path(str(lent.locate_file(entry))))
    # Kernels that are compiled already need not be compiled once more.
    for cached in (ROOT / "src" / "synthmark").rglob("__pycache__/*.nb?"):
        target = packages / cached.relative_to(ROOT / "src")
        target.parent.mkdir(exist_ok=True)
        shutil.copy(cached, target)
    return place


def test_doctor_is_well(environment: Path, tmp_path: Path) -> None:
    said = run(environment / "bin" / "synthmark", "doctor", cwd=tmp_path)
    assert "embed and verify         verified" in said
    assert "FAILED" not in said
    assert str(environment) in said


def test_the_schema_and_the_types_are_inside(environment: Path, tmp_path: Path) -> None:
    code = """
import importlib.resources, synthmark
print(synthmark.__file__)
root = importlib.resources.files("synthmark")
assert root.joinpath("py.typed").is_file()
print(root.joinpath("report.schema.json").read_text("utf-8"))
"""
    place, _, schema = run(environment / "bin" / "python", "-c", code, cwd=tmp_path).partition("\n")
    assert Path(place).is_relative_to(environment)
    assert json.loads(schema)["$schema"]
