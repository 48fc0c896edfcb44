"""Watermarks: a signal and a payload in, the marked signal out, and back.

Knows arrays, keys and the words of a report; no file, no law, no certificate.
"""

from __future__ import annotations

from synthmark.watermark import audio, image

__all__ = ["audio", "image"]
