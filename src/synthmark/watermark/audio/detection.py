"""Look for payloads in a sound, and say from when to when each one lies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from synthmark.facts import Detection, Segment, WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark.audio import cells, decoding, search, spectrum
from synthmark.watermark.audio.extent import extent
from synthmark.watermark.audio.hearing import Hearing
from synthmark.watermark.audio.layout import Layout
from synthmark.watermark.audio.pcm import LEAST_SECONDS, as_float, check_samples
from synthmark.watermark.audio.search import Search
from synthmark.watermark.audio.sync import Fold
from synthmark.watermark.audio.whitening import View
from synthmark.watermark.payload import Checker
from synthmark.watermark.scheme import AUDIO_GENERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from numpy.typing import NDArray

    from synthmark.watermark.audio.search import Alignment

PRESENT = 1e-4
"""A chance below which an unread watermark is reported as present."""

# Scores are in standard deviations of normal noise; see `sync.Fold.scores`.
_PEAKS = 2
"""Alignments that are decoded at a sound's own speed and pitch."""
_MOVED_PEAKS = 4
"""Alignments that are decoded at others."""
_CLOSE_PHASES = 6
"""Beginnings tried within a slot where speed and pitch are known."""
_LEAST = 3.4
"""Sync score from which on decoding is tried: one in ten unmarked sounds reaches it somewhere, and
no readable mark stays below. The counts of false accepts hold for it."""
_LEAST_MOVED = 4.5
"""The same where speed and pitch were searched, which tries more."""
_LEAST_SCORE = 4.0
"""The same in parts of a sound, where sync has to be likelier than not."""
_REST = 2.0
"""Seconds before or behind a segment that are worth reading."""
_WINDOW = 20.0
"""Seconds of the windows in which a sound is read where nothing was found in it as a whole."""
_TINY = np.float32(1e-9)
"""Keeps a division from 0."""


