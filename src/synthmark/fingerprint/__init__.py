"""What a picture looks like, in few bytes, and whether another picture is the same content.

    kept = fingerprint.fingerprint(pixels)                       # -> Fingerprint(iscc, thumbnail)
    fingerprint.compare(pixels, geometry, kept.iscc, kept.thumbnail).likeness

Recovery rests on it: a watermark can be copied onto other content, a likeness cannot.
"""

from __future__ import annotations

from synthmark.fingerprint.likeness import Fingerprint, compare, fingerprint

__all__ = ["Fingerprint", "compare", "fingerprint"]
