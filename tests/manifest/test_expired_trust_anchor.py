from __future__ import annotations

import logging
from pathlib import Path

import pytest

from synthmark.errors import CredentialError
from synthmark.manifest import Trust
from tests.manifest.authority import Authority


def test_an_anchor_that_has_expired_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "root.pem"
    path.write_bytes(Authority(until=-2).pem)
    with pytest.raises(CredentialError, match=r"root.pem: every certificate.*expired") as raised:
        Trust.from_files([path])
    assert raised.value.code == "credential.trust-anchor-expired"


def test_in_a_list_it_is_left_out(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "list.pem"
    path.write_bytes(b"a list\n" + Authority("the old one", until=-2).pem + authority.pem)
    with caplog.at_level(logging.WARNING, "synthmark"):
        assert Trust.from_files([path]) == authority.trust
    assert "the old one" in caplog.text
