"""A certificate that ends after it signed: without a time stamp nothing says when it was used."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from synthmark.errors import CredentialError
from synthmark.facts import Likeness, ManifestReason, ManifestState
from synthmark.manifest import Signed, Signer, read, read_stored
from synthmark.media.formats import PNG
from tests.manifest.authority import Authority
from tests.manifest.outputs import ID, signed


@pytest.fixture(scope="module")
def expired(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Signer, Signed]:
    """A signer whose certificate ran out just now, and what it signed before."""
    # A busy machine needs longer to sign.
    for seconds in (3, 15, 75):
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        signer = authority.issue(end=end).signer(tmp_path_factory.mktemp("expiring"))
        with suppress(CredentialError):
            output = signed(signer)
            break
    else:
        pytest.fail("nothing was signed in 75 s")
    while datetime.now(UTC) < end + timedelta(seconds=1):
        time.sleep(0.1)
    return signer, output


def test_the_file_is_expired_not_tampered(
    authority: Authority, expired: tuple[Signer, Signed]
) -> None:
    layer = read(expired[1].asset, PNG, trust=authority.trust)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.EXPIRED)
    assert "signingCredential.expired" in layer.codes
    assert layer.content_ids == (ID,)


def test_the_stored_manifest_is_expired_not_recovered(
    authority: Authority, expired: tuple[Signer, Signed]
) -> None:
    layer = read_stored(
        expired[1].manifest, content_id=ID, likeness=Likeness.NEAR, trust=authority.trust
    )
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.EXPIRED)


def test_the_signer_refuses_to_sign_on(expired: tuple[Signer, Signed]) -> None:
    with pytest.raises(CredentialError, match="expired on") as raised:
        signed(expired[0])
    assert raised.value.code == "credential.expired"
