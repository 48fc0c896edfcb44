"""The audio watermark: samples and a payload in, marked samples out, and back.

    marked = audio.embed(samples, rate, payload, key=key)     # -> MarkedSound(samples, snr, margin)
    found = audio.detect(samples, rate, keys=[key])           # -> Detection(state, payload, ...)

The pieces, from the outside in: `spectrum` (resampling, the short-time spectrum), `cells` (bands,
slots and dipoles), `hearing` (which channels, and how closely), `mask` (what hides a change),
`prediction` and `whitening` (what is left of a sound, and what it is worth), `layout` (what a key
decides), `sync` (one period, and where it begins), `search` (speed, stretch and pitch), `decoding`
(soft values and payloads), `extent` (from when to when), `marking`, `detection`, `passages` and
`streaming`.
"""

from __future__ import annotations

import numpy as np

from synthmark.keys import OPEN_KEY
from synthmark.watermark.audio.marking import NOT_HELD, embed
from synthmark.watermark.audio.passages import detect, detect_blocks, read_existing
from synthmark.watermark.audio.search import Search
from synthmark.watermark.audio.spectrum import RATE
from synthmark.watermark.audio.streaming import DetectStream, EmbedStream

__all__ = [
    "NOT_HELD",
    "DetectStream",
    "EmbedStream",
    "Search",
    "detect",
    "detect_blocks",
    "embed",
    "read_existing",
    "warmup",
]


def warmup() -> None:
    """Compile or load every kernel that `embed` and `detect` use."""
    noise = np.random.default_rng(0).normal(scale=0.1, size=4 * RATE).astype(np.float32)
    detect(embed(noise, RATE, bytes(16), key=OPEN_KEY).samples, RATE)
