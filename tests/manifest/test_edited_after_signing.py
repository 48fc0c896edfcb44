from __future__ import annotations

import pytest

from synthmark.facts import ManifestReason, ManifestState
from synthmark.manifest import Signer, read
from synthmark.media import Format
from synthmark.media.formats import AVIF, GIF, JPEG, PNG, WEBP
from tests.manifest.authority import Authority
from tests.manifest.outputs import ID, TYPES, signed
from tests.media.samples import chunk, with_chunks


@pytest.mark.parametrize("format", TYPES)
def test_one_changed_byte_of_the_picture_is_seen(
    authority: Authority, signer: Signer, format: Format
) -> None:
    asset = bytearray(signed(signer, format).asset)
    # Well inside the coded pixels of each format, which follow the manifest or end the file.
    place = asset.rindex(b"IDAT") + 40 if format == PNG else len(asset) // 2
    if format in (JPEG, GIF):
        place = len(asset) - 40
    if format == WEBP:
        place = asset.index(b"VP8 ") + 200
    if format == AVIF:
        place = asset.rindex(b"mdat") + 200
    asset[place] ^= 1
    layer = read(bytes(asset), format, trust=authority.trust)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.EDITED)
    # Of some formats the engine leaves out more than the manifest, and says so.
    binding = "bmffHash" if format == AVIF else "dataHash"
    assert layer.codes[0] == f"assertion.{binding}.mismatch"
    assert set(layer.codes[1:]) <= {f"assertion.{binding}.additionalExclusionsPresent"}
    assert layer.trusted
    assert not layer.matches_bytes
    assert layer.content_ids == (ID,)


def test_metadata_added_afterwards_is_seen(authority: Authority, signer: Signer) -> None:
    asset = with_chunks(signed(signer).asset, chunk(b"tEXt", b"Comment\0hello"))
    layer = read(asset, PNG, trust=authority.trust)
    assert layer.reason is ManifestReason.EDITED
