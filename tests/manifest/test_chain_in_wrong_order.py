from __future__ import annotations

from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from synthmark.manifest import read
from synthmark.media.formats import PNG
from tests.manifest.authority import Authority, Issued
from tests.manifest.outputs import signed


@pytest.fixture(scope="module")
def middle(authority: Authority) -> Authority:
    return Authority("test intermediate", authority)


def test_the_authority_before_the_leaf_is_refused(middle: Authority, tmp_path: Path) -> None:
    leaf = middle.issue()
    with pytest.raises(CredentialError, match="signing certificate first") as raised:
        Issued([middle.certificate, *leaf.chain], leaf.key).signer(tmp_path)
    assert raised.value.code == "credential.chain-order"


def test_a_stranger_in_the_chain_is_refused(middle: Authority, tmp_path: Path) -> None:
    leaf = middle.issue()
    stranger = Authority("a stranger").certificate
    with pytest.raises(CredentialError, match=r"not issued by the next.*a stranger") as raised:
        Issued([*leaf.chain, stranger], leaf.key).signer(tmp_path)
    assert raised.value.code == "credential.chain-order"


def test_a_chain_in_order_is_trusted_by_its_root(
    authority: Authority, middle: Authority, tmp_path: Path
) -> None:
    leaf = middle.issue()
    signer = Issued([*leaf.chain, middle.certificate], leaf.key).signer(tmp_path)
    assert read(signed(signer).asset, PNG, trust=authority.trust).trusted
