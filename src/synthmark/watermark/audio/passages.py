"""A sound of any length is read in passages of a minute, in constant memory.

What no passage holds by itself may still be read from all of them together, which are folded into
one period as they come. A sound that was played at another speed or pitch is found in the middle,
which is searched as a short sound is, and then read passage by passage.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from synthmark.facts import Detection, Segment, WatermarkState
from synthmark.keys import OPEN_KEY
from synthmark.watermark.audio import cells, decoding, search, spectrum
from synthmark.watermark.audio.detection import Detector, judged, merged
from synthmark.watermark.audio.hearing import Hearing
from synthmark.watermark.audio.layout import Layout
from synthmark.watermark.audio.pcm import LEAST_SECONDS, as_float, check_samples
from synthmark.watermark.audio.search import Search
from synthmark.watermark.audio.sync import Fold
from synthmark.watermark.payload import Checker
from synthmark.watermark.scheme import AUDIO_GENERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from synthmark.keys import WatermarkKey

    Samples = NDArray[np.float32] | NDArray[np.int16]

_PASSAGE = 2500
"""Slots of a passage: 60 s."""
_SHARED = 416
"""Slots that two passages share where no mark reaches from one to the other: 10 s."""
_LEAST = 833
"""Slots of the shortest passage that a sound may end with: 20 s."""
_SLOT = cells.SLOT * spectrum.HOP / spectrum.RATE
"""Seconds of a slot: 0.024."""
_REACHES = 1.0
"""Seconds before the end of a passage within which a mark reaches to it."""
_BETWEEN = 3.0
"""Seconds at most between two parts of one mark."""
_LEAST_SCORE = 3.4
"""Sync score of all passages together that is worth decoding, as in `detection`."""
_PEAKS = 2
"""Alignments of all passages together that are decoded."""
_SURE = 6.0
"""Sync score that noise hardly ever reaches: a chance of 4e-7 over the 384 alignments."""
_BLOCK = 2**18
"""Samples of integers that are converted at once."""


def detect(
    samples: Samples,
    sample_rate: int,
    *,
    keys: Sequence[WatermarkKey] = (OPEN_KEY,),
    reach: Search = Search.FAMILIES,
) -> Detection:
    """Report the payloads whose keyed check is right.

    Args:
        samples: float32 (full scale 1) or int16, (n,) or (n, channels).
        sample_rate: Samples a second, 8,000 to 192,000.
        keys: All are tried on the same spectrum.
        reach: How far to look for sound that was played at another speed or pitch.

    Returns:
        Decoded, with payload, key, p-value and segments; present, when the sound resembles a marked
        one more than one unmarked sound in ten thousand does; or absent.

    Raises:
        UsageError: Samples or rate have the wrong shape, type or range.
    """

    def blocks() -> Iterator[NDArray[np.float32]]:
        step = max(len(samples), 1) if samples.dtype == np.float32 else _BLOCK
        for begin in range(0, len(samples), step):
            yield as_float(samples[begin : begin + step])

    check_samples(samples, sample_rate)
    return detect_blocks(blocks, sample_rate, keys=keys, reach=reach)


def detect_blocks(
    read: Callable[[], Iterable[NDArray[np.float32]]],
    sample_rate: int,
    *,
    keys: Sequence[WatermarkKey] = (OPEN_KEY,),
    reach: Search = Search.FAMILIES,
) -> Detection:
    """Report the payloads of a sound that is not held; the rest is as in `detect`.

    Args:
        read: Returns its blocks, float32 (n, channels) of any length, from the first on; called
            up to three times.
        sample_rate: As in `detect`.
        keys: As in `detect`.
        reach: As in `detect`.
    """
    passages = _Passages(sample_rate, keys)
    for wave in read():
        passages.push(wave)
    found = passages.finish(reach)
    if found.state is WatermarkState.DECODED or reach is Search.NONE or passages.short:
        return found
    begin, wave = _middle(read(), passages.length, sample_rate)
    middle = Detector(Hearing(wave, sample_rate), keys)
    moved = middle.moved(reach)
    if not moved:
        return judged([], [*passages.chances, *middle.chances])
    alike = _Passages(sample_rate, keys, alike=moved[0])
    for wave in read():
        alike.push(wave)
    return judged(alike.segments() or _later(moved, begin / sample_rate), [])


def read_existing(
    read: Callable[[], Iterable[NDArray[np.float32]]], sample_rate: int, key: WatermarkKey
) -> bytes | None:
    """Return a payload that a sound carries already, at its own speed and pitch, or None.

    As `detect_blocks` without a search, in less time: of the parts that may carry a mark, but are
    more like those without one, only the likeliest is read; and nothing once a payload was.

    Args:
        read: As in `detect_blocks`; called once.
        sample_rate: As in `detect`.
        key: Of the mark.
    """
    passages = _Passages(sample_rate, [key], sure=_SURE)
    for wave in read():
        passages.push(wave)
        if passages.payload is not None:
            return passages.payload
    return passages.finish(Search.NONE).payload or passages.dispelled()


class _Passages:
    """Reads passage by passage at the sound's own speed and pitch, or like one that was found.

    Attributes:
        length: Samples that came.
        chances: That unmarked sound scores as high, of each place looked at.
    """

    def __init__(
        self,
        rate: int,
        keys: Sequence[WatermarkKey],
        *,
        alike: Segment | None = None,
        sure: float = 0.0,
    ) -> None:
        self._rate, self._keys, self._alike = rate, keys, alike
        self._blocks: list[NDArray[np.float32]] = []
        # Samples and slots before those that wait, and slots of these that were seen already.
        self._gone = self._slots = self._seen = 0
        self._folds: list[Fold] = []
        self._checks = 0
        self._sure = sure
        self._doubtful: Detector | None = None
        self._segments: list[Segment] = []
        self.chances: list[float] = []
        self.length = 0

    @property
    def short(self) -> bool:
        """Whether the sound is one passage."""
        return not self._slots

    @property
    def payload(self) -> bytes | None:
        """One that was read so far."""
        return self._segments[0].payload if self._segments else None

    def dispelled(self) -> bytes | None:
        """Read what was in doubt, and return the payload that it carries."""
        found = self._doubtful.dispel() if self._doubtful else None
        return found.payload if found else None

    def push(self, wave: NDArray[np.float32]) -> None:
        """Take the next samples, (n, channels)."""
        self._blocks.append(wave)
        self.length += len(wave)
        while self.length >= self._sample(self._slots + _PASSAGE + _LEAST):
            self._look(_PASSAGE)

    def finish(self, reach: Search) -> Detection:
        """Look at the end of the sound, and report what was found in all of it."""
        if self.length < self._rate * LEAST_SECONDS:
            return Detection(WatermarkState.ABSENT)
        if self.short:
            detector = self._detector(self._waiting())
            found = detector.detect(reach)
            self._doubt(detector)
            return found
        return judged(self.segments() or self._together(), self.chances)

    def segments(self) -> list[Segment]:
        """Look at the end of the sound, and return what was found in all of it."""
        self._look(None)
        return merged(sorted(self._segments, key=lambda each: each.start), _BETWEEN)

    def _look(self, slots: int | None) -> None:
        """Read the next passage of so many slots, or all that is left."""
        waiting = self._waiting()
        end = len(waiting) if slots is None else self._sample(self._slots + slots) - self._gone
        wave = waiting[:end]
        detector = self._detector(wave)
        if self._alike is None:
            found = detector.read() or detector.windows()
            self._add_up(detector)
        else:
            found = detector.alike(self._alike)
        self._checks = detector.checks
        self._doubt(detector)
        self.chances += detector.chances
        self._segments += _later(found, self._gone / self._rate)
        if slots is not None:
            reaches = any(each.end > len(wave) / self._rate - _REACHES for each in found)
            self._seen = 0 if reaches else _SHARED
            self._slots += slots - self._seen
            self._gone, gone = self._sample(self._slots), self._gone
            self._blocks = [waiting[self._gone - gone :]]

    def _waiting(self) -> NDArray[np.float32]:
        return self._blocks[0] if len(self._blocks) == 1 else np.concatenate(self._blocks)

    def _detector(self, wave: NDArray[np.float32]) -> Detector:
        hearing = Hearing(wave, self._rate)
        return Detector(hearing, self._keys, self._checks, sure=self._sure)

    def _doubt(self, detector: Detector) -> None:
        """Keep the passage of which it is least sure that it carries no mark."""
        kept = self._doubtful.doubt if self._doubtful else None
        if detector.doubt and (kept is None or detector.doubt.score > kept.score):
            self._doubtful = detector

    def _add_up(self, detector: Detector) -> None:
        """Fold what is new in a passage to what came before."""
        views = ((view.values[self._seen :], view.weights[self._seen :]) for view in detector.views)
        begin = self._slots + self._seen
        new = [Fold.of(*map(np.ascontiguousarray, view)).turned(-begin) for view in views]
        self._folds = [a + b for a, b in zip(self._folds, new, strict=True)] if self._folds else new

    def _together(self) -> list[Segment]:
        """Read what the passages hold together."""
        for scheme, key in product(AUDIO_GENERATIONS, self._keys):
            layout, checker = Layout.of(key, scheme), Checker(key, scheme)
            scores = np.stack([fold.scores(layout) for fold in self._folds])
            self.chances.append(search.chance([scores]))
            if scores.max() < _LEAST_SCORE:
                continue
            for alignment in search.unmoved(scores, _PEAKS):
                number = round(alignment.phase / cells.SLOT * len(self._folds))
                fold = self._folds[number].turned(alignment.start)
                soft = decoding.soft_values(fold, layout, decoding.band_factors(fold, layout))
                payload, made = decoding.decode(soft, checker)
                self._checks += made
                if payload is not None:
                    end, chance = self.length / self._rate, self._checks / 2**scheme.check_bits
                    return [Segment(payload, key.name, 0.0, end, chance, public=key.public)]
        return []

    def _sample(self, slots: int) -> int:
        return round(slots * _SLOT * self._rate)


def _later(segments: Sequence[Segment], by: float) -> list[Segment]:
    return [replace(each, start=each.start + by, end=each.end + by) for each in segments]


def _middle(
    blocks: Iterable[NDArray[np.float32]], length: int, rate: int
) -> tuple[int, NDArray[np.float32]]:
    """Return a passage in the middle of a sound of `length` samples, and where it begins."""
    most = round(_PASSAGE * _SLOT * rate)
    begin = (length - most) // 2
    parts, place = [], 0
    for wave in blocks:
        parts.append(wave[max(begin - place, 0) : max(begin + most - place, 0)])
        place += len(wave)
        if place >= begin + most:
            break
    return begin, np.concatenate(parts)
