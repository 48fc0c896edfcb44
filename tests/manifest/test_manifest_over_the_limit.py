from __future__ import annotations

import pytest

from synthmark.facts import ManifestReason, ManifestState
from synthmark.limits import Limits
from synthmark.manifest import Signer, describe, read
from synthmark.manifest.carrier import manifest_size
from synthmark.media import Format
from synthmark.media.formats import OGG
from tests.manifest.outputs import TYPES, picture, signed


@pytest.mark.parametrize("format", TYPES)
def test_a_manifest_larger_than_the_limit_is_not_parsed(signer: Signer, format: Format) -> None:
    asset = signed(signer, format).asset
    small = Limits(manifest_bytes=3000)
    layer = read(asset, format, limits=small)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.UNREADABLE)
    assert layer.codes == ("limit.manifest-bytes",)
    assert describe(asset, format, limits=small) == {"unreadable": "larger than 3000 bytes"}
    assert read(asset, format, limits=Limits(manifest_bytes=5000)).matches_bytes


@pytest.mark.parametrize("format", TYPES)
def test_its_size_is_counted_in_every_container(signer: Signer, format: Format) -> None:
    output = signed(signer, format)
    size = manifest_size(output.asset, format)
    assert len(output.manifest) <= size < len(output.manifest) + 48
    assert manifest_size(picture(format), format) == 0
    assert manifest_size(output.asset[:2000], format) < 2000
    assert manifest_size(output.asset, OGG) == 0
