"""Sounds: all channels are marked alike; what is found may lie in parts of the time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from synthmark import fingerprint, labels, media, watermark
from synthmark.assets.asset import Form, Found, Kept, Labelled, Order, Print, Quality
from synthmark.assets.sound_trace import SoundTrace
from synthmark.errors import UnmarkableError, UnreadableError
from synthmark.facts import (
    Comparison,
    Detection,
    Finding,
    Medium,
    Strength,
    WatermarkLayer,
    WatermarkState,
    WatermarkTrack,
)
from synthmark.label import read_payload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.assets.asset import Trace
    from synthmark.facts import MarkedSound
    from synthmark.keys import WatermarkKey
    from synthmark.label import ContentId
    from synthmark.limits import Limits
    from synthmark.media import Samples, Sound, Source
    from synthmark.stopwatch import Stopwatch

SHORT_SECONDS = 5.0
"""Below, a sound carries the short form of its content id."""

_LEAST_SECONDS = 0.5
# Of an id that may be chosen, a margin in dB that codecs leave something of, and the longest sound,
# in seconds, in which another id is worth a try: the longer it is, the less they differ.
_LASTING, _LONGEST_TRIED = 3.0, 20.0
# A sound of so many seconds is marked as a whole, and a longer one in steps of so many: whole, the
# best of several ids can be taken; in steps, how strong it has to be follows its course.
_AT_ONCE, _STEP = 30.0, 30.0
# Full scale is 1; some writers of floating point mean integers.
_LOUDEST = 1e6
# Seconds of a part that are compared at most: that is certain, and quick.
_MOST_COMPARED = 120.0


class SoundAsset:
    """A sound, short or long: nothing here is held that grows with its length."""

    def __init__(self, sound: Sound) -> None:
        self.format = sound.format
        self._sound = sound

    @classmethod
    def open(cls, source: Source, limits: Limits) -> SoundAsset:
        """Decode a sound file, or begin to."""
        return cls(media.Sound.decode(source.data, source.format, limits=limits))

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What was found while it was decoded; of a long sound `look` tells the rest."""
        return self._sound.notes

    def label(self, order: Order, clock: Stopwatch) -> Labelled:
        """Mark all channels, and code them; silence stays as it was, bit for bit.

        Less than 5 s hold the short form of an id, and so does what holds no whole one. Some ids
        suit a short sound better than others: of several, one is taken that lasts. What lasts more
        than a minute is marked step by step. Sound has one strength, and the result says so where
        another was asked for.

        Raises:
            UnmarkableError: No id can be held, or another watermark is there already.
        """
        with clock("watermark"):
            _check_free(self._sound, order.key)
        return self._labelled(order, clock, short=False)

    def _labelled(self, order: Order, clock: Stopwatch, *, short: bool) -> Labelled:
        """Mark and code, with the labels that the format has a place for."""
        sound, track = self._sound, self._sound.track
        listener, trace = fingerprint.sound.Listener(track.sample_rate), SoundTrace(track)
        with clock("watermark"):
            at_once = sound.short and sound.seconds <= _AT_ONCE
            marked = (_AtOnce if at_once else _InSteps)(sound, order, short=short)
            heard = _heard(marked.blocks(), listener)
            coded = sound.code(trace.following(heard))
        with clock("fingerprint"):
            print_ = Print(listener.finish())
        with clock("encode"):
            written = labels.write(
                track.metadata,
                track.format,
                aigc=order.aigc(marked.content_id),
                source_type=order.source_type,
            )
            file = sound.assemble(coded, written.metadata)
        return Labelled(
            file=file,
            format=self.format,
            content_id=marked.content_id,
            form=Form.SHORT if marked.short else Form.WHOLE,
            labels=written,
            print=print_,
            quality=Quality(snr=marked.snr, margin=marked.margin),
            notes=(
                *marked.notes,
                *self._remarks(order, short=marked.short),
                *written.metadata.notes,
            ),
            trace=trace,
            not_held=watermark.audio.NOT_HELD,
            shorter=None if marked.short else partial(self._labelled, order, short=True),
        )

    def _remarks(self, order: Order, *, short: bool) -> Iterator[Finding]:
        """Yield what should be said of the mark."""
        if short and (not self._sound.short or self._sound.seconds >= SHORT_SECONDS):
            yield Finding.info("watermark.short-form")
        if order.strength is not Strength.INVISIBLE:
            yield Finding.info("watermark.strength")

    def look(self, keys: Sequence[WatermarkKey], *, like: Trace | None = None) -> Found:
        """Look for marks anywhere in the sound."""
        sound = self._sound
        if sound.short and sound.seconds < _LEAST_SECONDS:
            return _skipped(
                Finding.warning(
                    "watermark.too-short",
                    duration=int(1000 * sound.seconds),
                    least=round(1000 * _LEAST_SECONDS),
                )
            )
        trace = SoundTrace(sound.track, like=like) if isinstance(like, SoundTrace) else None
        waves = _Waves(sound, trace)
        found = watermark.audio.detect_blocks(waves, sound.track.sample_rate, keys=keys)
        later = tuple(each for each in waves.reading.notes if each not in sound.notes)
        if waves.silent:
            return _skipped(Finding.warning("watermark.silent"), *later)
        layer = WatermarkLayer((WatermarkTrack(Medium.SOUND, found, waves.reading.seconds),))
        differences = tuple(trace.differences()) if trace else ()
        return Found(layer, later, differences)

    def describe(self) -> dict[str, Any]:
        """Return what there is to say about the sound and its file, as JSON-ready values."""
        return self._sound.describe()

    def fingerprint(self) -> Print:
        """Return the print of the samples."""
        listener = fingerprint.sound.Listener(self._sound.track.sample_rate)
        for block in self._sound.read():
            listener.push(media.as_wave(block))
        return Print(listener.finish())

    def compare(self, mark: WatermarkLayer, kept: Kept) -> Comparison:
        """Compare the longest segment that carries the id, else the whole, with a kept print."""
        sound, code = self._sound, kept.print.code
        segments = [each for each in mark.segments if each.content_id == kept.content_id]
        if not segments:
            heard = next((track.seconds for track in mark.tracks if track.seconds), sound.seconds)
            return fingerprint.sound.compare(
                _middle(sound, 0.0, heard), sound.track.sample_rate, code
            )
        longest = max(segments, key=lambda each: each.end - each.start)
        return fingerprint.sound.compare(
            _middle(sound, longest.start, longest.end),
            sound.track.sample_rate,
            code,
            stretch=longest.stretch,
            pitch=longest.pitch,
        )


