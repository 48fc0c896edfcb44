from __future__ import annotations

import pytest

from synthmark.manifest import Signer
from tests.manifest.authority import Authority


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Authority().issue().signer(tmp_path_factory.mktemp("signer"))
