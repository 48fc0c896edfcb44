from __future__ import annotations

import pytest

from synthmark.facts import ManifestReason, ManifestState
from synthmark.manifest import Signer, read
from synthmark.media import Format
from synthmark.media.formats import PNG
from tests.manifest.authority import Authority
from tests.manifest.outputs import ID, OTHER_ID, TYPES, signed


@pytest.mark.parametrize("format", TYPES)
@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"acme-xl/3.1", b"other-1/3.1", "assertion.hashedURI.mismatch"),
        (str(ID).encode(), str(OTHER_ID).encode(), "assertion.hashedURI.mismatch"),
        (b"synthmark.provider", b"synthmark.producer", "claimSignature.mismatch"),
    ],
    ids=["assertion", "content id", "claim"],
)
def test_a_changed_assertion_or_claim_is_tampering(
    authority: Authority, signer: Signer, format: Format, old: bytes, new: bytes, code: str
) -> None:
    asset = signed(signer, format).asset
    assert old in asset
    layer = read(asset.replace(old, new), format, trust=authority.trust)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.TAMPERED)
    assert code in layer.codes


def test_a_removed_assertion_leaves_no_manifest_that_can_be_read(signer: Signer) -> None:
    asset = signed(signer).asset.replace(
        b"org.synthmark.aigc-label\0", b"org.synthmark.aigc-none!\0"
    )
    layer = read(asset, PNG)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.UNREADABLE)
