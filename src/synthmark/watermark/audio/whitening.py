"""What is left of a sound once its own course is predicted: values close to unit noise.

Each cell's level is compared with what its neighbours predict, and the error is divided by its own
local size. What a cell is worth to the detector is another matter: its level tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio import cells, prediction
from synthmark.watermark.audio.cells import DECIBEL
from synthmark.watermark.audio.prediction import REACH
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SLOTS = 8
"""Fewest slots that can be whitened."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The cells of a sound on one grid; each array is float32 (slots, bands).

    Attributes:
        levels: Natural logarithms of power.
        values: Whitened levels, within +-2.
        deviation: Of the levels about what was predicted; negative where nothing happens.
        weights: What each cell is worth to the detector, 0 to 1.
    """

    levels: NDArray[np.float32]
    values: NDArray[np.float32]
    deviation: NDArray[np.float32]
    weights: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        bands: NDArray[np.float32],
        start: float,
        stretch: float = 1.0,
        host: Host | None = None,
    ) -> View:
        """Look at bands, float32 (frames, bands), in slots that begin at frame `start`.

        Args:
            bands: From `cells.firm_levels`.
            start: First frame of the first slot.
            stretch: Length of a slot, 1 for the embedder's own.
            host: What is known of the sound already; None to learn it from this view.
        """
        levels = cells.slot_levels(bands, start, cells.SLOT * stretch)
        host = Host.of(levels) if host is None else host
        values, deviation = whiten(prediction.mirrored(levels), host.rings)
        worth = weights(levels, deviation, host.floor, cells.BY_BAND)
        return cls(levels, values, deviation, worth)


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """What is learnt from a sound as a whole, on any grid, and holds for others.

    Attributes:
        rings: float32 (rings, bands), from `prediction.fit`.
        floor: float32 (bands,), the level below which a tenth of each band's cells lie.
    """

    rings: NDArray[np.float32]
    floor: NDArray[np.float32]

    @classmethod
    def of(cls, levels: NDArray[np.float32]) -> Host:
        """Learn from levels, float32 (slots, bands)."""
        return cls(prediction.fit(levels), floors(levels))


# --- values: what no neighbour predicts, over its own size ----------------------------------------

_REACH = 8
"""Slots before and behind a cell over which the size of its error is taken."""
_LEAST = 0.06
"""Smallest size of an error, in natural logarithms of power; below, nothing happens."""
_MOST_SQUARE = 9.0
"""Largest square of an error that counts, in squares of such logarithms."""
_CLIP = 2.0
"""Largest value of a cell, in sizes of its error."""


@kernel("UniTuple(float32[:, ::1], 2)(float32[:, ::1], float32[:, ::1])")
def whiten(
    padded: NDArray[np.float32], rings: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the whitened level of each cell, within +-2, and the deviation it was divided by.

    Args:
        padded: From `prediction.mirrored`.
        rings: From `prediction.fit`.

    Returns:
        Two arrays, float32 (slots, bands). The deviation is the RMS error within 8 slots and one
        band, negative where it is at its floor: nothing happens there.
    """
    values = errors(padded, rings)
    return values, normalise(values)


