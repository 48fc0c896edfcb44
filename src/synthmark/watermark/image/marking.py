"""Put a payload into a picture: choose the codeword it resembles, add only what is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthmark.errors import UnmarkableError
from synthmark.facts import Marked, Strength
from synthmark.watermark.image import channel, coarse, folding, frame, jpeg, mask, sync, whitening
from synthmark.watermark.image.carriers import Carriers
from synthmark.watermark.image.detection import read_as_it_lies
from synthmark.watermark.image.frame import LEAST_SIDE, TILE, check_pixels
from synthmark.watermark.image.perception import Quality
from synthmark.watermark.payload import Checker
from synthmark.watermark.polar import PolarCode
from synthmark.watermark.scheme import IMAGE_GENERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from synthmark.keys import WatermarkKey
    from synthmark.watermark.image.frame import Pixels
    from synthmark.watermark.scheme import ImageScheme

NOT_HELD = (
    "the watermark does not read back: this picture is too small, too flat or too strongly "
    "compressed to hold it"
)
"""What is said of a picture that loses the mark."""

_LIST = 4
# Dimensions in which the host already agrees get less.
_HOST_SHARE = 0.25
# Half of all decodings succeed where the squared mean of the soft values is about this share of
# their variance.
_THRESHOLD = 0.31
# Codeword and origin are chosen for the host as it is and for what JPEG of the preset's quality
# leaves of it; without a coarse mark the origin is chosen for a copy of a quarter of the size, too.
_SHRINKING = 4
# A change is first made with this PSNR in the frame, in dB, and its strength chosen from there.
_REFERENCE_PSNR = 45.0
# The mark has to outlive the preset's JPEG with a margin in dB, which grows by about so many dB for
# each dB of strength.
_TRIAL_MARGIN, _MARGIN_SLOPE = 1.25, 1.2
# The trial is made in the frame. A picture of twice its size has four pixels for each of those and
# loses less, of which so many dB are counted.
_SIZE_MARGIN = 1.0
# Among some 150 pictures and pieces of them one was lost with a margin of 2.0 dB, as its black and
# white left no room, and none with more: above this one, in dB, a mark is not read to see that it
# is there.
_CERTAIN = 6.0


@dataclass(frozen=True, slots=True)
class _Preset:
    """How strong a mark is, in foretold SSIMULACRA2 scores.

    Attributes:
        score: Of a mark, before JPEG's steps have it carried over, which takes a point or two; 90
            and more is hard to tell from the original side by side.
        lowest: How far it may sink where the picture would not hold the mark otherwise.
        jpeg: Quality of the JPEG that the mark has to outlive.
    """

    score: float
    lowest: float
    jpeg: int


_PRESETS = {
    Strength.INVISIBLE: _Preset(91.7, 87.65, jpeg=20),
    Strength.BALANCED: _Preset(82.6, 78.6, jpeg=10),
    Strength.ROBUST: _Preset(77.5, 72.5, jpeg=10),
}


def embed(
    pixels: Pixels,
    payload: bytes,
    *,
    key: WatermarkKey,
    strength: Strength = Strength.INVISIBLE,
) -> Marked:
    """Return the picture with `payload` in it.

    Args:
        pixels: uint8 or uint16, (H, W, 3) RGB or (H, W) gray, upright. It is not changed.
        payload: 16 bytes.
        key: Decides every carrier, phase, sign and the check.
        strength: How much the mark may be seen.

    Raises:
        UsageError: Pixels or payload have the wrong shape or type.
        UnmarkableError: The picture has fewer than 16 pixels a side, or the payload is not read
            back from it.
    """
    check_pixels(pixels)
    if min(pixels.shape[:2]) < LEAST_SIDE:
        raise UnmarkableError(
            f"the picture has {pixels.shape[1]}x{pixels.shape[0]} pixels; "
            f"a watermark needs at least {LEAST_SIDE} a side"
        )
    scheme = IMAGE_GENERATIONS[0]
    carriers = Carriers.of(key, scheme)
    message = Checker(key, scheme).message(payload, scheme.payload_bytes[0])
    gray = frame.luma(pixels)
    host = frame.to_frame(gray, frame.side(min(gray.shape)))
    preset = _PRESETS[strength]
    plain, mildly = _spectrum(host), _spectrum(_recoded(host, preset.jpeg))
    met = [(plain, 1), (mildly, 1)]
    with_coarse = min(gray.shape) >= coarse.LEAST_SIDE
    if not with_coarse:
        met.append((_spectrum(_shrunk(host)), 2))
    shift = origin(met, carriers)

    def soft(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
        return channel.soft_values(spectrum, carriers, shift=shift, fitted=False)

    agreeing = soft(plain) + soft(mildly)
    agreeing /= max(float(np.sqrt(np.mean(agreeing * agreeing))), 1e-12)
    polar = PolarCode.of(scheme.code_bits, len(message), scheme.free_bits)
    code = polar.encode(message, agreeing, paths=_LIST)
    missing = np.maximum(1 - np.float32(_HOST_SHARE) * agreeing * code, 0)
    change = _change(missing * code, carriers, shift, mask.strength(host))
    quality = Quality(gray, change)
    factor, most, beside = quality.strength(preset.score), quality.strength(preset.lowest), None
    if with_coarse:
        beside = _Coarse(gray, message, key, scheme, factor * float(change.std()))
        quality.add(beside.change(np.zeros_like(change)))
        factor = quality.strength(preset.score)
    tried = soft(_spectrum(_recoded(host + np.float32(factor) * change, preset.jpeg))) * code
    spared = margin(tried) + _SIZE_MARGIN * math.log2(max(1.0, min(gray.shape) / min(host.shape)))
    if spared < _TRIAL_MARGIN:
        factor *= 10 ** ((_TRIAL_MARGIN - spared) / _MARGIN_SLOPE / 20)
        if factor > quality.strength(preset.lowest):
            # The main mark needs all that there is.
            factor, beside = min(factor, most), None
    change *= np.float32(factor)
    if beside is not None:
        change += beside.change(change)
    # Of a large picture the luma takes a third of its memory.
    del gray
    marked, psnr = frame.add(pixels, change, jpeg.carried_over)
    held = host + change
    if min(pixels.shape[:2]) < min(host.shape):
        # What a picture smaller than its frame cannot hold is lost.
        held = frame.to_frame(frame.luma(marked), min(host.shape))
    spared = margin(soft(_spectrum(held)) * code)
    if spared < _CERTAIN and read_as_it_lies(marked, key) != payload:
        raise UnmarkableError(NOT_HELD)
    return Marked(marked, psnr, spared)


def origin(
    spectra: Sequence[tuple[NDArray[np.complex64], int]], carriers: Carriers
) -> tuple[float, float]:
    """Return where the tile begins: where the host already agrees with the pilots.

    The best of 16,384 places agrees by 3.7 deviations, which the mark then need not add: it can be
    seen after attacks that leave half as much of it.

    Args:
        spectra: complex64 (TILE, TILE) each, of the host and of what attacks leave of it, and which
            of `sync.FALL_OFFS` suits each.
        carriers: Of the key.

    Returns:
        (dy, dx) in frame pixels, whole.
    """
    agreement = np.zeros((TILE, TILE), np.float32)
    for spectrum, fall_off in spectra:
        agreement += sync.matched(spectrum, carriers, 0)[fall_off]
    down, across = divmod(int(agreement.argmax()), TILE)
    return float(down), float(across)


def margin(agreement: NDArray[np.float32]) -> float:
    """Return how far soft values times their code bits lie above the decoder's threshold, in dB."""
    agreement = agreement.astype(np.float64)
    mean = max(float(agreement.mean()), 1e-6)
    return 10 * math.log10(mean**2 / max(float(agreement.var()), 1e-12) / _THRESHOLD)


