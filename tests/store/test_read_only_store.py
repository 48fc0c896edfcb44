from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthmark.store import open_store
from tests.store.records import record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that users other than the test's can reach, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


WRITER = """
import os, sys
from synthmark.errors import StoreError
from synthmark.store import open_store
from tests.store.records import record
import sqlite3  # while this user still may read it
if os.getuid() == 0:
    os.setuid(65534)
try:
    with open_store(sys.argv[1]) as store:
        store.put(record(1))
except StoreError as error:
    print(error.code)
else:
    print("written")
"""


def code_without_rights(path: Path) -> str:
    """Put a record as a user whom permissions bind, and return the error's code."""
    done = subprocess.run(
        [sys.executable, "-c", WRITER, f"sqlite:///{path}"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("mode", "folder_mode", "code"),
    [
        (0o444, 0o777, "store.read-only"),
        (0o000, 0o755, "store.unavailable"),
        (0o666, 0o777, "written"),
    ],
    ids=["file not writable", "file not readable", "all allowed"],
)
def test_a_store_that_may_not_be_written_says_so(
    open_folder: Path, mode: int, folder_mode: int, code: str
) -> None:
    path = open_folder / "manifests.db"
    with open_store(f"sqlite:///{path}") as store:
        store.put(record())
    path.chmod(mode)
    open_folder.chmod(folder_mode)
    assert code_without_rights(path) == code
