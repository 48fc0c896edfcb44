"""Predict how a change will look: a quick stand-in for SSIMULACRA2.

SSIMULACRA2 (Sneyers 2023) weighs luma at a quarter of the size most, as the ratio of the change to
the structure around it. One number of that kind, taken at that scale, predicts the score of a
watermark; in one picture the loss is nearly proportional to the strength, from picture to picture
it is not. The constants are least squares over 85 pictures of 256, 512 and 1,024 pixels a side and
of their own size, marked at the default strength; the predicted score is off by 0.6 points (one
deviation), of pictures of 1,024 pixels and more by 0.9.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image.whitening import blur

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Pixels of the picture for one of those that are looked at, each way: SSIMULACRA2's third scale.
_SCALE = 4
# Sigma in those pixels over which change and structure are averaged, as in SSIMULACRA2.
_SIGMA = 1.5
# Squared levels: less structure than this hides nothing.
_FLAT = 16.0
# The logarithm of the loss is the first number plus the second times that of the change's root mean
# square over its structure (least squares, as above).
_INTERCEPT = 4.133
_EXPONENT = 0.623
# The loss in one picture grows with this power of the strength (likewise).
_STRENGTH_EXPONENT = 1.03
# A change in the lowest frequencies is seen less than the scale that is looked at says: with this
# share of its energy the real score stays the same, however strong that change is. Measured.
_BESIDE = 0.3


class Quality:
    """Predicts the score of one picture at any strength of one change."""

    def __init__(self, gray: NDArray[np.uint8], change: NDArray[np.float32]) -> None:
        """Look at a picture and a change.

        Args:
            gray: uint8 (H, W), the picture's luma.
            change: float32 (h, w), the change in its frame, in 8-bit levels.
        """
        self._size = width, height = tuple(max(1, side // _SCALE) for side in gray.shape[::-1])
        small = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        structure = small - blur(small, _SIGMA)
        self._hides = blur(structure * structure, _SIGMA) + _FLAT
        self._alone = self._seen(change)
        self._beside = 0.0
        self._loss = math.exp(_INTERCEPT + _EXPONENT * math.log(math.sqrt(self._alone)))

    def add(self, change: NDArray[np.float32]) -> None:
        """Count in another change, float32 (h, w), made whatever the strength of the first is."""
        self._beside += _BESIDE * self._seen(change) / self._alone

    def score(self, strength: float) -> float:
        """Return the score at `strength` times the change, 100 for none."""
        both = math.sqrt(strength**2 + self._beside)
        return 100 - self._loss * float(both**_STRENGTH_EXPONENT)

    def strength(self, score: float) -> float:
        """Return how many times the change may be added for a score, 0 if not at all."""
        both = ((100 - score) / self._loss) ** (1 / _STRENGTH_EXPONENT)
        return math.sqrt(max(both**2 - self._beside, 0.0))

    def _seen(self, change: NDArray[np.float32]) -> float:
        method = cv2.INTER_AREA if self._size[0] < change.shape[1] else cv2.INTER_LINEAR
        small = np.asarray(cv2.resize(change, self._size, interpolation=method), np.float32)
        return float((blur(small * small, _SIGMA) / self._hides).mean()) + 1e-18
