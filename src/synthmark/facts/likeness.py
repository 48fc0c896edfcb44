"""Whether this is the content that the layers speak of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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
