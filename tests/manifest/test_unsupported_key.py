from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from synthmark.errors import CredentialError
from synthmark.manifest import Signer
from tests.manifest.authority import Authority


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP256K1()), rsa.generate_private_key(65537, 1024)],  # noqa: S505
    ids=["secp256k1", "rsa1024"],
)
def test_a_key_that_c2pa_does_not_allow_is_refused(
    authority: Authority, tmp_path: Path, key: Any
) -> None:
    with pytest.raises(CredentialError, match="use EC P-256") as raised:
        authority.issue(key=key).signer(tmp_path)
    assert raised.value.code == "credential.algorithm"


def test_an_algorithm_that_the_key_cannot_do_is_refused(authority: Authority) -> None:
    with pytest.raises(CredentialError, match=r"'ps256'.*only es256") as raised:
        Signer.from_callback(lambda data: data, authority.issue().chain_pem, "ps256")
    assert raised.value.code == "credential.algorithm"
