from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from synthmark.errors import CredentialError
from synthmark.manifest import Signer
from tests.manifest.authority import Authority, Issued
from tests.manifest.outputs import signed


def test_a_key_file_that_belongs_to_another_certificate_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    one, other = authority.issue(), authority.issue()
    with pytest.raises(CredentialError, match="does not belong to this private key") as raised:
        Issued(one.chain, other.key).signer(tmp_path)
    assert raised.value.code == "credential.key-mismatch"


def test_a_callback_that_signs_with_another_key_is_refused(authority: Authority) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    signer = Signer.from_callback(
        lambda data: other.sign(data, ec.ECDSA(SHA256())), authority.issue().chain_pem
    )
    with pytest.raises(CredentialError, match="does not belong") as raised:
        signed(signer)
    assert raised.value.code == "credential.key-mismatch"
