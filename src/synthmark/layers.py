"""What one layer of a file can say: watermark, labels, manifest, and likeness to what was signed.

Facts only; what follows from them together is derived in `synthmark.report`, which also is the
place to import these words from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    """One thing worth knowing, with a stable dotted code.

    Attributes:
        code: Stable and dotted.
        severity: How much it matters.
        message: One line.
        accounts_for: What differs between input and output on purpose, by the beginning of its
            place (`media.inventory.Item`); no part of what is reported.
    """

    code: str
    severity: Severity
    message: str
    accounts_for: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def to_json(self) -> dict[str, str]:
        """Return the finding as JSON-ready values."""
        return {"code": self.code, "severity": self.severity.value, "message": self.message}


# --- the watermark -------------------------------------------------------------------------------


class WatermarkState(Enum):
    """What the detector can say."""

    DECODED = "decoded"
    PRESENT = "present"
    ABSENT = "absent"
    SKIPPED = "skipped"


class Strength(Enum):
    """How much a watermark may be noticed, for how much it survives."""

    INVISIBLE = "invisible"
    BALANCED = "balanced"
    ROBUST = "robust"


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the marked picture lies in the picture at hand.

    Attributes:
        rotation: Degrees counter-clockwise, 0 to 360, by which the marked picture was turned, after
            mirroring.
        mirrored: Whether it was first mirrored left to right.
        scale: Pixels of the picture at hand for each pixel of the canonical frame; of the frame of
            its own size, where only the coarse mark was left, which tells no size.
        corners: Where the marked picture's own upper left, upper right, lower right and lower left
            corners lie, as (x, y) in pixels; of a crop, those of what is left.
        inverted: Whether light and dark have changed places.
    """

    rotation: float
    mirrored: bool
    scale: float
    corners: tuple[tuple[float, float], ...]
    inverted: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the geometry as JSON-ready values."""
        return {
            "rotation": round(self.rotation, 2),
            "scale": round(self.scale, 4),
            "mirrored": self.mirrored,
            "inverted": self.inverted,
            "corners": [[round(x, 1), round(y, 1)] for x, y in self.corners],
        }


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of sound that carries one payload.

    Attributes:
        payload: The exact message bytes, 16 or 8.
        key: Name of the key that it was found with.
        start: Where it begins, in seconds.
        end: Where it ends, in seconds.
        p_value: Upper bound on the chance that unmarked sound passes one of the checks made.
        stretch: Its length over the length when it was marked.
        pitch: Its frequencies over those when it was marked.
    """

    payload: bytes
    key: str
    start: float
    end: float
    p_value: float
    stretch: float = 1.0
    pitch: float = 1.0


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector found in one signal.

    Attributes:
        state: Decoded, present (there is a watermark, but it cannot be read) or absent.
        payload: The exact message bytes, None when nothing was decoded; of sound that carries
            several, those of the longest segment.
        key: Name of the key that it was found with.
        p_value: Upper bound on the chance that an unmarked signal gives this result: by counting
            the checks made where a payload was decoded, by a measured null where a mark is present
            but cannot be read; of a picture without any, None.
        geometry: How the marked picture lies in this one.
        segments: Where in a sound each payload lies, in the order of time.
    """

    state: WatermarkState
    payload: bytes | None = None
    key: str | None = None
    p_value: float | None = None
    geometry: Geometry | None = None
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Marked:
    """A picture that now carries a payload.

    Attributes:
        pixels: uint8 or uint16, type and shape of the input.
        psnr: Peak signal-to-noise ratio of the change in dB, over all colour samples.
        margin: Soft-value quality above the decoder's threshold in dB, on the unattacked picture;
            0 is where half of all decodings fail.
    """

    pixels: NDArray[Any]
    psnr: float
    margin: float


@dataclass(frozen=True, slots=True)
class MarkedSound:
    """A sound that now carries a payload.

    Attributes:
        samples: float32 or int16, type and shape of the input.
        snr: Signal-to-noise ratio of the change in dB, over all samples.
        margin: Soft-value quality above the decoder's threshold in dB, over the unattacked sound
            as a whole; 0 is where half of all decodings fail.
    """

    samples: NDArray[np.float32] | NDArray[np.int16]
    snr: float
    margin: float


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of sound, with the content id its payload spells.

    Attributes:
        content_id: The id as text, the short form where it was not resolved.
        bits: Of the payload: 128, or 64 of the short form.
        key: Name of the key that it was found with.
        start: Where it begins, in seconds.
        end: Where it ends, in seconds.
        p_value: Upper bound on the chance that unmarked sound gives this.
        stretch: Its length over the length when it was marked.
        pitch: Its frequencies over those when it was marked.
    """

    content_id: str
    bits: int
    key: str
    start: float
    end: float
    p_value: float
    stretch: float = 1.0
    pitch: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return the part as JSON-ready values."""
        return {
            "content_id": self.content_id,
            "bits": self.bits,
            "key": self.key,
            "start": round(self.start, 2),
            "end": round(self.end, 2),
            "p_value": self.p_value,
            "confidence": 1 - self.p_value,
            "stretch": round(self.stretch, 4),
            "pitch": round(self.pitch, 4),
        }


@dataclass(frozen=True, slots=True)
class WatermarkLayer:
    """The watermark of one file, with the content id its payload spells.

    Attributes:
        state: What the detector can say.
        content_id: The id as text; of sound that carries several, that of the longest part.
        key: Name of the key that it was found with.
        p_value: Upper bound on the chance that an unmarked signal gives this.
        geometry: How a marked picture lies in this one.
        parts: Where in a sound which id lies, in the order of time.
        seconds: How long the sound lasts, None of a picture.
    """

    state: WatermarkState
    content_id: str | None = None
    key: str | None = None
    p_value: float | None = None
    geometry: Geometry | None = None
    parts: tuple[Part, ...] = ()
    seconds: float | None = None

    @property
    def content_ids(self) -> tuple[str, ...]:
        """Every id, that of the longest part first."""
        named = (self.content_id, *(part.content_id for part in self.parts))
        return tuple(dict.fromkeys(text for text in named if text))

    def to_json(self) -> dict[str, Any]:
        """Return the layer as JSON-ready values."""
        return {
            "state": self.state.value,
            "content_id": self.content_id,
            "key": self.key,
            "p_value": self.p_value,
            "geometry": self.geometry and self.geometry.to_json(),
            "segments": [part.to_json() for part in self.parts],
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
        distance: Bits of 256 in which the ISCC Image-Codes differ; None where the thumbnails agree,
            there is no code, or of sound.
        correlation: Of the thumbnails, or of the prints of sounds, -1 to 1; None without a stored
            one.
    """

    likeness: Likeness = Likeness.UNKNOWN
    distance: int | None = None
    correlation: float | None = None
