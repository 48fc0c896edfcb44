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

# Steps of a decoding: the f node; the g node, once the upper half is decided; both halves joined,
# once both are; a subtree whose bits are all known; one bit that is not.
_F, _G, _JOIN, _KNOWN, _GUESS = range(5)


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

    Level 0 is the whole code, level n a single bit; the upper half of a node is side 0. A subtree
    whose bits are all known is one step, which costs a path the same as its bits one by one
    (Hashemi et al. 2016, arXiv 1604.05371).

        level 0            level 1            level 2
                                          ,-- f --> u0
        soft 0..3 -- f --> soft 0..1 ----<                  join: x = (u0 ^ u1, u1)
            |                             `-- g --> u1
            |                             ,-- f --> u2
            `------- g --> soft 0..1 ----<                  join: y = (u2 ^ u3, u3)
                                          `-- g --> u3
        join: (x ^ y, y)

    It is walked from top to bottom: f needs the soft values of a node alone, g also what the upper
    half was decided to be.
    """
    steps: list[tuple[int, int, int, int]] = []

    def visit(level: int, start: int, size: int, side: int) -> None:
        if not unknown[start : start + size].any():
            steps.append((_KNOWN, level, start, side))
        elif size == 1:
            steps.append((_GUESS, level, start, side))
        else:
            steps.append((_F, level, start, side))
            visit(level + 1, start, size // 2, 0)
            steps.append((_G, level, start, side))
            visit(level + 1, start + size // 2, size // 2, 1)
            steps.append((_JOIN, level, start, side))

    visit(0, 0, len(unknown), 0)
    return np.array(steps, np.int32)


# --- nodes: what one path does in one step -------------------------------------------------------


@kernel("void(float32[::1], float32[::1])")
def f_node(parent: NDArray[np.float32], upper: NDArray[np.float32]) -> None:
    """Write the soft values of the upper half: how far both halves of the parent agree (min-sum).

    Args:
        parent: float32 (2 n,).
        upper: float32 (n,), the result.
    """
    half = len(upper)
    for i in range(half):
        a, b = parent[i], parent[half + i]
        least = min(abs(a), abs(b))
        upper[i] = least if (a < 0) == (b < 0) else -least


@kernel("void(float32[::1], uint8[::1], float32[::1])")
def g_node(
    parent: NDArray[np.float32], decided: NDArray[np.uint8], lower: NDArray[np.float32]
) -> None:
    """Write the soft values of the lower half: both halves of the parent say the same of it.

    Args:
        parent: float32 (2 n,).
        decided: uint8 (n,), the code bits of the upper half.
        lower: float32 (n,), the result.
    """
    half = len(lower)
    for i in range(half):
        a, b = parent[i], parent[half + i]
        lower[i] = b - a if decided[i] else b + a


@kernel("void(uint8[::1], uint8[::1], uint8[::1])")
def join(upper: NDArray[np.uint8], lower: NDArray[np.uint8], parent: NDArray[np.uint8]) -> None:
    """Write the code bits of a parent, uint8 (2 n,), from those of its halves, uint8 (n,) each."""
    half = len(upper)
    for i in range(half):
        parent[i] = upper[i] ^ lower[i]
        parent[half + i] = lower[i]


@kernel("void(uint8[::1])")
def transform_row(bits: NDArray[np.uint8]) -> None:
    """Transform one row in place, as `transform` does."""
    span = 1
    while span < len(bits):
        for base in range(0, len(bits), 2 * span):
            for i in range(base, base + span):
                bits[i] ^= bits[i + span]
        span *= 2


@kernel("float32(float32[::1], uint8[::1])")
def penalty(soft: NDArray[np.float32], bits: NDArray[np.uint8]) -> np.float32:
    """Return what code bits cost: the size of all soft values that speak against them."""
    total = np.float32(0)
    for i in range(len(bits)):
        total += max(soft[i] if bits[i] else -soft[i], np.float32(0))
    return np.float32(total)


# --- the list ------------------------------------------------------------------------------------


@kernel("int64(float32[:], uint8[:], int64[:, :, ::1], float32[:, ::1], int64, int64, int64)")
def guess(
    soft: NDArray[np.float32],
    bit: NDArray[np.uint8],
    rows: NDArray[np.int64],
    costs: NDArray[np.float32],
    side: int,
    level: int,
    active: int,
) -> int:
    """Let each path go both ways at one bit, and keep the cheapest ways.

    Args:
        soft: float32 (paths,), the soft value of the bit in each row.
        bit: uint8 (paths,), where each path's bit is written.
        rows: int64 (3, levels + 1, paths), which rows each path reads; changed with `costs`.
        costs: float32 (2, paths), what each path has cost, and what its other way costs.
        side: Of the bit.
        level: Of the bit.
        active: How many paths there are.

    Returns:
        How many paths there are then.
    """
    cost, other = costs[0], costs[1, :active]
    paths = len(cost)
    for path in range(active):
        value = soft[rows[0, level, path]]
        bit[path] = value < 0
        rows[1 + side, level, path] = path
        other[path] = cost[path] + abs(value)
    before = active
    for _ in range(before):
        best = int(np.argmin(other))
        if active < paths:
            place = active
            active += 1
        else:
            place = int(np.argmax(cost))
            if other[best] >= cost[place]:
                break
            if place < before:
                # Its own other way costs even more than the way that just lost.
                other[place] = np.inf
        for v in range(rows.shape[1]):
            rows[0, v, place] = rows[0, v, best]
            rows[1, v, place] = rows[1, v, best]
            rows[2, v, place] = rows[2, v, best]
        bit[place] = 1 - bit[best]
        rows[1 + side, level, place] = place
        cost[place] = other[best]
        other[best] = np.inf
    return active


@kernel("uint8[:, ::1](float32[::1], int32[:, ::1], uint8[::1], int64)")
def list_decode(
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
    # Which row each path reads, by level: of the soft values, of the bits of side 0 and of side 1.
    rows = np.zeros((3, levels + 1, paths), np.int64)
    value_row, bit_row = rows[0], rows[1:]
    costs = np.zeros((2, paths), np.float32)
    cost = costs[0]
    word = np.empty(length, np.uint8)
    values[0, :length] = soft
    active = 1
    for step in range(schedule.shape[0]):
        kind, level, start, side = schedule[step]
        size = length >> level
        here = 2 * length - 2 * size
        child, end = here + size, here + size + size // 2
        if kind == _F:
            for path in range(active):
                parent = values[value_row[level, path], here:child]
                f_node(parent, values[path, child:end])
                value_row[level + 1, path] = path
        elif kind == _G:
            for path in range(active):
                parent = values[value_row[level, path], here:child]
                decided = bits[0, bit_row[0, level + 1, path], child:end]
                g_node(parent, decided, values[path, child:end])
                value_row[level + 1, path] = path
        elif kind == _JOIN:
            for path in range(active):
                upper = bits[0, bit_row[0, level + 1, path], child:end]
                lower = bits[1, bit_row[1, level + 1, path], child:end]
                join(upper, lower, bits[side, path, here:child])
                bit_row[side, level, path] = path
        elif kind == _KNOWN:
            word[:size] = known[start : start + size]
            transform_row(word[:size])
            for path in range(active):
                bits[side, path, here:child] = word[:size]
                cost[path] += penalty(values[value_row[level, path], here:child], word[:size])
                bit_row[side, level, path] = path
        else:
            active = guess(values[:, here], bits[side, :, here], rows, costs, side, level, active)
    order = np.argsort(cost[:active])
    result = np.empty((active, length), np.uint8)
    for rank in range(active):
        result[rank] = bits[0, bit_row[0, 0, order[rank]], :length]
        transform_row(result[rank])
    return result