class _Waves:
    """The blocks of a sound as the watermark takes them, as often as they are asked for.

    Attributes:
        reading: The first time, which goes to the end.
        silent: Whether no sample so far was anything but 0.
    """

    def __init__(self, sound: Sound, trace: SoundTrace | None = None) -> None:
        self._sound = sound
        self.reading = sound.read()
        self._next: Iterable[Samples] = trace.following(self.reading) if trace else self.reading
        self.silent = True

    def __call__(self) -> Iterator[NDArray[np.float32]]:
        blocks, self._next = self._next, self._sound.read()
        for block in blocks:
            wave = media.as_wave(block)
            peak = float(np.abs(wave).max())
            self.silent = self.silent and peak == 0
            yield wave / np.float32(peak) if peak > _LOUDEST else wave


class _AtOnce:
    """A short sound, marked as a whole with the id that suits it best."""

    def __init__(self, sound: Sound, order: Order, *, short: bool) -> None:
        samples, wave, rate = sound.samples, sound.wave, sound.track.sample_rate
        content_ids, key = order.content_ids, order.key
        if sound.seconds > _LONGEST_TRIED:
            content_ids = content_ids[:1]
        whole = None
        if not short and sound.seconds >= SHORT_SECONDS:
            with suppress(UnmarkableError):
                whole = _chosen(wave, rate, content_ids, key, short=False)
        self.content_id, marked = whole or _chosen(wave, rate, content_ids, key, short=True)
        self.short = whole is None
        self.snr, self.margin, self.notes = marked.snr, marked.margin, sound.notes
        change = np.asarray(marked.samples, np.float32)
        change -= wave
        self._samples = sound.track.changed(samples, change)

    def blocks(self) -> Iterator[Samples]:
        yield self._samples


