"""Records to keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from synthmark.label import ContentId, Kind, Provider
from synthmark.store import Record

MOMENT = datetime(2026, 3, 1, 12, 0, 30, 250, tzinfo=UTC)


def content_id(number: int) -> ContentId:
    return ContentId.new(Kind.GENERATED, Provider(), number.to_bytes)


def record(number: int = 0, **changes: Any) -> Record:
    facts: dict[str, Any] = {
        "content_id": content_id(number),
        "manifest": b"manifest %d\0\xff" % number * 300,
        "fingerprint": "ISCC:EEDXUP65VRRLQGKI6XWKBZTMYF4PQ7Q5BU7EWS3QA7VSQNIS4CU4VJY",
        "thumbnail": bytes(range(256)),
        "media_type": "image/png",
        "time": MOMENT + timedelta(seconds=number),
    }
    return Record(**(facts | changes))
