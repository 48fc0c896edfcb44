"""What the layers of a file can say, as facts: findings, marks, labels, manifests, likeness.

No verdict: what follows from them together is derived in `synthmark.report`.
"""

from __future__ import annotations

from synthmark.facts.findings import Finding, Severity
from synthmark.facts.labels import AIGC_KEYS, AigcLabel, LabelLayer
from synthmark.facts.likeness import Comparison, Likeness
from synthmark.facts.manifests import (
    CAPTURED_SOURCE_TYPES,
    GENERATED_SOURCE_TYPES,
    ManifestLayer,
    ManifestReason,
    ManifestState,
)
from synthmark.facts.marks import (
    Detection,
    Geometry,
    Marked,
    MarkedSound,
    Segment,
    Strength,
    WatermarkLayer,
    WatermarkState,
    WatermarkTrack,
)
from synthmark.facts.medium import Medium
from synthmark.facts.stored import from_json, to_json

__all__ = [
    "AIGC_KEYS",
    "CAPTURED_SOURCE_TYPES",
    "GENERATED_SOURCE_TYPES",
    "AigcLabel",
    "Comparison",
    "Detection",
    "Finding",
    "Geometry",
    "LabelLayer",
    "Likeness",
    "ManifestLayer",
    "ManifestReason",
    "ManifestState",
    "Marked",
    "MarkedSound",
    "Medium",
    "Segment",
    "Severity",
    "Strength",
    "WatermarkLayer",
    "WatermarkState",
    "WatermarkTrack",
    "from_json",
    "to_json",
]
