"""What was found: the layers of a report, as facts, and the verdict that follows from them.

Facts are stored, the verdict, the triage and the findings are derived from them each time. This
module knows words only: no file, no clock, no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMA = "synthmark.report/1"

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


class Severity(Enum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing, with a stable dotted code."""

    code: str
    severity: Severity
    message: str

    def to_json(self) -> dict[str, str]:
        """Return the finding as JSON-ready values."""
        return {"code": self.code, "severity": self.severity.value, "message": self.message}


class Verdict(Enum):
    """The honest answer about one file; see ARCHITECTURE.md, Verdicts."""

    VERIFIED = "verified"
    RECOVERED = "recovered"
    MARKED = "marked"
    SUSPECTED = "suspected"
    CONFLICTING = "conflicting"
    UNMARKED = "unmarked"


class Triage(Enum):
    """The propagation platform's words of the Labelling Measures, article 6."""

    CONFIRMED = "confirmed"
    POSSIBLE = "possible"
    SUSPECTED = "suspected"
    NONE = "none"


# --- the watermark -------------------------------------------------------------------------------


class WatermarkState(Enum):
    """What the detector can say."""

    DECODED = "decoded"
    ABSENT = "absent"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the marked picture lies in the picture at hand.

    Attributes:
        rotation: Degrees counter-clockwise (0, 90, 180, 270) by which the marked picture was
            turned, after mirroring.
        mirrored: Whether it was first mirrored left to right.
    """

    rotation: int = 0
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector found in one signal.

    Attributes:
        state: Decoded or absent.
        payload: The exact message bytes, None when nothing was decoded.
        key: Name of the key that the payload was found with.
        p_value: Upper bound, by counting the checks made, on the chance that an unmarked signal
            passes one of them; None when nothing was decoded.
        geometry: How the marked picture lies in this one.
    """

    state: WatermarkState
    payload: bytes | None = None
    key: str | None = None
    p_value: float | None = None
    geometry: Geometry | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """A picture that now carries a payload.

    Attributes:
        pixels: uint8, the shape of the input.
        psnr: Peak signal-to-noise ratio of the change in dB, over all colour samples.
        margin: Soft-value quality above the decoder's threshold in dB, on the unattacked picture;
            0 is where half of all decodings fail.
    """

    pixels: NDArray[np.uint8]
    psnr: float
    margin: float


@dataclass(frozen=True, slots=True)
class WatermarkLayer:
    """The watermark of one file, with the content id its payload spells."""

    state: WatermarkState
    content_id: str | None = None
    key: str | None = None
    p_value: float | None = None
    geometry: Geometry | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the layer as JSON-ready values."""
        geometry = self.geometry and {
            "rotation": self.geometry.rotation,
            "mirrored": self.geometry.mirrored,
        }
        return {
            "state": self.state.value,
            "content_id": self.content_id,
            "key": self.key,
            "p_value": self.p_value,
            "geometry": geometry,
        }


# --- labels in metadata --------------------------------------------------------------------------

AIGC_KEYS = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)
"""The seven keys of GB 45438-2025 Annex E, in their order."""


@dataclass(frozen=True, slots=True)
class AigcLabel:
    """An AIGC label as it was found.

    Attributes:
        values: The seven keys with what the file gives for them, as text; absent keys are absent.
        place: Where it stands, such as ``XMP TC260:AIGC`` or ``PNG tEXt AIGC``.
        problems: Every departure from Annex E and from the guides' place, one line each, as
            warnings or errors; the label conforms when none is an error.
    """

    values: Mapping[str, str]
    place: str
    problems: tuple[Finding, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether the label has the normative form and place."""
        return all(problem.severity is not Severity.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True)
class LabelLayer:
    """The labels that stand in a file's metadata.

    Attributes:
        aigc: The AIGC label, the normative place first when there are several.
        digital_source_type: IPTC DigitalSourceType as written.
        problems: What is wrong with the metadata itself (a second label, unreadable XMP).
    """

    aigc: AigcLabel | None = None
    digital_source_type: str | None = None
    problems: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the layer as JSON-ready values."""
        aigc: dict[str, Any] = {"found": self.aigc is not None}
        if self.aigc:
            aigc |= {"conforms": self.aigc.conforms, "place": self.aigc.place}
            aigc |= {key: self.aigc.values.get(key) for key in AIGC_KEYS}
        return {"aigc": aigc, "iptc": {"digital_source_type": self.digital_source_type}}


# --- the manifest --------------------------------------------------------------------------------


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
    content_ids: tuple[str, ...] = ()
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

    def to_json(self) -> dict[str, Any]:
        """Return the layer as JSON-ready values."""
        return {
            "state": self.state.value,
            "reason": self.reason.value,
            "trusted": self.trusted,
            "development": self.development,
            "signer": self.signer,
            "time": self.time,
            "codes": list(self.codes),
        }


# --- is this the content the layers speak of? ----------------------------------------------------


class Likeness(Enum):
    """Whether two contents are the same, as far as fingerprints can tell."""

    NEAR = "near"
    FAR = "far"
    UNDECIDED = "undecided"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The content at hand beside the content that was signed.

    Attributes:
        likeness: The answer; unknown when there was nothing to compare with.
        distance: Bits of 256 in which the ISCC Image-Codes differ.
        correlation: Correlation of the thumbnails, -1 to 1, None without a stored one.
    """

    likeness: Likeness = Likeness.UNKNOWN
    distance: int | None = None
    correlation: float | None = None


