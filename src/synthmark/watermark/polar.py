"""A polar code with free bits: informed encoding at the embedder, list decoding at the detector.

The code is Arikan's (2009, doi 10.1109/TIT.2009.2021379), list decoding Tal and Vardy's (2015,
10.1109/TIT.2015.2410251), the order of reliability that of He et al. (2017, arXiv 1704.05709). The
free bits make it a nested code for writing on a host (Gelfand and Pinsker 1980): the embedder runs
the decoder on the host's own soft values with the message fixed, and so finds the codeword that the
host already resembles most.

Soft values are positive for code bit 0; a code bit 0 is +1 and 1 is -1 in the signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Steps of a decoding: soft values of the upper child, of the lower child once the upper one is
# decided, both children decided, a subtree whose bits are all known, one unknown bit.
_UPPER, _LOWER, _JOIN, _KNOWN, _GUESS = range(5)


@dataclass(frozen=True, slots=True, eq=False)
class PolarCode:
    """One code: which positions carry what.

    Attributes:
        length: Code bits, a power of two.
        message: Positions of the message bits, ascending.
        free: Positions of the free bits, the most reliable of all, ascending.
        decoding: Steps of a decoding in which message and free bits are unknown.
        encoding: Steps of a decoding in which only the free bits are unknown.
    """

    length: int
    message: NDArray[np.int64]
    free: NDArray[np.int64]
    decoding: NDArray[np.int32]
    encoding: NDArray[np.int32]

    @classmethod
    @cache
    def of(cls, length: int, message_bits: int, free_bits: int) -> PolarCode:
        """Return the code of `length` bits with so many message and free bits."""
        best = np.argsort(-reliability(length), kind="stable")[: message_bits + free_bits]
        free, message = np.sort(best[:free_bits]), np.sort(best[free_bits:])
        unknown = np.zeros(length, bool)
        unknown[free] = True
        encoding = _schedule(unknown)
        unknown[message] = True
        return cls(length, message, free, _schedule(unknown), encoding)

    def encode(
        self, message: NDArray[np.uint8], host: NDArray[np.float32], *, paths: int
    ) -> NDArray[np.float32]:
        """Return the codeword for `message` that is nearest to the host, as +1 and -1.

        Args:
            message: uint8, one 0 or 1 for each message bit.
            host: float32 (length,), the host's own soft values.
            paths: Size of the list; more find a slightly nearer codeword.
        """
        known = np.zeros(self.length, np.uint8)
        known[self.message] = message
        found = list_decode(host, self.encoding, known, paths)
        return (1 - 2 * transform(found[0]).astype(np.float32)).astype(np.float32)

    def decode(self, soft: NDArray[np.float32], *, paths: int) -> NDArray[np.uint8]:
        """Return up to `paths` messages, uint8 (paths, message bits), the likeliest first."""
        known = np.zeros(self.length, np.uint8)
        return list_decode(soft, self.decoding, known, paths)[:, self.message]


def reliability(length: int) -> NDArray[np.float64]:
    """Return the weight of each position: the sum of 2^(k/4) over the set bits k of its index."""
    index = np.arange(length)
    bits = range(length.bit_length() - 1)
    weights = [(index >> k & 1) * 2.0 ** (k / 4) for k in bits]
    return np.asarray(np.sum(weights, axis=0), np.float64)


def transform(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return x = u F^(kron n) in natural order, over the last axis; it is its own inverse."""
    x = bits.copy()
    half = 1
    while half < x.shape[-1]:
        pairs = x.reshape(*x.shape[:-1], -1, 2, half)
        pairs[..., 0, :] ^= pairs[..., 1, :]
        half *= 2
    return x


