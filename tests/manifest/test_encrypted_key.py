from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from synthmark.errors import CredentialError
from synthmark.manifest import Signer
from tests.manifest.authority import Authority


def test_a_key_under_a_passphrase_is_refused(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue()
    chain, key = issued.files(tmp_path)
    locked = BestAvailableEncryption(b"secret")
    key.write_bytes(issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    with pytest.raises(CredentialError, match="key is encrypted; decrypt it") as raised:
        Signer.from_files(chain, key)
    assert raised.value.code == "credential.key"
