from __future__ import annotations

from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from synthmark.manifest import Trust
from tests.manifest.authority import Authority

GARBAGE = b"-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("content", [b"", b"no PEM", GARBAGE])
def test_a_file_without_certificates_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "anchors.pem"
    path.write_bytes(content)
    with pytest.raises(CredentialError, match=r"anchors.pem: holds no readable") as raised:
        Trust.from_files([path])
    assert raised.value.code == "credential.trust-anchor"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match=r"nowhere.pem: cannot be read") as raised:
        Trust.from_files([str(tmp_path / "nowhere.pem")])
    assert raised.value.code == "credential.trust-anchor"


def test_a_signers_own_certificate_is_no_anchor(authority: Authority, tmp_path: Path) -> None:
    chain, _ = authority.issue().files(tmp_path)
    with pytest.raises(CredentialError, match=r"test leaf.*not the certificate of an authority"):
        Trust.from_files([chain])
