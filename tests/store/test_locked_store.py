from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from synthmark.errors import StoreError
from synthmark.store import open_store, sqlite
from tests.store.records import content_id, record


def test_a_store_that_another_holds_is_told_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.1)
    path = tmp_path / "manifests.db"
    with open_store(f"sqlite:///{path}") as store:
        store.put(record(0))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process") as raised:
            store.put(record(1))
        assert raised.value.code == "store.locked"
        # Readers never wait.
        assert store.find(content_id(0)) == record(0)
        other.execute("ROLLBACK")
        other.close()
        store.put(record(1))
        assert len(store) == 2
