"""C2PA: sign a labelled file, and say what a signature that is found is worth.

    signed = manifest.sign(encoded, format, source=data, claim=claim, signer=signer)
    layer = manifest.read(signed.asset, format, trust=manifest.Trust.from_files(["ca.pem"]))

The only room that imports c2pa, and only `engine` does, on first use. What is found in a file is
never an exception; a signer or an anchor that cannot be used is a CredentialError.
"""

from __future__ import annotations

from synthmark.manifest.build import Claim
from synthmark.manifest.devca import Development, development
from synthmark.manifest.reading import describe, read, read_stored
from synthmark.manifest.signer import Signer
from synthmark.manifest.signing import Signed, carries_manifest, sign
from synthmark.manifest.trust import Trust

__all__ = [
    "Claim",
    "Development",
    "Signed",
    "Signer",
    "Trust",
    "carries_manifest",
    "describe",
    "development",
    "read",
    "read_stored",
    "sign",
]
