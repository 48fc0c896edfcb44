"""The audio watermark: samples and a payload in, marked samples out, and back."""

from __future__ import annotations

from synthmark.watermark.audio.detection import detect
from synthmark.watermark.audio.marking import embed

__all__ = ["detect", "embed"]
