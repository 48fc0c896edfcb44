"""Look for payloads in a sound, and say from when to when each one lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.layers import Detection, Segment, WatermarkState
from synthmark.watermark.audio import cells, decoding, search, spectrum
from synthmark.watermark.audio.extent import extent
from synthmark.watermark.audio.layout import Layout
from synthmark.watermark.audio.marking import LEAST_SECONDS, as_float, check_samples, mixed
from synthmark.watermark.audio.search import Search
from synthmark.watermark.audio.sync import Fold
from synthmark.watermark.audio.whitening import View
from synthmark.watermark.payload import CHECK_BITS, Checker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from synthmark.watermark.audio.search import Alignment

PRESENT = 1e-4
"""A chance below which an unread watermark is reported as present."""

_PEAKS, _MOVED_PEAKS = 2, 4
# What is left before and behind a segment is looked at if it lasts so long; and a sound in which
# nothing is found as a whole, window by window, where sync is likelier than not.
_REST, _WINDOW, _LEAST_SCORE = 2.0, 20.0, 4.0


def detect(
    samples: NDArray[np.float32] | NDArray[np.int16],
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
    check_samples(samples, sample_rate)
    if len(samples) < sample_rate * LEAST_SECONDS:
        return Detection(WatermarkState.ABSENT)
    sound = spectrum.resample(mixed(as_float(samples)), sample_rate, spectrum.RATE)
    return _Detector(cells.firm_log_power(spectrum.power(sound)), keys).detect(reach)


class _Detector:
    """One sound and the keys that are tried on it; counts the checks made."""

    def __init__(self, logs: NDArray[np.float32], keys: Sequence[WatermarkKey]) -> None:
        self._logs = logs
        self._keys = keys
        self._layouts = [Layout.of(key) for key in keys]
        self._checkers = [Checker(key, "audio") for key in keys]
        self._checks = 0
        self._chances: list[float] = []

    def detect(self, reach: Search) -> Detection:
        logs = self._logs
        first = self._read(0, len(logs)) or self._moved(reach)
        segments = [first] if first else self._windows()
        if first is not None:
            segments += self._rest(first)
        if segments:
            longest = max(segments, key=lambda each: each.end - each.start)
            return Detection(
                WatermarkState.DECODED,
                longest.payload,
                longest.key,
                max(each.p_value for each in segments),
                segments=tuple(sorted(segments, key=lambda each: each.start)),
            )
        chance = min(1.0, len(self._chances) * min(self._chances))
        state = WatermarkState.PRESENT if chance < PRESENT else WatermarkState.ABSENT
        return Detection(state, p_value=chance)

    def _read(self, begin: int, end: int, least: float = 0.0) -> Segment | None:
        """Read the frames from `begin` to `end` at the sound's own speed and pitch."""
        logs = self._logs[begin:end]
        ((_, _, scores),) = search.scan(logs, self._layouts, [(1.0, 1.0)])
        self._chances += [search.chance([each]) for each in scores]
        for place in range(len(self._keys)):
            for alignment in search.unmoved(scores[place], _PEAKS):
                if alignment.score >= least:
                    found = self._decoded(place, begin, logs, alignment)
                    if found:
                        return found
        return None

    def _moved(self, reach: Search) -> Segment | None:
        """Read the sound at another speed or pitch."""
        if reach is Search.NONE:
            return None
        part = search.middle(self._logs)
        pairs = search.grid(reach, search.seconds(len(part)))
        scanned = list(search.scan(part, self._layouts, pairs))
        for place, layout in enumerate(self._layouts):
            self._chances.append(search.chance(scores[place] for *_, scores in scanned))
            for rough in search.candidates(scanned, place, _MOVED_PEAKS):
                alignment = search.refine(self._logs, layout, rough)
                found = self._decoded(place, 0, self._logs, alignment)
                if found:
                    return found
        return None

    def _windows(self) -> list[Segment]:
        """Read a long sound piece by piece: the mark may lie in a part of it only."""
        length = round(_WINDOW * spectrum.RATE / spectrum.HOP)
        if len(self._logs) < 2 * length:
            return []
        starts = range(0, len(self._logs) - length // 2, length // 2)
        found = (self._read(start, start + length, _LEAST_SCORE) for start in starts)
        return _merged([each for each in found if each])

    def _rest(self, found: Segment) -> list[Segment]:
        """Read what lies before and behind a segment, and so on."""
        segments: list[Segment] = []
        frames = spectrum.RATE / spectrum.HOP
        pieces = [(0.0, found.start), (found.end, search.seconds(len(self._logs)))]
        while pieces:
            start, end = pieces.pop()
            if end - start < _REST:
                continue
            other = self._read(round(start * frames), round(end * frames), _LEAST_SCORE)
            if other and other.end - other.start >= _REST / 2:
                segments.append(other)
                pieces += [(start, other.start), (other.end, end)]
        return segments

    def _decoded(
        self, place: int, begin: int, logs: NDArray[np.float32], alignment: Alignment
    ) -> Segment | None:
        bands = cells.band_levels(logs, cells.edges(alignment.pitch))
        view = View.of(bands, alignment.phase, alignment.stretch)
        layout, checker = self._layouts[place], self._checkers[place]
        for soft in soft_values(view, layout, alignment.start):
            payload, made = decoding.decode(soft, checker)
            self._checks += made
            if payload is not None:
                break
        else:
            return None
        word = decoding.encode(checker.message(payload, len(payload)), len(payload))
        first, last = extent(view, layout.template(word), alignment.start)
        # Slots begin a frame before the sound does: frame 2 is centred on the first sample.
        slot = cells.SLOT * alignment.stretch
        frames = begin + alignment.phase - cells.FIRST_FRAME + 0.5 + np.array((first, last)) * slot
        whole = search.seconds(len(self._logs) - cells.FIRST_FRAME - 5)
        start, end = np.clip(search.seconds(1) * frames, 0, whole)
        return Segment(
            payload,
            self._keys[place].name,
            float(start),
            float(end),
            self._checks / 2**CHECK_BITS,
            alignment.stretch,
            alignment.pitch,
        )


def soft_values(view: View, layout: Layout, start: int) -> Iterator[NDArray[np.float32]]:
    """Yield soft values weighted by what each cell and band is worth, then all alike."""
    fold = Fold.of(view.values, view.weights).turned(start)
    yield decoding.soft_values(fold, layout, decoding.band_factors(fold, layout))
    plain = Fold.of(view.values, np.ones_like(view.values)).turned(start)
    yield decoding.soft_values(plain, layout)


def _merged(segments: Sequence[Segment]) -> list[Segment]:
    """Join segments of the same payload that touch."""
    joined: list[Segment] = []
    for each in segments:
        last = joined[-1] if joined else None
        if last and last.payload == each.payload and each.start <= last.end + 1:
            joined[-1] = Segment(
                last.payload, last.key, last.start, max(last.end, each.end), each.p_value
            )
        else:
            joined.append(each)
    return joined