def _change(
    amplitudes: NDArray[np.float32],
    carriers: Carriers,
    shift: tuple[float, float],
    hiding: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the luma change in the frame, float32 (h, w), at the reference strength."""
    pattern = np.roll(channel.tile(amplitudes, carriers), [int(part) for part in shift], (0, 1))
    height, width = hiding.shape
    repeated = np.tile(pattern, (-(-height // TILE), -(-width // TILE)))[:height, :width]
    change = hiding * repeated
    rms = float(np.sqrt(np.mean(change * change)))
    return change * np.float32(255 / 10 ** (_REFERENCE_PSNR / 20) / rms)


class _Coarse:
    """The coarse mark of one picture."""

    def __init__(
        self,
        gray: NDArray[np.uint8],
        message: NDArray[np.uint8],
        key: WatermarkKey,
        scheme: ImageScheme,
        main: float,
    ) -> None:
        self._lattice = coarse.Lattice.of(key, scheme)
        self._host = coarse.coefficients(gray, self._lattice)
        self._deviation = coarse.deviation(main, self._lattice)
        code_bits = scheme.coarse.code_bits
        polar = PolarCode.of(code_bits, len(message), 0)
        self._code = polar.encode(message, np.zeros(code_bits, np.float32), paths=1)

    def change(self, other: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the change that is needed beside another, float32 (h, w)."""
        host = self._host + coarse.coefficients(other, self._lattice)
        return coarse.change(host, self._code, self._lattice, self._deviation, other.shape)


def _spectrum(plane: NDArray[np.float32]) -> NDArray[np.complex64]:
    return folding.spectrum(whitening.whiten(plane))


def _shrunk(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a luma plane as a small copy would leave it."""
    height, width = plane.shape
    small = np.rint(frame.resize(plane, width // _SHRINKING, height // _SHRINKING))
    return frame.resize(small, width, height)


def _recoded(plane: NDArray[np.float32], quality: int) -> NDArray[np.float32]:
    """Return a luma plane as JPEG of that quality would leave it."""
    levels = np.clip(np.rint(plane), 0, 255).astype(np.uint8)
    return jpeg.recoded(levels, quality).astype(np.float32)
