from __future__ import annotations

from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from tests.manifest.authority import Authority


def test_the_certificate_of_an_authority_does_not_sign_content(
    authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(CredentialError, match="that of an authority") as raised:
        authority.issue(authority=True).signer(tmp_path)
    assert raised.value.code == "credential.authority"
