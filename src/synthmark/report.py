"""What was found: the layers of a file, as facts, and the verdict that follows from them.

Facts are stored, the verdict, the triage and the findings are derived from them each time. This
module knows words only: no file, no clock, no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from synthmark import facts
from synthmark.errors import UsageError
from synthmark.facts import (
    CAPTURED_SOURCE_TYPES,
    GENERATED_SOURCE_TYPES,
    Comparison,
    Finding,
    LabelLayer,
    Likeness,
    ManifestLayer,
    ManifestReason,
    ManifestState,
    Severity,
    WatermarkLayer,
    WatermarkState,
)
from synthmark.label import ContentId, ShortId

__all__ = ["SCHEMA", "Report", "Triage", "Verdict"]

SCHEMA = "synthmark.report/1"

# Share of a sound without a mark that is worth a finding: its ends are never sharp.
_LEAST_UNMARKED = 0.2


class Verdict(Enum):
    """The honest answer about one file; see ARCHITECTURE.md, Verdicts."""

    VERIFIED = "verified"
    RECOVERED = "recovered"
    MARKED = "marked"
    SUSPECTED = "suspected"
    CONFLICTING = "conflicting"
    UNMARKED = "unmarked"


class Triage(Enum):
    """The propagation platform's words of the Labelling Measures, article 6."""

    CONFIRMED = "confirmed"
    POSSIBLE = "possible"
    SUSPECTED = "suspected"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found in one file.

    Attributes:
        media_type: MIME type, sniffed from the content.
        watermark: The watermark layer.
        labels: The metadata labels.
        embedded: The manifest inside the file.
        recovered: The stored manifest that the watermark led to, None when none was looked up or
            none was found.
        comparison: The content at hand beside the content that was signed.
        notes: Findings of the media layer, such as damage that could be read past.
        timings: Seconds by step.
    """

    DERIVED: ClassVar = (
        "verdict",
        "triage",
        "content_id",
        "content_ids",
        "manifest",
        "findings",
    )

    media_type: str
    watermark: WatermarkLayer
    labels: LabelLayer
    embedded: ManifestLayer
    recovered: ManifestLayer | None = None
    comparison: Comparison = field(default_factory=Comparison)
    notes: tuple[Finding, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def manifest(self) -> ManifestLayer:
        """The manifest that counts: the embedded one while it matches, else the recovered one."""
        if self.recovered is None or self.embedded.matches_bytes:
            return self.embedded
        return self.recovered

    @property
    def content_ids(self) -> dict[str, ContentId | ShortId | str]:
        """The content id each layer names, by layer; a manifest's second id under its own name.

        What an AIGC label names may be a text that is no content id of synthmark.
        """
        ids: dict[str, ContentId | ShortId | str] = {}
        for place, each in enumerate(self.watermark.content_ids):
            ids["watermark" if not place else f"watermark, part {place + 1}"] = each
        if self.labels.content_id:
            ids["AIGC label"] = self.labels.content_id
        for place, each in enumerate(self.embedded.content_ids):
            ids["manifest" if not place else f"manifest, binding {place + 1}"] = each
        return ids

    @property
    def content_id(self) -> ContentId | ShortId | str | None:
        """The one id that every layer names, None when there is none or they differ."""
        named = set(self.content_ids.values())
        return named.pop() if len(named) == 1 else None

    @property
    def verdict(self) -> Verdict:
        """The answer, derived from the facts; ARCHITECTURE.md has the table."""
        if self._conflicts:
            return Verdict.CONFLICTING
        if self.embedded.matches_bytes and (self.embedded.claims_generated or self._labelled):
            return Verdict.VERIFIED
        if self.recovered and self.recovered.state is ManifestState.RECOVERED:
            return Verdict.RECOVERED
        if self._labelled:
            return Verdict.MARKED
        if self.embedded.claims_generated or self.watermark.state is WatermarkState.PRESENT:
            return Verdict.SUSPECTED
        return Verdict.UNMARKED

    @property
    def triage(self) -> Triage:
        """The verdict in the words of article 6 of the Labelling Measures."""
        verdict = self.verdict
        if verdict is Verdict.UNMARKED:
            return Triage.NONE
        if verdict in (Verdict.SUSPECTED, Verdict.CONFLICTING):
            return Triage.SUSPECTED
        weaker = {"2": Triage.POSSIBLE, "3": Triage.SUSPECTED}
        only_aigc = verdict is Verdict.MARKED and not self.watermark.content_id
        if only_aigc and self.labels.aigc and not self._generated_source_type:
            return weaker.get(self.labels.aigc.values.get("Label", ""), Triage.CONFIRMED)
        return Triage.CONFIRMED

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The reasons, most serious first."""
        found = [*self._conflicts, *self._manifest_findings, *self._comparison_findings]
        if self.watermark.public:
            found.append(Finding.info("watermark.open-key"))
        if self.watermark.state is WatermarkState.PRESENT:
            found.append(
                Finding.warning("watermark.unreadable", chance=self.watermark.p_value or 1.0)
            )
        found += self._part_findings
        if self.labels.aigc:
            found += self.labels.aigc.problems
        found += [*self.labels.problems, *self.notes]
        order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
        return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON-ready values; report.schema.json describes them.

        Beside the facts, which `from_json` reads back, it holds what is derived from them.
        """
        return {"schema": SCHEMA, **facts.to_json(self)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Report:
        """Return the report that `to_json` wrote; what is derived is derived again.

        Raises:
            UsageError: It is no report of this schema.
        """
        try:
            if stored["schema"] != SCHEMA:
                raise ValueError(f"the schema is {stored['schema']!r}, not {SCHEMA!r}")
            report: Report = facts.from_json(cls, stored)
            # What is derived must follow from it: a payload has the length of an id, and so on.
            report.to_json()
        except (KeyError, TypeError, ValueError, UsageError) as error:
            raise UsageError(f"no report of synthmark: {error}", code="usage.report") from None
        return report

    @property
    def _generated_source_type(self) -> bool:
        return self.labels.digital_source_type in GENERATED_SOURCE_TYPES

    @property
    def _labelled(self) -> bool:
        decoded = self.watermark.state is WatermarkState.DECODED
        return decoded or self.labels.aigc is not None or self._generated_source_type

    @property
    def _conflicts(self) -> list[Finding]:
        found = []
        if self.embedded.reason is ManifestReason.TAMPERED:
            found.append(Finding.error("conflict.manifest-tampered"))
        ids = self.content_ids
        # A sound put together from marked ones carries several ids; alone they contradict nothing.
        if len(set(ids.values())) > 1 and len(ids) > len(self.watermark.content_ids):
            found.append(
                Finding.error(
                    "conflict.content-ids", layers=tuple(ids), ids=tuple(map(str, ids.values()))
                )
            )
        if self.comparison.likeness is Likeness.FAR:
            marked = self.watermark.content_id is not None
            found.append(
                Finding.error(
                    "conflict.watermark-copied" if marked else "conflict.manifest-copied",
                    distance=self.comparison.distance,
                    correlation=self.comparison.correlation,
                )
            )
        captured = self.embedded.claims_captured or (
            self.labels.digital_source_type in CAPTURED_SOURCE_TYPES
        )
        if captured and (self._labelled or self.embedded.claims_generated):
            found.append(Finding.error("conflict.capture-claim"))
        return found

    @property
    def _part_findings(self) -> list[Finding]:
        found = []
        mark = self.watermark
        if len(mark.content_ids) > 1:
            found.append(
                Finding.warning(
                    "watermark.several",
                    ids=tuple(str(each.content_id) for each in mark.segments),
                    starts=tuple(each.start for each in mark.segments),
                    ends=tuple(each.end for each in mark.segments),
                )
            )
        for track in mark.tracks:
            marked = sum(each.end - each.start for each in track.found.segments)
            whole = track.seconds or 0.0
            if marked and whole - marked > max(_LEAST_UNMARKED * whole, 2.0):
                found.append(Finding.warning("watermark.partial", marked=marked, seconds=whole))
        if any(isinstance(each, ShortId) for each in mark.content_ids):
            found.append(Finding.info("watermark.short-id"))
        return found

    @property
    def _manifest_findings(self) -> list[Finding]:
        found = []
        told = _EMBEDDED.get(self.embedded.reason)
        if told and not self.embedded.matches_bytes:
            found.append(told)
        layer = self.manifest
        if self.recovered and not self.embedded.matches_bytes:
            found.append(_STORED[self.recovered.reason])
        if layer.development:
            found.append(Finding.warning("manifest.development"))
        elif layer.state is not ManifestState.ABSENT and layer.signer and not layer.trusted:
            found.append(Finding.warning("manifest.unknown-signer", signer=layer.signer))
        if self.embedded.matches_bytes and self.verdict is Verdict.UNMARKED:
            found.append(Finding.info("manifest.not-generated"))
        return found

    @property
    def _comparison_findings(self) -> list[Finding]:
        likeness = self.comparison.likeness
        if self.embedded.matches_bytes or likeness is Likeness.FAR:
            return []
        if likeness is Likeness.UNDECIDED:
            return [
                Finding.warning(
                    "fingerprint.undecided",
                    distance=self.comparison.distance,
                    correlation=self.comparison.correlation,
                )
            ]
        if likeness is Likeness.UNKNOWN and self.watermark.content_id:
            return [Finding.warning("store.no-record")]
        return []


_EMBEDDED = {
    ManifestReason.EDITED: Finding.error("manifest.edited-after-signing"),
    ManifestReason.EXPIRED: Finding.error("manifest.expired-no-timestamp"),
    ManifestReason.UNREADABLE: Finding.error("manifest.unreadable"),
}
_STORED = {
    ManifestReason.RECOVERED: Finding.info("store.recovered"),
    ManifestReason.RECOVERED_MISMATCH: Finding.warning("store.recovered-mismatch"),
    ManifestReason.EXPIRED: Finding.warning("store.expired-no-timestamp"),
    ManifestReason.TAMPERED: Finding.error("store.tampered-manifest"),
    ManifestReason.UNREADABLE: Finding.error("store.unreadable"),
}
