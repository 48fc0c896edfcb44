"""The development certificate: made on first use, per user, and named so that nobody trusts it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from synthmark.errors import CredentialError
from synthmark.manifest.certificates import CLAIM_SIGNING

if TYPE_CHECKING:
    from cryptography import x509

ORGANIZATION = "synthmark development certificate"
"""Organisation in the subject of every development certificate, by which readers know it."""

_VALID = timedelta(days=365)
# Clocks that verify may be a little behind.
_BACKDATED = timedelta(hours=1)
_CHAIN, _KEY, _ROOT = "chain.pem", "key.pem", "root.pem"


@dataclass(frozen=True, slots=True)
class Development:
    """Where the development certificate lies.

    Attributes:
        chain: The signing certificate, PEM.
        key: Its private key, PEM, readable by the user alone.
        root: Certificate of the authority that issued it, PEM, for ``--trust``; the authority's
            own key was thrown away.
        expires: When the signing certificate ends; the next use then makes a new one.
    """

    chain: Path
    key: Path
    root: Path
    expires: datetime


def development() -> Development:
    """Return the user's development certificate, made first where there is none or it has expired.

    Any number of processes may call this at once: all get the same one.

    Raises:
        CredentialError: The user's data directory cannot be written.
    """
    import platformdirs

    home = platformdirs.user_data_path("synthmark")
    folder = home / "development"
    try:
        found = _load(folder)
        if found is None:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _alone(home):
                found = _load(folder) or _make(home, folder)
    except OSError as error:
        raise CredentialError(
            f"the development certificate in {folder} cannot be read or made "
            f"({error.strerror or error}); name your own with --cert and --key",
            code="credential.development",
        ) from None
    return found


def _load(folder: Path) -> Development | None:
    """Return what lies there while it is whole and valid."""
    from cryptography import x509

    chain, key, root = folder / _CHAIN, folder / _KEY, folder / _ROOT
    try:
        leaf = x509.load_pem_x509_certificate(chain.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    expires = leaf.not_valid_after_utc
    if expires <= datetime.now(UTC) or not (key.is_file() and root.is_file()):
        return None
    return Development(chain, key, root, expires)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold off other processes; the lock ends with the process, however that ends."""
    import fcntl

    descriptor = os.open(home / "development.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make(home: Path, folder: Path) -> Development:
    """Write everything beside and rename it into place, so that no half of it is ever seen."""
    new, old = (Path(tempfile.mkdtemp(prefix=".development.", dir=home)) for _ in range(2))
    try:
        for name, pem in _issue().items():
            descriptor = os.open(new / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
        if folder.exists():
            folder.replace(old)
        new.replace(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    made = _load(folder)
    if made is None:
        raise FileNotFoundError(2, "it vanished while it was made")
    return made


def _issue() -> dict[str, bytes]:
    """Make an authority and one certificate of it; the authority's key is forgotten."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID

    now = datetime.now(UTC)
    issuer = _name("synthmark development root")
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + _VALID)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )

    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    root = (
        builder(issuer, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_content=False), critical=True)
        .sign(root_key, SHA256())
    )
    # The profile of official certificates: c2pa-kp-claimSigning beside emailProtection.
    purposes = [ExtendedKeyUsageOID.EMAIL_PROTECTION, x509.ObjectIdentifier(CLAIM_SIGNING)]
    leaf = (
        builder(_name("synthmark development"), key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_content=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(authority, critical=False)
        .sign(root_key, SHA256())
    )
    return {
        _ROOT: root.public_bytes(Encoding.PEM),
        _KEY: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        _CHAIN: leaf.public_bytes(Encoding.PEM),
    }


def _name(common: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION)
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs_content: bool) -> x509.KeyUsage:
    """Return what a key may do: sign content, or else other certificates."""
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=signs_content,
        key_cert_sign=not signs_content,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
