"""The thin face of the C2PA engine: the one module that imports c2pa, with settings always set.

A context is made for every call (0.1 ms; 0.3 ms with a long trust list): so none is shared between
threads, and none is carried over a fork, where the engine would refuse it.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from synthmark.errors import CredentialError, ReadBackError
from synthmark.manifest import brief
from synthmark.manifest.certificates import EXTENDED_KEY_USAGES
from synthmark.media import Data, Pieces
from synthmark.media.formats import WAV
from synthmark.media.parts.pieces import Scratch, Span

_log = logging.getLogger(__name__)

# Time-stamping authorities chain to the same anchors.
_TIME_STAMPING = "1.3.6.1.5.5.7.3.8"


class UnreadableManifestError(Exception):
    """The engine cannot parse the manifest or the file around it."""


class RemoteManifestError(Exception):
    """The file only names an address where its manifest lies; nothing is fetched."""


def read(
    data: Data, media_type: str, *, anchors: str = "", most: int, detached: bytes | None = None
) -> dict[str, Any] | None:
    """Return the manifest store of a file with its validation results, None without one.

    Args:
        data: The file, or a manifest store alone as ``application/c2pa``.
        media_type: MIME type.
        anchors: Trust anchors as PEM.
        most: Bytes that a compressed manifest may unfold to.
        detached: A manifest store that stands beside the file.

    Raises:
        UnreadableManifestError: There is something, but the engine cannot read it.
        RemoteManifestError: There is only an address.
    """
    long = media_type == WAV.media_type and detached is None and len(data) >= brief.LEAST
    left = brief.Brief.of(data) if long else None
    if left is not None:
        store, detailed = _read(left.data, media_type, anchors, most, None, detailed=True)
        found = left.judged(data, store, detailed) if store is not None else None
        if found is not None or store is None:
            return found
    return _read(data, media_type, anchors, most, detached)[0]


def _read(
    data: Data,
    media_type: str,
    anchors: str,
    most: int,
    detached: bytes | None,
    *,
    detailed: bool = False,
) -> tuple[dict[str, Any] | None, Any]:
    """Return the report on a manifest store, and if asked for the same with all assertions."""
    import c2pa

    try:
        context = _context(anchors, most)
        reader = c2pa.Reader.try_create(media_type, _opened(data), detached, context=context)
        if reader is None:
            return None, None
        with reader:
            store = json.loads(reader.json())
            whole = json.loads(reader.detailed_json()) if detailed else None
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        if str(error).startswith("Remote: "):
            raise RemoteManifestError(str(error)) from None
        _log.debug("the C2PA engine cannot read this manifest: %s", error)
        raise UnreadableManifestError(str(error)) from None
    if not isinstance(store, dict):
        raise UnreadableManifestError("not a manifest store")
    return store, whole


def finds(data: bytes, media_type: str) -> bool:
    """Tell whether the engine finds a manifest in a file, whatever that is worth."""
    import c2pa

    try:
        reader = c2pa.Reader.try_create(media_type, io.BytesIO(data), context=_context("", None))
    except c2pa.C2paError:
        return True
    if reader is not None:
        reader.close()
    return reader is not None


def sign(
    file: BinaryIO,
    media_type: str,
    definition: dict[str, Any],
    *,
    parent: Data | None,
    signer: Callable[[Any], Any],
    embed: bool = True,
) -> tuple[Pieces, bytes]:
    """Return the signed file and its manifest store.

    The engine's own check after signing is off: it doubles the time (measured), and the embedder
    reads every file back with all its layers.

    Args:
        file: The file.
        media_type: MIME type of the file and of its parent.
        definition: The manifest, as the engine's builder takes it.
        parent: The file that this one was made from, to be kept as its ingredient.
        signer: Given the c2pa module, returns the engine's signer.
        embed: Whether to put the manifest into the file; else it covers the file as it is.

    Raises:
        CredentialError: The engine refuses the signer.
        ReadBackError: The engine cannot put a manifest into the file.
    """
    import c2pa

    target = cast("BinaryIO", Scratch())
    try:
        context = _context("", None)
        builder = c2pa.Builder(definition, context=context)
        if not embed:
            builder.set_no_embed()
        if parent is not None:
            ingredient = {"relationship": "parentOf", "label": "parent"}
            builder.add_ingredient(ingredient, media_type, _opened(parent))
        with signer(c2pa) as engine_signer:
            store = builder.sign(engine_signer, media_type, file, target)
    except c2pa.C2paError.Signature as error:
        raise CredentialError(
            f"the signature was refused: {error}", code="credential.refused"
        ) from error
    except c2pa.C2paError as error:
        raise ReadBackError(f"the file cannot be signed: {error}", code="sign.failed") from error
    return Pieces(Span(target, 0, target.seek(0, io.SEEK_END))), bytes(store)


def _opened(data: Data) -> BinaryIO:
    return io.BytesIO(data) if isinstance(data, bytes) else data.open()


def _context(anchors: str, most: int | None) -> Any:
    import c2pa

    trust = {"trust_config": "\n".join([*EXTENDED_KEY_USAGES, _TIME_STAMPING])}
    if anchors:
        trust["trust_anchors"] = anchors
    core: dict[str, Any] = {"decode_identity_assertions": False}
    if most is not None:
        core["max_decompressed_manifest_size_in_mb"] = max(1, most >> 20)
    return c2pa.Context.from_dict(
        {
            "version": 1,
            "trust": trust,
            "verify": {
                "remote_manifest_fetch": False,
                "ocsp_fetch": False,
                "verify_after_sign": False,
            },
            "builder": {"thumbnail": {"enabled": False}},
            "core": core,
        }
    )
