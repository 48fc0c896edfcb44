from __future__ import annotations

from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from synthmark.manifest import Signer
from tests.manifest.authority import Authority

PEM = b"-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("content", [b"", b"no PEM", b"\xff\xfe\0", PEM])
def test_a_file_without_a_readable_certificate_is_named(
    authority: Authority, tmp_path: Path, content: bytes
) -> None:
    chain, key = authority.issue().files(tmp_path)
    chain.write_bytes(content)
    with pytest.raises(
        CredentialError, match=r"chain.pem: holds no readable certificate"
    ) as raised:
        Signer.from_files(chain, key)
    assert raised.value.code == "credential.certificate"


@pytest.mark.parametrize("content", [b"", b"no PEM", PEM])
def test_a_file_without_a_readable_key_is_named(
    authority: Authority, tmp_path: Path, content: bytes
) -> None:
    chain, key = authority.issue().files(tmp_path)
    key.write_bytes(content)
    with pytest.raises(CredentialError, match=r"key.pem: holds no readable private key") as raised:
        Signer.from_files(chain, key)
    assert raised.value.code == "credential.key"