def _schedule(unknown: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Unroll the decoding tree into rows (step, level, first position, side of the parent).

    Level 0 is the whole code, level n a single bit. A subtree whose bits are all known is one step,
    which costs a path the same as its bits one by one (Hashemi et al. 2016, arXiv 1604.05371).
    """
    steps: list[tuple[int, int, int, int]] = []

    def visit(level: int, start: int, size: int, side: int) -> None:
        if not unknown[start : start + size].any():
            steps.append((_KNOWN, level, start, side))
        elif size == 1:
            steps.append((_GUESS, level, start, side))
        else:
            steps.append((_UPPER, level, start, side))
            visit(level + 1, start, size // 2, 0)
            steps.append((_LOWER, level, start, side))
            visit(level + 1, start + size // 2, size // 2, 1)
            steps.append((_JOIN, level, start, side))

    visit(0, 0, len(unknown), 0)
    return np.array(steps, np.int32)


@kernel("uint8[:, ::1](float32[::1], int32[:, ::1], uint8[::1], int64)")
def list_decode(  # noqa: PLR0912, PLR0915 - a kernel is one loop nest
    soft: NDArray[np.float32],
    schedule: NDArray[np.int32],
    known: NDArray[np.uint8],
    paths: int,
) -> NDArray[np.uint8]:
    """Decode by successive cancellation with a list of paths and min-sum metrics.

    All paths take every step together. So a path that splits copies only the numbers of the rows
    it reads, and no row that is still read is ever overwritten.

    Args:
        soft: Soft value of each code bit.
        schedule: Steps from `_schedule`.
        known: Value of each position that is not guessed.
        paths: Most paths to keep.

    Returns:
        uint8 (found, length): the bits u before the transform, the best path first.
    """
    length = soft.shape[0]
    levels = 0
    while 1 << levels < length:
        levels += 1
    # Soft values and bits of level v start at column 2 length - 2 (length >> v).
    values = np.empty((paths, 2 * length), np.float32)
    bits = np.zeros((2, paths, 2 * length), np.uint8)
    # Which row each path reads, by level.
    value_row = np.zeros((levels + 1, paths), np.int64)
    bit_row = np.zeros((2, levels + 1, paths), np.int64)
    cost = np.zeros(paths, np.float32)
    other = np.empty(paths, np.float32)
    word = np.empty(length, np.uint8)
    values[0, :length] = soft
    active = 1
    for step in range(schedule.shape[0]):
        kind, level, start, side = schedule[step]
        size = length >> level
        here = 2 * length - 2 * size
        half = size // 2
        child = here + size
        if kind == _UPPER:
            for path in range(active):
                source = values[value_row[level, path]]
                target = values[path]
                for i in range(half):
                    a = source[here + i]
                    b = source[here + half + i]
                    least = min(abs(a), abs(b))
                    target[child + i] = least if (a < 0) == (b < 0) else -least
                value_row[level + 1, path] = path
        elif kind == _LOWER:
            for path in range(active):
                source = values[value_row[level, path]]
                decided = bits[0, bit_row[0, level + 1, path]]
                target = values[path]
                for i in range(half):
                    a = source[here + i]
                    b = source[here + half + i]
                    target[child + i] = b - a if decided[child + i] else b + a
                value_row[level + 1, path] = path
        elif kind == _JOIN:
            for path in range(active):
                upper = bits[0, bit_row[0, level + 1, path]]
                lower = bits[1, bit_row[1, level + 1, path]]
                joined = bits[side, path]
                for i in range(half):
                    joined[here + i] = upper[child + i] ^ lower[child + i]
                    joined[here + half + i] = lower[child + i]
                bit_row[side, level, path] = path
        elif kind == _KNOWN:
            for i in range(size):
                word[i] = known[start + i]
            span = 1
            while span < size:
                for base in range(0, size, 2 * span):
                    for i in range(base, base + span):
                        word[i] ^= word[i + span]
                span *= 2
            for path in range(active):
                source = values[value_row[level, path]]
                target_bits = bits[side, path]
                penalty = np.float32(0)
                for i in range(size):
                    value = source[here + i]
                    penalty += max(value if word[i] else -value, np.float32(0))
                    target_bits[here + i] = word[i]
                cost[path] += penalty
                bit_row[side, level, path] = path
        else:
            # A guess: each path may go both ways, and the cheapest ways survive.
            for path in range(active):
                value = values[value_row[level, path], here]
                bits[side, path, here] = value < 0
                bit_row[side, level, path] = path
                other[path] = cost[path] + abs(value)
            before = active
            for _ in range(before):
                best = 0
                for path in range(1, before):
                    if other[path] < other[best]:
                        best = path
                if active < paths:
                    place = active
                    active += 1
                else:
                    place = 0
                    for path in range(1, active):
                        if cost[path] > cost[place]:
                            place = path
                    if other[best] >= cost[place]:
                        break
                    if place < before:
                        # Its own other way costs even more than the way that just lost.
                        other[place] = np.inf
                for v in range(levels + 1):
                    value_row[v, place] = value_row[v, best]
                    bit_row[0, v, place] = bit_row[0, v, best]
                    bit_row[1, v, place] = bit_row[1, v, best]
                bits[side, place, here] = 1 - bits[side, best, here]
                bit_row[side, level, place] = place
                cost[place] = other[best]
                other[best] = np.inf
    order = np.argsort(cost[:active])
    result = np.empty((active, length), np.uint8)
    for rank in range(active):
        source_bits = bits[0, bit_row[0, 0, order[rank]]]
        for i in range(length):
            result[rank, i] = source_bits[i]
        span = 1
        while span < length:
            for base in range(0, length, 2 * span):
                for i in range(base, base + span):
                    result[rank, i] ^= result[rank, i + span]
            span *= 2
    return result
