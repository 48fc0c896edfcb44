"""The last step of labelling: put a signed manifest into the encoded file."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from synthmark.errors import ReadBackError
from synthmark.limits import Limits
from synthmark.manifest import engine, tagged
from synthmark.manifest.build import Claim, bound, define
from synthmark.manifest.signer import Signer
from synthmark.media import jpeg
from synthmark.media.formats import JPEG
from synthmark.report import Finding

DETACHED = frozenset({"audio/ogg"})
"""Formats in which C2PA knows no place for a manifest."""

# Numbers as long as those of a manifest in a tag: of 24 to 255, and of 256 to 65,535.
_PLACE, _LENGTH = 65, 2**15

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed file.

    Attributes:
        asset: The file with its manifest, or as it was where its format has no place for one.
        manifest: The manifest store alone, to be kept for recovery.
        detached: Whether the manifest is only here.
        notes: What had to be moved to make room for it.
    """

    asset: bytes
    manifest: bytes
    detached: bool = False
    notes: tuple[Finding, ...] = ()


def sign(
    encoded: bytes, media_type: str, *, source: bytes | None = None, claim: Claim, signer: Signer
) -> Signed:
    """Sign an encoded file.

    Where C2PA knows no place in the format (Ogg), the manifest covers every byte and stays outside.

    Args:
        encoded: The file, with all its pixels and metadata in place.
        media_type: Its MIME type.
        source: The file it was made from; when that carries a manifest, it becomes the parent, so
            that its history is kept.
        claim: What the manifest says.
        signer: Who signs.

    Raises:
        CredentialError: The signer cannot sign.
        ReadBackError: The manifest cannot be put into this file.
    """
    signer.check()
    parent = source if source is not None and carries_manifest(source, media_type) else None
    definition = define(claim, has_parent=parent is not None)
    if media_type in tagged.STUBS:
        return _in_tag(encoded, media_type, definition, parent=parent, signer=signer)
    detached = media_type in DETACHED

    def signed(data: bytes) -> tuple[bytes, bytes]:
        return engine.sign(
            data, media_type, definition, parent=parent, signer=signer.opened, embed=not detached
        )

    asset, store = signed(encoded)
    if media_type == JPEG:
        # An index of further pictures tells how long the first is, with the manifest in it.
        longer = jpeg.lengthened(encoded, len(asset) - len(encoded))
        asset, store = signed(longer) if longer is not None else (asset, store)
    return Signed(asset, store, detached)


def _in_tag(
    encoded: bytes,
    media_type: str,
    definition: dict[str, Any],
    *,
    parent: bytes | None,
    signer: Signer,
) -> Signed:
    """Sign a file and put the manifest into its ID3 tag.

    The engine would write the tag anew, in its newest version, and lose frames.
    """
    stub = tagged.STUBS[media_type]

    def store(start: int, length: int, digest: bytes, lend: Callable[[Any], Any]) -> bytes:
        whole = bound(definition, start, length, digest)
        signed = engine.sign(stub, media_type, whole, parent=parent, signer=lend, embed=False)
        return signed[1]

    # How long the numbers are that say where it lies hangs on how long it is, if ever so little.
    size = len(store(_PLACE, _LENGTH, bytes(32), signer.measuring))
    size = len(store(_PLACE, size, bytes(32), signer.measuring)) if size > 2 * _LENGTH else size
    before, behind, notes = tagged.around(encoded, media_type, size)
    digest = hashlib.sha256(before)
    digest.update(behind)
    manifest = store(len(before), size, digest.digest(), signer.opened)
    if len(manifest) != size:
        raise ReadBackError(
            f"the manifest has {len(manifest)} bytes, not {size}", code="sign.failed"
        )
    return Signed(b"".join((before, manifest, behind)), manifest, notes=notes)


def carries_manifest(source: bytes, media_type: str) -> bool:
    """Tell whether a file has a manifest, which what is made from it continues."""
    if media_type in DETACHED:
        return False
    try:
        found = engine.read(source, media_type, most=Limits().manifest_bytes)
    except engine.RemoteManifestError:
        # Its history lies elsewhere and is not fetched, but this file is not its beginning.
        return True
    except engine.UnreadableManifestError as error:
        _log.warning("the source's manifest cannot be read, so its history is lost: %s", error)
        return False
    return found is not None
