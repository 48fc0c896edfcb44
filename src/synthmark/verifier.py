"""Look at a file: every layer, each for itself, and the facts side by side in one report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthmark import fingerprint, labels, manifest, media, watermark
from synthmark.errors import UnsupportedError
from synthmark.keys import OPEN_KEY, KeyRing, WatermarkKey
from synthmark.label import ContentId
from synthmark.limits import Limits
from synthmark.report import (
    Comparison,
    Detection,
    Finding,
    ManifestLayer,
    Report,
    Severity,
    WatermarkLayer,
    WatermarkState,
)
from synthmark.stopwatch import Stopwatch

if TYPE_CHECKING:
    from synthmark.media import Asset, Picture, Samples
    from synthmark.store import Record, Store


# Frames of an animation that are looked into; each costs as much as a picture.
_MOST_FRAMES = 5


class Verifier:
    """Checks files; one object serves any number of threads.

    Args:
        keys: Watermark keys to try, the OPEN key unless told otherwise.
        trust: Anchors that make a signer trusted; none unless given.
        store: Where the watermark may lead to; None leaves recovery out.
        limits: What hostile files cannot pass.
    """

    def __init__(
        self,
        *,
        keys: Sequence[WatermarkKey] = (OPEN_KEY,),
        trust: manifest.Trust | None = None,
        store: Store | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._keys = KeyRing(keys)
        self._trust = trust or manifest.Trust()
        self._store = store
        self._limits = limits or Limits()

    def warmup(self) -> None:
        """Compile or load every kernel that `verify` uses."""
        watermark.image.warmup()

    def verify(self, asset: Asset) -> Report:
        """Report what is found in `asset` (bytes, a path or a binary file).

        Raises:
            MediaError: Nothing could be looked at: unreadable, unsupported or over a limit.
            StoreError: The store could not be read.
        """
        clock = Stopwatch()
        with clock("read"):
            data = media.load(asset, limits=self._limits)
            media_type = media.sniff(data)
        with clock("manifest"):
            embedded = manifest.read(data, media_type, trust=self._trust, limits=self._limits)
        with clock("labels"):
            found = labels.read(data, media_type, limits=self._limits)
        picture, notes = None, []
        with clock("decode"):
            try:
                picture = media.decode(data, limits=self._limits)
            except UnsupportedError as error:
                # Labels and signature can be read where the pixels cannot.
                notes.append(Finding("watermark.skipped", Severity.WARNING, error.message))
        shown = None if picture is None else media.on_white(picture)
        with clock("detect"):
            mark = self._detect(picture, shown)
        recovered, comparison = None, Comparison()
        if picture is not None and shown is not None:
            notes += picture.notes
            with clock("store"):
                record = self._find(mark, embedded)
            with clock("compare"):
                comparison = self._compare(shown, mark, embedded, record)
            if record is not None and mark.content_id and not embedded.matches_bytes:
                with clock("recover"):
                    recovered = manifest.read_stored(
                        record.manifest,
                        content_id=record.content_id,
                        likeness=comparison.likeness,
                        trust=self._trust,
                    )
        return Report(
            media_type=media_type,
            watermark=mark,
            labels=found,
            embedded=embedded,
            recovered=recovered,
            comparison=comparison,
            notes=tuple(notes),
            timings=clock.seconds,
        )

    def _detect(self, picture: Picture | None, shown: Samples | None) -> WatermarkLayer:
        """Look into the first frame, and of an animation into a few others until one is read."""
        if picture is None or shown is None:
            return WatermarkLayer(WatermarkState.SKIPPED)
        found: Detection = watermark.image.detect(shown, keys=self._keys)
        tried = 1
        for frame in picture.later[:: max(1, len(picture.later) // (_MOST_FRAMES - 1))]:
            if found.state is WatermarkState.DECODED or tried == _MOST_FRAMES:
                break
            tried += 1
            other = watermark.image.detect(media.on_white(frame), keys=self._keys)
            found = found if other.state is WatermarkState.ABSENT else other
        return WatermarkLayer(
            found.state,
            str(ContentId(found.payload)) if found.payload is not None else None,
            found.key,
            # Each further frame is a further chance to be wrong.
            None if found.p_value is None else min(1.0, tried * found.p_value),
            found.geometry,
        )

    def _find(self, mark: WatermarkLayer, embedded: ManifestLayer) -> Record | None:
        """Look up the id of the watermark, else the one id that a manifest in doubt names."""
        named = mark.content_id or (embedded.content_ids[0] if embedded.content_ids else None)
        if self._store is None or named is None:
            return None
        return self._store.find(ContentId.parse(named))

    @staticmethod
    def _compare(
        shown: Samples, mark: WatermarkLayer, embedded: ManifestLayer, record: Record | None
    ) -> Comparison:
        """Compare the picture with the stored one, else with what a doubtful manifest binds."""
        if record is not None:
            return fingerprint.compare(shown, mark.geometry, record.fingerprint, record.thumbnail)
        if embedded.fingerprint is not None and not embedded.matches_bytes:
            return fingerprint.compare(shown, mark.geometry, embedded.fingerprint, None)
        return Comparison()
