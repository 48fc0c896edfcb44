"""How much a sound resembles a marked one, moment by moment: to be looked at, not to judge by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio import search, spectrum
from synthmark.watermark.audio.hearing import Hearing
from synthmark.watermark.audio.layout import Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.keys import WatermarkKey

# Seconds of a window: the shortest sound that carries a whole content id.
_WINDOW = 5.0
# Seconds from one to the next.
_STEP = 1.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the synchronisation says of each window of 5 s.

    Attributes:
        times: float64 (windows,), their middles in seconds.
        scores: float64 (windows,), the best score; of unmarked sound about 3.
        confidence: float64 (windows,), 1 - the chance that unmarked sound scores as high.
    """

    times: NDArray[np.float64]
    scores: NDArray[np.float64]
    confidence: NDArray[np.float64]


def timeline(
    wave: NDArray[np.float32],
    sample_rate: int,
    *,
    key: WatermarkKey,
    moved: Sequence[tuple[float, float, float, float]] = (),
) -> Timeline:
    """Return what each window of a sound scores.

    Args:
        wave: float32 (n, channels).
        sample_rate: Samples a second.
        key: Of the watermark that is looked for.
        moved: Start, end, stretch and pitch of parts that are known to have been changed.
    """
    logs = Hearing(wave, sample_rate).logs
    layout = Layout.of(key)
    frames = spectrum.RATE / spectrum.HOP
    length = min(len(logs), round(_WINDOW * frames))
    rows = []
    for begin in range(0, len(logs) - length + 1, round(_STEP * frames)):
        middle = (begin + length / 2) / frames
        pair = next((each[2:] for each in moved if each[0] <= middle < each[1]), (1.0, 1.0))
        ((_, _, scores),) = search.scan(logs[begin : begin + length], [layout], [pair])
        rows.append((middle, float(scores.max()), 1 - search.chance(scores)))
    times, best, confidence = np.array(rows, np.float64).reshape(-1, 3).T
    return Timeline(times, best, confidence)