# --- the report ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found in one file.

    Attributes:
        media_type: MIME type, sniffed from the content.
        watermark: The watermark layer.
        labels: The metadata labels.
        embedded: The manifest inside the file.
        recovered: The stored manifest that the watermark led to, None when none was looked up or
            none was found.
        comparison: The content at hand beside the content that was signed.
        notes: Findings of the media layer, such as damage that could be read past.
        timings: Seconds by step.
    """

    media_type: str
    watermark: WatermarkLayer
    labels: LabelLayer
    embedded: ManifestLayer
    recovered: ManifestLayer | None = None
    comparison: Comparison = Comparison()
    notes: tuple[Finding, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def manifest(self) -> ManifestLayer:
        """The manifest that counts: the embedded one while it matches, else the recovered one."""
        if self.recovered is None or self.embedded.matches_bytes:
            return self.embedded
        return self.recovered

    @property
    def content_ids(self) -> dict[str, str]:
        """The content id each layer names, by layer; a manifest's second id under its own name."""
        ids: dict[str, str] = {}
        if self.watermark.content_id:
            ids["watermark"] = self.watermark.content_id
        if self.labels.aigc and (produced := self.labels.aigc.values.get("ProduceID")):
            ids["AIGC label"] = produced
        for place, text in enumerate(self.embedded.content_ids):
            ids["manifest" if not place else f"manifest, binding {place + 1}"] = text
        return ids

    @property
    def content_id(self) -> str | None:
        """The one id that every layer names, None when there is none or they differ."""
        named = set(self.content_ids.values())
        return named.pop() if len(named) == 1 else None

    @property
    def verdict(self) -> Verdict:
        """The answer, derived from the facts; ARCHITECTURE.md has the table."""
        if self._conflicts:
            return Verdict.CONFLICTING
        if self.embedded.matches_bytes and (self.embedded.claims_generated or self._labelled):
            return Verdict.VERIFIED
        if self.recovered and self.recovered.state is ManifestState.RECOVERED:
            return Verdict.RECOVERED
        if self._labelled:
            return Verdict.MARKED
        if self.embedded.claims_generated:
            return Verdict.SUSPECTED
        return Verdict.UNMARKED

    @property
    def triage(self) -> Triage:
        """The verdict in the words of article 6 of the Labelling Measures."""
        verdict = self.verdict
        if verdict is Verdict.UNMARKED:
            return Triage.NONE
        if verdict in (Verdict.SUSPECTED, Verdict.CONFLICTING):
            return Triage.SUSPECTED
        weaker = {"2": Triage.POSSIBLE, "3": Triage.SUSPECTED}
        only_aigc = verdict is Verdict.MARKED and not self.watermark.content_id
        if only_aigc and self.labels.aigc and not self._generated_source_type:
            return weaker.get(self.labels.aigc.values.get("Label", ""), Triage.CONFIRMED)
        return Triage.CONFIRMED

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The reasons, most serious first."""
        found = [*self._conflicts, *self._manifest_findings, *self._comparison_findings]
        if self.watermark.key == "OPEN":
            found.append(
                _info(
                    "watermark.open-key",
                    "the watermark was made with the public OPEN key: anyone could have made it; "
                    "only a signature or a stored manifest is evidence",
                )
            )
        if self.labels.aigc:
            found += self.labels.aigc.problems
        found += [*self.labels.problems, *self.notes]
        order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
        return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON-ready values; docs/report.schema.json describes them."""
        return {
            "schema": SCHEMA,
            "media_type": self.media_type,
            "verdict": self.verdict.value,
            "triage": self.triage.value,
            "content_id": self.content_id,
            "watermark": self.watermark.to_json(),
            "labels": self.labels.to_json(),
            "manifest": self.manifest.to_json(),
            "findings": [finding.to_json() for finding in self.findings],
            "timings": dict(self.timings),
        }

    @property
    def _generated_source_type(self) -> bool:
        return self.labels.digital_source_type in GENERATED_SOURCE_TYPES

    @property
    def _labelled(self) -> bool:
        decoded = self.watermark.state is WatermarkState.DECODED
        return decoded or self.labels.aigc is not None or self._generated_source_type

    @property
    def _conflicts(self) -> list[Finding]:
        found = []
        if self.embedded.reason is ManifestReason.TAMPERED:
            found.append(
                _error("conflict.manifest-tampered", "the manifest was changed after it was signed")
            )
        ids = self.content_ids
        if len(set(ids.values())) > 1:
            named = ", ".join(f"{layer}: {text}" for layer, text in ids.items())
            found.append(_error("conflict.content-ids", f"the layers name different ids ({named})"))
        if self.comparison.likeness is Likeness.FAR and not self.embedded.matches_bytes:
            carrier = "watermark" if self.watermark.content_id else "manifest"
            found.append(
                _error(
                    f"conflict.{carrier}-copied",
                    f"the {carrier} belongs to other content: {_measured(self.comparison)}",
                )
            )
        captured = self.embedded.claims_captured or (
            self.labels.digital_source_type in CAPTURED_SOURCE_TYPES
        )
        if captured and (self._labelled or self.embedded.claims_generated):
            found.append(
                _error("conflict.capture-claim", "an AI label stands beside a claim of capture")
            )
        return found

    @property
    def _manifest_findings(self) -> list[Finding]:
        found = []
        text = _EMBEDDED_FINDINGS.get(self.embedded.reason)
        if text and not self.embedded.matches_bytes:
            found.append(Finding(f"manifest.{self.embedded.reason.value}", *text))
        layer = self.manifest
        if self.recovered and not self.embedded.matches_bytes:
            stored = _RECOVERED_FINDINGS[
                self.recovered.state is ManifestState.RECOVERED, self.recovered.reason
            ]
            found.append(Finding(f"store.{self.recovered.reason.value}", *stored))
        if layer.development:
            found.append(
                _warning(
                    "manifest.development",
                    "signed with a synthmark development certificate: it shows that nothing "
                    "changed, not who signed",
                )
            )
        elif layer.state is not ManifestState.ABSENT and layer.signer and not layer.trusted:
            found.append(
                _warning(
                    "manifest.unknown-signer",
                    f"the signer {layer.signer!r} chains to none of the trust anchors given",
                )
            )
        if self.embedded.matches_bytes and self.verdict is Verdict.UNMARKED:
            found.append(
                _info(
                    "manifest.not-generated",
                    "a valid signature is there, but it does not say that a model made this",
                )
            )
        return found

    @property
    def _comparison_findings(self) -> list[Finding]:
        likeness = self.comparison.likeness
        if self.embedded.matches_bytes or likeness is Likeness.FAR:
            return []
        if likeness is Likeness.UNDECIDED:
            return [
                _warning(
                    "fingerprint.undecided",
                    "whether this is the content that was signed cannot be decided: "
                    + _measured(self.comparison),
                )
            ]
        if likeness is Likeness.UNKNOWN and self.watermark.content_id:
            return [
                _warning(
                    "store.no-record",
                    "no stored manifest for this id was found, so it cannot be checked that the "
                    "watermark belongs to this content",
                )
            ]
        return []


