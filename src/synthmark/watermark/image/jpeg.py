"""JPEG, as a mark meets it: what a quality leaves of a plane, and how a change is kept by it.

JPEG rounds every coefficient of a block of 8 x 8 pixels to a multiple of its step (ITU-T T.81,
A.3.4). A change that does not carry its coefficient over into the next multiple is lost, one that
just does comes back as a whole step. So a little more, where it makes that difference, survives
coarse steps at a small part of what it costs to be stronger everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Pixels a side of a block (ITU-T T.81, A.1.1).
_BLOCK = 8
# Vertical and horizontal frequencies that the mark reaches: up to a quarter of a cycle a pixel.
_LOW = 5
# Steps of low frequencies at quality 50 (ITU-T T.81, table K.1).
_STEPS = (
    (16, 11, 10, 16, 24),
    (12, 12, 14, 19, 26),
    (14, 13, 16, 24, 40),
    (14, 17, 22, 29, 51),
    (18, 22, 37, 56, 68),
)
# Coarse qualities, of libjpeg's 1 to 100, that people and programs ask for; what lies between gains
# nothing.
_QUALITIES = (10, 15, 20, 25, 30)
# A change is carried over where a step gained, times the change as it is, is worth so many times
# the energy added, at each of these qualities. By trial (docs/measured/ablation.md has another).
_WORTH = (2.5, 3.0, 3.0, 4.0, 4.0)
# How much more of that energy counts for each squared level of the change: large changes are seen
# more than their energy says. By trial, as is the next.
_SEEN = 0.003
# Where to carry over to, in steps beyond the middle between two: more than rounding to whole levels
# takes back.
_BEYOND = 0.015
# Pixels a side of the longest JPEG (libjpeg's JPEG_MAX_DIMENSION); what is beyond is left as it is.
_LONGEST = 65_500


def recoded(levels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return a luma plane, uint8 (h, w), as JPEG of that quality would leave it."""
    part = np.ascontiguousarray(levels[:_LONGEST, :_LONGEST])
    _, coded = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, quality])
    found = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    if found.shape == levels.shape:
        return found
    recoded = levels.copy()
    recoded[:_LONGEST, :_LONGEST] = found
    return recoded


def steps(quality: int) -> NDArray[np.float32]:
    """Return the steps of low frequencies, float32 (5, 5), scaled as libjpeg scales them."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    scaled = (np.array(_STEPS) * percent + 50) // 100
    return np.asarray(np.clip(scaled, 1, 255), np.float32)


def carried_over(levels: NDArray[np.uint8], change: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a change with its coefficients carried over into the next step where it is worth it.

    Args:
        levels: uint8 (H, W), luma; blocks begin at the top left.
        change: float32 (H, W), in 8-bit levels; it is not changed.
    """
    carried = np.array(change, np.float32, order="C")
    coarse, worth = np.stack([steps(each) for each in _QUALITIES]), np.array(_WORTH, np.float32)
    readable = np.require(levels, requirements=("C", "W"))
    carry_over(readable, carried, _cosines(), coarse, worth, _SEEN, _BEYOND)
    return carried


def _cosines() -> NDArray[np.float32]:
    """Return the low waves of the cosine transform, float32 (5, 8)."""
    wave, place = np.mgrid[0:_LOW, 0:_BLOCK]
    waves = np.cos((2 * place + 1) * wave * np.pi / (2 * _BLOCK)) / 2
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)


@kernel(
    "void(uint8[:, ::1], float32[:, ::1], float32[:, ::1], float32[:, :, ::1], float32[::1],"
    " float64, float64)"
)
def carry_over(
    levels: NDArray[np.uint8],
    change: NDArray[np.float32],
    cosines: NDArray[np.float32],
    steps: NDArray[np.float32],
    worth: NDArray[np.float32],
    seen: float,
    beyond: float,
) -> None:
    """Carry over in place, one row of blocks after the other.

    Args:
        levels: uint8 (H, W), luma.
        change: float32 (H, W).
        cosines: float32 (5, 8), as of `_cosines`.
        steps: float32 (n, 5, 5), of each quality.
        worth: float32 (n,), the least worth of energy, likewise.
        seen: How much more a squared level counts.
        beyond: Where to carry over to, in steps beyond the middle between two.
    """
    height, width = change.shape
    blocks = width // _BLOCK
    # Of the picture and of the change: a row of blocks, and its coefficients.
    rows = np.empty((2, _BLOCK, blocks * _BLOCK), np.float32)
    coefficients = np.empty((2, _LOW, _LOW, blocks), np.float32)
    more = np.empty((_LOW, _LOW, blocks), np.float32)
    # To work in: the waves down a row, and one of them sorted by place in the block.
    down = np.empty((_LOW, blocks * _BLOCK), np.float32)
    places = np.empty((_BLOCK, blocks), np.float32)
    for top in range(0, height - _BLOCK + 1, _BLOCK):
        for y in range(_BLOCK):
            for x in range(blocks * _BLOCK):
                rows[0, y, x] = np.float32(levels[top + y, x])
                rows[1, y, x] = change[top + y, x]
        for plane in range(2):
            waves(rows[plane], cosines, down)
            for u in range(_LOW):
                # Sorted so, the same wave of neighbouring blocks is one vector instruction.
                for i in range(blocks):
                    for x in range(_BLOCK):
                        places[x, i] = down[u, _BLOCK * i + x]
                waves(places, cosines, coefficients[plane, u])
        missing(coefficients, steps, worth, seen, beyond, more)
        add_waves(change[top : top + _BLOCK], more, cosines)


