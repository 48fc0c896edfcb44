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
        return cls(_parsed(text, 16))

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

    @property
    def short(self) -> ShortId:
        """The form that short sound carries."""
        return ShortId(self.payload[:1] + self.payload[4:11])

    def __str__(self) -> str:
        return _spelled(self.payload)


@dataclass(frozen=True, slots=True)
class ShortId:
    """What sound too short for a whole content id carries of it: version, kind and 56 bits.

    The store, or another layer of the same file, knows which id it is short for.

    Attributes:
        payload: The 8 bytes the watermark carries.
    """

    payload: bytes

    def __post_init__(self) -> None:
        if len(self.payload) != 8:
            raise UsageError(f"a short id has 8 bytes, not {len(self.payload)}")

    @classmethod
    def parse(cls, text: str) -> ShortId:
        """Read the text form: ``sm1-`` and 13 characters.

        Raises:
            ValueError: The text is not a short id.
        """
        return cls(_parsed(text, 8))

    def stands_for(self, other: object) -> bool:
        """Tell whether `other` is a content id that this is the short form of, or this itself."""
        return other == self or (isinstance(other, ContentId) and other.short == self)

    def __str__(self) -> str:
        return _spelled(self.payload)


def read_payload(payload: bytes) -> ContentId | ShortId:
    """Return the id, whole or short, that a watermark carries."""
    return ContentId(payload) if len(payload) == 16 else ShortId(payload)


def read_id(text: str) -> ContentId | ShortId | str:
    """Return the id, whole or short, that a text spells, and the text where it is none of ours."""
    for kind in (ContentId, ShortId):
        try:
            return kind.parse(text)
        except ValueError:
            continue
    return text


def _spelled(payload: bytes) -> str:
    """Return ``sm1-`` and base32, filled up with zero bits at the end."""
    digits = -(-8 * len(payload) // 5)
    number = int.from_bytes(payload, "big") << 5 * digits - 8 * len(payload)
    return _PREFIX + "".join(_CROCKFORD[number >> 5 * i & 31] for i in reversed(range(digits)))


def _parsed(text: str, length: int) -> bytes:
    places = [_CROCKFORD.find(each) for each in text.removeprefix(_PREFIX)]
    digits = -(-8 * length // 5)
    if not text.startswith(_PREFIX) or len(places) != digits or min(places) < 0:
        raise ValueError(f"not a content id: {text!r}")
    number = 0
    for place in places:
        number = number << 5 | place
    number, rest = divmod(number, 1 << 5 * digits - 8 * length)
    if rest:
        raise ValueError(f"not a content id: {text!r}")
    return number.to_bytes(length, "big")


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
