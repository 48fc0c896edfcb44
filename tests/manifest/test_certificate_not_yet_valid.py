from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from tests.manifest.authority import DAY, Authority


def test_a_certificate_of_tomorrow_is_named_with_its_date(
    authority: Authority, tmp_path: Path
) -> None:
    start = datetime.now(UTC) + 2 * DAY
    with pytest.raises(CredentialError, match=f"not valid before {start:%Y-%m-%d}") as raised:
        authority.issue(start=start).signer(tmp_path)
    assert raised.value.code == "credential.not-yet-valid"
