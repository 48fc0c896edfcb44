from __future__ import annotations

import pytest

from synthmark.manifest import Signer
from tests.manifest.authority import Authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def signer(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return authority.issue().signer(tmp_path_factory.mktemp("signer"))
