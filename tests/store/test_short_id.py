from __future__ import annotations

import sqlite3
from pathlib import Path

from synthmark.label import ContentId
from synthmark.store import Store, open_store
from tests.store.records import record

ID = ContentId(bytes(range(16)))


def opened(folder: Path) -> Store:
    return open_store(f"sqlite:///{folder / 'manifests.db'}")


def test_a_short_id_leads_to_the_whole_one(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for number in range(50):
            store.put(record(number))
        store.put(record(content_id=ID))
        found = store.find_short(ID.short)
        assert found == record(content_id=ID)
        assert store.find_short(ContentId(bytes(16)).short) is None


def test_two_that_share_it_are_not_told_apart(tmp_path: Path) -> None:
    twin = ContentId(ID.payload[:15] + b"!")
    with opened(tmp_path) as store:
        store.put(record(content_id=ID))
        store.put(record(content_id=twin))
        assert store.find_short(ID.short) is None
        assert store.find(twin) == record(content_id=twin)


def test_ids_that_differ_just_outside_of_the_index(tmp_path: Path) -> None:
    # The index holds ten characters, 50 of the 56 bits: the others are compared one by one.
    near = ContentId(ID.payload[:4] + b"\x84" + ID.payload[5:])
    with opened(tmp_path) as store:
        store.put(record(content_id=ID))
        store.put(record(content_id=near))
        assert store.find_short(ID.short) == record(content_id=ID)
        assert store.find_short(near.short) == record(content_id=near)


def test_it_is_found_without_the_index_of_newer_stores(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.put(record(content_id=ID))
    connection = sqlite3.connect(tmp_path / "manifests.db")
    connection.execute("DROP INDEX by_short_id")
    connection.close()
    with opened(tmp_path) as store:
        assert store.find_short(ID.short) == record(content_id=ID)
