"""Which code a result was measured with: what decides it is hashed, comments included."""

from __future__ import annotations

import hashlib
from pathlib import Path

from results import HERE

_ROOT = HERE.parent / "src" / "synthmark"


def watermark_code(*others: str) -> str:
    """Return a fingerprint of the image watermark's sources and of other files of this folder."""
    folders = (_ROOT / "watermark", _ROOT / "watermark" / "image")
    files: list[Path] = [_ROOT / "keys.py", *(HERE / name for name in others)]
    for folder in folders:
        files.extend(folder.glob("*.py"))
    text = b"".join(path.read_bytes() for path in sorted(files))
    return hashlib.sha256(text).hexdigest()[:12]