class _InSteps:
    """A long sound, marked as it comes; what is said of the mark holds once all blocks have."""

    def __init__(self, sound: Sound, order: Order, *, short: bool) -> None:
        self._sound = sound
        self.content_id, self.short = order.content_ids[0], short
        payload = (self.content_id.short if short else self.content_id).payload
        track = sound.track
        self._stream = watermark.audio.EmbedStream(
            track.sample_rate, track.channels, payload, key=order.key, step=_STEP
        )
        self.notes = sound.notes

    @property
    def snr(self) -> float:
        return self._stream.snr

    @property
    def margin(self) -> float:
        return self._stream.margin

    def blocks(self) -> Iterator[Samples]:
        reading = self._sound.read()
        waiting: deque[Samples] = deque()
        for block in reading:
            waiting.append(block)
            yield from self._changed(waiting, self._stream.push(media.as_wave(block)))
        yield from self._changed(waiting, self._stream.finish())
        self.notes = reading.notes
        if math.isinf(self.snr):
            raise UnmarkableError("the sound is silent where a watermark would lie")

    def _changed(self, waiting: deque[Samples], marked: NDArray[Any]) -> Iterator[Samples]:
        """Yield the samples that were waiting for what was marked now, changed accordingly."""
        begin = 0
        while begin < len(marked):
            block = waiting.popleft()
            if len(block) > len(marked) - begin:
                waiting.appendleft(block[len(marked) - begin :])
                block = block[: len(marked) - begin]
            change = marked[begin : begin + len(block)] - media.as_wave(block)
            yield self._sound.track.changed(block, change)
            begin += len(block)


def _heard(blocks: Iterable[Samples], listener: fingerprint.sound.Listener) -> Iterator[Samples]:
    """Yield the blocks on, each once the listener has heard it."""
    for block in blocks:
        listener.push(media.as_wave(block))
        yield block


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


def _check_free(sound: Sound, key: WatermarkKey) -> None:
    """Refuse what no player should be given, and to write over a mark.

    A second one would be read, and the first be lost.
    """

    def read() -> Iterator[NDArray[np.float32]]:
        for block in sound.read():
            _check(block)
            yield media.as_wave(block)

    payload = watermark.audio.read_existing(read, sound.track.sample_rate, key)
    if payload is not None:
        raise UnmarkableError(
            f"the sound carries the watermark of {read_payload(payload)} already, and "
            "another would take its place: label the sound from before that",
            code="watermark.occupied",
        )


def _chosen(
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


def _middle(sound: Sound, start: float, end: float) -> NDArray[np.float32]:
    """Return the middle of what lies between two times in seconds, at most two minutes."""
    rate = sound.track.sample_rate
    begin, stop = int(start * rate), int(end * rate)
    most = round(_MOST_COMPARED * rate)
    begin += max(0, (stop - begin - most) // 2)
    stop = min(stop, begin + most)
    parts, place = [np.zeros((0, sound.track.channels), np.float32)], 0
    for block in sound.read():
        if place < stop and begin < place + len(block):
            parts.append(media.as_wave(block[max(begin - place, 0) : stop - place]))
        place += len(block)
        if place >= stop:
            break
    return np.concatenate(parts)


def _skipped(*notes: Finding) -> Found:
    skipped = WatermarkTrack(Medium.SOUND, Detection(WatermarkState.SKIPPED))
    return Found(WatermarkLayer((skipped,)), notes)
