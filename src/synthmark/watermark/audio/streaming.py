"""The watermark in sound that is long or does not end: step by step, in constant memory.

    stream = audio.EmbedStream(rate, channels, payload, key=key)
    for block in blocks:
        write(stream.push(block))
    write(stream.finish())

Four seconds are marked as soon as half a second of what follows is known, so that samples come
back at most five seconds late; of a file, which can wait, more is marked at once. Where the period
begins is chosen on the first step alone; what neighbours predict of each other, how deep the
floors lie, and what noise would take is learnt anew for each step. The detector looks at the last
twenty seconds every five.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import soxr

from synthmark.errors import UsageError
from synthmark.keys import OPEN_KEY
from synthmark.watermark.audio import cells, decoding, marking, mask, spectrum
from synthmark.watermark.audio.detection import detect_whole, merged
from synthmark.watermark.audio.hearing import mixed
from synthmark.watermark.audio.layout import PERIOD, Layout
from synthmark.watermark.audio.pcm import (
    SILENCE,
    added,
    as_float,
    check_samples,
    reach,
    silent,
    within_scale,
)
from synthmark.watermark.audio.search import Search
from synthmark.watermark.audio.sync import Fold
from synthmark.watermark.audio.whitening import LEAST_SLOTS
from synthmark.watermark.payload import Checker
from synthmark.watermark.scheme import AUDIO_GENERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from synthmark.facts import Segment
    from synthmark.keys import WatermarkKey

    Samples = NDArray[np.float32] | NDArray[np.int16]

_PAST = 84
"""Slots before a step that it learns from: 2 s."""
_AHEAD = 21
"""Slots behind a step that have to be known: half a second."""
_WAIT = 2
"""Slots at the end of a step that wait for the gains of their neighbours."""
_SLOT = cells.SLOT * spectrum.HOP
"""Samples of a slot at 16 kHz."""
_AROUND = SILENCE - 1
"""Samples before and behind one that decide whether it lies in digital silence."""
_LEAST_STEP = 2.0
"""Seconds of the shortest step."""
_WINDOW = 20.0
"""Seconds that the detector looks at."""
_EVERY = 5.0
"""Seconds after which it looks again."""


class EmbedStream:
    """Marks a sound that comes in blocks of any length."""

    def __init__(
        self,
        sample_rate: int,
        channels: int,
        payload: bytes,
        *,
        key: WatermarkKey,
        step: float = 4.0,
    ) -> None:
        """Begin a sound of one to eight channels; the rest is as in `embed`.

        Args:
            sample_rate: As in `embed`.
            channels: 1 to 8.
            payload: As in `embed`.
            key: As in `embed`.
            step: Seconds that are marked at once, at least 2: a mark learns more from more, and
                samples come back later.

        Raises:
            UsageError: Rate, channels, payload or step are out of range.
        """
        check_samples(np.zeros((0, channels), np.float32), sample_rate)
        marking.check_payload(payload)
        if step < _LEAST_STEP:
            raise UsageError(f"a step lasts {step} s, not {_LEAST_STEP} or more")
        self._rate, self._step_slots = sample_rate, round(step * spectrum.RATE / _SLOT)
        self._layout = Layout.of(key)
        self._size = len(payload)
        message = Checker(key, AUDIO_GENERATIONS[0]).message(payload, len(payload))
        self._code = decoding.encode(message, len(payload))
        self._start: int | None = None
        self._down = _Resampler(sample_rate, spectrum.RATE, channels)
        self._up = _Resampler(spectrum.RATE, sample_rate, channels)
        nothing = np.zeros((0, channels), np.float32)
        # At 16 kHz, from slot `_first` on; gains are known before slot `_known`, and the change is
        # made before sample `_made`.
        self._low, self._gains = nothing, np.zeros((0, cells.BANDS), np.float32)
        self._first = self._known = self._made = 0
        # At the sound's own rate: what was given back last, what waits, and the change to it.
        self._before, self._waiting, self._change = nothing, nothing, nothing
        self._bent = reach(sample_rate)
        self._powers = np.zeros(2)
        self._fold: Fold | None = None
        self._kind: np.dtype[np.float32] | np.dtype[np.int16] = np.dtype(np.float32)

    @property
    def snr(self) -> float:
        """Power of what was given back over that of the change to it, in dB."""
        sound, change = self._powers
        return 10 * math.log10(sound / change) if change else math.inf

    @property
    def margin(self) -> float:
        """How far above the decoder's threshold the mark made so far lies, in dB."""
        if self._fold is None or self._start is None:
            return -math.inf
        soft = decoding.soft_values(self._fold.turned(self._start), self._layout)
        return decoding.margin(soft, self._code, self._size)

    def push(self, samples: Samples) -> Samples:
        """Take the next samples, (n, channels), and return those that are ready, in their type.

        Raises:
            UsageError: Samples have another shape or type, or are no finite numbers.
        """
        wave = _checked(samples, self._rate, self._low.shape[1])
        self._kind = samples.dtype
        return self._next(wave, last=False)

    def finish(self) -> Samples:
        """Return all that is left; nothing can be pushed any more."""
        return self._next(self._low[:0], last=True)

    def _next(self, wave: NDArray[np.float32], *, last: bool) -> Samples:
        self._waiting = np.concatenate((self._waiting, wave))
        self._low = np.concatenate((self._low, self._down(wave, last=last)))
        step = self._step_slots
        while self._first * _SLOT + len(self._low) >= (self._known + step + _AHEAD) * _SLOT:
            self._step(self._known + step, last=False)
        if last:
            self._step(self._first + -(-len(self._low) // _SLOT), last=True)
        return self._ready(last=last)

    def _step(self, stop: int, *, last: bool) -> None:
        """Decide the gains of the slots before `stop`; make the change as far as they tell it."""
        chunk = self._low[: (stop + _AHEAD - self._first) * _SLOT]
        new = slice(self._known - self._first, stop - self._first)
        gains = self._plan(chunk)[new]
        self._gains = np.concatenate((self._gains, gains))
        end = self._first * _SLOT + len(chunk) if last else (stop - _WAIT) * _SLOT
        made = slice(self._made - self._first * _SLOT, end - self._first * _SLOT)
        change = marking.change_of(chunk, self._gains)
        self._add_up(chunk + change, new)
        self._change = np.concatenate((self._change, self._up(change[made], last=last)))
        kept = max(stop - _PAST - self._first, 0)
        self._low, self._gains = self._low[kept * _SLOT :], self._gains[kept:]
        self._first, self._known, self._made = self._first + kept, stop, end

    def _plan(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        heard = mixed(chunk)
        power = spectrum.power(heard)
        if len(power) < cells.SLOT * (LEAST_SLOTS + 1):
            return np.zeros((len(power), cells.BANDS), np.float32)
        view = marking.seen(power)
        if self._start is None:
            fold = Fold.of(view.values, view.weights)
            template = self._layout.template(self._code)
            self._start = marking.best_start(fold, self._layout, template)
        start = (self._start - self._first) % PERIOD
        gains = marking.plan(view, mask.strength_of(power), self._layout, self._code, start)
        tried = heard[: round(marking.TRIAL_SECONDS * spectrum.RATE)]
        change = marking.change_of(tried[:, None], gains)
        return gains * marking.louder(tried + change[:, 0], self._layout, self._code, start)

    def _add_up(self, marked: NDArray[np.float32], new: slice) -> None:
        """Fold what the detector sees of the `new` slots to what it saw before."""
        power = spectrum.power(mixed(marked))
        if len(power) < cells.SLOT * (LEAST_SLOTS + 1):
            return
        view = marking.seen(power)
        fold = Fold.of(view.values[new], view.weights[new]).turned(-self._known)
        self._fold = fold if self._fold is None else self._fold + fold

    def _ready(self, *, last: bool) -> Samples:
        count = known = len(self._waiting)
        if not last:
            # What is bent once more reaches as far back as it is not known.
            known = min(count, len(self._change))
            count = max(min(count - _AROUND, known - 2 * self._bent), 0)
        elif len(self._change) < count:
            missing = ((0, count - len(self._change)), (0, 0))
            self._change = np.pad(self._change, missing)
        until = known if last else max(known - self._bent, 0)
        within_scale(self._change[:known], self._waiting[:known], self._rate, until)
        wave, change = self._waiting[:count], self._change[:count]
        around = np.concatenate((self._before, self._waiting[: count + _AROUND]))
        change[silent(around)[len(self._before) :][:count]] = 0
        marked = added(wave, change, self._kind)
        change_made = as_float(marked) - wave
        self._powers += [np.sum(np.square(each, dtype=np.float64)) for each in (wave, change_made)]
        self._before = np.concatenate((self._before, wave))[-_AROUND:]
        self._waiting, self._change = self._waiting[count:], self._change[count:]
        return marked


class DetectStream:
    """Reads a sound that comes in blocks of any length."""

    def __init__(
        self,
        sample_rate: int,
        channels: int,
        *,
        keys: Sequence[WatermarkKey] = (OPEN_KEY,),
        reach: Search = Search.NONE,
    ) -> None:
        """Begin a sound of one to eight channels; the rest is as in `detect`."""
        check_samples(np.zeros((0, channels), np.float32), sample_rate)
        self._rate, self._keys, self._reach = sample_rate, keys, reach
        self._heard = np.zeros((0, channels), np.float32)
        # Samples that were let go, and seconds at which to look next.
        self._gone, self._next = 0, _EVERY
        self._segments: list[Segment] = []

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All that was found so far, in seconds from the beginning of the sound."""
        return tuple(self._segments)

    def push(self, samples: Samples) -> tuple[Segment, ...]:
        """Take the next samples, (n, channels), and return what the last looks found.

        Raises:
            UsageError: Samples have another shape or type, or are no finite numbers.
        """
        wave = _checked(samples, self._rate, self._heard.shape[1])
        found: tuple[Segment, ...] = ()
        block = round(_EVERY * self._rate)
        for begin in range(0, len(wave), block):
            self._heard = np.concatenate((self._heard, wave[begin : begin + block]))
            if self._gone + len(self._heard) >= self._next * self._rate:
                found += self._look()
        return found

    def finish(self) -> tuple[Segment, ...]:
        """Look at the end of the sound, and return all that was found."""
        self._look()
        return self.segments

    def _look(self) -> tuple[Segment, ...]:
        self._next = (self._gone + len(self._heard)) / self._rate + _EVERY
        gone = max(len(self._heard) - round(_WINDOW * self._rate), 0)
        self._heard, self._gone = self._heard[gone:], self._gone + gone
        found = detect_whole(self._heard, self._rate, keys=self._keys, reach=self._reach).segments
        since = self._gone / self._rate
        new = tuple(replace(each, start=each.start + since, end=each.end + since) for each in found)
        self._segments = merged(sorted((*self._segments, *new), key=lambda each: each.start))
        return new


def _checked(samples: Samples, rate: int, channels: int) -> NDArray[np.float32]:
    check_samples(samples, rate)
    if samples.ndim != 2 or samples.shape[1] != channels:
        raise UsageError(f"samples are {samples.shape}, not (n, {channels})")
    return as_float(samples)


class _Resampler:
    """Resamples a sound in blocks; what it returns lies where it lay."""

    def __init__(self, rate: int, to: int, channels: int) -> None:
        quality = spectrum.QUALITY_OF_CHANGE
        same = rate == to
        self._stream = None if same else soxr.ResampleStream(rate, to, channels, "float32", quality)

    def __call__(self, samples: NDArray[np.float32], *, last: bool) -> NDArray[np.float32]:
        if self._stream is None:
            return samples
        return np.asarray(self._stream.resample_chunk(samples, last=last), np.float32)
