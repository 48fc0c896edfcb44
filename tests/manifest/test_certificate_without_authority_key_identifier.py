from __future__ import annotations

from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from tests.manifest.authority import Authority


def test_a_certificate_that_does_not_name_its_issuers_key_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(CredentialError, match="no authorityKeyIdentifier") as raised:
        authority.issue(names_issuer=False).signer(tmp_path)
    assert raised.value.code == "credential.authority-key-identifier"
