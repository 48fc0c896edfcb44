"""What pictures and sound share: docs/spec/content-id-1.md."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

OPEN_SECRET = hashlib.sha256(b"synthmark open key v1").digest()
"""Section 3: the public key."""

_CHECK_BYTES = 4
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


# --- section 1: the id ---------------------------------------------------------------------------


def text_form(payload: bytes) -> str:
    """Return the text form of a whole or a short id."""
    bits = "".join(f"{byte:08b}" for byte in payload)
    bits += "0" * (-len(bits) % 5)
    groups = [bits[start : start + 5] for start in range(0, len(bits), 5)]
    return "sm1-" + "".join(_ALPHABET[int(group, 2)] for group in groups)


# --- section 2: the message ----------------------------------------------------------------------


def checked(messages: NDArray[np.uint8], subkey: bytes) -> bytes | None:
    """Return the payload of the first message, uint8 (n, bits), whose check is right."""
    for row in np.packbits(messages, axis=1):
        payload, check = bytes(row[:-_CHECK_BYTES]), bytes(row[-_CHECK_BYTES:])
        if hmac.digest(subkey, payload, "sha256")[:_CHECK_BYTES] == check:
            return payload
    return None


# --- section 3: keys and keyed streams -----------------------------------------------------------


def subkey(secret: bytes, info: str) -> bytes:
    """Return the sub-key of a name such as ``pilots/image/v1``: HKDF-SHA256, one block."""
    extracted = hmac.digest(b"synthmark", secret, "sha256")
    return hmac.digest(extracted, info.encode() + b"\x01", "sha256")


class Stream:
    """Numbers from the ChaCha20 keystream of a sub-key."""

    def __init__(self, secret: bytes, info: str) -> None:
        self._words = _keystream(subkey(secret, info))

    def below(self, bound: int) -> int:
        """Draw a number below `bound`."""
        for word in self._words:
            if word < 2**64 - 2**64 % bound:
                return word % bound
        raise AssertionError("a keystream has no end")

    def permutation(self, count: int) -> NDArray[np.int64]:
        """Draw a permutation of 0 to count - 1."""
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return np.array(order)


def _keystream(key: bytes) -> Iterator[int]:
    """Yield the keystream as words of 64 bits (RFC 8439, section 2.3), 64 blocks at a time."""
    count = 64
    for first in range(0, 2**32, count):
        state = np.zeros((16, count), np.uint32)
        state[:4] = np.frombuffer(b"expand 32-byte k", "<u4")[:, None]
        state[4:12] = np.frombuffer(key, "<u4")[:, None]
        state[12] = np.arange(first, first + count, dtype=np.uint32)
        mixed = state.copy()
        for _ in range(10):
            for column in range(4):
                _quarter_round(mixed, *(4 * row + column for row in range(4)))
            for diagonal in range(4):
                _quarter_round(mixed, *(4 * row + (diagonal + row) % 4 for row in range(4)))
        yield from np.frombuffer((mixed + state).T.astype("<u4").tobytes(), "<u8").tolist()


def _quarter_round(x: NDArray[np.uint32], a: int, b: int, c: int, d: int) -> None:
    for to, other, turned, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[to] += x[other]
        x[turned] ^= x[to]
        x[turned] = (x[turned] << np.uint32(by)) | (x[turned] >> np.uint32(32 - by))


# --- section 4: the polar code -------------------------------------------------------------------


def messages(
    soft: NDArray[np.float64], message_bits: int, free_bits: int, paths: int = 8
) -> NDArray[np.uint8]:
    """Return messages, uint8 (n, message bits), the likeliest first, of soft values (N,)."""
    length = len(soft)
    index = np.arange(length)
    weight = sum((index >> k & 1) * 2 ** (k / 4) for k in range(length.bit_length() - 1))
    ranked = np.argsort(-np.asarray(weight))
    carrying = np.sort(ranked[free_bits : free_bits + message_bits])
    frozen = np.ones(length, bool)
    frozen[ranked[: free_bits + message_bits]] = False
    words, _, cost = _decoded(soft[None], frozen, np.zeros(1), paths)
    return transform(words[np.argsort(cost)])[:, carrying]


def transform(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the transform of each row, (n, N)."""
    bits = bits.copy()
    half = 1
    while half < bits.shape[1]:
        pairs = bits.reshape(len(bits), -1, 2, half)
        pairs[:, :, 0] ^= pairs[:, :, 1]
        half *= 2
    return bits


def _decoded(
    soft: NDArray[np.float64], frozen: NDArray[np.bool_], cost: NDArray[np.float64], paths: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float64]]:
    """Decode a part of the code for each path by successive cancellation.

    Args:
        soft: Soft values of each path, (paths so far, n).
        frozen: Which of the n positions hold 0.
        cost: What each path has cost so far.
        paths: How many may be kept.

    Returns:
        The part of the codeword, (paths, n), from which path each goes on, and its cost.
    """
    count, length = soft.shape
    if length == 1:
        as_zero, as_one = (cost + np.maximum(side * soft[:, 0], 0) for side in (-1, 1))
        if frozen[0]:
            return np.zeros((count, 1), np.uint8), np.arange(count), as_zero
        both = np.concatenate((as_zero, as_one))
        kept = np.argsort(both)[:paths]
        return (kept // count).astype(np.uint8)[:, None], kept % count, both[kept]
    a, b = soft[:, : length // 2], soft[:, length // 2 :]
    least = np.sign(a) * np.sign(b) * np.minimum(abs(a), abs(b))
    upper, start, cost = _decoded(least, frozen[: length // 2], cost, paths)
    a, b = a[start], b[start]
    lower, then, cost = _decoded(b + (1.0 - 2.0 * upper) * a, frozen[length // 2 :], cost, paths)
    return np.hstack((upper[then] ^ lower, lower)), start[then], cost