def detect_whole(
    samples: NDArray[np.float32] | NDArray[np.int16],
    sample_rate: int,
    *,
    keys: Sequence[WatermarkKey] = (OPEN_KEY,),
    reach: Search = Search.FAMILIES,
) -> Detection:
    """Report the payloads whose keyed check is right, in a sound that is heard as a whole.

    Arguments, results and errors are those of `passages.detect`.
    """
    check_samples(samples, sample_rate)
    if len(samples) < sample_rate * LEAST_SECONDS:
        return Detection(WatermarkState.ABSENT)
    return Detector(Hearing(as_float(samples), sample_rate), keys).detect(reach)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A part of a sound that may carry a mark.

    Attributes:
        score: Of its sync dipoles.
        begin: Its first frame.
        end: The first frame behind it.
    """

    score: float
    begin: int
    end: int


class Detector:
    """One sound, or a passage of one, and the keys that are tried on it.

    Attributes:
        checks: Keyed checks made so far.
        chances: That unmarked sound scores as high, of each place looked at.
        views: How the whole of it looks at its own speed and pitch, once it was read.
        doubt: The part not read that resembles a marked one most, if any.
    """

    def __init__(
        self,
        hearing: Hearing,
        keys: Sequence[WatermarkKey],
        checks: int = 0,
        *,
        sure: float = 0.0,
    ) -> None:
        """Begin with so many checks made already, in other passages.

        What may be a mark, but scores below `sure`, is only noted as `doubt`.
        """
        self._hearing = hearing
        self._frames = hearing.frames
        tried = [(key, scheme) for scheme in AUDIO_GENERATIONS for key in keys]
        self._keys = [key for key, _ in tried]
        self._layouts = [Layout.of(*each) for each in tried]
        self._checkers = [Checker(*each) for each in tried]
        self.checks = checks
        self.chances: list[float] = []
        self.views: list[View] = []
        self.doubt: Doubt | None = None
        self._sure = sure

    def detect(self, reach: Search) -> Detection:
        """Report what it holds."""
        return judged(self.read() or self.moved(reach) or self.windows(), self.chances)

    def read(self) -> list[Segment]:
        """Read it at its own speed and pitch."""
        first = self._read(0, self._frames)
        return [first, *self._rest(first)] if first else []

    def dispel(self) -> Segment | None:
        """Read the part in doubt after all."""
        self._sure = 0.0
        return self._read(self.doubt.begin, self.doubt.end) if self.doubt else None

    def moved(self, reach: Search) -> list[Segment]:
        """Find it at another speed or pitch."""
        first = self._moved(reach)
        return [first, *self._rest(first)] if first else []

    def alike(self, other: Segment) -> list[Segment]:
        """Read it as fast and as high as another passage turned out to be."""
        names = [(key.name, key.public) for key in self._keys]
        place = names.index((other.key, other.public))
        pair = other.stretch, other.pitch
        scanned = [*search.scan(self._hearing.logs, [self._layouts[place]], [pair], _CLOSE_PHASES)]
        whole = _Piece(self._hearing, 0, self._frames)
        (alignment,) = search.candidates(scanned, 0, 1)
        for closely in (False, True):
            found = self._decoded(place, whole, alignment, closely=closely)
            if found:
                return [found]
        return []

    def _read(self, begin: int, end: int, least: float = _LEAST) -> Segment | None:
        """Read the frames from `begin` to `end` at the sound's own speed and pitch."""
        piece = _Piece(self._hearing, begin, end)
        views = search.views(piece.bands(1.0))
        self.views = self.views or views
        folds = [Fold.of(view.values, view.weights) for view in views]
        scores = [np.stack([fold.scores(layout) for fold in folds]) for layout in self._layouts]
        self.chances += [search.chance([each]) for each in scores]
        places = [place for place, each in enumerate(scores) if each.max() >= least]
        best = max(float(each.max()) for each in scores)
        if places and best < self._sure:
            doubt = Doubt(best, begin, end)
            self.doubt = max((self.doubt or doubt, doubt), key=lambda each: each.score)
            return None
        for place in places:
            for alignment in search.unmoved(scores[place], _PEAKS):
                found = self._decoded(place, piece, alignment)
                if found:
                    return found
        for place in places:
            scored = search.scores(piece.closely(1.0), self._layouts[place])
            for alignment in search.unmoved(scored, _PEAKS):
                found = self._decoded(place, piece, alignment, closely=True)
                if found:
                    return found
        return None

    def _moved(self, reach: Search) -> Segment | None:
        """Read the sound at another speed or pitch."""
        if reach is Search.NONE:
            return None
        whole = _Piece(self._hearing, 0, self._frames)
        part = search.middle(self._hearing.logs)
        pairs = search.grid(reach, search.seconds(len(part)))
        scanned = list(search.scan(part, self._layouts, pairs))
        for place, layout in enumerate(self._layouts):
            self.chances.append(search.chance(scores[place] for *_, scores in scanned))
            rough = search.candidates(scanned, place, _MOVED_PEAKS)
            alignments = [
                search.refine(self._hearing.logs, layout, each)
                for each in rough
                if each.score >= _LEAST_MOVED
            ]
            for closely in (False, True):
                if closely:
                    whole.hear({each.pitch for each in alignments})
                for alignment in alignments:
                    found = self._decoded(place, whole, alignment, closely=closely)
                    if found:
                        return found
        return None

    def windows(self) -> list[Segment]:
        """Read a long sound piece by piece, once it was read: the mark may lie in a part only."""
        length = round(_WINDOW * spectrum.RATE / spectrum.HOP)
        if self._frames < 2 * length:
            return []
        starts = range(0, self._frames - length // 2, length // 2)
        found = (self._window(start, start + length) for start in starts)
        return merged([each for each in found if each])

    def _window(self, begin: int, end: int) -> Segment | None:
        """Read a part where it scores well in the view of the whole, which is at hand."""
        part = slice(begin // cells.SLOT, end // cells.SLOT)
        folds = [Fold.of(view.values[part], view.weights[part]) for view in self.views]
        scores = [[fold.scores(layout) for fold in folds] for layout in self._layouts]
        if np.max(scores) < _LEAST:
            self.chances += [search.chance(each) for each in scores]
            return None
        return self._read(begin, end, _LEAST_SCORE)

    def _rest(self, found: Segment) -> list[Segment]:
        """Read what lies before and behind a segment, and so on."""
        segments: list[Segment] = []
        frames = spectrum.RATE / spectrum.HOP
        pieces = [(0.0, found.start), (found.end, search.seconds(self._frames))]
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
        self, place: int, piece: _Piece, alignment: Alignment, *, closely: bool = False
    ) -> Segment | None:
        layout, checker = self._layouts[place], self._checkers[place]
        bands = piece.bands(alignment.pitch)
        view = View.of(bands, alignment.phase, alignment.stretch)
        views = [view]
        if closely:
            heard = piece.closely(alignment.pitch)
            views = [View.of(each, alignment.phase, alignment.stretch) for each in heard]
        for soft in soft_values(views, layout, alignment.start):
            payload, made = decoding.decode(soft, checker)
            self.checks += made
            if payload is not None:
                break
        else:
            return None
        word = decoding.encode(checker.message(payload, len(payload)), len(payload))
        first, last = extent(view, layout.template(word), alignment.start)
        # Slots begin a frame before the sound does: frame 2 is centred on the first sample.
        slot = cells.SLOT * alignment.stretch
        frames = (
            piece.begin + alignment.phase - cells.FIRST_FRAME + 0.5 + np.array((first, last)) * slot
        )
        whole = search.seconds(self._frames - cells.FIRST_FRAME - 5)
        start, end = np.clip(search.seconds(1) * frames, 0, whole)
        return Segment(
            payload,
            self._keys[place].name,
            float(start),
            float(end),
            self.checks / 2 ** AUDIO_GENERATIONS[0].check_bits,
            alignment.stretch,
            alignment.pitch,
            self._keys[place].public,
        )


def judged(segments: Sequence[Segment], chances: Sequence[float]) -> Detection:
    """Return what was found, and without segments whether one of the chances is too small."""
    if segments:
        longest = max(segments, key=lambda each: each.end - each.start)
        return Detection(
            WatermarkState.DECODED,
            longest.payload,
            longest.key,
            max(each.p_value for each in segments),
            segments=tuple(sorted(segments, key=lambda each: each.start)),
            public=longest.public,
        )
    chance = min(1.0, len(chances) * min(chances))
    state = WatermarkState.PRESENT if chance < PRESENT else WatermarkState.ABSENT
    return Detection(state, p_value=chance)


class _Piece:
    """A range of frames of a sound; what is heard of it closely is kept for several alignments."""

    def __init__(self, hearing: Hearing, begin: int, end: int) -> None:
        self.begin, self._end = begin, end
        self._hearing = hearing
        self._kept: dict[float, list[NDArray[np.float32]]] = {}

    def bands(self, pitch: float) -> NDArray[np.float32]:
        """Return the levels of the mean of the channels, float32 (frames, 48)."""
        if pitch == 1:
            return self._hearing.bands[self.begin : self._end]
        return cells.band_levels(self._hearing.logs[self.begin : self._end], pitch)

    def closely(self, pitch: float) -> list[NDArray[np.float32]]:
        """Return the levels of every mix with every floor, each float32 (frames, 48)."""
        self.hear({pitch})
        return self._kept[pitch]

    def hear(self, pitches: Set[float]) -> None:
        """Hear the sound closely, once for all pitches that are new."""
        new = [*(pitches - self._kept.keys())]
        if new:
            heard = self._hearing.closely(self.begin, self._end, new)
            self._kept |= dict(zip(new, map(list, zip(*heard, strict=True)), strict=True))


def soft_values(views: Sequence[View], layout: Layout, start: int) -> Iterator[NDArray[np.float32]]:
    """Yield soft values weighted by what cells and bands are worth, then all alike.

    Of several views also what lies between the two.
    """
    heard = [Fold.of(view.values, view.weights) for view in views]
    fold = reduce(add, heard).turned(start)
    weighted = decoding.soft_values(fold, layout, decoding.band_factors(fold, layout))
    yield weighted
    heard = [Fold.of(view.values, np.ones_like(view.values)) for view in views]
    plain = decoding.soft_values(reduce(add, heard).turned(start), layout)
    yield plain
    if len(views) > 1:
        yield weighted / (weighted.std() + _TINY) + plain / (plain.std() + _TINY)


def merged(segments: Sequence[Segment], apart: float = 1.0) -> list[Segment]:
    """Join segments of the same payload that are at most so many seconds apart."""
    joined: list[Segment] = []
    for each in segments:
        last = joined[-1] if joined else None
        if last and last.payload == each.payload and each.start <= last.end + apart:
            joined[-1] = replace(last, end=max(last.end, each.end), p_value=each.p_value)
        else:
            joined.append(each)
    return joined
