"""Read the payload of a picture that fills a frame, whitened in the one way or in the other.

Most pictures lie as they were marked, or were scaled, mirrored, turned by quarters or
inverted since: those are read here, without any search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from synthmark.watermark.image import (
    channel,
    coarse,
    folding,
    frame,
    geometry,
    presence,
    sync,
    whitening,
)
from synthmark.watermark.image.carriers import ORIENTATIONS, Carriers
from synthmark.watermark.image.sync import Sync
from synthmark.watermark.payload import Checker
from synthmark.watermark.polar import PolarCode
from synthmark.watermark.scheme import IMAGE_GENERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from synthmark.facts import Geometry
    from synthmark.keys import WatermarkKey
    from synthmark.watermark.scheme import ImageScheme

    Plane = NDArray[np.float32]

# Paths of the list decoder (docs/measured/ablation.md).
_LIST = 32
# Sync score that chance does not reach: no other orientation needs to be tried.
_CERTAIN = 8.0
# Sync score below which nothing is decoded. None of 166 payloads that were read after hard attacks
# had one below 7.5; in frames chance alone exceeds 4.6 once in fifty times.
_READABLE = 5.0
# The same of the coarse mark; one unmarked picture in two hundred and fifty scores more.
_COARSE_SCORE = 5.0
# Signs of the mark: of the picture as it was marked, and of its negative.
_POLARITIES = (1, -1)
# How a frame is whitened, and what kind of scores that gives. What the first way reads, in whatever
# frame, costs nothing of the second.
_READINGS: tuple[tuple[Callable[[Plane], Plane], presence.Kind], ...] = (
    (whitening.whiten, presence.UPRIGHT),
    (whitening.rank, presence.RANKED),
)

# The side of a frame, or a transform from the view to the frame.
Where = int | np.ndarray[Any, np.dtype[np.float64]]


class Reader:
    """Reads payloads under one key in one generation, and counts its checks."""

    def __init__(self, key: WatermarkKey, scheme: ImageScheme = IMAGE_GENERATIONS[0]) -> None:
        self.key = key
        self.scheme = scheme
        self.carriers = Carriers.of(key, scheme)
        self.checks = 0
        self._seen: dict[presence.Kind, list[tuple[Sync, Where]]] = {}
        self._checker = Checker(key, scheme)

    def look(
        self,
        spectrum: NDArray[np.complex64],
        side: int,
        upright: presence.Kind,
        orientations: Sequence[int],
    ) -> list[Sync]:
        """Return the ways a picture may lie in a frame of that side, the likeliest first.

        Args:
            spectrum: complex64 (TILE, TILE), of the whitened and folded frame.
            side: Short side of the frame.
            upright: What kind a score of the picture as it is belongs to.
            orientations: Numbers in `ORIENTATIONS`.
        """
        found = sync.find(spectrum, self.carriers, orientations, _POLARITIES)
        for each in found:
            as_it_is = each.orientation == 0 and each.polarity > 0
            self.note(upright if as_it_is else presence.TURNED, each, side)
        return found

    def note(self, kind: presence.Kind, found: Sync, where: Where) -> None:
        """Remember a score, for the case that nothing can be read."""
        self._seen.setdefault(kind, []).append((found, where))

    def likeliest(self) -> tuple[float, Sync, Where]:
        """Return what chance alone explains least, and the chance that it does."""
        best = []
        for kind, scores in self._seen.items():
            found, where = max(scores, key=lambda each: each[0].score)
            best.append((kind.chance(found.score, len(scores)), found, where))
        return min(best, key=lambda each: each[0])

    def read(self, spectrum: NDArray[np.complex64], guess: Sync) -> tuple[bytes | None, Sync]:
        """Return the payload, None unless its check is right, and the refined guess."""
        if guess.score < _READABLE:
            return None, guess
        found = sync.refine(spectrum, self.carriers, guess)
        soft = channel.soft_values(
            np.complex64(found.polarity) * spectrum,
            self.carriers,
            orientation=found.orientation,
            shift=found.shift,
            fitted=True,
        )
        return self._decoded(soft, self.scheme.free_bits), found

    def read_coarsely(self, small: Plane, shape: tuple[int, ...]) -> bytes | None:
        """Return the payload of the coarse mark, None unless its check is right."""
        lattice = coarse.Lattice.of(self.key, self.scheme)
        fitted = coarse.fit(coarse.series(small, lattice, shape), lattice, shape)
        as_it_lies = Sync(fitted.score, 0, (0.0, 0.0))
        self.note(presence.COARSE, as_it_lies, frame.side(min(shape)))
        if fitted.score < _COARSE_SCORE:
            return None
        soft = coarse.soft_values(lattice, fitted)
        return self._decoded(soft, 0)

    def _decoded(self, soft: NDArray[np.float32], free_bits: int) -> bytes | None:
        message_bits = self.scheme.message_bits(self.scheme.payload_bytes[0])
        messages = PolarCode.of(len(soft), message_bits, free_bits).decode(soft, paths=_LIST)
        self.checks += len(messages)
        return self._checker.first(messages)


Found = tuple[bytes, "WatermarkKey", "Geometry"]


def in_frames(gray: NDArray[np.uint8], readers: Sequence[Reader]) -> Found | None:
    """Read the picture as it was marked, or scaled, mirrored, turned by quarters or inverted since.

    Args:
        gray: uint8 (h, w), luma.
        readers: Tried one after the other on the same spectra.
    """
    short = min(gray.shape)
    framed: dict[int, Plane] = {}
    for whiten, kind in _READINGS:
        for side in frame.plausible_sides(short):
            if side not in framed:
                framed[side] = frame.to_frame(gray, side)
            plane = whiten(framed[side])
            spectrum = folding.spectrum(plane)
            for reader in readers:
                for guess in _guesses(spectrum, reader, side, kind):
                    payload, found = reader.read(spectrum, guess)
                    if payload is not None:
                        held = geometry.held(plane, found, reader.carriers)
                        where = geometry.in_frame(
                            gray.shape,
                            short / side,
                            *ORIENTATIONS[found.orientation],
                            held,
                            inverted=found.polarity < 0,
                        )
                        return payload, reader.key, where
    return None


def _guesses(
    spectrum: NDArray[np.complex64], reader: Reader, side: int, upright: presence.Kind
) -> Iterator[Sync]:
    """Yield the ways the picture may lie: as it is when its score is certain, else the best two.

    The best two of the picture as it was marked, and then of it inverted.
    """
    found = reader.look(spectrum, side, upright, (0,))
    yield from [each for each in found if each.score >= _CERTAIN]
    found += reader.look(spectrum, side, upright, range(1, len(ORIENTATIONS)))
    for polarity in _POLARITIES:
        alike = [each for each in found if each.polarity == polarity]
        best, second, *_ = sorted(alike, key=lambda each: -each.score)
        if best.score < _CERTAIN or best.orientation:
            yield best
        if best.score < _CERTAIN:
            yield second
