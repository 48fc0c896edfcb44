"""Pictures and animations: each frame is marked, and looked into, as one sees it on white."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from synthmark import fingerprint, labels, media, watermark
from synthmark.assets import Encoded, Found, Print
from synthmark.assets.picture_trace import PictureTrace
from synthmark.errors import UnmarkableError
from synthmark.facts import (
    Comparison,
    Finding,
    Medium,
    WatermarkLayer,
    WatermarkState,
    WatermarkTrack,
)
from synthmark.label import ContentId, ShortId
from synthmark.limits import Limits
from synthmark.watermark.image.detection import read_as_it_lies

if TYPE_CHECKING:
    from synthmark.assets import Trace
    from synthmark.facts import Strength
    from synthmark.keys import WatermarkKey
    from synthmark.media import Format, Metadata, Picture, Samples

# Below, the carriers are finer than the picture's own pixels: a mark is read from the very bytes,
# and from nothing that was made of them.
_LARGEST_ICON = 64
# Frames of an animation that are looked into; each costs as much as a picture.
_MOST_FRAMES = 5
# A lossy WebP, AVIF or HEIC may be too coarse for the mark: where it is not read, the picture is
# coded in these qualities at least.
_FINER = (60, 75, 90)
# In parts of the old size: within, nothing is said.
_SAME_CLASS = 0.75, 1.3
# What was just written has passed the limits that count.
_OURS = Limits(file_bytes=2**40, pixels=2**40, side=2**31, metadata_bytes=2**40)


class PictureMarking:
    """A picture whose frames are marked, and how its first frame is seen."""

    snr: float | None = None
    short = can_be_shorter = False
    not_held = watermark.image.NOT_HELD

    def __init__(
        self,
        picture: Picture,
        seen: Samples,
        content_id: ContentId,
        key: WatermarkKey,
        psnr: float,
        margin: float,
    ) -> None:
        self._picture, self._seen = picture, seen
        self.content_id, self._key = content_id, key
        self.psnr: float | None = psnr
        self.margin = margin

    def fingerprint(self) -> Print:
        """Return ISCC and thumbnail of the first frame."""
        return _print(self._seen)

    def encode(self, aigc: Mapping[str, str], source_type: str) -> Encoded:
        """Encode all frames, with the labels that the format has a place for."""
        picture = self._picture
        written = labels.write(picture.metadata, picture.format, aigc=aigc, source_type=source_type)
        data, notes = self._coded(written.metadata)
        notes = [*picture.notes, *written.metadata.notes, *notes]
        return Encoded(data, written, tuple(notes), PictureTrace(picture))

    def _coded(self, metadata: Metadata) -> tuple[bytes, list[Finding]]:
        """Code the frames as finely as they were, or finer where the mark is not read else."""
        picture, container = self._picture, self._picture.container
        pixels = [frame.pixels for frame in picture.frames]
        data = media.encode(picture, *pixels, metadata=metadata)
        if not container.coded:
            return data, []
        finer = iter(_FINER)
        while (least := next(finer, None)) is not None and not self._is_read(data):
            data = media.encode(picture, *pixels, metadata=metadata, least=least)
        times = media.inspect(data, limits=_OURS).coded / container.coded
        if _SAME_CLASS[0] <= times <= _SAME_CLASS[1]:
            return data, []
        return data, [Finding.info("media.rate", times=times, finer=times > 1)]

    def _is_read(self, data: bytes) -> bool:
        frames = media.decode(data, limits=_OURS).frames[:_MOST_FRAMES]
        shown = map(media.on_white, frames)
        return any(read_as_it_lies(each, self._key) == self.content_id.payload for each in shown)


class PictureSignal:
    """A decoded picture."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._first: Samples | None = None

    @property
    def format(self) -> Format:
        """The format of its file."""
        return self._picture.format

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What was found while it was decoded."""
        return self._picture.notes

    def mark(
        self,
        content_ids: Sequence[ContentId],
        *,
        key: WatermarkKey,
        strength: Strength,
        short: bool = False,
    ) -> PictureMarking:
        """Mark every frame, and again only where it differs from the one before.

        What stands still keeps its pixels, mark included, and does not flicker; the mark of the
        rest is made with that in view, so it comes out as the same codeword. A frame that does not
        hold the mark stays as it is where another does. The lowest PSNR and the best margin count.
        A picture holds whole ids alone, and any as well as another: the first is taken.
        """
        del short
        content_id = content_ids[0]
        picture = self._picture
        height, width = picture.pixels.shape[:2]
        if min(height, width) <= _LARGEST_ICON:
            raise UnmarkableError(
                f"the picture has {width}x{height} pixels: an icon of {_LARGEST_ICON} pixels or "
                "less a side cannot hold a watermark that lasts; label what it was made from",
                code="watermark.icon",
            )
        held: list[tuple[float, float]] = []

        def embedded(pixels: Samples) -> Samples:
            try:
                marked = watermark.image.embed(
                    pixels, content_id.payload, key=key, strength=strength
                )
            except UnmarkableError:
                if picture.later:
                    return pixels
                raise
            held.append((marked.psnr, marked.margin))
            return marked.pixels

        shown = media.on_white(picture)
        first = seen = embedded(shown)
        frames = [replace(picture, pixels=media.changed(picture, shown, seen))]
        for frame in picture.later:
            earlier, shown = shown, media.on_white(frame)
            still = _same(shown, earlier)
            if not still.all():
                seen = np.where(still, seen, embedded(np.where(still, seen, shown)))
            frames.append(replace(frame, pixels=media.changed(frame, shown, seen)))
        if not held:
            raise UnmarkableError(watermark.image.NOT_HELD)
        psnrs, margins = zip(*held, strict=True)
        whole = replace(frames[0], later=tuple(frames[1:]))
        return PictureMarking(whole, first, content_id, key, min(psnrs), max(margins))

    def detect(self, keys: Sequence[WatermarkKey], *, like: Trace | None = None) -> Found:
        """Look into the first frame, and of an animation into a few others until one is read."""
        found = watermark.image.detect(self._shown(), keys=keys)
        tried, later = 1, self._picture.later
        for frame in later[:: max(1, len(later) // (_MOST_FRAMES - 1))]:
            if found.state is WatermarkState.DECODED or tried == _MOST_FRAMES:
                break
            tried += 1
            other = watermark.image.detect(media.on_white(frame), keys=keys)
            found = found if other.state is WatermarkState.ABSENT else other
        if found.p_value is not None:
            # Each further frame is a further chance to be wrong.
            found = replace(found, p_value=min(1.0, tried * found.p_value))
        layer = WatermarkLayer((WatermarkTrack(Medium.PICTURE, found),))
        differences: list[str] = []
        if isinstance(like, PictureTrace):
            differences = like.differences(self._picture)
        return Found(layer, self._doubts(found.state), tuple(differences))

    def _doubts(self, state: WatermarkState) -> tuple[Finding, ...]:
        """Say where it means nothing that no watermark was found."""
        height, width = self._picture.pixels.shape[:2]
        if state is not WatermarkState.ABSENT or min(height, width) > _LARGEST_ICON:
            return ()
        return (
            Finding.warning("watermark.icon", width=width, height=height, largest=_LARGEST_ICON),
        )

    def fingerprint(self) -> Print:
        """Return ISCC and thumbnail of the first frame."""
        return _print(self._shown())

    def compare(
        self,
        mark: WatermarkLayer,
        content_id: ContentId | ShortId | None,
        code: str,
        thumbnail: bytes | None,
    ) -> Comparison:
        """Compare the picture, laid as the watermark tells, with a kept fingerprint."""
        del content_id
        return fingerprint.compare(self._shown(), mark.best.geometry, code, thumbnail)

    def _shown(self) -> Samples:
        if self._first is None:
            self._first = media.on_white(self._picture)
        return self._first


def _print(seen: Samples) -> Print:
    made = fingerprint.fingerprint(seen)
    return Print(made.iscc, made.thumbnail)


def _same(one: Samples, other: Samples) -> Samples:
    """Return which pixels are the same in both, bool, to be broadcast over their samples."""
    same = np.asarray(one == other)
    return same if same.ndim == 2 else np.asarray(same.all(axis=2, keepdims=True))
