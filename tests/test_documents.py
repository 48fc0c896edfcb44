"""What the documents show is run, and what they name is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import synthmark
from synthmark.cli import exits
from synthmark.errors import CredentialError, MediaError, StoreError, UsageError
from synthmark.facts import ManifestReason
from synthmark.report import Verdict
from tests.pictures import coded, scene

ROOT = Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).with_suffix("").as_posix(): path.read_text("utf-8")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
}
EXAMPLES = {
    f"{name} {number}": example
    for name, text in PAGES.items()
    if name != "README.zh"
    for number, example in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL), 1)
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_run(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "picture.png").write_bytes(coded(scene(0)))
    scope: dict[str, Any] = {}
    exec(EXAMPLES[example], scope)  # noqa: S102
    if "print(" in EXAMPLES[example]:
        printed = capsys.readouterr().out
        assert "VERIFIED" in printed or "DECODED" in printed
    if "store" in scope:
        scope["store"].close()


@pytest.mark.parametrize("name", PAGES)
def test_what_is_linked_is_there(name: str) -> None:
    folder = (ROOT / name).parent
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGES[name]):
        assert (folder / target).exists(), target


def test_every_document_is_in_the_index() -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", PAGES["docs/README"])
    there = {name for name in PAGES if name.startswith("docs/") and name != "docs/README"}
    assert there <= {f"docs/{target.removesuffix('.md')}" for target in linked}


def test_the_readme_is_short_and_says_how_to_install() -> None:
    for name in ("README", "README.zh"):
        assert len(PAGES[name].splitlines()) <= 110
        commands = _code(PAGES[name])
        assert {"pip install .", "make demo", "make test"} <= set(commands)


def test_both_readmes_show_the_same_commands() -> None:
    assert _code(PAGES["README"]) == _code(PAGES["README.zh"])


def _code(text: str) -> list[str]:
    """Return the lines of all that is shown as code, without what is said beside them."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [re.sub(r"\s+# .*$", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_every_public_name_is_in_the_reference() -> None:
    page = PAGES["docs/reference/python"]
    described = {
        name
        for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    rooms = (synthmark.watermark.image, synthmark.watermark.audio, synthmark.errors)
    assert described == {*synthmark.__all__, *(name for room in rooms for name in room.__all__)}


def test_every_room_is_on_the_map_and_every_place_on_it_exists() -> None:
    _, _, rest = PAGES["ARCHITECTURE"].partition("src/synthmark/\n")
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
    for name in ("docs/reference/verdicts", "README.zh", "ARCHITECTURE"):
        rows = re.findall(r"^\| `(\w+)` \|", PAGES[name], re.MULTILINE)
        verdicts = [each.value for each in Verdict]
        assert [*dict.fromkeys(row for row in rows if row in verdicts)] == verdicts
    for reason in ManifestReason:
        assert f"`{reason.value}`" in PAGES["ARCHITECTURE"]
    codes = {
        int(code)
        for code in re.findall(r"^\| (\d+) \|", PAGES["docs/reference/command-line"], re.MULTILINE)
    }
    assert codes == {0, 1, exits.OUR_BUG, exits.INTERRUPTED} | {
        exits.exit_code(kind("")) for kind in (UsageError, MediaError, CredentialError, StoreError)
    }


def test_a_newcomer_is_sent_to_places_that_exist() -> None:
    table = PAGES["CONTRIBUTING"].partition("## Where do I go for")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (\w[^|]*?) \| (.*) \|$", table, re.MULTILINE))
    needed = {"format", "label place", "store", "law", "finding", "kernel", "verb"}
    assert needed <= {name.partition(" ")[2] for name in rows}
    for name, place in rows.items():
        if name != "for":
            paths = re.findall(r"`([\w./]+/[\w./]*)`", place)
            assert paths, name
            for path in paths:
                assert (ROOT / path).exists(), path


def test_the_table_of_benchmarks_names_all_that_can_be_run_and_nothing_else() -> None:
    described = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", PAGES["CONTRIBUTING"], re.MULTILINE)
    folder = ROOT / "benchmarks"
    runnable = [
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.glob("*/*.py")
        if '__name__ == "__main__"' in path.read_text("utf-8")
    ]
    assert sorted(described) == sorted(runnable)
