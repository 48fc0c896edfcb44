from __future__ import annotations

from pathlib import Path

import pytest

from synthmark.errors import StoreError
from synthmark.store import open_store


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="its folder exists") as raised:
        open_store(f"sqlite:///{tmp_path}/nowhere/manifests.db")
    assert raised.value.code == "store.unavailable"


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened") as raised:
        open_store(f"sqlite:///{tmp_path}")
    assert raised.value.code == "store.unavailable"


def test_a_data_directory_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError, match=r"file/synthmark: cannot be made.*--store") as raised:
        open_store()
    assert raised.value.code == "store.unavailable"
