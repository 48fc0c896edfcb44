"""Every code that the source can give, and docs/reference/codes.md, which lists them.

python -m tests.codes       # writes the page anew; what an error code means is written by hand
"""

from __future__ import annotations

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from synthmark import errors, words

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "codes.md"
SOURCE = Path(words.__file__).parent
KINDS = [vars(errors)[name] for name in errors.__all__]

# A status of C2PA, and no code of synthmark.
_NOT_OURS = "manifest.inaccessible"
_FAMILIES = {
    *(code.partition(".")[0] for code in words.ENGLISH),
    *(kind.code.partition(".")[0] for kind in KINDS),
    "sign",
}
_HEAD = """# Codes

Every error and every finding has a code. Codes are stable, sentences are not; `--json` gives both.
`python -m tests.codes` writes this page, and a test holds it complete.

## Errors

Nothing could be looked at, or nothing was written. An error without a code of its own has that of
its class.

| code | what is wrong | from |
| --- | --- | --- |
"""
_MIDDLE = """
## Findings

What is known of a file beside its verdict. In braces stands what a finding fills in, its
`parameters`; of two ways to say it, parted by a slash, one holds.

| code | what it says | from |
| --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Made:
    """One place in the source that makes a finding."""

    code: str
    parameters: frozenset[str]
    where: str


def made() -> list[Made]:
    """Every place in the source that makes a finding."""
    return [each for path in _files() for each, _ in _made(path)]


def raised() -> Mapping[str, set[str]]:
    """Every code of an error, with the rooms that give it."""
    found: dict[str, set[str]] = defaultdict(set, {kind.code: {"errors"} for kind in KINDS})
    for path in _files():
        # Any text of the form of a code is one of an error where it does not make a finding.
        findings = {id(constant) for _, constant in _made(path)}
        for node in ast.walk(_tree(path)):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and id(node) not in findings and text != _NOT_OURS:
                family, dot, name = text.partition(".")
                if dot and family in _FAMILIES and re.fullmatch("[a-z0-9-]+", name):
                    found[text].add(_room(path))
    return found


def page(now: str) -> str:
    """Return the page as it should be, with what is written by hand `now`."""
    written, _, _ = now.partition("## Findings")
    meant = dict(re.findall(r"^\| `([^`]+)` \| (.*?) \| [^|]* \|$", written, re.MULTILINE))
    rooms: dict[str, set[str]] = defaultdict(set)
    for each in made():
        rooms[each.code].add(each.where.partition("/")[0].partition(".")[0])
    rows = [_row(code, meant.get(code, ""), origin) for code, origin in raised().items()]
    said = [_row(code, _told(code), rooms[code]) for code in words.ENGLISH]
    return _HEAD + "".join(sorted(rows)) + _MIDDLE + "".join(sorted(said))


def _row(code: str, text: str, rooms: set[str]) -> str:
    return f"| `{code}` | {text} | {', '.join(sorted(rooms))} |\n"


def _told(code: str) -> str:
    told = words.ENGLISH[code]
    text = inspect.getdoc(told) or "" if callable(told) else told
    text = re.sub(r"\{\w+:([^{}|]*)\|([^{}]*)\}", r"(\1 / \2)", text)
    return re.sub(r"\{(\w+)[^}]*\}", r"{\1}", text)


def _made(path: Path) -> Iterator[tuple[Made, ast.Constant]]:
    tree = _tree(path)
    # A severity may be chosen first: serious = Finding.warning if agree else Finding.error
    chosen = {
        target.id
        for each in ast.walk(tree)
        if isinstance(each, ast.Assign) and not isinstance(each.value, ast.Call)
        if any(map(_is_maker, ast.walk(each.value)))
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    for call in (each for each in ast.walk(tree) if isinstance(each, ast.Call)):
        if _is_maker(call.func) or (isinstance(call.func, ast.Name) and call.func.id in chosen):
            where = f"{path.relative_to(SOURCE)}:{call.lineno}"
            names = {keyword.arg or "**" for keyword in call.keywords} - {"accounts_for"}
            (code,) = call.args
            for branch in [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]:
                assert isinstance(branch, ast.Constant), where
                yield Made(str(branch.value), frozenset(names), where), branch


def _is_maker(node: ast.AST) -> bool:
    return ast.unparse(node) in ("Finding.info", "Finding.warning", "Finding.error")


_TREES: dict[Path, ast.Module] = {}


def _tree(path: Path) -> ast.Module:
    if path not in _TREES:
        _TREES[path] = ast.parse(path.read_text("utf-8"))
    return _TREES[path]


def _files() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path.name != "words.py"]


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8") if PAGE.exists() else ""), "utf-8")
