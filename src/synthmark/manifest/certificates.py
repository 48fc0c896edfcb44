"""Say in one line what is wrong with a signing certificate, before the C2PA engine does.

The engine says no more than "the certificate is invalid"; each check here is one of its own,
measured with c2pa-python 0.38.1, and those of the C2PA specification 2.2, 14.5.1.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from synthmark.errors import CredentialError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificatePublicKeyTypes,
        PrivateKeyTypes,
    )

    _Extension = TypeVar("_Extension", bound=x509.ExtensionType)

CLAIM_SIGNING = "1.3.6.1.4.1.62558.2.1"
EXTENDED_KEY_USAGES = {
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.36": "documentSigning",
    CLAIM_SIGNING: "C2PA claim signing",
    "1.3.6.1.4.1.311.76.59.1.9": "Microsoft C2PA signing",
}
"""Purposes that let a certificate sign manifests; one of them is enough."""

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_RSA = ("ps256", "ps384", "ps512")
_LEAST_RSA_BITS = 2048


def load_chain(pem: bytes, name: str) -> list[x509.Certificate]:
    """Read a PEM chain; `name` says in errors where it is from.

    Raises:
        CredentialError: There is no certificate that can be read.
    """
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise CredentialError(
            f"{name}: holds no readable certificate in PEM form", code="credential.certificate"
        ) from None


def load_key(pem: bytes, name: str) -> PrivateKeyTypes:
    """Read a PEM private key; `name` says in errors where it is from.

    Raises:
        CredentialError: There is none that can be read, or it needs a passphrase.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem, password=None)
    except TypeError:
        raise CredentialError(
            f"{name}: the private key is encrypted; decrypt it, or sign with a callback",
            code="credential.key",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialError(
            f"{name}: holds no readable private key in PEM form", code="credential.key"
        ) from None


def algorithm_of(key: CertificatePublicKeyTypes, wanted: str | None = None) -> str:
    """Return the C2PA signature algorithm of a public key, such as ``es256``.

    Args:
        key: Public key of the signing certificate.
        wanted: Algorithm to use; only RSA keys leave a choice, ``ps256`` unless given.

    Raises:
        CredentialError: C2PA allows no signature with this key, or not the one wanted.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    possible: tuple[str, ...] = ()
    if isinstance(key, ed25519.Ed25519PublicKey):
        possible = ("ed25519",)
    elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        possible = (_CURVES[key.curve.name],)
    elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS:
        possible = _RSA
    if not possible:
        raise CredentialError(
            "the signing key is of a kind that C2PA does not allow; use EC P-256, P-384 or P-521, "
            f"Ed25519, or RSA of at least {_LEAST_RSA_BITS} bits",
            code="credential.algorithm",
        )
    chosen = wanted.lower() if wanted else possible[0]
    if chosen not in possible:
        raise CredentialError(
            f"the signing key cannot make {wanted!r} signatures, only {' or '.join(possible)}",
            code="credential.algorithm",
        )
    return chosen


def check(chain: list[x509.Certificate], now: datetime) -> None:
    """Check that the engine will sign with the first certificate of `chain`.

    Args:
        chain: The leaf first, then each certificate's issuer; the root may be left out.
        now: The time of signing.

    Raises:
        CredentialError: With the field that fails and what to do about it.
    """
    from cryptography import x509

    leaf = chain[0]
    _check_order(chain)
    check_dates(leaf, now)
    if is_authority(leaf):
        raise _refused(
            "credential.authority",
            leaf,
            "is that of an authority (basicConstraints CA); sign with a leaf",
        )
    if leaf.issuer == leaf.subject:
        raise _refused(
            "credential.self-signed",
            leaf,
            "is self-signed; C2PA asks for one that an authority issued",
        )
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        fault = "has no keyUsage" if usage is None else "lacks digitalSignature in its keyUsage"
        raise _refused(
            "credential.key-usage", leaf, f"{fault}; issue it with keyUsage digitalSignature"
        )
    purposes = _extension(leaf, x509.ExtendedKeyUsage)
    found = [] if purposes is None else [each.dotted_string for each in purposes]
    if EXTENDED_KEY_USAGES.keys().isdisjoint(found):
        fault = f"allows only {', '.join(found)}" if found else "is missing"
        allowed = " or ".join(f"{name} ({oid})" for oid, name in EXTENDED_KEY_USAGES.items())
        raise _refused(
            "credential.extended-key-usage",
            leaf,
            f"cannot sign: extendedKeyUsage {fault}; it needs {allowed}",
        )
    if x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string in found:
        raise _refused(
            "credential.extended-key-usage",
            leaf,
            "has anyExtendedKeyUsage, which C2PA does not allow",
        )
    if _extension(leaf, x509.AuthorityKeyIdentifier) is None:
        raise _refused(
            "credential.authority-key-identifier",
            leaf,
            "has no authorityKeyIdentifier; issue it with one",
        )


def check_dates(leaf: x509.Certificate, now: datetime) -> None:
    """Check that `leaf` is valid at `now`.

    Raises:
        CredentialError: It has expired or is not valid yet.
    """
    if now > leaf.not_valid_after_utc:
        raise _refused(
            "credential.expired",
            leaf,
            f"expired on {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; renew it",
        )
    if now < leaf.not_valid_before_utc:
        raise _refused(
            "credential.not-yet-valid",
            leaf,
            f"is not valid before {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC; check the clock",
        )


def check_key(leaf: x509.Certificate, key: PrivateKeyTypes) -> None:
    """Check that `key` belongs to `leaf`.

    Raises:
        CredentialError: It does not.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        raise _refused("credential.key-mismatch", leaf, "does not belong to this private key")


def check_signature(leaf: x509.Certificate, algorithm: str, data: bytes, signature: bytes) -> bytes:
    """Check a signature that somebody else made, and return it as COSE has it (RFC 9053).

    Args:
        leaf: The signing certificate.
        algorithm: C2PA name of the signature algorithm.
        data: What was signed.
        signature: For elliptic curves DER, or r and s side by side, which is what is returned.

    Raises:
        CredentialError: It was not made with the certificate's key, or not in this way.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
    key = leaf.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            half = (key.curve.key_size + 7) // 8
            if len(signature) == 2 * half:
                r, s = (int.from_bytes(part) for part in (signature[:half], signature[half:]))
            else:
                r, s = utils.decode_dss_signature(signature)
            scheme = ec.ECDSA(digest[algorithm[-3:]])
            key.verify(utils.encode_dss_signature(r, s), data, scheme)
            return r.to_bytes(half) + s.to_bytes(half)
        if isinstance(key, rsa.RSAPublicKey):
            chosen = digest[algorithm[-3:]]
            salted = padding.PSS(padding.MGF1(chosen), padding.PSS.DIGEST_LENGTH)
            key.verify(signature, data, salted, chosen)
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
    except (InvalidSignature, ValueError):
        raise _refused(
            "credential.key-mismatch",
            leaf,
            f"does not belong to the key that the callback signs with, or it is no {algorithm} "
            "signature",
        ) from None
    return signature


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether a certificate may issue others."""
    from cryptography import x509

    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _check_order(chain: list[x509.Certificate]) -> None:
    for child, parent in pairwise(chain):
        try:
            child.verify_directly_issued_by(parent)
        except Exception:
            raise _refused(
                "credential.chain-order",
                child,
                f"was not issued by the next one in the chain, {_name(parent)!r}; put the signing "
                "certificate first and each issuer after the one it issued",
            ) from None


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "no subject"


def _refused(code: str, certificate: x509.Certificate, fault: str) -> CredentialError:
    return CredentialError(f"the signing certificate {_name(certificate)!r} {fault}", code=code)
