"""Look for payloads in a sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.layers import Detection, WatermarkState
from synthmark.watermark.audio import cells, decoding, spectrum
from synthmark.watermark.audio.layout import PERIOD, Layout
from synthmark.watermark.audio.marking import as_float, check_samples
from synthmark.watermark.audio.sync import Fold
from synthmark.watermark.audio.whitening import View
from synthmark.watermark.payload import CHECK_BITS, Checker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_PEAKS = 2


def detect(
    samples: NDArray[np.float32] | NDArray[np.int16],
    sample_rate: int,
    *,
    keys: Sequence[WatermarkKey] = (OPEN_KEY,),
) -> Detection:
    """Report the payloads whose keyed check is right.

    Args:
        samples: float32 (full scale 1) or int16, (n,) or (n, channels).
        sample_rate: Samples a second, 8,000 to 192,000.
        keys: Tried one after the other on the same spectrum.

    Raises:
        UsageError: Samples or rate have the wrong shape, type or range.
    """
    check_samples(samples, sample_rate)
    if len(samples) < sample_rate * 0.5:
        return Detection(WatermarkState.ABSENT)
    mean = as_float(samples).mean(axis=1)
    sound = spectrum.resample(mean, sample_rate, spectrum.RATE)
    bands = cells.band_levels(cells.log_power(spectrum.power(sound)), cells.edges())
    views = [View.of(bands, phase) for phase in range(cells.SLOT)]
    checks = 0
    for key in keys:
        layout, checker = Layout.of(key), Checker(key, "audio")
        folds = [Fold.of(each.values, each.weights) for each in views]
        scores = np.stack([fold.scores(layout) for fold in folds])
        for phase, start in peaks(scores, _PEAKS):
            seen = views[phase]
            turned = folds[phase].turned(start)
            plain = Fold.of(seen.values, np.ones_like(seen.values)).turned(start)
            for soft in (
                decoding.soft_values(turned, layout, decoding.band_factors(turned, layout)),
                decoding.soft_values(plain, layout),
            ):
                payload, made = decoding.decode(soft, checker)
                checks += made
                if payload is not None:
                    return Detection(
                        WatermarkState.DECODED, payload, key.name, checks / 2**CHECK_BITS
                    )
    return Detection(WatermarkState.ABSENT)


def peaks(scores: NDArray[np.float32], count: int) -> list[tuple[int, int]]:
    """Return phase and start of the best scores, none within a slot of a better one."""
    left = scores.copy()
    found = []
    for _ in range(count):
        phase, start = divmod(int(np.argmax(left)), PERIOD)
        found.append((phase, start))
        for near in (-1, 0, 1):
            left[:, (start + near) % PERIOD] = -np.inf
    return found
