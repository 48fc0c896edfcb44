"""Find how a marked sound was played: faster, stretched, at another pitch, and from where on.

The short-time spectrum is taken once. A sound that was played faster by v has slots shorter and
bands higher by v; one that was stretched only has longer slots; one that was shifted in pitch only
has higher bands. Each of these three is a family with a single unknown; both unknowns together are
a plane that takes some twenty times longer to search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio import cells, whitening
from synthmark.watermark.audio.cells import slot_levels
from synthmark.watermark.audio.layout import PERIOD
from synthmark.watermark.audio.prediction import mirrored
from synthmark.watermark.audio.spectrum import HOP, RATE
from synthmark.watermark.audio.sync import Fold, correlate, fold
from synthmark.watermark.audio.whitening import Host, View, weights, whiten
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from synthmark.watermark.audio.layout import Layout

_SPEED = (-0.226, 0.226)
"""Logarithms of the speeds searched: 0.8 to 1.25."""
_STRETCH = (-0.23, 0.295)
"""Logarithms of the lengths of a slot searched, over its own: tempo 1.25 to 0.75."""
_PITCH = (-0.18, 0.18)
"""Logarithms of the pitches searched: three semitones and a little."""
_DRIFT = 0.04
"""Step of the stretch, in seconds by which two neighbours differ over the sound: 1.7 slots."""
_PITCH_STEP = 0.009
"""Step of the pitch's logarithm: 0.9 %, a third of a band at 5 kHz."""
_MOST_SECONDS = 12.0
"""Seconds that are searched, in the middle of the sound."""
_PHASES = 3
"""Beginnings tried within a slot: one each frame."""


class Search(Enum):
    """How far a detector looks."""

    NONE = "none"
    """For sound at its own speed and pitch."""
    FAMILIES = "families"
    """Also for a change of speed, of tempo or of pitch."""
    JOINT = "joint"
    """Also for tempo and pitch changed independently, in one to three times the sound's length."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """One way the marked sound may lie in the sound at hand.

    Attributes:
        score: Of the sync dipoles; nearly a standard normal variable in unmarked sound.
        stretch: Length of a slot over its own length.
        pitch: Frequencies over their own.
        phase: Where the first slot begins, in frames.
        start: Slot at which the period begins.
    """

    score: float
    stretch: float
    pitch: float
    phase: float
    start: int


def seconds(frames: int) -> float:
    """Return how long so many frames last."""
    return frames * HOP / RATE


def middle(
    logs: NDArray[np.float32], most: int = round(_MOST_SECONDS * RATE / HOP)
) -> NDArray[np.float32]:
    """Return the frames in the middle of the sound, at most the 12 s that are searched."""
    begin = max(0, (len(logs) - most) // 2)
    return logs[begin : begin + most]


def grid(search: Search, length: float) -> list[tuple[float, float]]:
    """Return the pairs of stretch and pitch to try on `length` seconds of sound."""
    step = _DRIFT / length
    pitches = np.exp(_steps(_PITCH, _PITCH_STEP))
    stretches = np.exp(_steps(_STRETCH, step))
    if search is Search.JOINT:
        return [(float(stretch), float(pitch)) for pitch in pitches for stretch in stretches]
    speeds = np.exp(_steps(_SPEED, step))
    return [
        *((float(stretch), 1.0) for stretch in stretches),
        *((1.0, float(pitch)) for pitch in pitches),
        *((1 / float(speed), float(speed)) for speed in speeds),
    ]


def scan(
    logs: NDArray[np.float32],
    layouts: Sequence[Layout],
    pairs: Iterable[tuple[float, float]],
    phases: int = _PHASES,
) -> Iterator[tuple[float, float, NDArray[np.float32]]]:
    """Yield stretch, pitch and the scores, float32 (layouts, phases, 128), of each pair.

    Args:
        logs: float32 (frames, bins), logarithms of power.
        layouts: Of the keys; they share everything but the last step.
        pairs: Stretch and pitch; neighbours of the same pitch share their bands.
        phases: Beginnings tried within a slot.
    """
    bands, last, rows = cells.band_levels(logs), 1.0, None
    host = Host.of(_levels(bands))
    syncs = np.stack([layout.sync for layout in layouts])
    for stretch, pitch in pairs:
        if pitch != last:
            rows = cells.turned(logs) if rows is None else rows
            bands = cells.turned_levels(rows, pitch)
            host = Host(host.rings, whitening.floors(_levels(bands)))
            last = pitch
        starts = np.array([_phase(number, phases, stretch) for number in range(phases)])
        length = cells.SLOT * stretch
        yield (
            stretch,
            pitch,
            scored(bands, starts, length, host.rings, host.floor, cells.BY_BAND, syncs),
        )


@kernel(
    "float32[:, :, ::1](float32[:, ::1], float64[::1], float64, float32[:, ::1], float32[::1],"
    " float32[::1], float32[:, :, ::1])"
)
def scored(
    bands: NDArray[np.float32],
    starts: NDArray[np.float64],
    length: float,
    rings: NDArray[np.float32],
    floor: NDArray[np.float32],
    granted: NDArray[np.float32],
    syncs: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the scores of one length of slots, float32 (layouts, starts, 128).

    What `View.of` and `Fold` do for one start, here for all at once.

    Args:
        bands: float32 (frames, bands), from `cells.firm_levels`.
        starts: Where the first slot begins, in frames.
        length: Frames in a slot.
        rings: From `prediction.fit`.
        floor: From `whitening.floors`.
        granted: float32 (bands,), `cells.BY_BAND`.
        syncs: float32 (layouts, 24, 128), the chips of the sync dipoles.
    """
    found = np.empty((len(syncs), len(starts), syncs.shape[2]), np.float32)
    for number in range(len(starts)):
        levels = slot_levels(bands, starts[number], length)
        values, deviation = whiten(mirrored(levels), rings)
        signal, energy = fold(values, weights(levels, deviation, floor, granted))
        for place in range(len(syncs)):
            found[place, number] = correlate(signal, energy, syncs[place])
    return found


