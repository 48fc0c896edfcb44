"""Sounds: all channels are marked alike; what is found may lie in parts of the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from synthmark import fingerprint, labels, media, watermark
from synthmark.errors import UnmarkableError, UnreadableError
from synthmark.label import ContentId, read_payload
from synthmark.media.sound import as_wave
from synthmark.report import (
    Comparison,
    Finding,
    Part,
    Severity,
    Strength,
    WatermarkLayer,
    WatermarkState,
)
from synthmark.signals import Encoded, Found, Print
from synthmark.signals.sound_trace import SoundTrace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.keys import WatermarkKey
    from synthmark.layers import MarkedSound
    from synthmark.media import Sound
    from synthmark.report import Segment
    from synthmark.signals import Trace

SHORT_SECONDS = 5.0
"""Below, a sound carries the short form of its content id."""

_LEAST_SECONDS = 0.5
# Of an id that may be chosen, a margin in dB that codecs leave something of, and the longest sound,
# in seconds, in which another id is worth a try: the longer it is, the less they differ.
_LASTING, _LONGEST_TRIED = 3.0, 20.0
# Full scale is 1; some writers of floating point mean integers.
_LOUDEST = 1e6
# Seconds of a part that are compared at most: that is certain, and quick.
_MOST_COMPARED = 120.0


class SoundMarking:
    """A sound whose samples are marked."""

    psnr: float | None = None
    not_held = watermark.audio.NOT_HELD

    def __init__(
        self, sound: Sound, content_id: ContentId, snr: float, margin: float, *, short: bool
    ) -> None:
        self._sound = sound
        self.content_id = content_id
        self.snr: float | None = snr
        self.margin = margin
        self.short = short
        self.can_be_shorter = not short

    def fingerprint(self) -> Print:
        """Return the print of the marked samples."""
        return _print(self._sound)

    def encode(self, aigc: Mapping[str, str], source_type: str) -> Encoded:
        """Encode the samples, with the AIGC label where the format has its place.

        The source type has none in sound; the manifest holds it.
        """
        del source_type
        sound = self._sound
        metadata = labels.write_sound(sound.metadata, sound.media_type, aigc)
        trace = SoundTrace(sound.track)
        coded = media.code_sound(trace.following(sound.read()), sound.track)
        data = media.assemble_sound(coded, sound.track, metadata).tobytes()
        return Encoded(data, (*sound.notes, *metadata.notes), trace)


class SoundSignal:
    """A decoded sound."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound

    @property
    def media_type(self) -> str:
        """MIME type of its file."""
        return self._sound.media_type

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What was found while it was decoded."""
        return self._sound.notes

    def mark(
        self,
        content_ids: Sequence[ContentId],
        *,
        key: WatermarkKey,
        strength: Strength,
        short: bool = False,
    ) -> SoundMarking:
        """Mark all channels; silence stays as it was, bit for bit.

        Less than 5 s hold the short form of an id, and so does what holds no whole one. Some ids
        suit a short sound better than others: of several, one is taken that lasts. Sound has one
        strength, so `strength` changes nothing, and the result says so.
        """
        sound = self._sound
        notes = sound.notes
        _check(sound.samples)
        wave, rate = sound.wave, sound.track.sample_rate
        _check_free(wave, rate, key)
        if sound.seconds > _LONGEST_TRIED:
            content_ids = content_ids[:1]
        whole = None
        if not short and sound.seconds >= SHORT_SECONDS:
            with suppress(UnmarkableError):
                whole = _marked(wave, rate, content_ids, key, short=False)
        content_id, marked = whole or _marked(wave, rate, content_ids, key, short=True)
        if whole is None and sound.seconds >= SHORT_SECONDS:
            notes += (
                _info(
                    "watermark.short-form",
                    "the whole content id does not read back from this sound, so it carries the "
                    "short form, which the store leads on from",
                ),
            )
        change = np.asarray(marked.samples, np.float32)
        change -= wave
        changed = sound.track.changed(sound.samples, change)
        if strength is not Strength.INVISIBLE:
            notes += (_info("watermark.strength", "sound has one strength: the inaudible one"),)
        return SoundMarking(
            replace(sound, source=changed, notes=notes),
            content_id,
            marked.snr,
            marked.margin,
            short=whole is None,
        )

    def detect(self, keys: Sequence[WatermarkKey], *, like: Trace | None = None) -> Found:
        """Look for marks anywhere in the sound."""
        sound, seen = self._sound, None
        if isinstance(like, SoundTrace):
            seen = SoundTrace(sound.track, like=like)
            samples = np.concatenate([*seen.following(sound.read())])
            wave = _scaled(as_wave(samples))
        else:
            wave = _scaled(sound.wave)
        if sound.seconds < _LEAST_SECONDS:
            return _skipped(
                "watermark.too-short",
                f"the sound lasts {int(1000 * sound.seconds)} ms: in less than "
                f"{1000 * _LEAST_SECONDS:.0f} ms no watermark can be found",
            )
        if not wave.any():
            return _skipped(
                "watermark.silent", "the sound is silent: it can hold no watermark to be found"
            )
        found = watermark.audio.detect(wave, sound.track.sample_rate, keys=keys)
        layer = WatermarkLayer(
            found.state,
            str(read_payload(found.payload)) if found.payload is not None else None,
            found.key,
            found.p_value,
            parts=tuple(map(_part, found.segments)),
            seconds=sound.seconds,
        )
        return Found(layer, differences=tuple(seen.differences()) if seen else ())

    def fingerprint(self) -> Print:
        """Return the print of the samples."""
        return _print(self._sound)

    def compare(
        self, mark: WatermarkLayer, content_id: str | None, code: str, thumbnail: bytes | None
    ) -> Comparison:
        """Compare the longest part that carries the id, else the whole, with a kept print."""
        del thumbnail
        rate = self._sound.track.sample_rate
        parts = [part for part in mark.parts if part.content_id == content_id]
        wave = self._sound.wave
        if not parts:
            return fingerprint.sound.compare(_middle(wave, rate), rate, code)
        longest = max(parts, key=lambda part: part.end - part.start)
        heard = wave[int(longest.start * rate) : int(longest.end * rate)]
        return fingerprint.sound.compare(
            _middle(heard, rate), rate, code, stretch=longest.stretch, pitch=longest.pitch
        )


def _print(sound: Sound) -> Print:
    return Print(fingerprint.sound.fingerprint(sound.wave, sound.track.sample_rate))


def _check(samples: NDArray[np.generic]) -> None:
    """Refuse to write what no player should be given."""
    if samples.dtype.kind != "f":
        return
    if not np.isfinite(samples).all():
        raise UnreadableError(
            "the samples hold values that are not numbers: what made this sound is broken",
            code="media.not-finite",
        )
    peak = float(np.abs(samples).max())
    if peak > _LOUDEST:
        raise UnmarkableError(
            f"the samples reach {peak:.1e}, full scale is 1: scale the sound first",
            code="watermark.scale",
        )


def _check_free(wave: NDArray[np.float32], rate: int, key: WatermarkKey) -> None:
    """Refuse to write over a mark: a second one would be read, and the first be lost."""
    found = watermark.audio.detect(wave, rate, keys=[key], reach=watermark.audio.Search.NONE)
    if found.payload is not None:
        raise UnmarkableError(
            f"the sound carries the watermark of {read_payload(found.payload)} already, and "
            "another would take its place: label the sound from before that",
            code="watermark.occupied",
        )


def _marked(
    wave: NDArray[np.float32],
    rate: int,
    content_ids: Sequence[ContentId],
    key: WatermarkKey,
    *,
    short: bool,
) -> tuple[ContentId, MarkedSound]:
    """Mark a sound with the first id that lasts, else with the one that comes nearest to that.

    Raises:
        UnmarkableError: The sound holds none of them.
    """
    held: list[tuple[ContentId, MarkedSound]] = []
    refused: UnmarkableError | None = None
    for content_id in content_ids:
        payload = (content_id.short if short else content_id).payload
        try:
            held.append((content_id, watermark.audio.embed(wave, rate, payload, key=key)))
        except UnmarkableError as error:
            refused = error
            continue
        if held[-1][1].margin >= _LASTING:
            break
    if refused is not None and not held:
        raise refused
    return max(held, key=lambda each: each[1].margin)


def _scaled(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = float(np.abs(wave).max())
    return wave / np.float32(peak) if peak > _LOUDEST else wave


def _middle(wave: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    most = round(_MOST_COMPARED * rate)
    begin = max(0, (len(wave) - most) // 2)
    return wave[begin : begin + most]


def _part(segment: Segment) -> Part:
    return Part(
        str(read_payload(segment.payload)),
        8 * len(segment.payload),
        segment.key,
        segment.start,
        segment.end,
        segment.p_value,
        segment.stretch,
        segment.pitch,
    )


def _skipped(code: str, message: str) -> Found:
    return Found(
        WatermarkLayer(WatermarkState.SKIPPED), (Finding(code, Severity.WARNING, message),)
    )


def _info(code: str, message: str) -> Finding:
    return Finding(code, Severity.INFO, message)
