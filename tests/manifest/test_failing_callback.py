from __future__ import annotations

from typing import Any

import pytest

from synthmark.errors import CredentialError
from synthmark.manifest import Signer
from tests.manifest.authority import Authority
from tests.manifest.outputs import signed


def test_what_a_callback_raises_is_the_cause_of_the_error(authority: Authority) -> None:
    def sign(data: bytes) -> bytes:
        raise TimeoutError("the key service does not answer")

    signer = Signer.from_callback(sign, authority.issue().chain_pem)
    with pytest.raises(CredentialError, match="TimeoutError: the key service") as raised:
        signed(signer)
    assert raised.value.code == "credential.callback"
    assert isinstance(raised.value.__cause__, TimeoutError)


def test_an_interrupt_in_a_callback_stays_an_interrupt(authority: Authority) -> None:
    def sign(data: bytes) -> bytes:
        raise KeyboardInterrupt

    signer = Signer.from_callback(sign, authority.issue().chain_pem)
    with pytest.raises(KeyboardInterrupt):
        signed(signer)


@pytest.mark.parametrize("returned", [None, b"", "text"])
def test_a_callback_that_returns_no_signature_is_refused(
    authority: Authority, returned: Any
) -> None:
    signer = Signer.from_callback(lambda data: returned, authority.issue().chain_pem)
    with pytest.raises(CredentialError, match="not signature bytes") as raised:
        signed(signer)
    assert raised.value.code == "credential.callback"


@pytest.mark.parametrize("returned", [b"garbage", bytes(64), bytes(4000)])
def test_a_callback_that_returns_garbage_is_refused(authority: Authority, returned: bytes) -> None:
    signer = Signer.from_callback(lambda data: returned, authority.issue().chain_pem)
    with pytest.raises(CredentialError, match="does not belong") as raised:
        signed(signer)
    assert raised.value.code == "credential.key-mismatch"
