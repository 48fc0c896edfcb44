from __future__ import annotations

import stat
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from synthmark.errors import StoreError
from synthmark.store import open_store
from tests.store.records import MOMENT, content_id, record


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'manifests.db'}"


def test_what_is_put_is_found(uri: str) -> None:
    with open_store(uri) as store:
        for number in range(3):
            store.put(record(number))
        assert [store.find(content_id(number)) for number in range(3)] == [
            record(number) for number in range(3)
        ]
        assert len(store) == 3


def test_what_was_not_put_is_not_found(uri: str) -> None:
    with open_store(uri) as store:
        assert store.find(content_id(0)) is None
        assert len(store) == 0


def test_it_is_there_when_opened_again(uri: str) -> None:
    with open_store(uri) as store:
        store.put(record())
    with open_store(uri) as store:
        assert store.find(content_id(0)) == record()


def test_putting_twice_changes_nothing(uri: str) -> None:
    with open_store(uri) as store:
        store.put(record())
        store.put(record())
        assert len(store) == 1
        assert store.find(content_id(0)) == record()


def test_of_two_with_one_id_the_newer_stays(uri: str) -> None:
    newer = record(manifest=b"newer", media_type="image/webp")
    with open_store(uri) as store:
        store.put(record())
        store.put(newer)
        assert len(store) == 1
        assert store.find(content_id(0)) == newer


def test_a_record_without_a_thumbnail_is_kept(uri: str) -> None:
    with open_store(uri) as store:
        store.put(record(thumbnail=None))
        assert store.find(content_id(0)) == record(thumbnail=None)


def test_times_keep_their_moment_whatever_the_zone(uri: str) -> None:
    with open_store(uri) as store:
        store.put(record(time=MOMENT.astimezone(timezone(timedelta(hours=8)))))
        found = store.find(content_id(0))
    assert found is not None
    assert found.time == MOMENT
    assert found.time.utcoffset() == timedelta(0)


def test_the_address_is_absolute_wherever_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///here.db") as store:
        assert store.uri == f"sqlite:///{tmp_path}/here.db"
        assert store.uri.startswith("sqlite:////")
    with open_store(store.uri) as again:
        assert again.uri == store.uri
    assert (tmp_path / "here.db").is_file()


def test_the_users_own_lies_in_their_data_directory(home: Path) -> None:
    with open_store() as store:
        store.put(record())
        assert store.uri == f"sqlite:///{home}/data/synthmark/manifests.db"
    assert stat.S_IMODE((home / "data" / "synthmark").stat().st_mode) == 0o700


def test_a_closed_store_says_so(uri: str) -> None:
    store = open_store(uri)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="was closed") as raised:
        store.find(content_id(0))
    assert raised.value.code == "store.closed"
