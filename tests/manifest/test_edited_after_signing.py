from __future__ import annotations

import pytest

from synthmark.facts import ManifestReason, ManifestState
from synthmark.manifest import Signer, read
from tests.manifest.authority import Authority
from tests.manifest.outputs import ID, TYPES, signed
from tests.media.samples import chunk, with_chunks


@pytest.mark.parametrize("media_type", TYPES)
def test_one_changed_byte_of_the_picture_is_seen(
    authority: Authority, signer: Signer, media_type: str
) -> None:
    asset = bytearray(signed(signer, media_type).asset)
    # Well inside the coded pixels of each format, which follow the manifest or end the file.
    place = asset.rindex(b"IDAT") + 40 if media_type == "image/png" else len(asset) // 2
    if media_type in ("image/jpeg", "image/gif"):
        place = len(asset) - 40
    if media_type == "image/webp":
        place = asset.index(b"VP8 ") + 200
    if media_type == "image/avif":
        place = asset.rindex(b"mdat") + 200
    asset[place] ^= 1
    layer = read(bytes(asset), media_type, trust=authority.trust)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.EDITED)
    # Of some formats the engine leaves out more than the manifest, and says so.
    binding = "bmffHash" if media_type == "image/avif" else "dataHash"
    assert layer.codes[0] == f"assertion.{binding}.mismatch"
    assert set(layer.codes[1:]) <= {f"assertion.{binding}.additionalExclusionsPresent"}
    assert layer.trusted
    assert not layer.matches_bytes
    assert layer.content_ids == (str(ID),)


def test_metadata_added_afterwards_is_seen(authority: Authority, signer: Signer) -> None:
    asset = with_chunks(signed(signer).asset, chunk(b"tEXt", b"Comment\0hello"))
    layer = read(asset, "image/png", trust=authority.trust)
    assert layer.reason is ManifestReason.EDITED
