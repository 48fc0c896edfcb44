"""What is kept of a marked picture, to tell that it comes out of its file again as it went in.

Pixels of lossless formats are the same or they are not: a digest tells. Of lossy ones are kept the
mean of each part of each frame, and a few patches of the first, whose best place among those
around tells whether the picture was shifted.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.media import Picture, Samples

_DIGEST = 16
# Parts of a frame's side whose means are kept; sides of a patch and pixels that it is moved by.
_PARTS, _PATCH, _REACH = 8, 96, 3
# Patches that are kept, and the least standard deviation of one that tells its place.
_PATCHES, _BUSY = 4, 2.0
# Levels of 255 by which the mean of a part may be off: JPEG of quality 5 and WebP of quality 1 are
# off by 6, a palette of 255 colours by 8.
_MEAN = 16.0
# Share of what does not fit at the own place that has to be mended by another.
_MENDED = 0.1


@dataclass(frozen=True, slots=True)
class _Patch:
    """A part of the first frame's luma, float32."""

    top: int
    left: int
    luma: NDArray[np.float32]


class PictureTrace:
    """What is kept of a marked picture or animation."""

    def __init__(self, picture: Picture) -> None:
        container = picture.container
        self._moving = bool(container.durations)
        self._exact = container.lossless
        self._forms = [_form(frame) for frame in picture.frames]
        self._digests: list[bytes] = []
        self._means: list[NDArray[np.float32]] = []
        self._patches: list[_Patch] = []
        if self._exact:
            self._digests = [_digest(frame, shown=self._moving) for frame in picture.frames]
        else:
            self._means = [_means(frame, shown=self._moving) for frame in picture.frames]
            self._patches = _patches(picture.pixels)

    def differences(self, found: Picture) -> list[str]:
        """Return how a picture differs from the one that it should be like, in words."""
        forms = [_form(frame) for frame in found.frames]
        if len(forms) != len(self._forms):
            return [f"{len(self._forms)} frames came back as {len(forms)}"]
        if forms != self._forms:
            return [f"pixels of {self._forms[0]} came back as {forms[0]}"]
        differences = []
        for number, frame in enumerate(found.frames):
            name = f"frame {number + 1}" if self._moving else "the picture"
            if self._exact:
                if _digest(frame, shown=self._moving) != self._digests[number]:
                    differences.append(f"the pixels of {name} are not those that were written")
                continue
            off = float(np.abs(_means(frame, shown=self._moving) - self._means[number]).max())
            if off > _MEAN:
                differences.append(f"{name} came back {off:.0f} levels off")
        down, across = _move(self._patches, found.pixels)
        if down or across:
            differences.append(f"the picture came back moved by {across}, {down} pixels")
        return differences


def _form(frame: Picture) -> str:
    size = "x".join(str(each) for each in frame.pixels.shape[1::-1])
    kind = "gray" if frame.pixels.ndim == 2 else "RGB"
    return f"{size} {kind} {frame.pixels.dtype}{'' if frame.alpha is None else ' and alpha'}"


def _digest(frame: Picture, *, shown: bool) -> bytes:
    digest = blake2b(digest_size=_DIGEST)
    pixels = frame.pixels
    if frame.alpha is not None:
        # Transparent pixels of an animation have the colours of what is below, or none.
        digest.update(np.ascontiguousarray(frame.alpha).data)
        pixels = pixels * (frame.alpha > 0)[..., None] if shown else pixels
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.digest()


def _means(frame: Picture, *, shown: bool) -> NDArray[np.float32]:
    """Return the mean colours of the parts of a frame and the mean of its alpha, 0 to 255."""
    pixels, alpha = frame.pixels, frame.alpha
    if alpha is not None and shown:
        pixels = pixels * (alpha > 0)[..., None]
    planes = [each for each in (pixels, alpha) if each is not None]
    small = [cv2.resize(each, (_PARTS, _PARTS), interpolation=cv2.INTER_AREA) for each in planes]
    full = np.float32(np.iinfo(pixels.dtype).max)
    return np.dstack(small).astype(np.float32) * (np.float32(255) / full)


def _patches(pixels: Samples) -> list[_Patch]:
    """Return the patches, of a grid over the picture, in which most happens."""
    sides = pixels.shape[:2]
    side = min(_PATCH, *(each - 2 * _REACH for each in sides))
    if side < 2 * _REACH:
        return []
    tops, lefts = (
        np.unique(np.linspace(_REACH, each - _REACH - side, min(_PARTS, each // side)).astype(int))
        for each in sides
    )
    # Green alone tells well enough where most happens.
    green = pixels if pixels.ndim == 2 else pixels[..., 1]
    corners = [(int(top), int(left)) for top in tops for left in lefts]
    corners.sort(key=lambda each: float(green[each[0] :, each[1] :][:side:4, :side:4].std()))
    found = [
        _Patch(top, left, _luma(pixels[top : top + side, left : left + side]))
        for top, left in reversed(corners[-_PATCHES:])
    ]
    return [patch for patch in found if patch.luma.std() > _BUSY]


def _luma(pixels: Samples) -> NDArray[np.float32]:
    gray = pixels if pixels.ndim == 2 else pixels.mean(axis=2, dtype=np.float32)
    return gray.astype(np.float32) * np.float32(255 / np.iinfo(pixels.dtype).max)


def _move(patches: list[_Patch], pixels: Samples) -> tuple[int, int]:
    """Return by how many rows and columns the patches moved, (0, 0) where they do not agree."""
    moves = []
    for patch in patches:
        high, wide = patch.luma.shape
        rows = slice(patch.top - _REACH, patch.top + high + _REACH)
        columns = slice(patch.left - _REACH, patch.left + wide + _REACH)
        around = _luma(pixels[rows, columns])
        fits = cv2.matchTemplate(around, patch.luma, cv2.TM_CCOEFF_NORMED)
        down, across = (int(each) for each in np.unravel_index(int(fits.argmax()), fits.shape))
        best, own = float(fits[down, across]), float(fits[_REACH, _REACH])
        moves.append(
            (down - _REACH, across - _REACH) if best - own > _MENDED * (1 - own) else (0, 0)
        )
    agreed = max(set(moves), key=moves.count, default=(0, 0))
    return agreed if 2 * moves.count(agreed) > len(moves) else (0, 0)
