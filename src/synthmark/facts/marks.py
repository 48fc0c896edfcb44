"""What marking gives back, and what a detector finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
