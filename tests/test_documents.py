"""What the documents show is run, and what they name is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from synthmark.cli import exits
from synthmark.errors import CredentialError, MediaError, StoreError, UsageError
from synthmark.facts import ManifestReason
from synthmark.report import Verdict
from tests.pictures import coded, scene

ROOT = Path(__file__).parent.parent
NAMES = ["README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG"]
TEXTS = {name: (ROOT / f"{name}.md").read_text("utf-8") for name in NAMES}
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXTS["README"], re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_run(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "picture.png").write_bytes(coded(scene(0)))
    scope: dict[str, Any] = {}
    exec(example, scope)  # noqa: S102
    printed = capsys.readouterr().out
    assert "VERIFIED" in printed or "DECODED" in printed
    if "store" in scope:
        scope["store"].close()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_linked_is_there(name: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXTS[name]):
        assert (ROOT / target).exists(), target


def test_every_room_is_on_the_map_and_every_place_on_it_exists() -> None:
    _, _, rest = TEXTS["ARCHITECTURE"].partition("src/synthmark/\n")
    lines = rest.partition("```")[0].splitlines()
    places, room = set(), ""
    for line in lines:
        name = line.split()[0]
        room = room if line.startswith("    ") else name if name.endswith("/") else ""
        places.add(name if name == room else room + name)
    source = ROOT / "src" / "synthmark"
    for place in places:
        assert (source / place).exists(), place
    shown = {place.partition("/")[0] for place in places}
    there = {path.name for path in source.iterdir() if path.name not in ("__pycache__", "py.typed")}
    assert there == shown


def test_verdicts_reasons_and_exit_codes_are_those_of_the_code() -> None:
    for name in ("README", "ARCHITECTURE"):
        rows = re.findall(r"^\| `(\w+)` \|", TEXTS[name], re.MULTILINE)
        verdicts = [each.value for each in Verdict]
        assert [*dict.fromkeys(row for row in rows if row in verdicts)] == verdicts
    for reason in ManifestReason:
        assert f"`{reason.value}`" in TEXTS["ARCHITECTURE"]
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXTS["README"], re.MULTILINE)}
    assert codes == {0, 1, exits.OUR_BUG, exits.INTERRUPTED} | {
        exits.exit_code(kind("")) for kind in (UsageError, MediaError, CredentialError, StoreError)
    }


def test_the_table_of_benchmarks_names_all_that_can_be_run_and_nothing_else() -> None:
    described = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", TEXTS["CONTRIBUTING"], re.MULTILINE)
    folder = ROOT / "benchmarks"
    runnable = [
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.glob("*/*.py")
        if '__name__ == "__main__"' in path.read_text("utf-8")
    ]
    assert sorted(described) == sorted(runnable)
