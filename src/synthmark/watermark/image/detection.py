"""Look for a payload in a picture, the likeliest and cheapest way first.

A picture that was only re-saved or scaled is read in its frame; one that was blurred or made very
small, by its coarse mark. Any other is searched: where its outline says it lies, then for a turn
and scale of the whole, then, window by window, for one that also stretches; what was bent is
tracked from there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from synthmark.facts import Detection, WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark.image import (
    coarse,
    folding,
    frame,
    geometry,
    outline,
    presence,
    search,
    sync,
    tracking,
    whitening,
)
from synthmark.watermark.image.carriers import ORIENTATIONS
from synthmark.watermark.image.frame import LEAST_SIDE, check_pixels
from synthmark.watermark.image.reading import Found, Reader, in_frames
from synthmark.watermark.scheme import IMAGE_GENERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from synthmark.watermark.image.frame import Pixels
    from synthmark.watermark.image.pose import Pose
    from synthmark.watermark.image.sync import Sync

    Matrix = NDArray[np.float64]

# Sync score of a pose from which on it is decoded at once; chance reaches it once in some 7,000
# poses (`presence.POSED`).
_LIKELY = 6.5
# Poses of the whole picture that are looked at.
_POSES = 6
# How many of them, or of the poses of windows, are decoded or followed whatever their score.
_DECODED_POSES = 2
# Short side, in pixels, of the view that poses are searched in: a larger picture is scaled to it.
_VIEW_SIDE = 704
# Side of a window in pixels of the view: two tiles of a picture that was not scaled.
_WINDOW = 256
# Windows that are searched, of nine (docs/measured/ablation.md).
_WINDOWS = 5
# Highest points of a power map whose mean tells how strong its lines are: some nine a pilot.
_LINES = 400
# Poses that are looked at from each window.
_STARTS = 4
# Score of a pose in its own window from which on it is followed at once; in 20 unmarked pictures
# none scored more than 2.2.
_ALONE = 2.4
# Sync score in its own window that a pose needs to be tracked once the likeliest two were; in 20
# unmarked pictures one scored more, 5.9.
_WINDOW_SYNC = 5.8
# By how much all windows have to see more of a pose than 1, which is chance, for it to be followed
# at once, times the root of a window's share of the plane: in more windows chance strays less.
# Measured (docs/measured/ablation.md).
_TOGETHER = 1.1
# Other poses that are tried after those, the best first. By trial.
_OTHERS = 5
# What the score that a window alone gives a pose counts for beside the one that all give. By trial.
_LESS = 0.75
# Sync score below which a pose of the whole picture is not tracked; of poses that chance made one
# in ninety scores more (`presence.POSED`).
_FOLLOWED = 5.6
# Radius around the window, in frame pixels, in which blocks count in each round of tracking: each
# 1.3 times the one before, then all (docs/measured/ablation.md).
_RADII = (140.0, 180.0, 235.0, 305.0, 400.0, 515.0, np.inf, np.inf)
# Of 271 starts that led to a payload none had a lower sync score than the second number after so
# many rounds of tracking; of 24 that did not, two in three had.
_TRIED = 3
_GROWING = 5.0
# Numbers in `ORIENTATIONS`: a pose is found up to a half turn.
_UPRIGHT_OR_TURNED = (0, 2)


def detect(pixels: Pixels, *, keys: Sequence[WatermarkKey] = (OPEN_KEY,)) -> Detection:
    """Report the first payload whose keyed check is right.

    Args:
        pixels: uint8 or uint16, (H, W, 3) RGB or (H, W) gray.
        keys: Tried one after the other on the same transforms.

    Returns:
        Decoded, with payload, key, geometry and p-value, the number of checks that detection made
        up to then times 2^-32; or present, where a mark can be seen but not read, with the chance
        that an unmarked picture looks like that; or absent.

    Raises:
        UsageError: Pixels have the wrong shape or type.
    """
    check_pixels(pixels)
    if min(pixels.shape[:2]) < LEAST_SIDE:
        return Detection(WatermarkState.ABSENT)
    gray = frame.luma(pixels)
    tried: list[Reader] = []
    for scheme in IMAGE_GENERATIONS:
        readers = [Reader(key, scheme) for key in keys]
        tried += readers
        found = in_frames(gray, readers) or _coarsely(pixels, readers) or _searched(gray, readers)
        if found is not None:
            payload, key, where = found
            chance = sum(each.checks / 2**each.scheme.check_bits for each in tried)
            return Detection(
                WatermarkState.DECODED, payload, key.name, chance, where, public=key.public
            )
    return _seen(gray, tried)


def read_as_it_lies(pixels: Pixels, key: WatermarkKey) -> bytes | None:
    """Return the payload of a picture as it was just marked, None where it does not hold one."""
    readers = [Reader(key, IMAGE_GENERATIONS[0])]
    found = in_frames(frame.luma(pixels), readers) or _coarsely(pixels, readers)
    return None if found is None else found[0]


def _coarsely(pixels: Pixels, readers: list[Reader]) -> Found | None:
    """Read the coarse mark of a picture that lies as it was marked, small or blurred since."""
    shape = pixels.shape[:2]
    short = min(shape)
    if short < coarse.LEAST_COPY:
        return None
    small = coarse.view(pixels)
    for reader in readers:
        payload = reader.read_coarsely(small, shape)
        if payload is not None:
            # Nothing tells which frame the picture had before it was made small.
            where = geometry.in_frame(shape, short / frame.side(short), False, 0)
            return payload, reader.key, where
    return None


def _seen(gray: NDArray[np.uint8], readers: list[Reader]) -> Detection:
    """Report a mark that cannot be read, where its pilots agree more than chance explains."""
    seen = [(*reader.likeliest(), reader) for reader in readers]
    chance, guess, where, reader = min(seen, key=lambda each: each[0])
    chance = min(1.0, chance * len(readers))
    if chance > presence.MOST_CHANCE:
        return Detection(WatermarkState.ABSENT)
    if isinstance(where, int):
        scale, lying = min(gray.shape) / where, ORIENTATIONS[guess.orientation]
        place = geometry.in_frame(gray.shape, scale, *lying, inverted=guess.polarity < 0)
    else:
        view, scale = _view(gray)
        plane = whitening.whiten(view)
        place = geometry.through(plane, _placed(where, guess), reader.carriers, scale)
    return Detection(
        WatermarkState.PRESENT, None, reader.key.name, chance, place, public=reader.key.public
    )


def _searched(gray: NDArray[np.uint8], readers: list[Reader]) -> Found | None:
    """Read the picture in any pose."""
    view, scale = _view(gray)
    plane = whitening.whiten(view)
    powers = search.power_map(plane)
    outlined = list(outline.transforms(view))
    for reader in readers:
        found = (
            _in_outline(plane, outlined, reader)
            or _as_a_whole(plane, powers, reader)
            or _by_windows(plane, reader)
        )
        if found is not None:
            payload, transform = found
            return payload, reader.key, geometry.through(plane, transform, reader.carriers, scale)
    return None


def _view(gray: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    """Return the view that poses are searched in, and its scale."""
    scale = min(1.0, _VIEW_SIDE / min(gray.shape))
    size = round(gray.shape[1] * scale), round(gray.shape[0] * scale)
    return frame.resize(gray, *size), scale


def _in_outline(
    plane: NDArray[np.float32], transforms: Sequence[Matrix], reader: Reader
) -> tuple[bytes, Matrix] | None:
    """Read the picture where its outline fills a frame, however it lies there."""
    for transform in transforms:
        spectrum = folding.spectrum_through(plane, transform)
        guess = sync.find(spectrum, reader.carriers)[0]
        reader.note(presence.POSED, guess, transform)
        if guess.score < _FOLLOWED:
            continue
        payload, found = reader.read(spectrum, guess)
        if payload is not None:
            return payload, _placed(transform, found)
        tracked = _tracked(plane, _placed(transform, found), reader, None, (np.inf,) * 3)
        if tracked is not None:
            return tracked
    return None


def _as_a_whole(
    plane: NDArray[np.float32], powers: NDArray[np.float32], reader: Reader
) -> tuple[bytes, Matrix] | None:
    """Look for one turn and scale of the whole picture."""
    tried = []
    for pose in search.similar(powers, reader.carriers, _POSES):
        transform = pose.transform()
        spectrum = folding.spectrum_through(plane, transform)
        guess = sync.find(spectrum, reader.carriers, _UPRIGHT_OR_TURNED)[0]
        reader.note(presence.POSED, guess, transform)
        payload, found = (None, guess)
        if guess.score >= _LIKELY:
            payload, found = reader.read(spectrum, guess)
        if payload is not None:
            return payload, _placed(transform, found)
        tried.append((guess, transform, spectrum))
    tried.sort(key=lambda each: -each[0].score)
    for guess, transform, spectrum in tried[:_DECODED_POSES]:
        payload, found = reader.read(spectrum, guess)
        if payload is not None:
            return payload, _placed(transform, found)
        if guess.score >= _FOLLOWED:
            tracked = _tracked(plane, _placed(transform, found), reader, None, (np.inf,) * 3)
            if tracked is not None:
                return tracked
    return None


def _by_windows(plane: NDArray[np.float32], reader: Reader) -> tuple[bytes, Matrix] | None:
    """Look for a pose in the windows with the clearest lines, and follow it from there."""
    corners = _corners(plane)
    windows = [
        np.ascontiguousarray(plane[top : top + _WINDOW, left : left + _WINDOW])
        for top, left in corners
    ]
    maps = np.stack([search.power_map(window) for window in windows])
    middles = np.array(corners) + np.array(windows[0].shape) / 2
    clearest = sorted(range(len(maps)), key=lambda number: -_clarity(maps[number]))[:_WINDOWS]
    sure = 1 + _TOGETHER * math.sqrt(windows[0].size / plane.size)
    left = []
    for number in clearest:
        mirrors = (False, True) if number == clearest[0] else (False,)
        places = middles - middles[number]
        for alone in search.bent(maps[number], reader.carriers, _STARTS, mirrors=mirrors):
            pose = search.seen_together(maps, places, reader.carriers, alone)
            if pose.score < sure and alone.score >= _ALONE:
                pose = alone
            elif pose.score < sure:
                left += [(pose.score, number, pose), (_LESS * alone.score, number, alone)]
                continue
            found = _followed(plane, windows[number], corners[number], pose, reader)
            if found is not None:
                return found
    left.sort(key=lambda each: -each[0])
    for rank, (_, number, pose) in enumerate(left[:_OTHERS]):
        least = 0.0 if rank < _DECODED_POSES else _WINDOW_SYNC
        found = _followed(plane, windows[number], corners[number], pose, reader, least)
        if found is not None:
            return found
    return None


def _followed(
    plane: NDArray[np.float32],
    window: NDArray[np.float32],
    corner: tuple[int, int],
    pose: Pose,
    reader: Reader,
    least: float = 0.0,
) -> tuple[bytes, Matrix] | None:
    """Read the picture in the pose of a window, or track it from there if its sync is good."""
    middle = corner[0] + window.shape[0] / 2, corner[1] + window.shape[1] / 2
    transform = pose.transform(middle)
    spectrum = folding.spectrum_through(plane, transform)
    guess = sync.find(spectrum, reader.carriers, _UPRIGHT_OR_TURNED)[0]
    if guess.score >= _LIKELY:
        payload, found = reader.read(spectrum, guess)
        if payload is not None:
            return payload, _placed(transform, found)
    inside = transform.copy()
    inside[:, 2] += transform[:, :2] @ np.array(corner)
    spectrum = folding.spectrum_through(window, inside)
    guess = sync.find(spectrum, reader.carriers, _UPRIGHT_OR_TURNED)[0]
    if guess.score < least:
        return None
    here = _placed(transform, sync.refine(spectrum, reader.carriers, guess))
    return _tracked(plane, here, reader, middle, _RADII)


def _tracked(
    plane: NDArray[np.float32],
    transform: Matrix,
    reader: Reader,
    centre: tuple[float, float] | None,
    radii: tuple[float, ...],
) -> tuple[bytes, Matrix] | None:
    """Follow a transform over the plane and read once the pilots agree."""
    rounds = tracking.track(plane, transform, reader.carriers, centre=centre, radii=radii)
    for number, better in enumerate(rounds, 1):
        spectrum = folding.spectrum_through(plane, better)
        guess = sync.find(spectrum, reader.carriers, (0,))[0]
        if guess.score >= _LIKELY:
            payload, found = reader.read(spectrum, guess)
            if payload is not None:
                return payload, _placed(better, found)
        elif number >= _TRIED and guess.score < _GROWING:
            break
    return None


def _corners(plane: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return the corners (y, x) of windows all over the plane."""
    height, width = plane.shape
    shares = (0.2, 0.5, 0.8)
    corners = [
        (round(down * max(0, height - _WINDOW)), round(across * max(0, width - _WINDOW)))
        for down in shares
        for across in shares
    ]
    return list(dict.fromkeys(corners))


def _clarity(powers: NDArray[np.float32]) -> float:
    """Return how strong the strongest lines of a power map are."""
    return float(np.partition(powers.ravel(), -_LINES)[-_LINES:].mean())


def _placed(transform: Matrix, found: Sync) -> Matrix:
    """Return a transform that brings the tile's origin to the frame's, turned if need be."""
    mirrored, turns = ORIENTATIONS[found.orientation]
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    move = np.eye(3)
    move[:2, :2] = np.diag([1.0, -1.0 if mirrored else 1.0]) @ np.linalg.matrix_power(
        quarter.T, turns
    )
    move[:2, 2] = -np.array(found.shift)
    return np.asarray(move @ transform)
