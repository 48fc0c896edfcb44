"""A long WAV without its samples, for the engine, which would hold up to 256 MiB of them at once.

No setting keeps it from that (measured with c2pa-python 0.38): `backing_store_memory_threshold` and
`merkle_tree_chunk_size` do nothing to RIFF.

The engine reads the manifest in what is left, and judges all but whether the bytes are those that
were signed. That is done here: the digest of all bytes but the manifest's chunk (C2PA specification
2.2, 15.12.1), where the manifest binds them so and no other way; else the engine gets the whole.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Any

from synthmark.media import Data, Pieces

LEAST = 2**24
"""Bytes from which on a WAV is read so."""

_HEAD, _CHUNK = 12, 8
_HARD_BINDINGS, _DATA_HASH = "c2pa.hash.", "c2pa.hash.data"
_DIGESTS = ("sha256", "sha384", "sha512")
_MISMATCH, _MATCH = "assertion.dataHash.mismatch", "assertion.dataHash.match"


@dataclass(frozen=True, slots=True)
class Brief:
    """A WAV without samples.

    Attributes:
        data: All other chunks.
        start: Where the manifest's chunk begins in the whole file; 0 without one.
        length: Its bytes, head included.
    """

    data: bytes
    start: int = 0
    length: int = 0

    @classmethod
    def of(cls, whole: Data) -> Brief | None:
        """Leave the samples out; None where the chunks are not laid out as they should be."""
        (size,) = struct.unpack("<I", whole[4:8])
        if size != len(whole) - _CHUNK:
            return None
        parts, place, start, length = [], _HEAD, 0, 0
        while place < len(whole):
            if place + _CHUNK > len(whole):
                return None
            kind, inside = struct.unpack("<4sI", whole[place : place + _CHUNK])
            end = place + _CHUNK + inside + (inside & 1)
            if end > len(whole) or (kind == b"C2PA" and length):
                return None
            if kind == b"C2PA":
                start, length = place, _CHUNK + inside
            if kind != b"data":
                parts.append(whole[place:end])
            place = end
        body = b"".join((b"WAVE", *parts))
        return cls(b"RIFF" + struct.pack("<I", len(body)) + body, start, length)

    def judged(self, whole: Data, store: Any, detailed: Any) -> dict[str, Any] | None:
        """Return what the engine said, with its verdict on the bytes set right.

        Args:
            whole: The file.
            store: The engine's report on `data`.
            detailed: The same with the content of all assertions.

        Returns:
            None where the bytes are bound in another way than by one digest of all but the chunk.
        """
        try:
            label = store["active_manifest"]
            assertions = detailed["manifests"][label]["assertion_store"]
            bound = assertions[_DATA_HASH]
            results = store["validation_results"]["activeManifest"]
            failure, success = results["failure"], results["success"]
            wanted = base64.b64decode(bound["hash"], validate=True)
            bindings = [each for each in assertions if each.startswith(_HARD_BINDINGS)]
            plain = (
                bindings == [_DATA_HASH]
                and bound["alg"] in _DIGESTS
                and bound["exclusions"] == [{"start": self.start, "length": self.length}]
            )
            unmatched = [each for each in failure if each["code"] == _MISMATCH]
        except (KeyError, TypeError, AttributeError, binascii.Error):
            return None
        where = f"self#jumbf=/c2pa/{label}/c2pa.assertions/{_DATA_HASH}"
        if not plain or {each.get("url") for each in unmatched} != {where}:
            return None
        if self._digest(whole, bound["alg"]) != wanted:
            return dict(store)
        rest = [each for each in failure if each not in unmatched]
        matched = [*success, {"code": _MATCH, "url": where}]
        active = results | {"failure": rest, "success": matched}
        return dict(store) | {
            "validation_results": store["validation_results"] | {"activeManifest": active}
        }

    def _digest(self, whole: Data, algorithm: str) -> bytes:
        pieces = Pieces(whole)
        rest = Pieces(pieces.cut(0, self.start), pieces.cut(self.start + self.length))
        return rest.digest(algorithm)
