"""Who signs: a certificate chain, and its private key or a callback to wherever the key lies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthmark.errors import CredentialError
from synthmark.manifest import certificates, devca

if TYPE_CHECKING:
    from cryptography import x509


# Bytes of a signature: of an elliptic curve r and s (RFC 9053, 2), of RSA as long as its key.
_SIGNATURES = {"es256": 64, "es384": 96, "es512": 132, "ed25519": 64}
_LONGEST_SIGNATURE = 512


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """Signs manifests; one object serves any number of threads and processes.

    Make it with `from_files`, `from_callback` or `development`.

    Attributes:
        chain: Certificates as PEM, the signing one first.
        algorithm: C2PA name of the signature algorithm, such as ``es256``.
    """

    chain: bytes
    algorithm: str
    _leaf: x509.Certificate
    _key: bytes | None = field(default=None)
    _callback: Callable[[bytes], bytes] | None = field(default=None)

    @classmethod
    def from_files(
        cls, chain_pem: str | os.PathLike[str], key_pem: str | os.PathLike[str]
    ) -> Signer:
        """Read a certificate chain (the leaf first) and its unencrypted private key.

        Raises:
            CredentialError: A file is missing or unreadable, or C2PA cannot sign with it; the
                message names the field that fails.
        """
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        pem = _read(chain_pem, "certificate chain")
        chain = certificates.load_chain(pem, f"certificate chain {os.fspath(chain_pem)}")
        key = certificates.load_key(
            _read(key_pem, "private key"), f"private key {os.fspath(key_pem)}"
        )
        certificates.check(chain, datetime.now(UTC))
        algorithm = certificates.algorithm_of(chain[0].public_key())
        certificates.check_key(chain[0], key)
        # The engine reads PKCS #8 only, not the older forms.
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(_pem(chain), algorithm, chain[0], _key=plain)

    @classmethod
    def from_callback(
        cls,
        sign: Callable[[bytes], bytes],
        certificates_pem: bytes | str,
        algorithm: str | None = None,
    ) -> Signer:
        """Sign with a function, for keys in a cloud service or a hardware module.

        Args:
            sign: Given the bytes to be signed, returns their signature; for elliptic curves
                either as DER or as r and s side by side. It is called once for each file, from
                the thread that signs, and what it raises is the cause of a CredentialError.
            certificates_pem: The chain, the leaf first.
            algorithm: One of C2PA's names; taken from the certificate unless given. Only RSA keys
                leave a choice: ``ps256``, ``ps384`` or ``ps512``.

        Raises:
            CredentialError: C2PA cannot sign with this certificate.
        """
        pem = certificates_pem.encode() if isinstance(certificates_pem, str) else certificates_pem
        chain = certificates.load_chain(pem, "the certificate chain")
        certificates.check(chain, datetime.now(UTC))
        chosen = certificates.algorithm_of(chain[0].public_key(), algorithm)
        return cls(_pem(chain), chosen, chain[0], _callback=sign)

    @classmethod
    def development(cls) -> Signer:
        """Sign with the user's development certificate, which is made on first use.

        Raises:
            CredentialError: It can be neither read nor made.
        """
        made = devca.development()
        return cls.from_files(made.chain, made.key)

    def check(self) -> None:
        """Check that the certificate is valid now.

        Raises:
            CredentialError: It has expired since the signer was made.
        """
        certificates.check_dates(self._leaf, datetime.now(UTC))

    @contextmanager
    def opened(self, c2pa: Any) -> Iterator[Any]:
        """Lend the engine's own signer for one signature.

        The engine only logs what a callback raises, so that is kept here and raised afterwards.
        """
        if self._key is not None:
            info = c2pa.C2paSignerInfo(self.algorithm.encode(), self.chain, self._key, None)
            with c2pa.Signer.from_info(info) as signer:
                yield signer
            return
        failures: list[BaseException] = []

        def attempt(data: bytes) -> bytes:
            try:
                return self._call(data)
            except BaseException as error:
                failures.append(error)
                return b""

        algorithm = c2pa.C2paSigningAlg[self.algorithm.upper()]
        try:
            with c2pa.Signer.from_callback(attempt, algorithm, self.chain.decode()) as signer:
                yield signer
        except c2pa.C2paError:
            if failures:
                raise failures[0] from failures[0].__cause__
            raise

    @contextmanager
    def measuring(self, c2pa: Any) -> Iterator[Any]:
        """Lend a signer for a manifest of which only the length counts; no callback is called."""
        if self._key is not None:
            with self.opened(c2pa) as signer:
                yield signer
            return
        algorithm = c2pa.C2paSigningAlg[self.algorithm.upper()]
        nothing = bytes(_SIGNATURES.get(self.algorithm, _LONGEST_SIGNATURE))
        with c2pa.Signer.from_callback(lambda _: nothing, algorithm, self.chain.decode()) as signer:
            yield signer

    def _call(self, data: bytes) -> bytes:
        assert self._callback is not None  # noqa: S101 - narrows for mypy
        try:
            signature = self._callback(data)
        except Exception as error:
            raise CredentialError(
                f"the signing callback failed: {type(error).__name__}: {error}",
                code="credential.callback",
            ) from error
        if not isinstance(signature, bytes) or not signature:
            raise CredentialError(
                f"the signing callback returned {type(signature).__name__}, not signature bytes",
                code="credential.callback",
            )
        # The engine would say no more than that the signature is invalid.
        return certificates.check_signature(self._leaf, self.algorithm, data, signature)


def _read(path: str | os.PathLike[str], what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise CredentialError(
            f"{what} {os.fspath(path)}: cannot be read ({error.strerror or error})",
            code="credential.missing" if missing else "credential.unreadable",
        ) from None


def _pem(chain: list[x509.Certificate]) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(each.public_bytes(Encoding.PEM) for each in chain)
