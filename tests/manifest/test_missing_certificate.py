from __future__ import annotations

from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from synthmark.manifest import Signer
from tests.manifest.authority import Authority


def test_files_that_are_not_there_are_named(authority: Authority, tmp_path: Path) -> None:
    chain, key = authority.issue().files(tmp_path)
    nowhere = tmp_path / "nowhere.pem"
    for pair, words in (((nowhere, key), "certificate chain"), ((chain, nowhere), "private key")):
        with pytest.raises(CredentialError, match=f"{words} .*nowhere.pem: cannot be read") as got:
            Signer.from_files(*pair)
        assert got.value.code == "credential.missing"


def test_a_folder_is_no_certificate(authority: Authority, tmp_path: Path) -> None:
    _, key = authority.issue().files(tmp_path)
    with pytest.raises(CredentialError, match="cannot be read") as raised:
        Signer.from_files(tmp_path, key)
    assert raised.value.code == "credential.unreadable"
