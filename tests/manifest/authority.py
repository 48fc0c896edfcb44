"""A certificate authority that issues whatever a test wants to see refused or trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from synthmark.manifest import Signer, Trust

EMAIL = "1.3.6.1.5.5.7.3.4"
CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
ANY_PURPOSE = "2.5.29.37.0"
CLAIM_SIGNING = "1.3.6.1.4.1.62558.2.1"
DAY = timedelta(days=1)


def name(common: str, organization: str = "Test Maker") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


@dataclass(frozen=True)
class Issued:
    """Certificates with the key of the first one."""

    chain: list[x509.Certificate]
    key: Any

    @property
    def chain_pem(self) -> bytes:
        return b"".join(each.public_bytes(Encoding.PEM) for each in self.chain)

    @property
    def key_pem(self) -> bytes:
        return bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def files(self, folder: Path) -> tuple[Path, Path]:
        chain, key = folder / "chain.pem", folder / "key.pem"
        chain.write_bytes(self.chain_pem)
        key.write_bytes(self.key_pem)
        return chain, key

    def signer(self, folder: Path) -> Signer:
        return Signer.from_files(*self.files(folder))


class Authority:
    """A root, or an intermediate of another."""

    def __init__(
        self, common: str = "test root", issuer: Authority | None = None, *, until: int = 300
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name(common)
        self.issuer = issuer or self
        self.certificate = self._sign(
            self.issuer,
            self.name,
            self.key,
            datetime.now(UTC) - 400 * DAY,
            datetime.now(UTC) + until * DAY,
            [(x509.BasicConstraints(ca=True, path_length=None), True)],
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def trust(self) -> Trust:
        return Trust(self.pem.decode())

    def issue(
        self,
        *,
        subject: x509.Name | None = None,
        key: Any = None,
        start: datetime | None = None,
        end: datetime | None = None,
        usage: str | None = "digital_signature",
        purposes: Sequence[str] | None = (EMAIL,),
        names_issuer: bool = True,
        authority: bool = False,
    ) -> Issued:
        """Issue a leaf that C2PA accepts, but for what is changed by name."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        extensions: list[tuple[x509.ExtensionType, bool]] = []
        if usage:
            fields = (
                "digital_signature content_commitment key_encipherment data_encipherment "
                "key_agreement key_cert_sign crl_sign encipher_only decipher_only"
            )
            flags = {field: field == usage for field in fields.split()}
            extensions.append((x509.KeyUsage(**flags), True))
        if purposes is not None:
            oids = [x509.ObjectIdentifier(each) for each in purposes]
            extensions.append((x509.ExtendedKeyUsage(oids), False))
        if names_issuer:
            public = self.key.public_key()
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
            extensions.append((issuer, False))
        if authority:
            extensions.append((x509.BasicConstraints(ca=True, path_length=None), True))
        now = datetime.now(UTC)
        leaf = self._sign(
            self,
            subject or name("test leaf"),
            key,
            start or now - DAY,
            end or now + 90 * DAY,
            extensions,
        )
        return Issued([leaf], key)

    @staticmethod
    def _sign(
        issuer: Authority,
        subject: x509.Name,
        key: Any,
        start: datetime,
        end: datetime,
        extensions: Sequence[tuple[x509.ExtensionType, bool]],
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(issuer.key, SHA256())
