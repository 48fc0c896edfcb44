"""What a manifest says and what its signature is worth.

The verdict rests on the status codes of the active manifest (C2PA specification 2.2, 15.2), never
on the engine's three states alone: those let an ingredient decide, and call a manifest that was
recovered by its watermark simply invalid.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from synthmark.facts import Likeness, ManifestLayer, ManifestReason, ManifestState
from synthmark.label import ContentId, ShortId, read_payload
from synthmark.limits import Limits
from synthmark.manifest import engine
from synthmark.manifest.build import (
    AIGC_LABEL,
    ISCC,
    SOFT_BINDING,
    SOUND_PRINT,
    watermark_name,
)
from synthmark.manifest.carrier import manifest_size
from synthmark.manifest.devca import ORGANIZATION
from synthmark.manifest.trust import Trust
from synthmark.media import Data, Format
from synthmark.watermark.scheme import AUDIO_GENERATIONS, IMAGE_GENERATIONS

_DEFAULT_LIMITS = Limits()
_DEFAULT_TRUST = Trust()

_UNTRUSTED = "signingCredential.untrusted"
_SIGNED = frozenset({"claimSignature.validated", "claimSignature.insideValidity"})
_EXPIRED = frozenset({"signingCredential.expired", "claimSignature.outsideValidity"})
_TAMPERED = frozenset(
    {
        "claimSignature.mismatch",
        "assertion.hashedURI.mismatch",
        "assertion.missing",
        "assertion.undeclared",
    }
)
_HARD_BINDING = re.compile(r"assertion\.(data|bmff|boxes|collection|multiAsset)Hash\.(\w+)")
_MOST_TEXT = 200


def read(
    data: Data,
    format: Format,
    *,
    trust: Trust = _DEFAULT_TRUST,
    limits: Limits = _DEFAULT_LIMITS,
    detached: bytes | None = None,
) -> ManifestLayer:
    """Report the manifest in a file; nothing that is found is raised.

    Args:
        data: The whole file.
        format: What `media.sniff` says of it.
        trust: Whose signers are trusted.
        limits: ``manifest_bytes`` bounds what is parsed; a larger manifest is unreadable.
        detached: A manifest store beside the file, for formats that cannot hold one.
    """
    if format.manifest_place is None and detached is None:
        return ManifestLayer()
    size = len(detached) if detached is not None else manifest_size(data, format)
    if size > limits.manifest_bytes:
        return _unreadable("limit.manifest-bytes")
    try:
        store = engine.read(
            data,
            format.media_type,
            anchors=trust.anchors,
            most=limits.manifest_bytes,
            detached=detached,
        )
    except engine.RemoteManifestError:
        return ManifestLayer(codes=("manifest.inaccessible",))
    except engine.UnreadableManifestError:
        # The engine also fails where the file is damaged and there is no manifest at all.
        return _unreadable() if size else ManifestLayer()
    if store is None:
        return ManifestLayer()
    found = _Active.of(store)
    state, reason = found.judge()
    return replace(found.facts(), state=state, reason=reason)


def read_stored(
    manifest: bytes,
    *,
    content_id: ContentId | ShortId,
    likeness: Likeness,
    trust: Trust = _DEFAULT_TRUST,
) -> ManifestLayer:
    """Report a stored manifest that the watermark led to; nothing that is found is raised.

    It is recovered when its signature is good, its own soft binding names the id that the
    watermark carries, and the content at hand is near the content it was made for; that its hash
    does not match the bytes at hand is what recovery is about (C2PA specification 2.2, 18.10.5.1).

    Args:
        manifest: The manifest store from `Record.manifest`.
        content_id: What the watermark says, or its short form, where it says that.
        likeness: The content at hand beside the stored fingerprint; only near recovers.
        trust: Whose signers are trusted.
    """
    try:
        store = engine.read(
            manifest,
            "application/c2pa",
            anchors=trust.anchors,
            most=_DEFAULT_LIMITS.manifest_bytes,
        )
    except (engine.RemoteManifestError, engine.UnreadableManifestError):
        store = None
    if store is None:
        return _unreadable()
    found = _Active.of(store)
    state, reason = found.judge()
    if reason in (ManifestReason.EDITED, ManifestReason.AUTHENTIC, ManifestReason.UNKNOWN_SIGNER):
        bound = set(found.bound_ids()) == {content_id}
        if bound and likeness is Likeness.NEAR:
            state, reason = ManifestState.RECOVERED, ManifestReason.RECOVERED
        else:
            state, reason = ManifestState.INVALID, ManifestReason.RECOVERED_MISMATCH
    return replace(found.facts(), state=state, reason=reason)


def describe(
    data: Data, format: Format, *, limits: Limits = _DEFAULT_LIMITS
) -> dict[str, Any] | None:
    """Return the manifest store as the engine gives it, JSON-ready; None when there is none."""
    size = manifest_size(data, format)
    if size > limits.manifest_bytes:
        return {"unreadable": f"larger than {limits.manifest_bytes} bytes"}
    try:
        return engine.read(data, format.media_type, most=limits.manifest_bytes)
    except engine.RemoteManifestError as error:
        return {"remote": str(error)}
    except engine.UnreadableManifestError as error:
        return {"unreadable": str(error)} if size else None


def _unreadable(*codes: str) -> ManifestLayer:
    return ManifestLayer(state=ManifestState.INVALID, reason=ManifestReason.UNREADABLE, codes=codes)


@dataclass(frozen=True, slots=True)
class _Active:
    """The active manifest with its own status codes; every value may be of any JSON type."""

    manifest: dict[str, Any]
    success: frozenset[str]
    informational: frozenset[str]
    failure: frozenset[str]

    @classmethod
    def of(cls, store: dict[str, Any]) -> _Active:
        label = store.get("active_manifest")
        results = _mapping(_mapping(store.get("validation_results")).get("activeManifest"))
        codes = (
            frozenset(_texts(each.get("code") for each in _mappings(results.get(kind))))
            for kind in ("success", "informational", "failure")
        )
        manifests = _mapping(store.get("manifests"))
        return cls(_mapping(manifests.get(label) if isinstance(label, str) else None), *codes)

    def judge(self) -> tuple[ManifestState, ManifestReason]:
        """Return what the signature is worth for the bytes at hand, and why."""
        # A broken ingredient says something of the past, not of this file.
        faults = {code for code in self.failure if not code.startswith("ingredient.")}
        faults.discard(_UNTRUSTED)
        signed = self.success >= _SIGNED
        unbound = {code for code in faults if _binding_outcome(code) == "mismatch"}
        if faults & _TAMPERED:
            return ManifestState.INVALID, ManifestReason.TAMPERED
        if faults & _EXPIRED:
            return ManifestState.INVALID, ManifestReason.EXPIRED
        if signed and unbound and faults == unbound:
            return ManifestState.INVALID, ManifestReason.EDITED
        matches = any(_binding_outcome(code) == "match" for code in self.success)
        if not (signed and matches) or faults:
            return ManifestState.INVALID, ManifestReason.UNREADABLE
        if self.trusted:
            return ManifestState.TRUSTED, ManifestReason.AUTHENTIC
        return ManifestState.VALID, ManifestReason.UNKNOWN_SIGNER

    @property
    def trusted(self) -> bool:
        return "signingCredential.trusted" in self.success and _UNTRUSTED not in self.failure

    def facts(self) -> ManifestLayer:
        """Return all but the state and its reason."""
        signature = _mapping(self.manifest.get("signature_info"))
        organization = _line(signature.get("issuer"))
        # Of a version 1 claim the engine believes any time stamp, whatever the anchors (measured).
        stamped = "timeStamp.trusted" in self.success and self.manifest.get("claim_version") != 1
        telling = {code for code in self.informational if code != "signingCredential.ocsp.skipped"}
        named = _resolved([*self.bound_ids(), *self._produced_ids()])
        return ManifestLayer(
            trusted=self.trusted,
            development=organization == ORGANIZATION,
            signer=organization or _line(signature.get("common_name")),
            time=_line(signature.get("time")) if stamped else None,
            codes=(*sorted(self.failure), *sorted(telling)),
            content_ids=tuple(dict.fromkeys(named)),
            fingerprint=next(self._fingerprints(), None),
            source_types=tuple(dict.fromkeys(self._source_types())),
        )

    def bound_ids(self) -> list[ContentId | ShortId]:
        """Return every content id in a soft binding of a watermark, those of short sound short."""
        payloads = [
            _payload(value, scheme.payload_bytes)
            for scheme in (*IMAGE_GENERATIONS, *AUDIO_GENERATIONS)
            for value in self._bound(watermark_name(scheme))
        ]
        return [read_payload(payload) for payload in payloads if payload is not None]

    def _fingerprints(self) -> Iterator[str]:
        for algorithm, mark in ((ISCC, b"ISCC:"), (SOUND_PRINT, b"SMSP1:")):
            for value in self._bound(algorithm):
                yield from filter(None, [_print(value, mark)])

    def _produced_ids(self) -> Iterator[ContentId]:
        for label in self._assertions(AIGC_LABEL):
            produced = label.get("ProduceID")
            try:
                if isinstance(produced, str):
                    yield ContentId.parse(produced)
            except ValueError:
                continue

    def _source_types(self) -> Iterator[str]:
        for assertion in self._assertions("c2pa.actions"):
            for action in _mappings(assertion.get("actions")):
                yield from _texts([action.get("digitalSourceType")])

    def _bound(self, algorithm: str) -> Iterator[Any]:
        for binding in self._assertions(SOFT_BINDING):
            if binding.get("alg") == algorithm:
                for block in _mappings(binding.get("blocks")):
                    yield block.get("value")

    def _assertions(self, label: str) -> Iterator[dict[str, Any]]:
        """Yield what assertions of this label hold, of whatever version or instance."""
        for assertion in _mappings(self.manifest.get("assertions")):
            name = assertion.get("label")
            if isinstance(name, str) and re.fullmatch(
                re.escape(label) + r"(\.v\d+)?(__\d+)?", name
            ):
                yield _mapping(assertion.get("data"))


def _binding_outcome(code: str) -> str | None:
    found = _HARD_BINDING.fullmatch(code)
    return found and found[2]


def _resolved(named: list[ContentId | ShortId]) -> Iterator[ContentId | ShortId]:
    """Yield the ids without short ones that stand for another of them."""
    whole = [each for each in named if isinstance(each, ContentId)]
    for each in named:
        if isinstance(each, ContentId) or not any(map(each.stands_for, whole)):
            yield each


def _payload(value: Any, lengths: tuple[int, ...]) -> bytes | None:
    """Return the bytes of the watermark's binding, None when it holds anything else."""
    found = (each for each in islice(_readings(value), 1, None) if len(each) in lengths)
    return next(found, None)


def _print(value: Any, mark: bytes) -> str | None:
    """Return the text of a fingerprint's binding, None when it holds anything else."""
    found = (each for each in _readings(value) if each.startswith(mark) and each.isascii())
    return next((each.decode("ascii") for each in found), None)


def _readings(value: Any) -> Iterator[bytes]:
    """Yield what a binding's value may mean: its text, and up to twice the bytes in its base64.

    The engine gives byte strings and arrays of numbers as base64; what a writer put into them may
    be base64 once more.
    """
    if not isinstance(value, str):
        return
    reading = value.encode("utf-8", "replace")
    yield reading
    for _ in range(2):
        try:
            reading = base64.b64decode(reading, validate=True)
        except binascii.Error:
            return
        yield reading


def _line(value: Any) -> str | None:
    """Return a text of a certificate as one printable line, None when nothing is left."""
    if not isinstance(value, str):
        return None
    printable = "".join(each if each.isprintable() else " " for each in value[:_MOST_TEXT])
    return " ".join(printable.split()) or None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    return (
        (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())
    )


def _texts(values: Iterable[Any]) -> Iterator[str]:
    return (each for each in values if isinstance(each, str))
