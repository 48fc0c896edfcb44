from __future__ import annotations

from synthmark.facts import ManifestReason, ManifestState
from synthmark.manifest import Signer, read
from synthmark.media.formats import PNG
from tests.manifest.authority import Authority
from tests.manifest.outputs import picture, signed
from tests.media.samples import chunk, with_chunks


def test_the_manifest_of_one_picture_in_another_does_not_match(
    authority: Authority, signer: Signer
) -> None:
    store = signed(signer).manifest
    moved = with_chunks(picture(width=80), chunk(b"caBX", store))
    layer = read(moved, PNG, trust=authority.trust)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.EDITED)
    assert layer.fingerprint is not None
    same = with_chunks(picture(), chunk(b"caBX", store))
    assert read(same, PNG, trust=authority.trust).state is ManifestState.TRUSTED
