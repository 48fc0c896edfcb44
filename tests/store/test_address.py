"""Where stores lie, and what is no address of one."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from synthmark.errors import StoreError
from synthmark.store import open_store
from tests.store.records import record


@pytest.mark.parametrize(
    "uri",
    ["", "manifests.db", "sqlite:", "sqlite:///", "sqlite://host/x.db", "postgres:///x", "\0"],
)
def test_what_is_no_store_address_is_told_with_an_example(uri: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///manifests") as raised:
        open_store(uri)
    assert raised.value.code == "store.uri"
    assert "\n" not in raised.value.message


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///here.db") as store:
        assert store.uri == f"sqlite:///{tmp_path}/here.db"
        assert store.uri.startswith("sqlite:////")
    assert (tmp_path / "here.db").is_file()


def test_the_users_own_lies_in_their_data_directory(home: Path) -> None:
    with open_store() as store:
        store.put(record())
        assert store.uri == f"sqlite:///{home}/data/synthmark/manifests.db"
    assert stat.S_IMODE((home / "data" / "synthmark").stat().st_mode) == 0o700
