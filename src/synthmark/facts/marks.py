"""What marking gives back, and what a detector finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from synthmark.facts.medium import Medium
from synthmark.label import ContentId, ShortId, read_payload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


# Bytes of a payload that holds a whole content id.
_WHOLE = 16


class WatermarkState(Enum):
    """What the detector can say."""

    DECODED = "decoded"
    PRESENT = "present"
    ABSENT = "absent"
    SKIPPED = "skipped"


# The state that says most first.
_TELLING = tuple(WatermarkState)


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
        public: Whether that key is the public one, whatever its name.
        resolved: The whole id that a short payload stands for, where the store or another layer of
            the file knows it.
    """

    DERIVED: ClassVar = ("content_id", "short")

    payload: bytes
    key: str
    start: float
    end: float
    p_value: float
    stretch: float = 1.0
    pitch: float = 1.0
    public: bool = False
    resolved: ContentId | None = None

    @property
    def content_id(self) -> ContentId | ShortId:
        """The id that the payload spells, the short form where it is not resolved."""
        return self.resolved or read_payload(self.payload)

    @property
    def short(self) -> bool:
        """Whether the payload is the short form of an id."""
        return len(self.payload) < _WHOLE


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
        public: Whether that key is the public one, whatever its name.
    """

    DERIVED: ClassVar = ("content_ids",)

    state: WatermarkState
    payload: bytes | None = None
    key: str | None = None
    p_value: float | None = None
    geometry: Geometry | None = None
    segments: tuple[Segment, ...] = ()
    public: bool = False

    @property
    def content_ids(self) -> tuple[ContentId | ShortId, ...]:
        """Every id that was read, that of the longest segment first."""
        if self.payload is None:
            return ()
        segments = sorted(self.segments, key=lambda each: each.payload != self.payload)
        named = [each.content_id for each in segments] or [read_payload(self.payload)]
        return tuple(dict.fromkeys(named))


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
class WatermarkTrack:
    """What a detector found in one track of a file: in its picture, or in its sound.

    Attributes:
        medium: Which track it is.
        found: What the detector found.
        seconds: How long the track lasts; None of a picture.
    """

    medium: Medium
    found: Detection
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class WatermarkLayer:
    """The watermarks of one file, track by track.

    Attributes:
        tracks: What was found in each; none where no signal could be looked at.
    """

    DERIVED: ClassVar = ("state", "content_id", "key", "public", "p_value")

    tracks: tuple[WatermarkTrack, ...] = ()

    @property
    def best(self) -> Detection:
        """What was found in the track that says most, the first of several."""
        found = [track.found for track in self.tracks] or [Detection(WatermarkState.SKIPPED)]
        return min(found, key=lambda each: _TELLING.index(each.state))

    @property
    def state(self) -> WatermarkState:
        """What the detector can say."""
        return self.best.state

    @property
    def content_ids(self) -> tuple[ContentId | ShortId, ...]:
        """Every id, first that of the track that says most, and of its longest segment."""
        found = [self.best, *(track.found for track in self.tracks)]
        return tuple(dict.fromkeys(name for each in found for name in each.content_ids))

    @property
    def content_id(self) -> ContentId | ShortId | None:
        """The first id; None where none was read."""
        return self.content_ids[0] if self.content_ids else None

    @property
    def key(self) -> str | None:
        """Name of the key that the mark was found with."""
        return self.best.key

    @property
    def public(self) -> bool:
        """Whether a mark was found with the public key: anyone could have made it."""
        return any(track.found.public for track in self.tracks)

    @property
    def p_value(self) -> float | None:
        """Upper bound on the chance that an unmarked signal gives this result."""
        return self.best.p_value

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments of every track."""
        return tuple(each for track in self.tracks for each in track.found.segments)
