"""Outputs to sign, and what is claimed about them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from synthmark import manifest
from synthmark.label import ContentId, Kind, Label, Provider
from synthmark.labels import aigc
from synthmark.manifest import Claim, Signed, Signer
from synthmark.media import Format
from synthmark.media.formats import AVIF, GIF, JPEG, PNG, TIFF, WEBP
from tests.media.samples import coded, colours

TYPES: tuple[Format, ...] = (PNG, JPEG, WEBP, GIF, TIFF, AVIF)
ACME = Provider(name="Acme")
ID = ContentId.new(Kind.GENERATED, ACME, lambda count: bytes(range(count)))
OTHER_ID = ContentId.new(Kind.GENERATED, ACME, bytes)
ISCC = "ISCC:EEDXUP65VRRLQGKI6XWKBZTMYF4PQ7Q5BU7EWS3QA7VSQNIS4CU4VJY"
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def picture(format: Format = PNG, width: int = 64) -> bytes:
    return coded(colours(width=width), format.name)


def claim(content_id: ContentId = ID, **changes: Any) -> Claim:
    facts: dict[str, Any] = {
        "content_id": content_id,
        "label": Label(model="acme-xl/3.1"),
        "provider": ACME,
        "aigc": aigc.compose(ACME, content_id),
        "fingerprint": ISCC,
        "time": datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC),
    }
    return Claim(**(facts | changes))


def signed(signer: Signer, format: Format = PNG, **options: Any) -> Signed:
    return manifest.sign(picture(format), format, claim=claim(), signer=signer, **options)


def active(asset: bytes, format: Format = PNG) -> dict[str, Any]:
    """The active manifest as the engine gives it."""
    store = manifest.describe(asset, format)
    assert store is not None
    found: dict[str, Any] = json.loads(json.dumps(store))["manifests"][store["active_manifest"]]
    return found
