"""From a folded sound to payloads: soft values of the code bits, and what the polar code says.

A payload has one of two forms: 16 bytes, or the 8 bytes that shorter sound carries. Both are spread
over the same 1,024 code bits, so the detector tries both on the same soft values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio.cells import DIPOLES
from synthmark.watermark.audio.layout import CODE_BITS, GROUPS, PERIOD
from synthmark.watermark.polar import PolarCode
from synthmark.watermark.scheme import AUDIO_1

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.audio.layout import Layout
    from synthmark.watermark.audio.sync import Fold
    from synthmark.watermark.payload import Checker

FORMS = AUDIO_1.payload_bytes
"""Bytes of a payload: the full form and the short one."""
_THRESHOLD = {16: 0.26, 8: 0.14}
"""Squared mean over variance of the soft values at which half of all decodings succeed, by form."""
_LISTS = (4, 64)
"""Paths of the list decoder. Most marks are read by a short list already; only where it fails is
the long one worth its time. Longer ones gain 1 % and cost twice the checks."""
_GROUP = 6
"""Neighbouring dipoles whose share of the watermark is estimated together, from sync dipoles."""
_PRIOR_CELLS = 500
"""Cells that the mean of all bands counts for in that estimate."""
_LEAST_FACTOR = 0.05
"""Least weight of a dipole, the mean of all being 1."""
_MOST_FACTOR = 2.0
"""Largest weight of a dipole."""


def code(form: int) -> PolarCode:
    """Return the polar code of a payload of so many bytes."""
    return PolarCode.of(CODE_BITS, AUDIO_1.message_bits(form), 0)


def encode(message: NDArray[np.uint8], form: int) -> NDArray[np.float32]:
    """Return the code word of a message, float32 (1024,), +1 and -1."""
    return code(form).encode(message, np.zeros(CODE_BITS, np.float32), paths=1)


def soft_values(
    fold: Fold, layout: Layout, factors: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Return the soft value of each code bit, float32 (1024,), of a fold that is turned.

    Args:
        fold: Its first slot the period's first.
        layout: Of the key.
        factors: float32 (24,), how much each dipole is worth; None for all alike.
    """
    parts = fold.signal * layout.chip
    if factors is not None:
        parts = parts * factors[:, None]
    soft = np.bincount(layout.group.ravel(), parts.ravel(), GROUPS)[:CODE_BITS]
    return soft.astype(np.float32)


def band_factors(fold: Fold, layout: Layout) -> NDArray[np.float32]:
    """Return how much of the watermark each dipole's surroundings kept, float32 (24,), near 1.

    The soft value of a cell is 2 mean / variance times what is seen. The sync dipoles tell both;
    where they are few, they are drawn towards the mean of all bands.
    """
    known = layout.sync != 0
    seen = (fold.signal * layout.sync).reshape(-1, _GROUP * PERIOD).sum(axis=1)
    energy = (fold.energy * known).reshape(-1, _GROUP * PERIOD).sum(axis=1)
    cells = 2 * known.sum() * fold.slots / PERIOD
    whole = max(float(seen.sum() / max(energy.sum(), 1e-9)), 1e-9)
    prior = _PRIOR_CELLS * energy.sum() / cells + 1e-9
    factors = (seen + prior * whole) / (energy + prior) / whole
    clipped = np.clip(factors, _LEAST_FACTOR, _MOST_FACTOR).astype(np.float32)
    return np.repeat(clipped, _GROUP)[:DIPOLES]


def margin(soft: NDArray[np.float32], word: NDArray[np.float32], form: int) -> float:
    """Return how far soft values lie above what half of all decodings need, in dB.

    Args:
        soft: float32 (1024,).
        word: float32 (1024,), the code word, +1 and -1.
        form: Bytes of the payload.
    """
    agreement = (soft * word).astype(np.float64)
    mean = max(float(agreement.mean()), 1e-6)
    return 10 * math.log10(mean**2 / max(float(agreement.var()), 1e-12) / _THRESHOLD[form])


def decode(soft: NDArray[np.float32], checker: Checker) -> tuple[bytes | None, int]:
    """Return the payload that passes its check, None without one, and how many checks were made."""
    checks = 0
    for paths in _LISTS:
        for form in FORMS:
            messages = code(form).decode(soft, paths=paths)
            checks += len(messages)
            payload = checker.first(messages)
            if payload is not None:
                return payload, checks
    return None, checks