_EMBEDDED_FINDINGS = {
    ManifestReason.EDITED: (
        Severity.ERROR,
        "the bytes were changed after signing: the manifest's hash does not match them",
    ),
    ManifestReason.EXPIRED: (
        Severity.ERROR,
        "the signing certificate has expired and no trusted time stamp says when it was used",
    ),
    ManifestReason.UNREADABLE: (Severity.ERROR, "there is a manifest that cannot be read"),
}
_RECOVERED_FINDINGS = {
    (True, ManifestReason.RECOVERED): (
        Severity.INFO,
        "the watermark led to a stored manifest: its signature is valid and its fingerprint is "
        "near this content",
    ),
    (False, ManifestReason.RECOVERED_MISMATCH): (
        Severity.WARNING,
        "the watermark led to a stored manifest that does not bind this watermark and content",
    ),
    (False, ManifestReason.EXPIRED): (
        Severity.WARNING,
        "the stored manifest's certificate has expired and it has no trusted time stamp",
    ),
    (False, ManifestReason.TAMPERED): (
        Severity.ERROR,
        "the stored manifest was changed after it was signed",
    ),
    (False, ManifestReason.UNREADABLE): (Severity.ERROR, "the stored manifest cannot be read"),
}


def _measured(comparison: Comparison) -> str:
    parts = []
    if comparison.distance is not None:
        parts.append(f"{comparison.distance} of 256 fingerprint bits differ")
    if comparison.correlation is not None:
        parts.append(f"thumbnail correlation {comparison.correlation:.2f}")
    return ", ".join(parts) or "no fingerprint"


def _info(code: str, message: str) -> Finding:
    return Finding(code, Severity.INFO, message)


def _warning(code: str, message: str) -> Finding:
    return Finding(code, Severity.WARNING, message)


def _error(code: str, message: str) -> Finding:
    return Finding(code, Severity.ERROR, message)
