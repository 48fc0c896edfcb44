"""Where a picture hides a change: the perceptual mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image.whitening import blur

if TYPE_CHECKING:
    from numpy.typing import NDArray

# All by trial on pictures of every sort, judged by SSIMULACRA2 and by eye; lengths in frame pixels.
# Sigma of the blur whose residual is a picture's activity.
_HIGH_PASS_SIGMA = 2.0
# Most levels of that residual that count. Strong edges would draw a halo; beyond this they count no
# more than texture.
_CLIP = 12.0
# Sigma over which activity is averaged,
_ACTIVITY_SIGMA = 3.0
# and over which the mask is smoothed.
_SMOOTHING_SIGMA = 2.0
# Activity has to surround a place by so much before it hides anything there.
_ERODED = np.ones((5, 5), np.uint8)
# Strength that a level of activity adds to 1 (docs/measured/ablation.md),
_GAIN = 0.5
# and the most that there may be.
_MOST = 5.0


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
