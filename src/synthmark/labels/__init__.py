"""Labels in metadata: the AIGC element of GB 45438-2025 and the IPTC digital source type.

    layer = labels.read(data, format)                            # -> LabelLayer
    written = labels.write(metadata, format, aigc=labels.aigc.compose(provider, content_id),
                           source_type=SourceType.GENERATED.value)

Reading accepts every form and place that was seen; writing knows one place a format: in pictures
the XMP packet, in sound what the guide for it says.
"""

from __future__ import annotations

from synthmark.labels import aigc, xmp
from synthmark.labels.places import Found, find
from synthmark.labels.reading import read
from synthmark.labels.writing import Written, write

__all__ = ["Found", "Written", "aigc", "find", "read", "write", "xmp"]
