from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from synthmark import Embedder, Provider, Store, Verifier, open_store

PROVIDER = Provider(name="Acme", code="001191110102MACQD9K64010000")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'manifests.db'}") as opened:
        yield opened


@pytest.fixture
def embedder(store: Store) -> Embedder:
    return Embedder(provider=PROVIDER, store=store)


@pytest.fixture
def verifier(store: Store) -> Verifier:
    return Verifier(store=store)
