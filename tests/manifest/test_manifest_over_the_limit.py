from __future__ import annotations

import pytest

from synthmark.facts import ManifestReason, ManifestState
from synthmark.limits import Limits
from synthmark.manifest import Signer, describe, read
from synthmark.manifest.carrier import manifest_size
from tests.manifest.outputs import TYPES, picture, signed


@pytest.mark.parametrize("media_type", TYPES)
def test_a_manifest_larger_than_the_limit_is_not_parsed(signer: Signer, media_type: str) -> None:
    asset = signed(signer, media_type).asset
    small = Limits(manifest_bytes=3000)
    layer = read(asset, media_type, limits=small)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.UNREADABLE)
    assert layer.codes == ("limit.manifest-bytes",)
    assert describe(asset, media_type, limits=small) == {"unreadable": "larger than 3000 bytes"}
    assert read(asset, media_type, limits=Limits(manifest_bytes=5000)).matches_bytes


@pytest.mark.parametrize("media_type", TYPES)
def test_its_size_is_counted_in_every_container(signer: Signer, media_type: str) -> None:
    output = signed(signer, media_type)
    size = manifest_size(output.asset, media_type)
    assert len(output.manifest) <= size < len(output.manifest) + 48
    assert manifest_size(picture(media_type), media_type) == 0
    assert manifest_size(output.asset[:2000], media_type) < 2000
    assert manifest_size(output.asset, "image/bmp") == 0
