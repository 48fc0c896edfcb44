"""Labels in metadata, as they were found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from synthmark.facts.findings import Finding, Severity
from synthmark.label import ContentId, ShortId, read_id

AIGC_KEYS = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)
"""The seven keys of GB 45438-2025 Annex E, in their order."""


@dataclass(frozen=True, slots=True)
class AigcLabel:
    """An AIGC label as it was found.

    Attributes:
        values: The seven keys with what the file gives for them, as text; absent keys are absent.
        place: Where it stands, such as ``XMP TC260:AIGC`` or ``PNG tEXt AIGC``.
        problems: Every departure from Annex E and from the guides' place, one line each, as
            warnings or errors; the label conforms when none is an error.
    """

    DERIVED: ClassVar = ("conforms",)

    values: Mapping[str, str]
    place: str
    problems: tuple[Finding, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether the label has the normative form and place."""
        return all(problem.severity is not Severity.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True)
class LabelLayer:
    """The labels that stand in a file's metadata.

    Attributes:
        aigc: The AIGC label, the normative place first when there are several.
        digital_source_type: IPTC DigitalSourceType as written.
        problems: What is wrong with the metadata itself (a second label, unreadable XMP).
    """

    aigc: AigcLabel | None = None
    digital_source_type: str | None = None
    problems: tuple[Finding, ...] = ()

    @property
    def content_id(self) -> ContentId | ShortId | str | None:
        """The id that the AIGC label names, as text where it is none of ours."""
        produced = self.aigc.values.get("ProduceID") if self.aigc else None
        return read_id(produced) if produced else None
