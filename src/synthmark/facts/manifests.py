"""A C2PA manifest, as it was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from synthmark.label import ContentId, ShortId

_CV = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED_SOURCE_TYPES = frozenset(
    {
        _CV + "trainedAlgorithmicMedia",
        _CV + "compositeWithTrainedAlgorithmicMedia",
        _CV + "compositeSynthetic",
        "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData",
    }
)
"""IPTC and C2PA source types that say a model made the content, wholly or in part."""
CAPTURED_SOURCE_TYPES = frozenset(
    _CV + term
    for term in (
        "digitalCapture",
        "computationalCapture",
        "compositeCapture",
        "negativeFilm",
        "positiveFilm",
        "print",
    )
)
"""Source types that claim a camera or film made the content."""


class ManifestState(Enum):
    """What the signature is worth."""

    TRUSTED = "trusted"
    VALID = "valid"
    INVALID = "invalid"
    RECOVERED = "recovered"
    ABSENT = "absent"


class ManifestReason(Enum):
    """Why a manifest has its state."""

    AUTHENTIC = "authentic"
    UNKNOWN_SIGNER = "authentic-unknown-signer"
    RECOVERED = "recovered"
    RECOVERED_MISMATCH = "recovered-mismatch"
    EDITED = "edited-after-signing"
    EXPIRED = "expired-no-timestamp"
    TAMPERED = "tampered-manifest"
    UNREADABLE = "unreadable"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestLayer:
    """A C2PA manifest, embedded or led to by the watermark.

    Attributes:
        state: What the signature is worth.
        reason: Why.
        trusted: Whether the signer chains to a trust anchor.
        development: Whether a synthmark development certificate signed.
        signer: Name of the signer, from the certificate's subject.
        time: When it was signed, ISO 8601, None without a trusted time stamp.
        codes: C2PA status codes of failure, and informative ones that matter.
        content_ids: Every content id the manifest names, in its bindings and assertions.
        fingerprint: The ISCC it binds, None when it binds none.
        source_types: Digital source types its actions claim.
    """

    state: ManifestState = ManifestState.ABSENT
    reason: ManifestReason = ManifestReason.NONE
    trusted: bool = False
    development: bool = False
    signer: str | None = None
    time: str | None = None
    codes: tuple[str, ...] = ()
    content_ids: tuple[ContentId | ShortId, ...] = ()
    fingerprint: str | None = None
    source_types: tuple[str, ...] = ()

    @property
    def claims_generated(self) -> bool:
        """Whether it says that a model made the content."""
        return not GENERATED_SOURCE_TYPES.isdisjoint(self.source_types)

    @property
    def claims_captured(self) -> bool:
        """Whether it says that a camera made the content."""
        return not CAPTURED_SOURCE_TYPES.isdisjoint(self.source_types)

    @property
    def matches_bytes(self) -> bool:
        """Whether the signature is valid and covers exactly the bytes at hand."""
        return self.state in (ManifestState.TRUSTED, ManifestState.VALID)
