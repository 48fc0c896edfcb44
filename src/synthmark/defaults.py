"""One-offs on the embedded default: development certificate, OPEN key, per-user store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthmark.embedder import Embedder, EmbedResult
from synthmark.store import open_store
from synthmark.verifier import Verifier

if TYPE_CHECKING:
    from synthmark.label import Label
    from synthmark.media import Input
    from synthmark.report import Report


def embed(source: Input, label: Label | None = None) -> EmbedResult:
    """Label one output with the defaults; see `Embedder.embed`."""
    with open_store() as store:
        return Embedder(store=store).embed(source, label)


def verify(source: Input) -> Report:
    """Check one file with the defaults; see `Verifier.verify`."""
    with open_store() as store:
        return Verifier(store=store).verify(source)
