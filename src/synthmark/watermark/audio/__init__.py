"""The audio watermark: samples and a payload in, marked samples out, and back.

    marked = audio.embed(samples, rate, payload, key=key)     # -> MarkedSound(samples, snr, margin)
    found = audio.detect(samples, rate, keys=[key])           # -> Detection(state, payload, ...)

The pieces, from the outside in: `spectrum` (resampling, the short-time spectrum), `cells` (bands,
slots and dipoles), `mask` (what hides a change), `whitening` (what is left of a sound, and what it
is worth), `layout` (what a key decides), `sync` (one period, and where it begins), `search` (speed,
stretch and pitch), `decoding` (soft values and payloads), `marking` and `detection`.
"""

from __future__ import annotations

from synthmark.watermark.audio.detection import detect
from synthmark.watermark.audio.marking import embed
from synthmark.watermark.audio.search import Search

__all__ = ["Search", "detect", "embed"]
