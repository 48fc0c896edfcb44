"""What headers hold, whatever the format: blocks, metadata, and what is said of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from synthmark.errors import LimitError
from synthmark.facts import Finding

if TYPE_CHECKING:
    from synthmark.media.format import Format

AFTER = "after the end"
"""Place of the bytes that follow a file's end."""

_MOST_BLOCKS = 100_000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a container, byte for byte.

    Attributes:
        kind: A PNG chunk type such as ``tEXt``, or a JPEG segment's name such as ``APP13``.
        data: The payload without length, checksum and type.
    """

    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a file of a known format cannot be decoded.

    Attributes:
        code: Of the UnsupportedError that decoding raises.
        message: Its text.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The part of a container that labels may rewrite.

    Attributes:
        xmp: The XMP packet (in JPEG: the main packet), None without one.
        extended_xmp: JPEG ExtendedXMP, put together; for reading only, the parts themselves stay
            among `blocks`.
        exif: The EXIF block, a TIFF structure (some writers put ``Exif`` and two NULs before it).
        blocks: PNG text chunks and JPEG segments that are carried over, in the file's order.
        notes: What had to be done to the metadata on the way.
    """

    xmp: bytes | None = None
    extended_xmp: bytes | None = None
    exif: bytes | None = None
    blocks: tuple[Block, ...] = ()
    notes: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the header of one format says and that of no other; of some formats nothing."""

    def facts(self) -> dict[str, object]:
        """Return what it says of the signal, by name."""
        return {}

    def described(self) -> dict[str, Any]:
        """Return what there is to show of it, as JSON-ready values."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header(ABC):
    """What the header of any file says; nothing has been decoded yet.

    Attributes:
        format: The format.
        metadata: Texts, tags and other blocks, which labels may rewrite.
        whole: Whether the file's end was reached; what is there of a truncated one may be decoded.
        obstacle: Why it cannot be decoded although the format is known, None when it can; the
            metadata was read all the same.
        notes: Peculiarities worth a finding.
    """

    format: Format
    metadata: Metadata
    whole: bool = True
    obstacle: Obstacle | None = None
    notes: tuple[Finding, ...] = ()

    @abstractmethod
    def facts(self) -> dict[str, object]:
        """Return what it says of the signal, by name: what no labelling may change unsaid."""


def trailer(name: str, content: bytes, *, kept: bool = True) -> Finding:
    """Return the finding that bytes follow the end of a file of this format."""
    if kept:
        return Finding.info("media.trailer", size=len(content), format=name, kept=True)
    return Finding.warning(
        "media.trailer", size=len(content), format=name, kept=False, accounts_for=(AFTER,)
    )


def counted(blocks: Iterable[_T]) -> Iterator[_T]:
    """Yield the blocks of a container, as long as there are not absurdly many.

    Raises:
        LimitError: There are more than any writer makes; each costs time, none costs bytes.
    """
    for number, block in enumerate(blocks):
        if number >= _MOST_BLOCKS:
            raise LimitError(f"the file has more than {_MOST_BLOCKS} blocks", code="limit.blocks")
        yield block