@kernel("void(float32[:, ::1], float32[:, ::1], float32[:, ::1])")
def waves(
    lines: NDArray[np.float32], cosines: NDArray[np.float32], sums: NDArray[np.float32]
) -> None:
    """Write how much of each low wave there is in eight lines.

    Args:
        lines: float32 (8, n).
        cosines: float32 (5, 8), as of `_cosines`: waves of even number are symmetric about their
            middle, the others are odd.
        sums: float32 (5, n), the result.
    """
    for u in range(_LOW):
        odd = np.float32(1 - 2 * (u % 2))
        a, b, c, d = cosines[u, 0], cosines[u, 1], cosines[u, 2], cosines[u, 3]
        total = sums[u]
        for i in range(len(total)):
            total[i] = (
                a * (lines[0, i] + odd * lines[7, i]) + b * (lines[1, i] + odd * lines[6, i])
                + c * (lines[2, i] + odd * lines[5, i]) + d * (lines[3, i] + odd * lines[4, i])
            )  # fmt: skip


@kernel(
    "void(float32[:, :, :, ::1], float32[:, :, ::1], float32[::1], float64, float64,"
    " float32[:, :, ::1])"
)
def missing(
    coefficients: NDArray[np.float32],
    steps: NDArray[np.float32],
    worth: NDArray[np.float32],
    seen: float,
    beyond: float,
    more: NDArray[np.float32],
) -> None:
    """Write what carries each coefficient over into the next step; 0 where it is not worth it.

    The coarsest quality at which it is worth it decides.

    Args:
        coefficients: float32 (2, 5, 5, blocks), of the picture and of the change.
        steps: float32 (n, 5, 5), as of `carry_over`, as are `worth`, `seen` and `beyond`.
        worth: float32 (n,).
        seen: How much more a squared level counts.
        beyond: Where to carry over to.
        more: float32 (5, 5, blocks), the result.
    """
    more[:] = 0
    for u in range(_LOW):
        # The mean of a block is no wave.
        for v in range(u == 0, _LOW):
            host, own, found = coefficients[0, u, v], coefficients[1, u, v], more[u, v]
            for kind in range(len(worth) - 1, -1, -1):
                least, step = worth[kind], steps[kind, u, v]
                inverse = 1 / step
                for i in range(len(found)):
                    multiple = np.rint((host[i] + own[i]) * inverse)
                    middle = np.copysign(np.float32(0.5 + beyond), own[i])
                    needed = (multiple + middle) * step - host[i]
                    square = needed * needed
                    added = square - own[i] * own[i]
                    cost = least * added * (np.float32(1) + np.float32(seen) * square)
                    pays = step * abs(own[i]) > cost
                    found[i] = needed - own[i] if pays else found[i]


@kernel("void(float32[:, ::1], float32[:, :, ::1], float32[:, ::1])")
def add_waves(
    change: NDArray[np.float32], amounts: NDArray[np.float32], cosines: NDArray[np.float32]
) -> None:
    """Add waves to a row of blocks, in place.

    Args:
        change: float32 (8, at least 8 blocks).
        amounts: float32 (5, 5, blocks), of each wave in each block.
        cosines: float32 (5, 8), as of `_cosines`.
    """
    for u in range(_LOW):
        for v in range(_LOW):
            for i in range(amounts.shape[2]):
                if amounts[u, v, i] != 0:
                    for y in range(_BLOCK):
                        amount = amounts[u, v, i] * cosines[u, y]
                        for x in range(_BLOCK):
                            change[y, _BLOCK * i + x] += amount * cosines[v, x]
