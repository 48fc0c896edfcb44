"""What was signed, by content id, so that a watermark can lead back to it.

with open_store("sqlite:///manifests.db") as store:
    store.put(record)
    store.find(content_id)                                   # -> Record | None
"""

from __future__ import annotations

from synthmark.store.base import Finder, Record, Store, open_store

__all__ = ["Finder", "Record", "Store", "open_store"]
