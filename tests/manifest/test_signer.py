from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from synthmark.facts import ManifestState
from synthmark.manifest import Signer, read
from synthmark.media.formats import PNG
from tests.manifest.authority import Authority
from tests.manifest.outputs import signed

KEYS: dict[str, Any] = {
    "es256": ec.generate_private_key(ec.SECP256R1()),
    "es384": ec.generate_private_key(ec.SECP384R1()),
    "es512": ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ps256": rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_algorithm_follows_from_the_key(
    authority: Authority, tmp_path: Path, algorithm: str
) -> None:
    signer = authority.issue(key=KEYS[algorithm]).signer(tmp_path)
    assert signer.algorithm == algorithm
    layer = read(signed(signer).asset, PNG, trust=authority.trust)
    assert layer.state is ManifestState.TRUSTED


@pytest.mark.parametrize("algorithm", ["es256", "ps256"])
def test_older_forms_of_key_files_are_read(
    authority: Authority, tmp_path: Path, algorithm: str
) -> None:
    issued = authority.issue(key=KEYS[algorithm])
    chain, key = issued.files(tmp_path)
    form = Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    key.write_bytes(issued.key.private_bytes(*form))
    signer = Signer.from_files(str(chain), str(key))
    assert read(signed(signer).asset, PNG, trust=authority.trust).trusted


def ecdsa(key: Any, digest: Any, *, raw: bool) -> Any:
    def sign(data: bytes) -> bytes:
        der = bytes(key.sign(data, ec.ECDSA(digest)))
        half = (key.key_size + 7) // 8
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(half) + s.to_bytes(half) if raw else der

    return sign


def pss(key: Any, digest: Any) -> Any:
    salted = padding.PSS(padding.MGF1(digest), digest.digest_size)
    return lambda data: key.sign(data, salted, digest)


@pytest.mark.parametrize(
    ("key", "sign", "algorithm"),
    [
        ("es256", ecdsa(KEYS["es256"], SHA256(), raw=False), None),
        ("es256", ecdsa(KEYS["es256"], SHA256(), raw=True), "ES256"),
        ("es384", ecdsa(KEYS["es384"], SHA384(), raw=False), None),
        ("es384", ecdsa(KEYS["es384"], SHA384(), raw=True), None),
        ("ps256", pss(KEYS["ps256"], SHA256()), None),
        ("ps256", pss(KEYS["ps256"], SHA384()), "ps384"),
        ("ed25519", KEYS["ed25519"].sign, None),
    ],
)
def test_a_callback_signs_in_every_usual_form(
    authority: Authority, key: str, sign: Any, algorithm: str | None
) -> None:
    certificate = authority.issue(key=KEYS[key]).chain_pem.decode()
    layer = read(
        signed(Signer.from_callback(sign, certificate, algorithm)).asset,
        PNG,
        trust=authority.trust,
    )
    assert layer.state is ManifestState.TRUSTED


def test_neither_form_of_a_signer_shows_its_key(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue()
    assert issued.key_pem.decode().split("\n")[1] not in repr(issued.signer(tmp_path))
