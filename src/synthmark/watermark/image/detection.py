"""Look for a payload in a picture, in every frame it may have been marked in and for every key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.report import Detection, Geometry, WatermarkState
from synthmark.watermark.image import channel, frame, sync, whitening
from synthmark.watermark.image.carriers import ORIENTATIONS, Carriers
from synthmark.watermark.image.marking import CODE, LEAST_SIDE, check_pixels
from synthmark.watermark.payload import CHECK_BITS, Checker
from synthmark.watermark.polar import PolarCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from synthmark.watermark.image.sync import Sync

_LIST = 32
# A sync score that chance does not reach: no other orientation needs to be tried.
_CERTAIN = 7.6


def detect(pixels: NDArray[np.uint8], *, keys: Sequence[WatermarkKey] = (OPEN_KEY,)) -> Detection:
    """Report the first payload whose keyed check is right.

    Args:
        pixels: uint8, (H, W, 3) RGB or (H, W) gray.
        keys: Tried one after the other on the same transforms.

    Returns:
        Decoded, with payload, key, geometry and p-value, or absent. The p-value is the number of
        checks that detection made up to then times 2^-32.

    Raises:
        UsageError: Pixels have the wrong shape or type.
    """
    check_pixels(pixels)
    if min(pixels.shape[:2]) < LEAST_SIDE:
        return Detection(WatermarkState.ABSENT)
    checks = 0
    gray = frame.luma(pixels)
    for side in frame.plausible_sides(min(gray.shape)):
        spectrum = whitening.spectrum(frame.to_frame(gray, side))
        for key in keys:
            carriers = Carriers.of(key)
            checker = Checker(key, "image")
            for guess in _guesses(spectrum, carriers):
                found = sync.refine(spectrum, carriers, guess)
                soft = channel.soft_values(
                    spectrum,
                    carriers,
                    orientation=found.orientation,
                    shift=found.shift,
                    fitted=True,
                )
                messages = PolarCode.of(*CODE).decode(soft, paths=_LIST)
                checks += len(messages)
                payload = checker.first(messages)
                if payload is not None:
                    mirrored, turns = ORIENTATIONS[found.orientation]
                    return Detection(
                        WatermarkState.DECODED,
                        payload,
                        key.name,
                        checks / 2**CHECK_BITS,
                        Geometry(90 * turns, mirrored),
                    )
    return Detection(WatermarkState.ABSENT)


def _guesses(spectrum: NDArray[np.complex64], carriers: Carriers) -> Iterator[Sync]:
    """Yield the ways the picture may lie: as it is when that is clear, else the best two."""
    (upright,) = sync.find(spectrum, carriers, (0,))
    if upright.score >= _CERTAIN:
        yield upright
    best, second, *_ = sync.find(spectrum, carriers)
    if best.score < _CERTAIN or best.orientation != upright.orientation:
        yield best
    if best.score < _CERTAIN:
        yield second
