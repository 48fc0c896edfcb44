"""Label generated media so that people and machines can tell, and verify the labels.

    import synthmark

    embedder = synthmark.Embedder(provider=synthmark.Provider("Acme"))
    result = embedder.embed(data, synthmark.Label(model="acme-xl/3.1"))
    report = synthmark.Verifier().verify(result.asset)

Names load on first use: importing synthmark imports neither numba, cv2 nor c2pa.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthmark import errors, watermark, words
    from synthmark.defaults import embed, verify
    from synthmark.embedder import Embedder, EmbedResult
    from synthmark.errors import SynthmarkError
    from synthmark.facts import Finding, Severity, Strength
    from synthmark.keys import OPEN_KEY, KeyRing, WatermarkKey
    from synthmark.label import ContentId, Label, Provider, SourceType
    from synthmark.limits import Limits
    from synthmark.manifest import Signer, Trust
    from synthmark.report import Report, Triage, Verdict
    from synthmark.store import Store, open_store
    from synthmark.verifier import Verifier

__version__ = "0.1.0"

_HOMES = {
    "ContentId": "label",
    "EmbedResult": "embedder",
    "Embedder": "embedder",
    "Finding": "facts",
    "KeyRing": "keys",
    "Label": "label",
    "Limits": "limits",
    "OPEN_KEY": "keys",
    "Provider": "label",
    "Report": "report",
    "Severity": "facts",
    "Signer": "manifest",
    "SourceType": "label",
    "Store": "store",
    "Strength": "facts",
    "SynthmarkError": "errors",
    "Triage": "report",
    "Trust": "manifest",
    "Verdict": "report",
    "Verifier": "verifier",
    "WatermarkKey": "keys",
    "embed": "defaults",
    "open_store": "store",
    "verify": "defaults",
}
_ROOMS = ("errors", "watermark", "words")

__all__ = [
    "OPEN_KEY",
    "ContentId",
    "EmbedResult",
    "Embedder",
    "Finding",
    "KeyRing",
    "Label",
    "Limits",
    "Provider",
    "Report",
    "Severity",
    "Signer",
    "SourceType",
    "Store",
    "Strength",
    "SynthmarkError",
    "Triage",
    "Trust",
    "Verdict",
    "Verifier",
    "WatermarkKey",
    "__version__",
    "embed",
    "errors",
    "open_store",
    "verify",
    "watermark",
    "words",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())


if not TYPE_CHECKING:  # a type checker takes what has no name here for a mistake

    def __getattr__(name: str) -> Any:
        if name in _ROOMS:
            return importlib.import_module(f"synthmark.{name}")
        if name in _HOMES:
            value = getattr(importlib.import_module(f"synthmark.{_HOMES[name]}"), name)
            globals()[name] = value
            return value
        raise AttributeError(f"module 'synthmark' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
