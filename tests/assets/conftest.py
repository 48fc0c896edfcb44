from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from synthmark import Embedder, Provider, Report, Store, Verifier, open_store
from synthmark.facts import WatermarkLayer

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


@pytest.fixture
def unread_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the first file that is looked at be one whose watermark is not found."""
    examine = Verifier.examine

    def unread(self: Verifier, *given: Any, **options: Any) -> tuple[Report, tuple[str, ...]]:
        monkeypatch.setattr(Verifier, "examine", examine)
        report, differences = examine(self, *given, **options)
        return replace(report, watermark=WatermarkLayer()), differences

    monkeypatch.setattr(Verifier, "examine", unread)
