"""The house keeps its floors, its surface and its light door."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import synthmark

HEAVY = {"numba", "c2pa", "cv2", "numpy", "iscc_core", "cryptography", "PIL", "sqlite3"}

SURFACE = {
    "ContentId", "EmbedResult", "Embedder", "Finding", "KeyRing", "Label", "Limits", "OPEN_KEY",
    "Provider", "Report", "Severity", "Signer", "SourceType", "Store", "Strength", "SynthmarkError",
    "Triage", "Trust", "Verdict", "Verifier", "WatermarkKey", "__version__", "embed", "errors",
    "open_store", "verify", "watermark", "words",
}  # fmt: skip


# The rooms whose names are public as well.
PUBLIC = {
    "synthmark.watermark": {"audio", "image"},
    "synthmark.watermark.image": {"NOT_HELD", "detect", "embed", "warmup"},
    "synthmark.watermark.audio": {
        "DetectStream", "EmbedStream", "NOT_HELD", "Search", "detect", "detect_blocks",
        "embed", "read_existing", "warmup",
    },
    "synthmark.errors": {
        "CredentialError", "LimitError", "MediaError", "ReadBackError", "StoreError",
        "SynthmarkError", "TargetError", "UnmarkableError", "UnreadableError", "UnsupportedError",
        "UsageError",
    },
}  # fmt: skip
FACES = ["synthmark"] + [
    found.name for found in pkgutil.walk_packages(synthmark.__path__, "synthmark.") if found.ispkg
]


SOURCE = Path(synthmark.__file__).parent
SOURCES = sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 450, 60


# Words that CONTRIBUTING gives another word for.
DISCARDED = re.compile(
    r"foret[eo]l\w*|outliv\w*|lets? go of|what is clear|no sound (?:\w+ )?header", re.IGNORECASE
)


def loaded_by(code: str) -> set[str]:
    report = f"{code}\nimport sys; print(*{{m.partition('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split("\n")[-2].split())


def test_imports_only_go_down_the_floors() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_file_and_its_functions_are_short(path: Path) -> None:
    text = (SOURCE / path).read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and not _is_kernel(node):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= LONGEST_FUNCTION, node.name


def _is_kernel(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(each).startswith("kernel(") for each in function.decorator_list)


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_things_are_called_by_their_agreed_words(path: Path) -> None:
    assert not DISCARDED.findall((SOURCE / path).read_text("utf-8"))


def test_the_surface_is_pinned() -> None:
    assert set(synthmark.__all__) == SURFACE == set(dir(synthmark))
    for name in SURFACE:
        assert getattr(synthmark, name) is not None


@pytest.mark.parametrize("room", PUBLIC)
def test_the_names_of_a_public_room_are_pinned(room: str) -> None:
    assert set(importlib.import_module(room).__all__) == PUBLIC[room]


@pytest.mark.parametrize("face", FACES)
def test_every_package_says_what_it_exports(face: str) -> None:
    module = importlib.import_module(face)
    names = module.__all__
    assert len(names) == len(set(names))
    for name in names:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("room", [synthmark, synthmark.watermark])
def test_a_name_that_is_not_there_is_an_attribute_error(room: ModuleType) -> None:
    with pytest.raises(AttributeError, match="strip"):
        getattr(room, "strip")  # noqa: B009


def test_importing_synthmark_loads_nothing_heavy() -> None:
    assert not HEAVY & loaded_by("import synthmark")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['synthmark', '--help']\n"
        "from synthmark.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass"
    )
    assert not HEAVY & loaded_by(code)


@pytest.mark.parametrize("verb", ["embed", "verify", "inspect", "doctor"])
def test_help_of_a_verb_loads_no_kernel_and_no_engine(verb: str) -> None:
    code = (
        f"import sys; sys.argv = ['synthmark', '{verb}', '--help']\n"
        "from synthmark.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass"
    )
    assert not {"numba", "c2pa", "cv2"} & loaded_by(code)
