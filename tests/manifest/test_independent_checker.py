"""An engine that is not c2pa-rs accepts what is written, and sees what is changed."""

from __future__ import annotations

from typing import Any

import encypher_c2pa
import pytest

from synthmark.manifest import Signer, development, sign
from synthmark.media import Format
from synthmark.media.formats import PNG
from tests.manifest.authority import Authority
from tests.manifest.outputs import OTHER_ID, TYPES, claim, picture, signed


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCYPHER_C2PA_TELEMETRY", "off")


def check(asset: bytes, format: Format, anchors: bytes | None = None) -> dict[str, Any]:
    pem = anchors.decode() if anchors else None
    return dict(
        encypher_c2pa.verify(asset, format.media_type, trust_pem=pem, telemetry=False, online=False)
    )


@pytest.mark.parametrize("format", TYPES)
def test_it_trusts_what_a_trusted_signer_signed(
    authority: Authority, signer: Signer, format: Format
) -> None:
    found = check(signed(signer, format).asset, format, authority.pem)
    assert (found["integrity"], found["signature"]) == ("valid", "valid")
    assert found["hard_binding"] == "match"
    assert found["validation_state"] == "Trusted"
    assert found["validation_results"]["failure"] == []


@pytest.mark.parametrize("format", TYPES)
def test_it_accepts_a_history(authority: Authority, signer: Signer, format: Format) -> None:
    old = signed(signer, format).asset
    new = sign(picture(format), format, parent=old, claim=claim(OTHER_ID), signer=signer)
    assert check(new.asset, format, authority.pem)["validation_state"] == "Trusted"


@pytest.mark.parametrize("format", TYPES)
def test_it_accepts_the_development_certificate(format: Format) -> None:
    asset = signed(Signer.development(), format).asset
    root = development().root.read_bytes()
    assert check(asset, format, root)["validation_state"] == "Trusted"


def test_it_sees_a_change(authority: Authority, signer: Signer) -> None:
    asset = bytearray(signed(signer).asset)
    asset[asset.rindex(b"IDAT") + 40] ^= 1
    assert check(bytes(asset), PNG, authority.pem)["integrity"] == "invalid"
