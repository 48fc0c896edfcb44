"""Label an output: mark it, write its labels, sign it, read it back, remember it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from synthmark import assets, labels, manifest, media, watermark
from synthmark.assets import comparing, contents
from synthmark.errors import ReadBackError, UnmarkableError
from synthmark.facts import Finding, LabelLayer, Medium, Severity, Strength, WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.label import ContentId, Label, Provider
from synthmark.limits import Limits
from synthmark.report import Report, Verdict
from synthmark.stopwatch import Stopwatch
from synthmark.store import Record
from synthmark.verifier import Verifier

if TYPE_CHECKING:
    from synthmark.assets import Trace
    from synthmark.media import Asset
    from synthmark.store import Store


_MOST_IDS = 8
"""Ids that are drawn for a signal to choose from."""


class _WholeIdLostError(UnmarkableError):
    """A sound does not hold the whole id; it may hold the short form."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedResult:
    """One labelled output.

    Attributes:
        asset: The file, complete and signed.
        media_type: MIME type, that of the input.
        content_id: The id that every layer names.
        psnr: Peak signal-to-noise ratio of the watermark in a picture, in dB; of an animation the
            lowest; None of sound.
        snr: Signal-to-noise ratio of the watermark in a sound, in dB; None of a picture.
        margin: How far above the decoder's threshold the mark lies before any attack, in dB; of an
            animation that of its best frame, as one is enough to read it.
        sidecar: The manifest where the format cannot hold it (Ogg): `Verifier.verify` takes it
            beside the file, and the store leads to it as well. None where it is in the file.
        report: What a verifier without a store says of the finished bytes.
        findings: What the caller should know: modes changed on the way, fields left empty.
        timings: Seconds by step.
    """

    asset: bytes
    media_type: str
    content_id: ContentId
    psnr: float | None
    snr: float | None
    margin: float
    sidecar: bytes | None
    report: Report
    findings: tuple[Finding, ...]
    timings: Mapping[str, float]


