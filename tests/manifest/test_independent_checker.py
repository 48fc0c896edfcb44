"""An engine that is not c2pa-rs accepts what is written, and sees what is changed."""

from __future__ import annotations

from typing import Any

import encypher_c2pa
import pytest

from synthmark.manifest import Signer, development, sign
from tests.manifest.authority import Authority
from tests.manifest.outputs import OTHER_ID, TYPES, claim, picture, signed


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCYPHER_C2PA_TELEMETRY", "off")


def check(asset: bytes, media_type: str, anchors: bytes | None = None) -> dict[str, Any]:
    pem = anchors.decode() if anchors else None
    return dict(
        encypher_c2pa.verify(asset, media_type, trust_pem=pem, telemetry=False, online=False)
    )


@pytest.mark.parametrize("media_type", TYPES)
def test_it_trusts_what_a_trusted_signer_signed(
    authority: Authority, signer: Signer, media_type: str
) -> None:
    found = check(signed(signer, media_type).asset, media_type, authority.pem)
    assert (found["integrity"], found["signature"]) == ("valid", "valid")
    assert found["hard_binding"] == "match"
    assert found["validation_state"] == "Trusted"
    assert found["validation_results"]["failure"] == []


@pytest.mark.parametrize("media_type", TYPES)
def test_it_accepts_a_history(authority: Authority, signer: Signer, media_type: str) -> None:
    old = signed(signer, media_type).asset
    new = sign(picture(media_type), media_type, source=old, claim=claim(OTHER_ID), signer=signer)
    assert check(new.asset, media_type, authority.pem)["validation_state"] == "Trusted"


@pytest.mark.parametrize("media_type", TYPES)
def test_it_accepts_the_development_certificate(media_type: str) -> None:
    asset = signed(Signer.development(), media_type).asset
    root = development().root.read_bytes()
    assert check(asset, media_type, root)["validation_state"] == "Trusted"


def test_it_sees_a_change(authority: Authority, signer: Signer) -> None:
    asset = bytearray(signed(signer).asset)
    asset[asset.rindex(b"IDAT") + 40] ^= 1
    assert check(bytes(asset), "image/png", authority.pem)["integrity"] == "invalid"
