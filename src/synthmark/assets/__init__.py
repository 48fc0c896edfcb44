"""A decoded picture or sound, as embedder and verifier handle it: one set of verbs for both.

    signal = assets.decode(data, media.sniff(data))       # -> Signal
    marking = signal.mark(content_ids, key=key)           # -> Marking: fingerprint, encode
    found = signal.detect(keys)                           # -> WatermarkLayer, findings
    signal.compare(found.layer, id, fingerprint, thumbnail)

What differs between the two stands in `pictures` and `sounds`, each loaded when it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from synthmark import media
from synthmark.facts import Comparison, Finding, Medium, Strength, WatermarkLayer
from synthmark.keys import WatermarkKey
from synthmark.label import ContentId, ShortId
from synthmark.labels import Written
from synthmark.limits import Limits
from synthmark.media import Format, Pieces

if TYPE_CHECKING:
    from synthmark.assets.picture_trace import PictureTrace
    from synthmark.assets.sound_trace import SoundTrace

    Trace = PictureTrace | SoundTrace

__all__ = ["Encoded", "Found", "Marking", "Print", "Signal", "decode"]


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
class Encoded:
    """A marked file, not yet signed.

    Attributes:
        data: Its bytes, with labels in its metadata; of a sound in pieces.
        labels: Which labels.
        notes: What had to be changed on the way.
        trace: What tells whether the marked signal comes out of them again.
    """

    data: bytes | Pieces
    labels: Written
    notes: tuple[Finding, ...]
    trace: Trace


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


class Marking(Protocol):
    """A signal that carries a content id now.

    Attributes:
        content_id: The id.
        psnr: Peak signal-to-noise ratio of the mark in a picture, in dB; None of a sound.
        snr: Signal-to-noise ratio of the mark in a sound, in dB; None of a picture.
        margin: How far above the decoder's threshold the mark lies, in dB.
        short: Whether it carries the short form of the id.
        can_be_shorter: Whether it carries the whole id, and could carry the short form.
        not_held: What is said where it does not read back.
    """

    content_id: ContentId
    psnr: float | None
    snr: float | None
    margin: float
    short: bool
    can_be_shorter: bool
    not_held: str

    def fingerprint(self) -> Print:
        """Return the fingerprint of the marked signal."""

    def encode(self, aigc: Mapping[str, str], source_type: str) -> Encoded:
        """Encode it in its old format with its labels: the AIGC keys, the IPTC source type."""


class Signal(Protocol):
    """A decoded picture or sound.

    Attributes:
        format: That of its file.
        notes: What was found while it was decoded.
    """

    @property
    def format(self) -> Format: ...  # noqa: D102

    @property
    def notes(self) -> tuple[Finding, ...]: ...  # noqa: D102

    def mark(
        self,
        content_ids: Sequence[ContentId],
        *,
        key: WatermarkKey,
        strength: Strength,
        short: bool = False,
    ) -> Marking:
        """Put an id, or only its short form, into the signal.

        Args:
            content_ids: One, or several of which the signal may choose one that it holds well.
            key: Of the watermark.
            strength: How much the mark may be noticed.
            short: Whether only the short form is tried.

        Raises:
            UnmarkableError: The signal cannot hold any of them.
        """

    def detect(self, keys: Sequence[WatermarkKey], *, like: Trace | None = None) -> Found:
        """Look for watermarks of any of the keys, and compare with what it should be `like`."""

    def fingerprint(self) -> Print:
        """Return the fingerprint of the signal as it is."""

    def compare(
        self,
        mark: WatermarkLayer,
        content_id: ContentId | ShortId | None,
        code: str,
        thumbnail: bytes | None,
    ) -> Comparison:
        """Compare what carries `content_id`, as `mark` tells, with a kept fingerprint."""


def decode(data: bytes, format: Format, *, limits: Limits) -> Signal:
    """Decode a file.

    Raises:
        MediaError: It cannot be decoded, is not supported, or is over a limit.
    """
    if format.medium is Medium.SOUND:
        from synthmark.assets.sounds import SoundSignal

        return SoundSignal(media.decode_sound(data, limits=limits))
    from synthmark.assets.pictures import PictureSignal

    return PictureSignal(media.decode(data, limits=limits))
