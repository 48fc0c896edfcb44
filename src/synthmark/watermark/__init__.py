"""Watermarks: a signal and a payload in, the marked signal out, and back.

Knows arrays, keys and the words of a report; no file, no law, no certificate. `audio` and `image`
load on first use, so that a manifest can name a scheme without them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthmark.watermark import audio, image

__all__ = ["audio", "image"]


if not TYPE_CHECKING:  # a type checker takes what has no name here for a mistake

    def __getattr__(name: str) -> Any:
        if name in __all__:
            return importlib.import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
