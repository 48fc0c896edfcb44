"""Label an output: mark it, write its labels, sign it, read it back, remember it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from synthmark import assets, manifest, media, watermark
from synthmark.assets import Form, Order, comparing, contents
from synthmark.errors import ReadBackError, UnmarkableError, UnsupportedError
from synthmark.facts import Finding, Severity, Strength, WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.label import ContentId, Label, Provider
from synthmark.limits import Limits
from synthmark.report import Report, Verdict
from synthmark.stopwatch import Stopwatch
from synthmark.store import Record
from synthmark.targets import Target
from synthmark.verifier import Verifier

if TYPE_CHECKING:
    from synthmark.assets import Labelled
    from synthmark.media import Data, Format, Input, Writable
    from synthmark.store import Store


_MOST_IDS = 8
"""Ids that are drawn for a signal to choose from."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedResult:
    """One labelled output.

    Attributes:
        asset: The file, complete and signed; empty where it was written to a target.
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
        allow_missing_layers: Whether a file is labelled as well where its format has no place for
            the AIGC label; else that is refused.
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
        allow_missing_layers: bool = False,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = _now,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._provider = provider or Provider()
        self._signer = signer or manifest.Signer.development()
        self._key = key
        self._strength = strength
        self._store = store
        self._allow_missing_layers = allow_missing_layers
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
        source: Input,
        label: Label | None = None,
        *,
        target: str | os.PathLike[str] | Writable | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> EmbedResult:
        """Return `source` (bytes, a path or a binary file) with every label in place.

        The input is decoded once and encoded once, signed last, and read back before it is
        remembered, written or returned. Neither it nor the output is held as a whole where a file
        on a disk goes in and `target` is given.

        Args:
            source: The file.
            label: What is claimed of it.
            target: Where the output is written instead of returned: a path, whole or absent at any
                moment and replaced if it exists, or a binary file, which gets it once it is sure.
            progress: Told the name of each step as it begins.

        Raises:
            MediaError: The input cannot be read, is not supported, is over a limit, cannot hold the
                watermark, or has no place for a label.
            CredentialError: The signer cannot sign.
            StoreError: The store cannot remember the manifest.
            ReadBackError: The finished file does not verify, or lacks what was ordered or what the
                input holds; it is withheld.
            TargetError: The target cannot be written.
        """
        clock = Stopwatch(progress)
        if not isinstance(target, str | os.PathLike):
            return self._embed(source, label or Label(), target, clock)
        with Target(Path(target), overwrite=True) as file:
            return self._embed(source, label or Label(), file, clock)

    def _embed(
        self, given: Input, label: Label, target: Writable | None, clock: Stopwatch
    ) -> EmbedResult:
        with clock("decode"):
            source = media.Source.of(given, limits=self._limits)
            missing = self._missing(source.format)
            before = contents.look(source.data, source.format, limits=self._limits)
            opened = assets.open(source, limits=self._limits)
            continued = manifest.carries_manifest(source.data, source.format)
        order = self._order(label)
        labelled = opened.label(order, clock)
        parent = source.data if continued else None
        signed, report, differences = self._finished(labelled, order, parent, clock)
        if labelled.shorter and report.watermark.state is not WatermarkState.DECODED:
            labelled = labelled.shorter(clock)
            signed, report, differences = self._finished(labelled, order, parent, clock)
        with clock("read back"):
            _check(report, labelled, differences)
            after = contents.look(signed.file, source.format, limits=self._limits)
            notes = (*missing, *labelled.notes, *signed.notes)
            notes = (*notes, *comparing.compare(before, after, notes))
        if self._store is not None:
            with clock("store"):
                self._store.put(_record(labelled, signed))
        if target is not None:
            signed.file.copy_to(target)
        return EmbedResult(
            asset=b"" if target is not None else signed.asset,
            media_type=source.format.media_type,
            content_id=labelled.content_id,
            psnr=labelled.quality.psnr,
            snr=labelled.quality.snr,
            margin=labelled.quality.margin,
            sidecar=signed.manifest if signed.detached else None,
            report=report,
            findings=(*notes, *self._remarks(detached=signed.detached)),
            timings=clock.seconds,
        )

    def _order(self, label: Label) -> Order:
        """Return what is to be carried; of several ids an asset takes one that it holds well."""
        drawn = (
            ContentId.new(label.kind, self._provider, self._randomness) for _ in range(_MOST_IDS)
        )
        return Order(
            content_ids=[label.content_id] if label.content_id else [*drawn],
            key=self._key,
            strength=self._strength,
            label=label,
            provider=self._provider,
        )

    def _finished(
        self, labelled: Labelled, order: Order, parent: Data | None, clock: Stopwatch
    ) -> tuple[manifest.Signed, Report, tuple[str, ...]]:
        """Sign what was labelled, and look at it as anybody would."""
        claim = manifest.Claim(
            content_id=labelled.content_id,
            label=order.label,
            provider=order.provider,
            aigc=order.aigc(labelled.content_id),
            fingerprint=labelled.print.code,
            time=self._clock(),
            medium=labelled.format.medium,
            short=labelled.form is Form.SHORT,
        )
        with clock("sign"):
            signed = manifest.sign(
                labelled.file, labelled.format, parent=parent, claim=claim, signer=self._signer
            )
        with clock("read back"):
            sidecar = signed.manifest if signed.detached else None
            return signed, *self._verifier.examine(
                signed.file, sidecar=sidecar, like=labelled.trace
            )

    def _missing(self, format: Format) -> tuple[Finding, ...]:
        """Return what is to be said where a format has no place for the AIGC label.

        Raises:
            UnsupportedError: That is not allowed.
        """
        if format.label_place is not None:
            return ()
        if not self._allow_missing_layers:
            raise UnsupportedError(
                f"{format.name} has no place for an AIGC label: save it in a format that has one, "
                "or allow missing layers",
                code="label.no-place",
            )
        return (Finding.warning("label.no-place", format=format.name),)

    def _remarks(self, *, detached: bool) -> Iterator[Finding]:
        if not (self._provider.code or self._provider.name):
            yield Finding.warning("label.no-provider")
        if detached:
            serious = Finding.info if self._store else Finding.warning
            yield serious("manifest.detached", stored=self._store is not None)


def _check(report: Report, labelled: Labelled, differences: Sequence[str]) -> None:
    """Hold what reads back against what was ordered, layer by layer.

    Raises:
        UnmarkableError: The watermark does not read back.
        ReadBackError: Anything else does not.
    """
    mark, content_id = report.watermark, labelled.content_id
    if mark.state is not WatermarkState.DECODED:
        raise UnmarkableError(labelled.not_held)
    others = [each for each in mark.content_ids if each != content_id]
    if others:
        raise UnmarkableError(
            f"the {labelled.format.medium.value} carries the watermark of {others[0]} "
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
    found, written = report.labels, labelled.labels
    for name, ordered, read in (
        ("AIGC label", written.aigc, found.aigc and found.aigc.values),
        ("IPTC source type", written.source_type, found.digital_source_type),
    ):
        if ordered is not None and read != ordered:
            raise ReadBackError(f"the {name} does not read back", code="read-back.label")


def _record(labelled: Labelled, signed: manifest.Signed) -> Record:
    return Record(
        content_id=labelled.content_id,
        manifest=signed.manifest,
        fingerprint=labelled.print.code,
        thumbnail=labelled.print.thumbnail,
        media_type=labelled.format.media_type,
        time=signed.time,
    )