@kernel("float32[:, ::1](float32[:, ::1], float32[:, ::1])")
def errors(padded: NDArray[np.float32], rings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each cell's level less what its neighbours predict, float32 (slots, bands).

    Args:
        padded: From `prediction.mirrored`.
        rings: From `prediction.fit`.
    """
    slots, bands = padded.shape[0] - 2 * REACH, padded.shape[1] - 2 * REACH
    error = np.empty((slots, bands), np.float32)
    for slot in range(slots):
        row, here = error[slot], padded[slot + 3]
        before3, before2, before = padded[slot], padded[slot + 1], padded[slot + 2]
        after, after2, after3 = padded[slot + 4], padded[slot + 5], padded[slot + 6]
        # The rings of `prediction.surroundings`, written out: twice as fast as through memory.
        for b in range(bands):
            row[b] = here[b + 3] - (
                rings[0, b] * (before[b + 3] + after[b + 3])
                + rings[1, b] * (before2[b + 3] + after2[b + 3])
                + rings[2, b] * (before3[b + 3] + after3[b + 3])
                + rings[3, b] * (here[b + 2] + here[b + 4])
                + rings[4, b] * (here[b + 1] + here[b + 5])
                + rings[5, b] * (here[b] + here[b + 6])
                + rings[6, b] * (before[b + 2] + before[b + 4] + after[b + 2] + after[b + 4])
                + rings[7, b] * (before[b + 1] + before[b + 5] + after[b + 1] + after[b + 5])
                + rings[8, b] * (before2[b + 2] + before2[b + 4] + after2[b + 2] + after2[b + 4])
                + rings[9, b] * (before2[b + 1] + before2[b + 5] + after2[b + 1] + after2[b + 5])
            )
    return error


@kernel("float32[:, ::1](float32[:, ::1])")
def normalise(error: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide each error by its size around it, in place, clip it, and return the sizes.

    Args:
        error: float32 (slots, bands); it becomes the values.

    Returns:
        float32 (slots, bands), the RMS within 8 slots and one band, negative at its floor.
    """
    slots, bands = error.shape
    squares = np.empty((slots, bands), np.float32)
    most = np.float32(_MOST_SQUARE)
    for slot in range(slots):
        for band in range(bands):
            squares[slot, band] = min(error[slot, band] * error[slot, band], most)
    # Sums over +-8 slots, by adding what enters and taking away what leaves.
    sums_of_squares = np.zeros(bands + 2, np.float64)
    deviation = np.empty((slots, bands), np.float32)
    nothing, clip, least = np.float32(0), np.float32(_CLIP), np.float32(_LEAST)
    for slot in range(-_REACH, slots):
        enters, leaves = slot + _REACH, slot - _REACH - 1
        if enters < slots:
            for band in range(bands):
                sums_of_squares[band + 1] += squares[enters, band]
        if leaves >= 0:
            for band in range(bands):
                sums_of_squares[band + 1] -= squares[leaves, band]
        if slot < 0:
            continue
        count = min(enters, slots - 1) - max(leaves + 1, 0) + 1
        two, three = np.float32(0.5 / count), np.float32(1 / 3 / count)
        for band in range(bands):
            share = three if 0 < band < bands - 1 else two
            total = sums_of_squares[band] + sums_of_squares[band + 1] + sums_of_squares[band + 2]
            size = np.sqrt(max(np.float32(total), nothing) * share)
            deviation[slot, band] = size if size > least else -least
            error[slot, band] = min(max(error[slot, band] / max(size, least), -clip), clip)
    return deviation


# --- weights: how much each cell is worth ---------------------------------------------------------

# In a clean band quiet cells still tell something. In a noisy one noise rises above its floor here
# and there, but sound does so together: a cell counts by its own level and by that of the nine
# cells around. Set on the tuning files of docs/measured/sound-robustness.md.
_CLEAN_LEAST = 0.35
"""Weight of a cell at the floor of a clean band."""
_CLEAN_RANGE = 38.0
"""Decibels over which that weight would rise by 1."""
_NOISY_FROM = -1.0
"""Decibels above the floor of a noisy band from where on a cell's own level counts."""
_NOISY_RANGE = 9.0
"""Decibels from there to full weight."""
_NINE_FROM = 1.0
"""Mean decibels above the floor from where on the nine cells around count."""
_NINE_RANGE = 2.0
"""Decibels from there to full weight."""
_NOISY_LEAST = 0.03
"""Least weight of a cell in a noisy band."""
_NEAR_FLOOR = 6.0
"""Decibels above its band's floor within which a cell is near it."""
_NOISE_SHARE = 0.45
"""Share of cells near the floor from where on a band is a little noisy."""
_NOISE_RANGE = 0.25
"""How much larger that share is where a band is wholly noisy."""
_SMOOTH = 5
"""Bands over which noisiness is averaged; an odd number."""
_DEAD = 88.0
"""Decibels below the loudest cell of the sound where a cell is dead."""
_DEAD_WEIGHT = 0.05
"""Weight of a dead cell."""


def floors(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level below which a tenth of each band's cells lie, float32 (bands,)."""
    place = len(levels) // 10
    found: NDArray[np.float32] = np.partition(levels, place, axis=0)[place]
    return found


@kernel("float32[:, ::1](float32[:, ::1], float32[:, ::1], float32[::1], float32[::1])")
def weights(
    levels: NDArray[np.float32],
    deviation: NDArray[np.float32],
    floor: NDArray[np.float32],
    granted: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return what each cell is worth to the detector, 0 to 1.

    A cell counts by what the embedder grants its band, and by how far it lies above its band's
    floor. In a noisy band, one in which (or beside which) many cells lie near the floor, what is
    near the floor is the noise: there a cell counts only as its neighbours rise with it.

    Args:
        levels: float32 (slots, bands).
        deviation: From `whiten`.
        floor: From `floors`.
        granted: float32 (bands,), `cells.BY_BAND`.
    """
    slots, bands = levels.shape
    noisy, least = noisiness(levels, floor)
    found = np.empty((slots, bands), np.float32)
    over = np.zeros(bands + 2, np.float32)
    nothing, one = np.float32(0), np.float32(1)
    clean_from, clean_by = np.float32(_CLEAN_LEAST), np.float32(DECIBEL / _CLEAN_RANGE)
    own_from, own_by = np.float32(-_NOISY_FROM / _NOISY_RANGE), np.float32(DECIBEL / _NOISY_RANGE)
    nine_from, nine_by = (
        np.float32(-_NINE_FROM / _NINE_RANGE),
        np.float32(DECIBEL / 9 / _NINE_RANGE),
    )
    for slot in range(slots):
        three_above(levels, slot, floor, over)
        here, row = levels[slot], found[slot]
        for band in range(bands):
            above = here[band] - floor[band]
            around = over[band] + over[band + 1] + over[band + 2]
            clean = min(max(clean_from + above * clean_by, clean_from), one)
            own = min(max(own_from + above * own_by, nothing), one)
            others = min(max(nine_from + around * nine_by, nothing), one)
            noise = max(own * others, np.float32(_NOISY_LEAST))
            worth = (clean + noisy[band] * (noise - clean)) * granted[band]
            dead = here[band] < least or deviation[slot, band] < nothing
            row[band] = np.float32(_DEAD_WEIGHT) if dead else worth
    return found


@kernel("void(float32[:, ::1], int64, float32[::1], float32[::1])")
def three_above(
    levels: NDArray[np.float32], slot: int, floor: NDArray[np.float32], over: NDArray[np.float32]
) -> None:
    """Write how far a band's cells lie above its floor, in a slot and the two beside it together.

    Args:
        levels: float32 (slots, bands).
        slot: The one in the middle; what is before the first and behind the last is alike.
        floor: float32 (bands,).
        over: The result, float32 (bands + 2,), each end a copy of its neighbour.
    """
    slots, bands = levels.shape
    before, here, after = levels[max(slot - 1, 0)], levels[slot], levels[min(slot + 1, slots - 1)]
    for band in range(bands):
        over[band + 1] = before[band] + here[band] + after[band] - np.float32(3) * floor[band]
    over[0], over[bands + 1] = over[1], over[bands]


@kernel("Tuple((float32[::1], float32))(float32[:, ::1], float32[::1])")
def noisiness(
    levels: NDArray[np.float32], floor: NDArray[np.float32]
) -> tuple[NDArray[np.float32], np.float32]:
    """Return how noisy each band is, 0 to 1, float32 (bands,), and the level of dead cells.

    Args:
        levels: float32 (slots, bands).
        floor: From `floors`.
    """
    slots, bands = levels.shape
    nothing, one = np.float32(0), np.float32(1)
    near, most = np.zeros(bands, np.float32), np.full(bands, -np.inf, np.float32)
    quiet = floor + np.float32(_NEAR_FLOOR / DECIBEL)
    for slot in range(slots):
        row = levels[slot]
        for band in range(bands):
            most[band] = max(most[band], row[band])
            near[band] += one if row[band] < quiet[band] else nothing
    noisy = np.empty(bands, np.float32)
    for band in range(bands):
        total = nothing
        for beside in range(band - _SMOOTH // 2, band + _SMOOTH // 2 + 1):
            share = near[min(max(beside, 0), bands - 1)] / np.float32(slots)
            part = (share - np.float32(_NOISE_SHARE)) / np.float32(_NOISE_RANGE)
            total += min(max(part, nothing), one)
        noisy[band] = total / np.float32(_SMOOTH)
    return noisy, most.max() - np.float32(_DEAD / DECIBEL)
