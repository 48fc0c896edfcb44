"""Look for payloads in a sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.layers import Detection, WatermarkState
from synthmark.watermark.audio import cells, decoding, search, spectrum
from synthmark.watermark.audio.layout import Layout
from synthmark.watermark.audio.marking import LEAST_SECONDS, as_float, check_samples
from synthmark.watermark.audio.search import Search
from synthmark.watermark.audio.sync import Fold
from synthmark.watermark.audio.whitening import View
from synthmark.watermark.payload import CHECK_BITS, Checker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from synthmark.watermark.audio.search import Alignment

_PEAKS, _MOVED_PEAKS = 2, 4


def detect(
    samples: NDArray[np.float32] | NDArray[np.int16],
    sample_rate: int,
    *,
    keys: Sequence[WatermarkKey] = (OPEN_KEY,),
    reach: Search = Search.FAMILIES,
) -> Detection:
    """Report the payload whose keyed check is right.

    Args:
        samples: float32 (full scale 1) or int16, (n,) or (n, channels).
        sample_rate: Samples a second, 8,000 to 192,000.
        keys: All are tried on the same spectrum.
        reach: How far to look for sound that was played at another speed or pitch.

    Returns:
        Decoded, with payload, key and p-value, or absent. The p-value is the number of checks that
        detection made up to then times 2^-32.

    Raises:
        UsageError: Samples or rate have the wrong shape, type or range.
    """
    check_samples(samples, sample_rate)
    if len(samples) < sample_rate * LEAST_SECONDS:
        return Detection(WatermarkState.ABSENT)
    mean = as_float(samples).mean(axis=1)
    sound = spectrum.resample(mean, sample_rate, spectrum.RATE)
    logs = cells.log_power(spectrum.power(sound))
    layouts = [Layout.of(key) for key in keys]
    checkers = [Checker(key, "audio") for key in keys]
    checks = 0
    for place, alignment in _alignments(logs, layouts, reach):
        for soft in _soft_values(logs, layouts[place], alignment):
            payload, made = decoding.decode(soft, checkers[place])
            checks += made
            if payload is not None:
                return Detection(
                    WatermarkState.DECODED, payload, keys[place].name, checks / 2**CHECK_BITS
                )
    return Detection(WatermarkState.ABSENT)


def _alignments(
    logs: NDArray[np.float32], layouts: Sequence[Layout], reach: Search
) -> Iterator[tuple[int, Alignment]]:
    """Yield the number of a layout and an alignment worth decoding, the likeliest first."""
    ((_, _, scores),) = search.scan(logs, layouts, [(1.0, 1.0)])
    for place in range(len(layouts)):
        for alignment in search.unmoved(scores[place], _PEAKS):
            yield place, alignment
    if reach is Search.NONE:
        return
    part = search.middle(logs)
    pairs = search.grid(reach, search.seconds(len(part)))
    found = list(search.scan(part, layouts, pairs))
    for place, layout in enumerate(layouts):
        for rough in search.candidates(found, place, _MOVED_PEAKS):
            yield place, search.refine(logs, layout, rough)


def _soft_values(
    logs: NDArray[np.float32], layout: Layout, alignment: Alignment
) -> Iterator[NDArray[np.float32]]:
    """Yield soft values weighted by what each cell and band is worth, then all alike."""
    bands = cells.band_levels(logs, cells.edges(alignment.pitch))
    view = View.of(bands, alignment.phase, alignment.stretch)
    fold = Fold.of(view.values, view.weights).turned(alignment.start)
    yield decoding.soft_values(fold, layout, decoding.band_factors(fold, layout))
    plain = Fold.of(view.values, np.ones_like(view.values)).turned(alignment.start)
    yield decoding.soft_values(plain, layout)
