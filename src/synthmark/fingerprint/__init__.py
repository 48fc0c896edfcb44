"""What content looks or sounds like, in few bytes, and whether other content is the same.

    kept = fingerprint.fingerprint(pixels)                       # -> Fingerprint(iscc, thumbnail)
    fingerprint.compare(pixels, geometry, kept.iscc, kept.thumbnail).likeness

`sound` has the same two verbs for sound. Recovery rests on likeness: a watermark can be copied onto
other content, a likeness cannot.
"""

from __future__ import annotations

from synthmark.fingerprint import sound
from synthmark.fingerprint.likeness import Fingerprint, compare, fingerprint

__all__ = ["Fingerprint", "compare", "fingerprint", "sound"]
