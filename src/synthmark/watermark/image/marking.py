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

NOT_HELD = (
    "the watermark does not read back: this picture is too small, too flat or too strongly "
    "compressed to hold it"
)
"""What is said of a picture that loses the mark."""

# Paths of the list that looks for the nearest codeword; more find a slightly nearer one. By trial.
_LIST = 4
# Share of what the host agrees with already that a code bit gets less (docs/measured/ablation.md).
_HOST_SHARE = 0.25
# Squared mean of the soft values over their variance at which half of all decodings succeed.
_THRESHOLD = 0.31
# How many times smaller each way the copy is that the origin is chosen for, too, where there is no
# coarse mark to serve it.
_SHRINKING = 4
# PSNR in dB of the change in the frame from which its strength is reckoned.
_REFERENCE_PSNR = 45.0
# Margin in dB with which the mark has to survive the preset's JPEG. By trial, as are the next two.
_TRIAL_MARGIN = 1.25
# dB that the margin grows by for each dB of strength.
_MARGIN_SLOPE = 1.2
# dB that a picture of twice the frame's size is granted: the trial is made in the frame, and with
# four pixels for each of the frame's it loses less.
_SIZE_MARGIN = 1.0
# Margin in dB above which a mark is not read to see that it is there. Among some 150 pictures and
# pieces of them one was lost with a margin of 2.0, as its black and white left no room, and none
# with more.
_CERTAIN = 6.0


@dataclass(frozen=True, slots=True)
class _Preset:
    """How strong a mark is, in predicted SSIMULACRA2 scores.

    Attributes:
        score: Of a mark, before it is carried over JPEG's steps, which takes a point or two; 90 and
            more is hard to tell from the original side by side.
        lowest: How far it may sink where the picture would not hold the mark otherwise.
        jpeg: Quality of the JPEG that the mark has to survive.
    """

    score: float
    lowest: float
    jpeg: int


# What they give at 512 and 1,024 pixels stands in docs/measured/robustness.md.
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
    message = Checker(key, scheme).message(payload, scheme.payload_bytes[0])
    gray = frame.luma(pixels)
    host = frame.to_frame(gray, frame.side(min(gray.shape)))
    preset = _PRESETS[strength]
    lattice = coarse.Lattice.of(key, scheme) if min(gray.shape) >= coarse.LEAST_SIDE else None
    main = _Main(host, message, Carriers.of(key, scheme), preset.jpeg, alone=lattice is None)
    change = _whole_change(gray, host, message, main, lattice, preset)
    # Of a large picture the luma takes a third of its memory.
    del gray
    output, psnr = frame.add(pixels, change, jpeg.carried_over)
    result = host + change
    if min(pixels.shape[:2]) < min(host.shape):
        # What a picture smaller than its frame cannot hold is lost.
        result = frame.to_frame(frame.luma(output), min(host.shape))
    reserve = main.margin(result)
    if reserve < _CERTAIN and read_as_it_lies(output, key) != payload:
        raise UnmarkableError(NOT_HELD)
    return Marked(output, psnr, reserve)


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


