from __future__ import annotations

from pathlib import Path

from synthmark.facts import ManifestReason, ManifestState
from synthmark.manifest import Signer, Trust, read
from synthmark.media.formats import PNG
from tests.manifest.authority import CLAIM_SIGNING, Authority, Issued
from tests.manifest.outputs import signed


def test_no_anchors_trust_nobody() -> None:
    assert Trust.from_files([]) == Trust() == Trust("")


def test_a_known_root_makes_a_signer_authentic(authority: Authority, signer: Signer) -> None:
    layer = read(signed(signer).asset, PNG, trust=authority.trust)
    assert (layer.state, layer.reason) == (ManifestState.TRUSTED, ManifestReason.AUTHENTIC)
    assert (layer.trusted, layer.development, layer.codes) == (True, False, ())


def test_another_root_leaves_the_signer_unknown(signer: Signer) -> None:
    for trust in (Trust(), Authority().trust):
        layer = read(signed(signer).asset, PNG, trust=trust)
        assert (layer.state, layer.reason) == (ManifestState.VALID, ManifestReason.UNKNOWN_SIGNER)
        assert layer.codes == ("signingCredential.untrusted",)
        assert not layer.trusted


def test_several_files_add_up(authority: Authority, signer: Signer, tmp_path: Path) -> None:
    paths = [tmp_path / "other.pem", tmp_path / "root.pem"]
    paths[0].write_bytes(Authority().pem)
    paths[1].write_bytes(authority.pem)
    assert read(signed(signer).asset, PNG, trust=Trust.from_files(paths)).trusted


def test_an_intermediate_is_anchor_enough(authority: Authority, tmp_path: Path) -> None:
    middle = Authority("test intermediate", authority)
    leaf = middle.issue()
    asset = signed(Issued([*leaf.chain, middle.certificate], leaf.key).signer(tmp_path)).asset
    assert read(asset, PNG, trust=middle.trust).trusted


def test_a_leaf_of_the_official_purpose_alone_signs_and_is_trusted(
    authority: Authority, tmp_path: Path
) -> None:
    signer = authority.issue(purposes=[CLAIM_SIGNING]).signer(tmp_path)
    asset = signed(signer).asset
    assert read(asset, PNG, trust=authority.trust).state is ManifestState.TRUSTED
    assert read(asset, PNG).state is ManifestState.VALID
