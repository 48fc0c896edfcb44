from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from synthmark.errors import StoreError
from synthmark.store import open_store
from tests.store.records import content_id, record


def refused(path: Path) -> StoreError:
    with pytest.raises(StoreError) as raised:
        open_store(f"sqlite:///{path}")
    assert str(path) in raised.value.message
    return raised.value


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" * 500, b"text " * 1000])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    assert refused(path).code == "store.format"
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["picture.png"]


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    content = path.read_bytes()
    assert refused(path).code == "store.format"
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.touch()
    with open_store(f"sqlite:///{path}") as store:
        store.put(record())
        assert len(store) == 1


def test_a_store_of_another_version_names_both(tmp_path: Path) -> None:
    path = tmp_path / "future.db"
    open_store(f"sqlite:///{path}").close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    error = refused(path)
    assert error.code == "store.version"
    assert "version 7" in error.message


def test_a_record_that_is_damaged_says_so(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    with open_store(f"sqlite:///{path}") as store:
        store.put(record())
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE manifests SET time = 'yesterday'")
    connection.close()
    with open_store(f"sqlite:///{path}") as store, pytest.raises(StoreError) as raised:
        store.find(content_id(0))
    assert raised.value.code == "store.damaged"
