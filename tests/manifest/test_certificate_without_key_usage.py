from __future__ import annotations

from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from tests.manifest.authority import Authority


@pytest.mark.parametrize(
    ("usage", "words"), [(None, "has no keyUsage"), ("key_agreement", "lacks digitalSignature")]
)
def test_a_certificate_that_may_not_sign_is_refused(
    authority: Authority, tmp_path: Path, usage: str | None, words: str
) -> None:
    with pytest.raises(CredentialError, match=words) as raised:
        authority.issue(usage=usage).signer(tmp_path)
    assert raised.value.code == "credential.key-usage"
