"""JPEG, as a mark meets it: what a quality leaves of a plane, and how a change is kept by it.

JPEG rounds every coefficient of a block of 8 x 8 pixels to a multiple of its step (ITU-T T.81,
A.3.4). A change that does not carry its coefficient over into the next multiple is lost, one that
just does comes back as a whole step. So a little more, where it makes that difference, outlives
coarse steps at a small part of what it costs to be stronger everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
# Coarse qualities that people and programs ask for; what lies between gains nothing. A change is
# carried over where a step gained, times the change as it is, is worth so many times the energy
# added. Large changes are seen more than their energy says.
_QUALITIES, _WORTH, _SEEN = (10, 15, 20, 25, 30), (2.5, 3.0, 3.0, 4.0, 4.0), 0.003
# In steps beyond the middle between two: more than rounding to whole levels takes back.
_BEYOND = 0.015
# No JPEG is longer; what is beyond is left as it is.
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
def carry_over(  # noqa: PLR0912 - a kernel is one loop nest
    levels: NDArray[np.uint8],
    change: NDArray[np.float32],
    cosines: NDArray[np.float32],
    steps: NDArray[np.float32],
    worth: NDArray[np.float32],
    seen: float,
    beyond: float,
) -> None:
    """Carry over in place.

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
    # Of the picture and of the change: a row of blocks, its waves down, sorted by their place in
    # the block, and their waves across.
    rows = np.empty((2, _BLOCK, blocks * _BLOCK), np.float32)
    down = np.empty((2, _LOW, blocks * _BLOCK), np.float32)
    places = np.empty((_BLOCK, blocks), np.float32)
    waves = np.empty((2, _LOW, _LOW, blocks), np.float32)
    more = np.empty(blocks, np.float32)
    for top in range(0, height - _BLOCK + 1, _BLOCK):
        for y in range(_BLOCK):
            for x in range(blocks * _BLOCK):
                rows[0, y, x] = np.float32(levels[top + y, x])
                rows[1, y, x] = change[top + y, x]
        for plane in range(2):
            for u in range(_LOW):
                odd = np.float32(1 - 2 * (u % 2))
                a, b, c, d = cosines[u, 0], cosines[u, 1], cosines[u, 2], cosines[u, 3]
                r, to = rows[plane], down[plane, u]
                for x in range(blocks * _BLOCK):
                    to[x] = (
                        a * (r[0, x] + odd * r[7, x]) + b * (r[1, x] + odd * r[6, x])
                        + c * (r[2, x] + odd * r[5, x]) + d * (r[3, x] + odd * r[4, x])
                    )  # fmt: skip
                for i in range(blocks):
                    for x in range(_BLOCK):
                        places[x, i] = to[_BLOCK * i + x]
                for v in range(_LOW):
                    odd = np.float32(1 - 2 * (v % 2))
                    a, b, c, d = cosines[v, 0], cosines[v, 1], cosines[v, 2], cosines[v, 3]
                    p, wave = places, waves[plane, u, v]
                    for i in range(blocks):
                        wave[i] = (
                            a * (p[0, i] + odd * p[7, i]) + b * (p[1, i] + odd * p[6, i])
                            + c * (p[2, i] + odd * p[5, i]) + d * (p[3, i] + odd * p[4, i])
                        )  # fmt: skip
        for u in range(_LOW):
            # The mean of a block is no wave.
            for v in range(u == 0, _LOW):
                host, own = waves[0, u, v], waves[1, u, v]
                for i in range(blocks):
                    more[i] = 0
                for kind in range(len(worth) - 1, -1, -1):
                    least, step = worth[kind], steps[kind, u, v]
                    inverse = 1 / step
                    for i in range(blocks):
                        multiple = np.rint((host[i] + own[i]) * inverse)
                        middle = np.copysign(np.float32(0.5 + beyond), own[i])
                        needed = (multiple + middle) * step - host[i]
                        square = needed * needed
                        added = square - own[i] * own[i]
                        cost = least * added * (np.float32(1) + np.float32(seen) * square)
                        pays = step * abs(own[i]) > cost
                        more[i] = needed - own[i] if pays else more[i]
                for i in range(blocks):
                    if more[i] != 0:
                        for y in range(_BLOCK):
                            amount = more[i] * cosines[u, y]
                            for x in range(_BLOCK):
                                change[top + y, _BLOCK * i + x] += amount * cosines[v, x]