class Embedder:
    """Labels outputs; one object serves any number of threads.

    Args:
        provider: Who produced the content; without one the producer fields stay empty.
        signer: Signs manifests; the per-user development certificate unless given.
        key: Watermark key, the public OPEN key unless given.
        strength: How much a picture's watermark may be noticed, for how much it survives.
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
        watermark.audio.warmup()

    def embed(
        self,
        asset: Asset,
        label: Label | None = None,
        *,
        progress: Callable[[str], None] | None = None,
    ) -> EmbedResult:
        """Return `asset` (bytes, a path or a binary file) with every label in place.

        The input is decoded once and encoded once, signed last, and read back before it is
        remembered or returned. `progress` is told the name of each step as it begins.

        Raises:
            MediaError: The input cannot be read, is not supported, is over a limit, or cannot hold
                the watermark.
            CredentialError: The signer cannot sign.
            StoreError: The store cannot remember the manifest.
            ReadBackError: The finished file does not verify, or lacks what the input holds; it is
                withheld.
        """
        label = label or Label()
        content_ids = [label.content_id] if label.content_id else self._drawn(label)
        inputs = [media.load(asset, limits=self._limits)]
        if media.sniff(inputs[0]).medium is not Medium.SOUND:
            return self._embed(inputs, label, content_ids, Stopwatch(progress))
        try:
            return self._embed([*inputs], label, content_ids, Stopwatch(progress))
        except _WholeIdLostError:
            return self._embed(inputs, label, content_ids, Stopwatch(progress), short=True)

    def _drawn(self, label: Label) -> list[ContentId]:
        """Draw some ids: not every short sound holds every one."""
        return [
            ContentId.new(label.kind, self._provider, self._randomness) for _ in range(_MOST_IDS)
        ]

    def _embed(
        self,
        inputs: list[bytes],
        label: Label,
        content_ids: Sequence[ContentId],
        clock: Stopwatch,
        *,
        short: bool = False,
    ) -> EmbedResult:
        """Go through the whole line once, and let go of the input on the way."""
        with clock("decode"):
            data = inputs.pop()
            format = media.sniff(data)
            signal = assets.decode(data, format, limits=self._limits)
            before = contents.look(data, format, limits=self._limits)
        # The file itself is needed again only where its manifest is to be continued.
        source = data if manifest.carries_manifest(data, format) else None
        del data
        with clock("watermark"):
            marking = signal.mark(content_ids, key=self._key, strength=self._strength, short=short)
            content_id = marking.content_id
            del signal
        with clock("fingerprint"):
            print_ = marking.fingerprint()
        with clock("encode"):
            aigc = labels.aigc.compose(self._provider, content_id)
            encoded = marking.encode(aigc, label.source_type.value)
        psnr, snr, margin = marking.psnr, marking.snr, marking.margin
        short, not_held = marking.short, marking.not_held
        whole_lost = _WholeIdLostError if marking.can_be_shorter else UnmarkableError
        # In a panorama every copy counts; none is needed while the file is read back.
        del marking
        moment = self._clock()
        with clock("sign"):
            signed = manifest.sign(
                encoded.data,
                format,
                source=source,
                claim=manifest.Claim(
                    content_id=content_id,
                    label=label,
                    provider=self._provider,
                    aigc=aigc,
                    fingerprint=print_.code,
                    time=moment,
                    medium=format.medium,
                    short=short,
                ),
                signer=self._signer,
            )
        notes, trace = (*encoded.notes, *signed.notes), encoded.trace
        written = encoded.labels
        del encoded, source
        with clock("read back"):
            report = self._read_back(signed, content_id, whole_lost(not_held), trace)
            _check_labels(report.labels, written)
            after = contents.look(signed.asset, format, limits=self._limits)
            notes = (*notes, *comparing.compare(before, after, notes))
        if self._store is not None:
            with clock("store"):
                self._store.put(
                    Record(
                        content_id=content_id,
                        manifest=signed.manifest,
                        fingerprint=print_.code,
                        thumbnail=print_.thumbnail,
                        media_type=format.media_type,
                        time=moment,
                    )
                )
        return EmbedResult(
            asset=signed.asset,
            media_type=format.media_type,
            content_id=content_id,
            psnr=psnr,
            snr=snr,
            margin=margin,
            sidecar=signed.manifest if signed.detached else None,
            report=report,
            findings=(*notes, *self._remarks(detached=signed.detached)),
            timings=clock.seconds,
        )

    def _read_back(
        self,
        signed: manifest.Signed,
        content_id: ContentId,
        not_held: UnmarkableError,
        trace: Trace,
    ) -> Report:
        report, differences = self._verifier.examine(
            signed.asset, sidecar=signed.manifest if signed.detached else None, like=trace
        )
        mark = report.watermark
        if mark.state is not WatermarkState.DECODED:
            raise not_held
        others = [each for each in mark.content_ids if each != content_id]
        if others:
            medium = media.named(report.media_type).medium
            raise UnmarkableError(
                f"the {medium.value} carries the watermark of {others[0]} "
                "already, and another cannot be read over it: label it from before that",
                code="watermark.occupied",
            )
        if differences:
            raise ReadBackError(
                f"the labelled file does not give back what was written: {'; '.join(differences)}",
                code="read-back.lost",
            )
        if report.verdict is not Verdict.VERIFIED or report.content_id != content_id:
            faults = (each for each in report.findings if each.severity is Severity.ERROR)
            codes = ", ".join(fault.code for fault in faults)
            raise ReadBackError(
                f"the labelled file reads back as {report.verdict.value}: {codes or 'no reason'}"
            )
        return report

    def _remarks(self, *, detached: bool) -> list[Finding]:
        remarks = []
        if not (self._provider.code or self._provider.name):
            remarks.append(Finding.warning("label.no-provider"))
        if detached:
            serious = Finding.info if self._store else Finding.warning
            remarks.append(serious("manifest.detached", stored=self._store is not None))
        return remarks


def _check_labels(found: LabelLayer, written: labels.Written) -> None:
    """Compare the labels that are read with those that were written."""
    aigc = found.aigc.values if found.aigc else None
    if written.aigc is not None and aigc != written.aigc:
        raise ReadBackError("the AIGC label does not read back", code="read-back.label")
    if written.source_type is not None and found.digital_source_type != written.source_type:
        raise ReadBackError("the IPTC source type does not read back", code="read-back.label")
