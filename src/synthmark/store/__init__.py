"""What was signed, by content id, so that a watermark can lead back to it.

with Store.open("sqlite:///manifests.db") as store:
    store.put(record)
    store.find(content_id)                                   # -> Record | None
"""

from __future__ import annotations

from synthmark.store.sqlite import Record, Store

__all__ = ["Record", "Store"]
