"""Files that an earlier synthmark wrote are read, whatever has been added since."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from synthmark.store import open_store
from tests.store.records import MOMENT, content_id, record

# As the first version made it, before there were short ids; never to be changed.
VERSION_1 = """
CREATE TABLE manifests (
    content_id TEXT PRIMARY KEY,
    manifest BLOB NOT NULL,
    fingerprint TEXT NOT NULL,
    thumbnail BLOB,
    media_type TEXT NOT NULL,
    time TEXT NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 0x73796e6d;
PRAGMA user_version = 1;
"""


@pytest.fixture
def written(tmp_path: Path) -> str:
    path = tmp_path / "manifests.db"
    old = record()
    row = (
        "sm1-24000000000000000000000000",
        old.manifest,
        old.fingerprint,
        old.thumbnail,
        old.media_type,
        MOMENT.isoformat(),
    )
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(VERSION_1)
    connection.execute("INSERT INTO manifests VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.close()
    return f"sqlite:///{path}"


def test_the_first_version_is_read_and_written(written: str) -> None:
    with open_store(written) as store:
        assert store.find(content_id(0)) == record()
        store.put(record(1))
        assert store.find(content_id(1)) == record(1)


def test_a_short_id_is_found_without_its_index(written: str) -> None:
    with open_store(written) as store:
        assert store.find_short(content_id(0).short) == record()
