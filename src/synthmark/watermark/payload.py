"""Payload bytes to message bits and back, held together by a keyed check.

A message is the payload followed by the first 32 bits of HMAC-SHA256 over the payload's bytes under
the key's ``check`` sub-key: noise passes with a chance of 2^-32 a try, and a message of another
key, medium or generation passes no more often than noise.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import numpy as np

from synthmark.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.keys import WatermarkKey
    from synthmark.watermark.scheme import Scheme


class Checker:
    """Writes and checks the messages of one key and generation."""

    def __init__(self, key: WatermarkKey, scheme: Scheme) -> None:
        self._subkey = key.subkey(scheme.info("check"))
        self._size = scheme.check_bits // 8

    def message(self, payload: bytes, length: int) -> NDArray[np.uint8]:
        """Return payload and check as bits, each 0 or 1, the most significant first.

        Raises:
            UsageError: `payload` does not have `length` bytes.
        """
        if len(payload) != length:
            raise UsageError(f"the payload has {len(payload)} bytes, not {length}")
        whole = payload + self._check(payload)
        return np.unpackbits(np.frombuffer(whole, np.uint8))

    def first(self, messages: NDArray[np.uint8]) -> bytes | None:
        """Return the payload of the first message whose check is right, None without one.

        Args:
            messages: uint8 (n, bits), each 0 or 1.
        """
        for row in np.packbits(messages, axis=1):
            whole = bytes(row)
            payload, check = whole[: -self._size], whole[-self._size :]
            if hmac.compare_digest(check, self._check(payload)):
                return payload
        return None

    def _check(self, payload: bytes) -> bytes:
        return hmac.digest(self._subkey, payload, "sha256")[: self._size]
