"""What an asset is: the verbs of pictures and sounds, what they take and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from synthmark import labels
from synthmark.facts import Comparison, Finding, Strength, WatermarkLayer
from synthmark.keys import WatermarkKey
from synthmark.label import ContentId, Label, Provider, ShortId
from synthmark.labels import Written
from synthmark.media import Format, Pieces
from synthmark.stopwatch import Stopwatch

if TYPE_CHECKING:
    from synthmark.assets.picture_trace import PictureTrace
    from synthmark.assets.sound_trace import SoundTrace

    Trace = PictureTrace | SoundTrace


class Form(Enum):
    """How much of a content id a watermark carries."""

    WHOLE = "whole"
    SHORT = "short"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an asset is to carry.

    Attributes:
        content_ids: One, or several of which the asset takes one that it holds well.
        key: Of the watermark.
        strength: How much the watermark may be noticed.
        label: What is claimed of the content.
        provider: Who produced it.
    """

    content_ids: Sequence[ContentId]
    key: WatermarkKey
    strength: Strength
    label: Label
    provider: Provider

    @property
    def source_type(self) -> str:
        """URI of the IPTC digital source type."""
        return self.label.source_type.value

    def aigc(self, content_id: ContentId) -> Mapping[str, str]:
        """Return the values of the AIGC label, with the id that was taken."""
        return labels.aigc.compose(self.provider, content_id)


@dataclass(frozen=True, slots=True)
class Print:
    """What is kept of a signal, to tell it from others.

    Attributes:
        code: ISCC of a picture, print of a sound.
        thumbnail: Gray JPEG of a picture, None of a sound.
    """

    code: str
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A print that a record or a manifest holds.

    Attributes:
        print: Of the signal as it was marked.
        content_id: The id that it was marked with, where that is known.
    """

    print: Print
    content_id: ContentId | ShortId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How much a watermark changed a signal, and how surely it is read.

    Attributes:
        psnr: Peak signal-to-noise ratio of the mark in a picture, in dB; None of a sound.
        snr: Signal-to-noise ratio of the mark in a sound, in dB; None of a picture.
        margin: How far above the decoder's threshold the mark lies, in dB.
    """

    psnr: float | None = None
    snr: float | None = None
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A file that holds what was ordered, all but the signature.

    Attributes:
        file: Its bytes, in pieces.
        format: Its format.
        content_id: The id that was taken.
        form: How much of it the watermark carries.
        labels: Which labels were written.
        print: Of the marked signal.
        quality: Of the watermark.
        notes: What had to be changed on the way.
        trace: What tells whether the marked signal comes out of the file again.
        not_held: What is said where the watermark does not read back.
        shorter: Where the whole id may be more than the signal holds in this file, labels it once
            more with the short form, from the samples that were decoded.
    """

    file: Pieces
    format: Format
    content_id: ContentId
    form: Form
    labels: Written
    print: Print
    quality: Quality
    notes: tuple[Finding, ...]
    trace: Trace = field(repr=False)
    not_held: str
    shorter: Callable[[Stopwatch], Labelled] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector found in a signal, and what should be said beside.

    Attributes:
        layer: The watermark.
        notes: What should be said beside.
        differences: How the signal differs from the one that it should be like, in words.
    """

    layer: WatermarkLayer
    notes: tuple[Finding, ...] = ()
    differences: tuple[str, ...] = ()


class Asset(Protocol):
    """A decoded picture or sound.

    Attributes:
        format: Of its file.
        notes: What was found while it was decoded.
    """

    @property
    def format(self) -> Format: ...  # noqa: D102

    @property
    def notes(self) -> tuple[Finding, ...]: ...  # noqa: D102

    def label(self, order: Order, clock: Stopwatch) -> Labelled:
        """Mark the signal and encode it in its old format, with its labels.

        A picture is spent by this: of a panorama every copy counts.

        Args:
            order: What it is to carry.
            clock: Measures the steps.

        Raises:
            UnmarkableError: The signal cannot hold the watermark.
        """

    def look(self, keys: Sequence[WatermarkKey], *, like: Trace | None = None) -> Found:
        """Look for watermarks of any of the keys, and compare with what it should be `like`."""

    def describe(self) -> dict[str, Any]:
        """Return what there is to say about the signal and its file, as JSON-ready values."""

    def fingerprint(self) -> Print:
        """Return the fingerprint of the signal as it is."""

    def compare(self, mark: WatermarkLayer, kept: Kept) -> Comparison:
        """Compare what carries the mark, as that tells, with a kept print."""