class _Main:
    """The main mark of one picture: its origin, its codeword, and what the host lacks of it."""

    def __init__(
        self,
        host: NDArray[np.float32],
        message: NDArray[np.uint8],
        carriers: Carriers,
        quality: int,
        *,
        alone: bool,
    ) -> None:
        """Choose origin and codeword.

        They suit the host as it is and what JPEG leaves of it.

        Args:
            host: float32 (h, w), the frame.
            message: uint8, one 0 or 1 for each message bit.
            carriers: Of the key.
            quality: Of that JPEG.
            alone: Whether there is no coarse mark: then the origin suits a small copy, too.
        """
        self._carriers = carriers
        spectra = [_spectrum(host), _spectrum(_recoded(host, quality))]
        fall_offs = [1, 1]
        if alone:
            spectra.append(_spectrum(_shrunk(host)))
            fall_offs.append(2)
        self._shift = origin(list(zip(spectra, fall_offs, strict=True)), carriers)
        agreement = self._soft_values(spectra[0]) + self._soft_values(spectra[1])
        agreement /= max(float(np.sqrt(np.mean(agreement * agreement))), 1e-12)
        scheme = carriers.scheme
        polar = PolarCode.of(scheme.code_bits, len(message), scheme.free_bits)
        self._code = polar.encode(message, agreement, paths=_LIST)
        self._lack = np.maximum(1 - np.float32(_HOST_SHARE) * agreement * self._code, 0)

    def change(self, host: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the luma change in the frame, float32 (h, w), at the reference strength."""
        amplitudes = self._lack * self._code
        return _change(amplitudes, self._carriers, self._shift, mask.strength(host))

    def margin(self, plane: NDArray[np.float32]) -> float:
        """Return how far a marked frame lies above the decoder's threshold, in dB."""
        return margin(self._soft_values(_spectrum(plane)) * self._code)

    def _soft_values(self, spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
        return channel.soft_values(spectrum, self._carriers, shift=self._shift, fitted=False)


class _Coarse:
    """The coarse mark of one picture."""

    def __init__(
        self,
        gray: NDArray[np.uint8],
        message: NDArray[np.uint8],
        lattice: coarse.Lattice,
        deviation: float,
    ) -> None:
        """Look at a picture, beside a main mark whose change has such a deviation in levels."""
        self._lattice = lattice
        self._host = coarse.coefficients(gray, lattice)
        self._deviation = coarse.deviation(deviation, lattice)
        code_bits = lattice.scheme.code_bits
        polar = PolarCode.of(code_bits, len(message), 0)
        self._code = polar.encode(message, np.zeros(code_bits, np.float32), paths=1)

    def change(self, other: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the change that is needed beside another, float32 (h, w)."""
        host = self._host + coarse.coefficients(other, self._lattice)
        return coarse.change(host, self._code, self._lattice, self._deviation, other.shape)


def _whole_change(
    gray: NDArray[np.uint8],
    host: NDArray[np.float32],
    message: NDArray[np.uint8],
    main: _Main,
    lattice: coarse.Lattice | None,
    preset: _Preset,
) -> NDArray[np.float32]:
    """Return the change in the frame, float32 (h, w): as strong as it may be seen or has to be."""
    change = main.change(host)
    quality = Quality(gray, change)
    factor, most = quality.strength(preset.score), quality.strength(preset.lowest)
    coarse_mark = None
    if lattice is not None:
        coarse_mark = _Coarse(gray, message, lattice, factor * float(change.std()))
        quality.add(coarse_mark.change(np.zeros_like(change)))
        factor = quality.strength(preset.score)
    trial = main.margin(_recoded(host + np.float32(factor) * change, preset.jpeg))
    trial += _SIZE_MARGIN * math.log2(max(1.0, min(gray.shape) / min(host.shape)))
    if trial < _TRIAL_MARGIN:
        factor *= 10 ** ((_TRIAL_MARGIN - trial) / _MARGIN_SLOPE / 20)
        if factor > quality.strength(preset.lowest):
            # The main mark needs all that there is.
            factor, coarse_mark = min(factor, most), None
    change *= np.float32(factor)
    if coarse_mark is not None:
        change += coarse_mark.change(change)
    return change


def _change(
    amplitudes: NDArray[np.float32],
    carriers: Carriers,
    shift: tuple[float, float],
    hiding: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return tiles all over the frame, times what it hides, at the reference strength."""
    pattern = np.roll(channel.tile(amplitudes, carriers), [int(part) for part in shift], (0, 1))
    height, width = hiding.shape
    repeated = np.tile(pattern, (-(-height // TILE), -(-width // TILE)))[:height, :width]
    change = hiding * repeated
    rms = float(np.sqrt(np.mean(change * change)))
    return change * np.float32(255 / 10 ** (_REFERENCE_PSNR / 20) / rms)


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