def views(bands: NDArray[np.float32]) -> list[View]:
    """Return how sound at its own speed and pitch looks from each beginning within a slot.

    Args:
        bands: float32 (frames, bands), from `cells.firm_levels`.
    """
    host = Host.of(_levels(bands))
    return [View.of(bands, _phase(number, _PHASES, 1.0), 1.0, host) for number in range(_PHASES)]


def scores(bands: Sequence[NDArray[np.float32]], layout: Layout) -> NDArray[np.float32]:
    """Return the scores of several ways to hear one sound together, float32 (phases, 128).

    They are related to each other, so the scores spread further than a standard normal variable.

    Args:
        bands: float32 (frames, bands) each, from `cells.firm_levels`, of the sound unmoved.
        layout: Of the key.
    """
    hosts = [Host.of(_levels(each)) for each in bands]
    found = np.empty((_PHASES, PERIOD), np.float32)
    for number in range(_PHASES):
        phase = _phase(number, _PHASES, 1.0)
        views = [View.of(each, phase, host=host) for each, host in zip(bands, hosts, strict=True)]
        folds = [Fold.of(view.values, view.weights) for view in views]
        found[number] = reduce(add, folds).scores(layout)
    return found


def _levels(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    return cells.slot_levels(bands, 0.0, cells.SLOT)


def candidates(
    found: Sequence[tuple[float, float, NDArray[np.float32]]], place: int, count: int
) -> list[Alignment]:
    """Return the best alignments of one layout, best first, each apart from the better ones.

    Args:
        found: What `scan` yielded.
        place: Number of the layout.
        count: Most to return.
    """
    best = []
    for stretch, pitch, scores in found:
        number, start = divmod(int(scores[place].argmax()), PERIOD)
        phase = _phase(number, scores.shape[1], stretch)
        best.append(Alignment(float(scores[place, number, start]), stretch, pitch, phase, start))
    best.sort(key=lambda each: -each.score)
    apart: list[Alignment] = []
    for each in best:
        if not any(_near(each, other) for other in apart):
            apart.append(each)
        if len(apart) == count:
            break
    return apart


def refine(logs: NDArray[np.float32], layout: Layout, rough: Alignment) -> Alignment:
    """Return the best alignment around one that a scan of the middle of the sound found.

    The longer the sound, the finer must its stretch be known, so the part that is looked at grows.
    """
    part = middle(logs)
    step = _DRIFT / seconds(len(part))
    best = _best(part, layout, rough, 0.3 * step, _PHASES, 0.5 * _PITCH_STEP)
    while True:
        part = middle(logs, 2 * len(part))
        best = _best(part, layout, best, 0.25 * _DRIFT / seconds(len(part)), 2 * _PHASES)
        if len(part) == len(logs):
            return best


def _best(
    logs: NDArray[np.float32],
    layout: Layout,
    around: Alignment,
    stretch_step: float,
    phases: int,
    pitch_step: float = 0.0,
) -> Alignment:
    pitches = around.pitch * np.exp(pitch_step * np.arange(-1, 2)) if pitch_step else [around.pitch]
    stretches = around.stretch * np.exp(stretch_step * np.arange(-2, 3))
    pairs = [(float(stretch), float(pitch)) for pitch in pitches for stretch in stretches]
    return candidates(list(scan(logs, [layout], pairs, phases)), 0, 1)[0]


def _steps(reach: tuple[float, float], step: float) -> NDArray[np.float64]:
    """Return the multiples of `step` within `reach`."""
    count = np.arange(int(reach[0] / step), int(reach[1] / step) + 1)
    return np.asarray(step * count, np.float64)


def _phase(number: int, phases: int, stretch: float) -> float:
    return number * cells.SLOT * stretch / phases


def _near(one: Alignment, other: Alignment) -> bool:
    return (
        abs(math.log(one.stretch / other.stretch)) < 0.008
        and abs(math.log(one.pitch / other.pitch)) < 0.02
    )


def unmoved(scores: NDArray[np.float32], count: int) -> list[Alignment]:
    """Return the best alignments at the sound's own speed and pitch, float32 (phases, 128) given.

    None lies within a slot of a better one.
    """
    left = scores.copy()
    found = []
    for _ in range(count):
        number, start = divmod(int(np.argmax(left)), PERIOD)
        phase = _phase(number, len(scores), 1.0)
        found.append(Alignment(float(left[number, start]), 1.0, 1.0, phase, start))
        for near in (-1, 0, 1):
            left[:, (start + near) % PERIOD] = -np.inf
    return found


def chance(scores: Iterable[NDArray[np.float32]]) -> float:
    """Return the chance that unmarked sound scores as high anywhere as the best of these.

    Scores of one pair, at all phases and starts, tell how far those of unmarked sound would spread
    (in a repetitive sound further than a standard normal variable). The number of scores bounds
    that of independent ones, so the chance is an upper bound as far as the tails are normal.

    Args:
        scores: float32 (phases, 128) each, of every pair that was tried.
    """
    most, trials = 0.0, 0
    for each in scores:
        spread = max(1.0, float(np.sqrt(np.mean(np.square(each)))))
        most = max(most, float(each.max()) / spread)
        trials += each.size
    return min(1.0, trials * 0.5 * math.erfc(most / math.sqrt(2)))
