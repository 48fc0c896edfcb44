from __future__ import annotations

from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from tests.manifest.authority import Authority


def test_a_certificate_that_issued_itself_is_refused(tmp_path: Path) -> None:
    own = Authority("the maker itself")
    issued = own.issue(subject=own.name, key=own.key)
    with pytest.raises(CredentialError, match="is self-signed") as raised:
        issued.signer(tmp_path)
    assert raised.value.code == "credential.self-signed"
