"""What is claimed about an output: its label, its provider and its content id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum

from synthmark.codes import ProviderCode
from synthmark.errors import UsageError

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PREFIX = "sm1-"


class SourceType(Enum):
    """How the content came to be: IPTC digital source types, as full URIs."""

    GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


class Kind(IntEnum):
    """The four payload bits that say what sort of output carries the watermark."""

    GENERATED = 1
    EDITED = 2


@dataclass(frozen=True, slots=True)
class Provider:
    """The service that produced the content.

    Attributes:
        name: Name of the provider, for people and for the C2PA claim.
        code: 27-character provider code of TC260-PG-20252A, the GB 45438 content producer; never
            invented, empty when the provider has none.
    """

    name: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        if self.code:
            try:
                ProviderCode.parse(self.code)
            except ValueError as error:
                raise UsageError(
                    f"provider code {self.code!r}: {error}", code="usage.provider"
                ) from None

    @property
    def payload_bits(self) -> int:
        """The 24 payload bits that name the provider: 0 when there is no code."""
        if not self.code:
            return 0
        return int.from_bytes(hashlib.sha256(self.code.encode()).digest()[:3], "big")


@dataclass(frozen=True, slots=True)
class ContentId:
    """The one name of an output, the same text in every layer.

    Sixteen bytes, big-endian: version 4 bits, kind 4, provider 24, unique 96. The text form is
    ``sm1-`` and 26 lower-case Crockford base32 characters, two zero bits at the end.

    Attributes:
        payload: The 16 bytes the watermark carries.
    """

    payload: bytes

    def __post_init__(self) -> None:
        if len(self.payload) != 16:
            raise UsageError(f"a content id has 16 bytes, not {len(self.payload)}")

    @classmethod
    def new(cls, kind: Kind, provider: Provider, randomness: Callable[[int], bytes]) -> ContentId:
        """Make an id of version 1 with 96 bits from `randomness` (takes a number of bytes)."""
        head = (1 << 28) | (int(kind) << 24) | provider.payload_bits
        return cls(head.to_bytes(4, "big") + randomness(12))

    @classmethod
    def parse(cls, text: str) -> ContentId:
        """Read the text form.

        Raises:
            ValueError: The text is not a content id.
        """
        digits = text.removeprefix(_PREFIX)
        if not text.startswith(_PREFIX) or len(digits) != 26:
            raise ValueError(f"not a content id: {text!r}")
        number = 0
        for character in digits:
            place = _CROCKFORD.find(character)
            if place < 0:
                raise ValueError(f"not a content id: {text!r}")
            number = number << 5 | place
        if number & 3:
            raise ValueError(f"not a content id: {text!r}")
        return cls((number >> 2).to_bytes(16, "big"))

    @property
    def version(self) -> int:
        """Layout version, 1 today."""
        return self.payload[0] >> 4

    @property
    def kind(self) -> int:
        """A `Kind`, or a number this release does not know."""
        return self.payload[0] & 15

    @property
    def provider_bits(self) -> int:
        """The 24 bits of `Provider.payload_bits`."""
        return int.from_bytes(self.payload[1:4], "big")

    def __str__(self) -> str:
        number = int.from_bytes(self.payload, "big") << 2
        return _PREFIX + "".join(_CROCKFORD[number >> 5 * i & 31] for i in range(25, -1, -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a generation service says about one output.

    Attributes:
        model: Name and version of the model or system, such as ``acme-xl/3.1``.
        source_type: How the content came to be.
        content_id: The id to use; None lets the embedder draw a new one.
    """

    model: str = ""
    source_type: SourceType = SourceType.GENERATED
    content_id: ContentId | None = None

    @property
    def kind(self) -> Kind:
        """The payload's kind that goes with the source type."""
        return Kind[self.source_type.name]
