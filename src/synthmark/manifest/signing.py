"""The last step of labelling: put a signed manifest into the encoded file."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from synthmark.errors import ReadBackError
from synthmark.facts import Finding
from synthmark.limits import Limits
from synthmark.manifest import engine, placed
from synthmark.manifest.build import Claim, bound, define
from synthmark.manifest.signer import Signer
from synthmark.media import Data, Format, Pieces
from synthmark.media.formats import JPEG
from synthmark.media.pictures import jpeg

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed file.

    Attributes:
        file: The file with its manifest, or as it was where its format has no place for one.
        manifest: The manifest store alone, to be kept for recovery.
        time: When it was signed, as it says.
        detached: Whether the manifest is only here.
        notes: What had to be moved to make room for it.
    """

    file: Pieces
    manifest: bytes
    time: datetime
    detached: bool = False
    notes: tuple[Finding, ...] = ()

    @property
    def asset(self) -> bytes:
        """The whole file."""
        return bytes(self.file)


def sign(
    encoded: Data, format: Format, *, parent: Data | None = None, claim: Claim, signer: Signer
) -> Signed:
    """Sign an encoded file.

    Where C2PA knows no place in the format (Ogg), the manifest covers every byte and stays outside.

    Args:
        encoded: The file, with all its pixels and metadata in place.
        format: Its format.
        parent: The file it was made from, where that carries a manifest: so its history is kept.
        claim: What the manifest says.
        signer: Who signs.

    Raises:
        CredentialError: The signer cannot sign.
        ReadBackError: The manifest cannot be put into this file.
    """
    signer.check()
    whole = Pieces(encoded)
    definition = define(claim, has_parent=parent is not None)
    if format in placed.STUBS:
        return _placed(whole, format, definition, parent, claim.time, signer)
    detached = format.manifest_place is None

    def signed(file: Pieces) -> tuple[Pieces, bytes]:
        return engine.sign(
            file.open(),
            format.media_type,
            definition,
            parent=parent,
            signer=signer.opened,
            embed=not detached,
        )

    file, store = signed(whole)
    if format is JPEG:
        # An index of further pictures tells how long the first is, with the manifest in it.
        longer = jpeg.lengthened(bytes(whole), len(file) - len(whole))
        file, store = signed(Pieces(longer)) if longer is not None else (file, store)
    return Signed(whole if detached else file, store, claim.time, detached)


def _placed(
    encoded: Pieces,
    format: Format,
    definition: dict[str, Any],
    parent: Data | None,
    time: datetime,
    signer: Signer,
) -> Signed:
    """Sign a file and put the manifest into it.

    The engine would write an ID3 tag anew, in its newest version, and lose frames; and it holds a
    RIFF file twice in memory.
    """
    stub = placed.STUBS[format]

    def store(start: int, length: int, digest: bytes, lend: Callable[[Any], Any]) -> bytes:
        whole = bound(definition, start, length, digest)
        file = io.BytesIO(stub)
        signed = engine.sign(
            file, format.media_type, whole, parent=parent, signer=lend, embed=False
        )
        return signed[1]

    # How long the numbers are that say where it lies hangs on how long it is, if ever so little.
    start, length = placed.least_place(encoded, format)
    size = len(store(start, length, bytes(32), signer.measuring))
    size = len(store(start, size, bytes(32), signer.measuring)) if size > 2 * length else size
    place = placed.around(encoded, format, size)
    digest = Pieces(place.before, place.behind).digest()
    manifest = store(len(place.before), len(place.head) + size, digest, signer.opened)
    if len(manifest) != size:
        raise ReadBackError(
            f"the manifest has {len(manifest)} bytes, not {size}", code="sign.failed"
        )
    file = Pieces(place.before, place.head, manifest, place.behind)
    return Signed(file, manifest, time, notes=place.notes)


def carries_manifest(source: Data, format: Format) -> bool:
    """Tell whether a file has a manifest, which what is made from it continues."""
    if format.manifest_place is None:
        return False
    try:
        found = engine.read(source, format.media_type, most=Limits().manifest_bytes)
    except engine.RemoteManifestError:
        # Its history lies elsewhere and is not fetched, but this file is not its beginning.
        return True
    except engine.UnreadableManifestError as error:
        _log.warning("the source's manifest cannot be read, so its history is lost: %s", error)
        return False
    return found is not None
