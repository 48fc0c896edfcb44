"""Whom to trust: the authorities' certificates that a signer has to chain to."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from synthmark.errors import CredentialError
from synthmark.manifest.certificates import is_authority

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trust:
    """The anchors that make a signer trusted.

    Attributes:
        anchors: Certificates of authorities, for signers and for time stamps alike, as PEM; empty
            trusts nobody, and signatures are then valid but of an unknown signer.
    """

    anchors: str = ""

    @classmethod
    def from_files(cls, paths: Iterable[str | os.PathLike[str]]) -> Trust:
        """Read anchors from PEM files of one or more certificates each.

        An expired certificate among others in a list is left out and logged: the C2PA engine
        does not look at the dates of anchors (measured with 0.38.1).

        Raises:
            CredentialError: A file is missing, holds no certificate, one that is no authority's,
                or none that is still valid.
        """
        return cls("".join(_read(Path(path)) for path in paths))


def _read(path: Path) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise _refused(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError:
        raise _refused(f"{path}: holds no readable certificate in PEM form") from None
    now = datetime.now(UTC)
    kept = []
    for each in certificates:
        name = each.subject.rfc4514_string()
        if not is_authority(each):
            raise _refused(
                f"{path}: {name!r} is not the certificate of an authority (CA); give the root or "
                "the intermediate that issued the signer's"
            )
        if each.not_valid_after_utc < now:
            _log.warning("%s: anchor %r expired on %s", path, name, each.not_valid_after_utc)
        else:
            kept.append(each.public_bytes(Encoding.PEM).decode("ascii"))
    if not kept:
        raise _refused(
            f"{path}: every certificate in it has expired, the last on "
            f"{max(each.not_valid_after_utc for each in certificates):%Y-%m-%d}",
            code="credential.trust-anchor-expired",
        )
    return "".join(kept)


def _refused(message: str, *, code: str = "credential.trust-anchor") -> CredentialError:
    return CredentialError(message, code=code)
