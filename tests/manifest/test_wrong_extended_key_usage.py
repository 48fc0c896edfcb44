from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from tests.manifest.authority import ANY_PURPOSE, CODE_SIGNING, EMAIL, Authority


@pytest.mark.parametrize(
    ("purposes", "words"),
    [
        (None, "extendedKeyUsage is missing; it needs emailProtection"),
        ([CODE_SIGNING], f"allows only {CODE_SIGNING}"),
        ([ANY_PURPOSE, EMAIL], "anyExtendedKeyUsage"),
    ],
)
def test_a_certificate_for_other_purposes_is_refused(
    authority: Authority, tmp_path: Path, purposes: Sequence[str] | None, words: str
) -> None:
    with pytest.raises(CredentialError, match=words) as raised:
        authority.issue(purposes=purposes).signer(tmp_path)
    assert raised.value.code == "credential.extended-key-usage"
