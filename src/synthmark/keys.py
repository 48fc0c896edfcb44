"""Watermark keys, and the keyed streams that carriers, phases and checks are drawn from.

A stream must never change once released: sub-keys come from HKDF-SHA256 (salt ``synthmark``, info
the sub-key's name, of which ``watermark/scheme.py`` knows all), numbers from the ChaCha20 keystream
of the sub-key (zero nonce, little-endian 64-bit words, rejection sampling, Fisher-Yates from the
end).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from synthmark.errors import CredentialError

_FILE_HEADER = "synthmark watermark key v1"


class Stream:
    """Uniform numbers from a ChaCha20 keystream, identical on every platform for ever."""

    def __init__(self, subkey: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

        self._encryptor = Cipher(ChaCha20(subkey, bytes(16)), mode=None).encryptor()
        self._words: Iterator[int] = iter(())

    def word(self) -> int:
        """Return the next 64 bits as an integer."""
        for number in self._words:
            return number
        block = self._encryptor.update(bytes(4096))
        self._words = iter(struct.unpack("<512Q", block))
        return next(self._words)

    def below(self, bound: int) -> int:
        """Return a uniform integer in [0, bound), by rejection."""
        limit = 2**64 - 2**64 % bound
        while (number := self.word()) >= limit:
            pass
        return number % bound

    def permutation(self, count: int) -> list[int]:
        """Return the numbers 0 to count - 1 in random order (Fisher-Yates from the end)."""
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return order


@dataclass(frozen=True, slots=True)
class WatermarkKey:
    """A named 256-bit secret from which every keyed choice of the watermark is drawn.

    Attributes:
        name: What reports call the key.
        secret: 32 bytes; never logged, never shown.
    """

    name: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != 32:
            raise CredentialError(
                f"watermark key {self.name!r}: a key has 32 bytes, not {len(self.secret)}",
                code="credential.watermark-key",
            )

    @property
    def public(self) -> bool:
        """Whether this is the public key, under whatever name."""
        return self.secret == OPEN_KEY.secret

    @classmethod
    def generate(cls, name: str) -> WatermarkKey:
        """Draw a new key from the operating system's randomness."""
        return cls(name, os.urandom(32))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> WatermarkKey:
        """Read a key file written by `save`.

        Raises:
            CredentialError: The file is missing or is not a key file.
        """
        try:
            lines = Path(path).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise CredentialError(
                f"watermark key {os.fspath(path)}: {reason}", code="credential.watermark-key"
            ) from None
        try:
            header, name, secret = lines
            if header != _FILE_HEADER:
                raise ValueError
            return cls(name, base64.b64decode(secret, validate=True))
        except (ValueError, binascii.Error):
            raise CredentialError(
                f"watermark key {os.fspath(path)}: not a synthmark key file",
                code="credential.watermark-key",
            ) from None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the key to a new file of mode 0600; an existing file is never replaced.

        Raises:
            CredentialError: The file exists or cannot be written.
        """
        text = f"{_FILE_HEADER}\n{self.name}\n{base64.b64encode(self.secret).decode()}\n"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CredentialError(
                f"watermark key {os.fspath(path)}: {error.strerror}",
                code="credential.watermark-key",
            ) from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)

    def subkey(self, info: str) -> bytes:
        """Derive the 32-byte sub-key of a name such as ``pilots/image/v1`` (RFC 5869)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, salt=b"synthmark", info=info.encode()).derive(self.secret)

    def stream(self, info: str) -> Stream:
        """Open the stream of a sub-key from its beginning."""
        return Stream(self.subkey(info))


OPEN_KEY = WatermarkKey("OPEN", hashlib.sha256(b"synthmark open key v1").digest())
"""The public key: anyone can detect with it, and anyone could forge with it."""


class KeyRing(tuple[WatermarkKey, ...]):
    """Keys from oldest to newest: the newest embeds, all detect."""

    __slots__ = ()

    def __new__(cls, keys: Sequence[WatermarkKey] = (OPEN_KEY,)) -> KeyRing:
        """Build a ring of at least one key."""
        if not keys:
            raise CredentialError("a key ring needs a key", code="credential.watermark-key")
        return super().__new__(cls, keys)

    @property
    def newest(self) -> WatermarkKey:
        """The key that embeds."""
        return self[-1]
