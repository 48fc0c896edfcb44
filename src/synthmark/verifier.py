"""Look at a file: every layer, each for itself, and the facts side by side in one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from synthmark import assets, labels, manifest, media, watermark
from synthmark.assets import Found, Kept, Print
from synthmark.errors import UnsupportedError
from synthmark.facts import (
    Comparison,
    Finding,
    LabelLayer,
    Likeness,
    ManifestLayer,
    ManifestState,
    Segment,
    WatermarkLayer,
)
from synthmark.keys import OPEN_KEY, KeyRing, WatermarkKey
from synthmark.label import ContentId
from synthmark.limits import Limits
from synthmark.report import Report
from synthmark.stopwatch import Stopwatch

if TYPE_CHECKING:
    from synthmark.assets import Asset
    from synthmark.assets.asset import Trace
    from synthmark.media import Data, Input, Source
    from synthmark.store import Finder, Record


_LEAST_LIKE_FIRST = (Likeness.FAR, Likeness.UNDECIDED, Likeness.UNKNOWN, Likeness.NEAR)


class Verifier:
    """Checks files; one object serves any number of threads.

    Args:
        keys: Watermark keys to try, the OPEN key unless told otherwise.
        trust: Anchors that make a signer trusted; none unless given.
        store: Finds what the watermark may lead to; None leaves recovery out.
        limits: What hostile files cannot pass.
    """

    def __init__(
        self,
        *,
        keys: Sequence[WatermarkKey] = (OPEN_KEY,),
        trust: manifest.Trust | None = None,
        store: Finder | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._keys = KeyRing(keys)
        self._trust = trust or manifest.Trust()
        self._store = store
        self._limits = limits or Limits()

    def warmup(self) -> None:
        """Compile or load every kernel that `verify` uses."""
        watermark.image.warmup()
        watermark.audio.warmup()

    def verify(
        self,
        source: Input | Source,
        *,
        sidecar: bytes | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> Report:
        """Report what is found in `source` (bytes, a path or a binary file).

        Args:
            source: The file.
            sidecar: A manifest that stands beside it, where its format cannot hold one.
            progress: Told the name of each step as it begins.

        Raises:
            MediaError: Nothing could be looked at: unreadable, unsupported or over a limit.
            StoreError: The store could not be read.
        """
        return self.examine(source, sidecar=sidecar, progress=progress)[0]

    def examine(
        self,
        given: Input | Data | Source,
        *,
        sidecar: bytes | None = None,
        like: Trace | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> tuple[Report, tuple[str, ...]]:
        """Verify, and return as well how the signal differs from the one it should be `like`."""
        clock = Stopwatch(progress)
        with clock("read"):
            source = media.Source.of(given, limits=self._limits)
        with clock("manifest"):
            embedded = self._read_manifest(source, sidecar)
        with clock("labels"):
            found = labels.read(source.data, source.format, limits=self._limits)
        with clock("decode"):
            opened, notes = self._opened(source)
        looked = Found(WatermarkLayer())
        with clock("detect"):
            if opened is not None:
                looked = opened.look(self._keys, like=like)
        mark = self._resolved(looked.layer, found, embedded)
        recovered, comparison = None, Comparison()
        if opened is not None:
            with clock("store"):
                records = self._find(mark, embedded)
            embedded = self._beside(source, embedded, records, clock)
            with clock("compare"):
                comparison = _compare(opened, mark, embedded, records)
            # No one manifest stands for a sound that was put together from several.
            if records and len(mark.content_ids) == 1 and not embedded.matches_bytes:
                with clock("recover"):
                    recovered = self._recover(mark, records[0], comparison)
        report = Report(
            media_type=source.format.media_type,
            watermark=mark,
            labels=found,
            embedded=embedded,
            recovered=recovered,
            comparison=comparison,
            notes=(*notes, *looked.notes),
            timings=clock.seconds,
        )
        return report, looked.differences

    def _opened(self, source: Source) -> tuple[Asset | None, tuple[Finding, ...]]:
        """Decode a file; labels and signature can be read where that is not possible."""
        try:
            opened = assets.open(source, limits=self._limits)
        except UnsupportedError as error:
            return None, (Finding.warning("watermark.skipped", reason=error.message),)
        return opened, opened.notes

    def _beside(
        self, source: Source, embedded: ManifestLayer, records: list[Record], clock: Stopwatch
    ) -> ManifestLayer:
        """Return the manifest that the store holds for a format that can hold none."""
        held = source.format.manifest_place is not None
        if held or embedded.state is not ManifestState.ABSENT or len(records) != 1:
            return embedded
        with clock("manifest beside"):
            beside = self._read_manifest(source, records[0].manifest)
        return beside if beside.matches_bytes else embedded

    def _read_manifest(self, source: Source, detached: bytes | None) -> ManifestLayer:
        return manifest.read(
            source.data,
            source.format,
            trust=self._trust,
            limits=self._limits,
            detached=detached,
        )

    def _recover(
        self, mark: WatermarkLayer, record: Record, comparison: Comparison
    ) -> ManifestLayer:
        short = any(each.short for each in mark.segments if each.content_id == record.content_id)
        return manifest.read_stored(
            record.manifest,
            content_id=record.content_id.short if short else record.content_id,
            likeness=comparison.likeness,
            trust=self._trust,
        )

    def _resolved(
        self, mark: WatermarkLayer, found: LabelLayer, embedded: ManifestLayer
    ) -> WatermarkLayer:
        """Return the layer with every short id resolved to the one that it stands for.

        Another layer of the same file may name that, or else the store.
        """
        named = [*embedded.content_ids, found.content_id]

        def resolved(segment: Segment) -> Segment:
            short = segment.content_id
            if isinstance(short, ContentId):
                return segment
            known = next(filter(short.stands_for, named), None)
            if known is None and self._store and (record := self._store.find_short(short)):
                known = record.content_id
            return replace(segment, resolved=known) if isinstance(known, ContentId) else segment

        tracks = (
            replace(
                track,
                found=replace(track.found, segments=tuple(map(resolved, track.found.segments))),
            )
            for track in mark.tracks
        )
        return WatermarkLayer(tuple(tracks))

    def _find(self, mark: WatermarkLayer, embedded: ManifestLayer) -> list[Record]:
        """Look up the ids of the watermark, else the one id that a manifest in doubt names."""
        named = mark.content_ids or embedded.content_ids[:1]
        if self._store is None:
            return []
        whole = (each for each in named if isinstance(each, ContentId))
        return [record for record in map(self._store.find, whole) if record is not None]


def _compare(
    opened: Asset, mark: WatermarkLayer, embedded: ManifestLayer, records: list[Record]
) -> Comparison:
    """Compare with what is stored, part by part, else with what a doubtful manifest binds.

    Of several parts the one that is least like its own counts.
    """
    kept = [
        Kept(Print(record.fingerprint, record.thumbnail), record.content_id) for record in records
    ]
    if not kept and embedded.fingerprint is not None and not embedded.matches_bytes:
        kept = [Kept(Print(embedded.fingerprint), mark.content_id)]
    found = (opened.compare(mark, each) for each in kept)
    return min(found, key=lambda each: _LEAST_LIKE_FIRST.index(each.likeness), default=Comparison())
