"""Which code a result was measured with: what decides it is hashed, comments included."""

from __future__ import annotations

import hashlib
from pathlib import Path

from benchmarks.run import HERE

_ROOT = HERE.parent / "src" / "synthmark"


# What only embedding runs through.
_EMBEDDING = ("marking.py", "mask.py", "perception.py")


def detection_code() -> str:
    """Return a fingerprint of the sources that the detection of image watermarks runs through."""
    return _fingerprint([path for path in _sources() if path.name not in _EMBEDDING])


def watermark_code(*others: str) -> str:
    """Return a fingerprint of the image watermark's sources and of other files of this room."""
    return _fingerprint([*_sources(), *(HERE / "image" / name for name in others)])


def _sources() -> list[Path]:
    shared = (_ROOT / "watermark" / name for name in ("jit.py", "payload.py", "polar.py"))
    return [_ROOT / "keys.py", *shared, *(_ROOT / "watermark" / "image").glob("*.py")]


def _fingerprint(files: list[Path]) -> str:
    text = b"".join(path.read_bytes() for path in sorted(files))
    return hashlib.sha256(text).hexdigest()[:12]
