from __future__ import annotations

import pytest

from synthmark.errors import StoreError
from synthmark.store import open_store


@pytest.mark.parametrize(
    "uri", ["", "manifests.db", "sqlite:", "sqlite:///", "sqlite://host/x.db", "postgres:///x"]
)
def test_what_is_no_store_address_is_told_with_an_example(uri: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///manifests") as raised:
        open_store(uri)
    assert raised.value.code == "store.uri"
