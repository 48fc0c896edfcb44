"""From what is claimed about an output to the definition of its manifest.

C2PA specification 2.2: actions 18.14, soft bindings 18.10. Every assertion is `created`, asserted
by the signer; without the flag the engine files it under `gathered_assertions`.
"""

from __future__ import annotations

import base64
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from synthmark.facts import Medium
from synthmark.label import ContentId, Label, Provider
from synthmark.watermark.scheme import AUDIO_GENERATIONS, IMAGE_GENERATIONS, Scheme

ISCC = "io.iscc.v0"
"""The name of a picture's fingerprint among C2PA's soft-binding algorithms, as listed there."""
SOUND_PRINT = "org.synthmark.sound-print.1"
"""The name of a sound's fingerprint there."""
AIGC_LABEL = "org.synthmark.aigc-label"
"""The assertion that holds the seven keys of GB 45438-2025."""
SOFT_BINDING = "c2pa.soft-binding"
ACTIONS = "c2pa.actions.v2"
PROVIDER = "org.synthmark.provider"
DATA_HASH = "c2pa.hash.data"

# The newest watermark, and the name of the fingerprint.
_BINDINGS = {
    Medium.PICTURE: (IMAGE_GENERATIONS[0], ISCC),
    Medium.SOUND: (AUDIO_GENERATIONS[0], SOUND_PRINT),
}
# Bytes of the field that the assertion must have, and that nothing is made of here.
_PAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a manifest says.

    Attributes:
        content_id: What the watermark carries.
        label: How the content came to be, and the model.
        provider: Who produced it.
        aigc: The seven keys, as `labels.aigc.compose` returns them.
        fingerprint: ISCC code of the marked picture, or print of the marked sound.
        medium: What the content is.
        short: Whether its watermark carries the short form of the id.
        time: When the actions took place, with a time zone.
    """

    content_id: ContentId
    label: Label
    provider: Provider
    aigc: Mapping[str, str]
    fingerprint: str
    time: datetime
    medium: Medium = Medium.PICTURE
    short: bool = False


def define(claim: Claim, *, has_parent: bool) -> dict[str, Any]:
    """Return the manifest's definition for the engine's builder.

    Args:
        claim: What to say.
        has_parent: Whether the content was made from a file that carries a manifest: it is then
            opened and edited, for a second `c2pa.created` would silently drop its history.
    """
    synthmark = {"name": "synthmark", "version": importlib.metadata.version("synthmark")}
    generator = synthmark | ({PROVIDER: claim.provider.name} if claim.provider.name else {})
    made: dict[str, Any] = {"digitalSourceType": claim.label.source_type.value}
    if claim.label.model:
        made["softwareAgent"] = {"name": claim.label.model}
    actions: list[dict[str, Any]] = [{"action": "c2pa.created"} | made]
    if has_parent:
        opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
        actions = [opened, {"action": "c2pa.edited"} | made]
    actions.append({"action": "c2pa.watermarked.bound", "softwareAgent": synthmark})
    when = claim.time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    carried = claim.content_id.short if claim.short else claim.content_id
    value = base64.b64encode(carried.payload).decode("ascii")
    scheme, likeness = _BINDINGS[claim.medium]
    return {
        "claim_generator_info": [generator],
        "assertions": [
            _assertion(
                ACTIONS,
                {
                    "allActionsIncluded": True,
                    "actions": [action | {"when": when} for action in actions],
                },
            ),
            _assertion(SOFT_BINDING, _binding(watermark_name(scheme), value)),
            _assertion(SOFT_BINDING, _binding(likeness, claim.fingerprint)),
            _assertion(AIGC_LABEL, dict(claim.aigc)) | {"kind": "Json"},
        ],
    }


def watermark_name(scheme: Scheme) -> str:
    """Return the name of a watermark among C2PA's soft-binding algorithms."""
    return f"org.synthmark.{scheme.name}"


def bound(definition: dict[str, Any], start: int, length: int, digest: bytes) -> dict[str, Any]:
    """Return a definition with the hard binding to a file in which the place is reserved.

    Args:
        definition: What `define` returned.
        start: Where the manifest is to lie.
        length: Its bytes.
        digest: SHA-256 of all other bytes of the file (C2PA specification 2.2, 18.5).
    """
    data = {
        "exclusions": [{"start": start, "length": length}],
        "name": "jumbf manifest",
        "alg": "sha256",
        "hash": list(digest),
        "pad": [0] * _PAD,
    }
    return definition | {"assertions": [*definition["assertions"], _assertion(DATA_HASH, data)]}


def _assertion(label: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "created": True, "data": data}


def _binding(algorithm: str, value: str) -> dict[str, Any]:
    # The specification wants a byte string, which JSON cannot name; everyone writes text.
    return {"alg": algorithm, "blocks": [{"scope": {}, "value": value}]}
