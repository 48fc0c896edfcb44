"""Where a picture hides a change: the perceptual mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image.whitening import blur

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HIGH_PASS_SIGMA = 2.0
# Strong edges would draw a halo; beyond this they count no more than texture.
_CLIP = 12.0
_ACTIVITY_SIGMA, _SMOOTHING_SIGMA = 3.0, 2.0
# Activity has to surround a place before it hides anything there.
_ERODED = np.ones((5, 5), np.uint8)
_GAIN, _MOST = 0.5, 5.0


def strength(frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the relative strength a change may have, float32 (h, w) from 1 (flat) to 5 (busy).

    Args:
        frame: float32 (h, w), luma in 8-bit levels.
    """
    residual = np.clip(frame - blur(frame, _HIGH_PASS_SIGMA), -_CLIP, _CLIP)
    activity = np.sqrt(blur(residual * residual, _ACTIVITY_SIGMA))
    surrounded = np.asarray(cv2.erode(activity, _ERODED), np.float32)
    smooth = blur(surrounded, _SMOOTHING_SIGMA)
    return np.asarray(np.minimum(1 + _GAIN * smooth, _MOST), np.float32)
