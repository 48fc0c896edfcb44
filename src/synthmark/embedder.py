"""Label an output: mark it, write its labels, sign it, read it back, remember it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from synthmark import fingerprint, labels, manifest, media, watermark
from synthmark.errors import ReadBackError, UnmarkableError
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.label import ContentId, Label, Provider
from synthmark.limits import Limits
from synthmark.report import Finding, Marked, Report, Severity, Strength, Verdict, WatermarkState
from synthmark.stopwatch import Stopwatch
from synthmark.store import Record
from synthmark.verifier import Verifier

if TYPE_CHECKING:
    from synthmark.media import Asset, Picture, Samples
    from synthmark.store import Store


# Below, the carriers are finer than the picture's own pixels: a mark is read from the very bytes,
# and from nothing that was made of them.
_LARGEST_ICON = 64


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedResult:
    """One labelled output.

    Attributes:
        asset: The file, complete and signed.
        media_type: MIME type, that of the input.
        content_id: The id that every layer names.
        psnr: Peak signal-to-noise ratio of the watermark in dB; of an animation the lowest.
        margin: How far above the decoder's threshold the mark lies before any attack, in dB; of an
            animation that of its best frame, as one is enough to read it.
        report: What a verifier without a store says of the finished bytes.
        findings: What the caller should know: modes changed on the way, fields left empty.
        timings: Seconds by step.
    """

    asset: bytes
    media_type: str
    content_id: ContentId
    psnr: float
    margin: float
    report: Report
    findings: tuple[Finding, ...]
    timings: Mapping[str, float]


class Embedder:
    """Labels outputs; one object serves any number of threads.

    Args:
        provider: Who produced the content; without one the producer fields stay empty.
        signer: Signs manifests; the per-user development certificate unless given.
        key: Watermark key, the public OPEN key unless given.
        strength: How much the watermark may be noticed, for how much it survives.
        store: Remembers each manifest for recovery; None remembers nothing.
        limits: What an input cannot pass.
        clock: Gives the time written into manifests, with a time zone.
        randomness: Gives n random bytes, for content ids.
    """

    def __init__(
        self,
        *,
        provider: Provider | None = None,
        signer: manifest.Signer | None = None,
        key: WatermarkKey = OPEN_KEY,
        strength: Strength = Strength.INVISIBLE,
        store: Store | None = None,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = _now,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._provider = provider or Provider()
        self._signer = signer or manifest.Signer.development()
        self._key = key
        self._strength = strength
        self._store = store
        self._limits = limits or Limits()
        self._clock = clock
        self._randomness = randomness
        self._verifier = Verifier(keys=[key], limits=self._limits)

    def warmup(self) -> None:
        """Compile or load every kernel, so that the first output is as quick as the next."""
        watermark.image.warmup()

    def embed(self, asset: Asset, label: Label | None = None) -> EmbedResult:
        """Return `asset` (bytes, a path or a binary file) with every label in place.

        The input is decoded once and encoded once, signed last, and read back before it is
        remembered or returned.

        Raises:
            MediaError: The input cannot be read, is not supported, is over a limit, or cannot hold
                the watermark.
            CredentialError: The signer cannot sign.
            StoreError: The store cannot remember the manifest.
            ReadBackError: The finished file does not verify; it is withheld.
        """
        label = label or Label()
        content_id = label.content_id or ContentId.new(label.kind, self._provider, self._randomness)
        clock = Stopwatch()
        with clock("decode"):
            data = media.load(asset, limits=self._limits)
            picture = media.decode(data, limits=self._limits)
        with clock("watermark"):
            picture, seen, psnr, margin = self._mark(picture, content_id)
        with clock("fingerprint"):
            print_ = fingerprint.fingerprint(seen)
        with clock("encode"):
            aigc = labels.aigc.compose(self._provider, content_id)
            metadata = labels.write(
                picture.metadata, aigc=aigc, source_type=label.source_type.value
            )
            pixels = (frame.pixels for frame in picture.frames)
            encoded = media.encode(picture, *pixels, metadata=metadata)
            media_type, notes = picture.media_type, picture.notes
            # In a panorama every copy counts; none is needed while the file is read back.
            del picture, seen, pixels
        moment = self._clock()
        with clock("sign"):
            signed = manifest.sign(
                encoded,
                media_type,
                source=data,
                claim=manifest.Claim(
                    content_id=content_id,
                    label=label,
                    provider=self._provider,
                    aigc=aigc,
                    fingerprint=print_.iscc,
                    time=moment,
                ),
                signer=self._signer,
            )
        del encoded, data
        with clock("read back"):
            report = self._read_back(signed.asset, content_id)
        if self._store is not None:
            with clock("store"):
                self._store.put(
                    Record(
                        content_id=content_id,
                        manifest=signed.manifest,
                        fingerprint=print_.iscc,
                        thumbnail=print_.thumbnail,
                        media_type=media_type,
                        time=moment,
                    )
                )
        return EmbedResult(
            asset=signed.asset,
            media_type=media_type,
            content_id=content_id,
            psnr=psnr,
            margin=margin,
            report=report,
            findings=(*notes, *metadata.notes, *self._remarks()),
            timings=clock.seconds,
        )

    def _mark(
        self, picture: Picture, content_id: ContentId
    ) -> tuple[Picture, Samples, float, float]:
        """Mark every frame, and again only where it differs from the one before.

        What stands still keeps its pixels, mark included, and does not flicker; the mark of the
        rest is made with that in view, so it comes out as the same codeword.

        Returns:
            The picture, how its first frame is seen, the lowest PSNR and the best margin.
        """
        height, width = picture.pixels.shape[:2]
        if min(height, width) <= _LARGEST_ICON:
            raise UnmarkableError(
                f"the picture has {width}x{height} pixels: an icon of {_LARGEST_ICON} pixels or "
                "less a side cannot hold a watermark that lasts; label what it was made from",
                code="watermark.icon",
            )
        shown = media.on_white(picture)
        marked = self._embed(shown, content_id)
        first = seen = marked.pixels
        psnr, margin = marked.psnr, marked.margin
        frames = [replace(picture, pixels=media.changed(picture, shown, seen))]
        for frame in picture.later:
            earlier, shown = shown, media.on_white(frame)
            still = _same(shown, earlier)
            if not still.all():
                marked = self._embed(np.where(still, seen, shown), content_id)
                seen = np.where(still, seen, marked.pixels)
                psnr, margin = min(psnr, marked.psnr), max(margin, marked.margin)
            frames.append(replace(frame, pixels=media.changed(frame, shown, seen)))
        return replace(frames[0], later=tuple(frames[1:])), first, psnr, margin

    def _embed(self, pixels: Samples, content_id: ContentId) -> Marked:
        return watermark.image.embed(
            pixels, content_id.payload, key=self._key, strength=self._strength
        )

    def _read_back(self, asset: bytes, content_id: ContentId) -> Report:
        report = self._verifier.verify(asset)
        if report.watermark.state is not WatermarkState.DECODED:
            raise UnmarkableError(
                "the watermark does not read back: this picture is too small, too flat or too "
                "strongly compressed to hold it"
            )
        if report.watermark.content_id != str(content_id):
            raise UnmarkableError(
                f"the picture carries the watermark of {report.watermark.content_id} already, and "
                "another cannot be read over it: label the picture from before that",
                code="watermark.occupied",
            )
        if report.verdict is not Verdict.VERIFIED or report.content_id != str(content_id):
            reasons = "; ".join(
                finding.message for finding in report.findings if finding.severity is Severity.ERROR
            )
            raise ReadBackError(
                f"the labelled file reads back as {report.verdict.value}: {reasons or 'no reason'}"
            )
        return report

    def _remarks(self) -> list[Finding]:
        if self._provider.code or self._provider.name:
            return []
        return [
            Finding(
                "label.no-provider",
                Severity.WARNING,
                "no provider was given: the AIGC label's producer fields are empty, so it does "
                "not conform to GB 45438-2025",
            )
        ]


def _same(one: Samples, other: Samples) -> Samples:
    """Return which pixels are the same in both, bool, to be broadcast over their samples."""
    same = np.asarray(one == other)
    return same if same.ndim == 2 else np.asarray(same.all(axis=2, keepdims=True))
