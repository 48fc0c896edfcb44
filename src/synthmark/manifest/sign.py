"""The last step of labelling: put a signed manifest into the encoded file."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from synthmark.limits import Limits
from synthmark.manifest import engine
from synthmark.manifest.build import Claim, define
from synthmark.manifest.signer import Signer

DETACHED = frozenset({"audio/ogg"})
"""Formats in which C2PA knows no place for a manifest."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed file.

    Attributes:
        asset: The file with its manifest, or as it was where its format has no place for one.
        manifest: The manifest store alone, to be kept for recovery.
        detached: Whether the manifest is only here.
    """

    asset: bytes
    manifest: bytes
    detached: bool = False


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
    detached = media_type in DETACHED
    asset, store = engine.sign(
        encoded, media_type, definition, parent=parent, signer=signer.opened, embed=not detached
    )
    return Signed(asset, store, detached)


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
