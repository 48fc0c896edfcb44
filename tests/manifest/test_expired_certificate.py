from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from tests.manifest.authority import DAY, Authority


def test_a_certificate_that_has_expired_is_named_with_its_date(
    authority: Authority, tmp_path: Path
) -> None:
    end = datetime.now(UTC) - 2 * DAY
    issued = authority.issue(start=end - DAY, end=end)
    with pytest.raises(CredentialError, match=f"test leaf.*expired on {end:%Y-%m-%d}") as raised:
        issued.signer(tmp_path)
    assert raised.value.code == "credential.expired"
