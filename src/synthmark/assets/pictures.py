"""Pictures and animations: each frame is marked, and looked into, as one sees it on white."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from synthmark import fingerprint, labels, media, watermark
from synthmark.assets.asset import Form, Found, Kept, Labelled, Order, Print, Quality
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
from synthmark.label import ContentId
from synthmark.limits import Limits
from synthmark.media.parts.pieces import Scratch, Span
from synthmark.watermark.image.detection import read_as_it_lies

if TYPE_CHECKING:
    from synthmark.assets.asset import Trace
    from synthmark.facts import Strength
    from synthmark.keys import WatermarkKey
    from synthmark.media import Metadata, Picture, Samples, Source
    from synthmark.stopwatch import Stopwatch

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


class PictureAsset:
    """A decoded picture."""

    def __init__(self, picture: Picture) -> None:
        self.format, self.notes = picture.format, picture.notes
        self._picture = picture
        self._first: Samples | None = None

    @classmethod
    def open(cls, source: Source, limits: Limits) -> PictureAsset:
        """Decode a picture file."""
        return cls(media.Picture.decode(source.data, source.format, limits=limits))

    def label(self, order: Order, clock: Stopwatch) -> Labelled:
        """Mark every frame, and encode them with the labels that the format has a place for.

        A picture holds whole ids alone, and any as well as another: the first is taken.

        Raises:
            UnmarkableError: It is an icon, or no frame holds the mark.
        """
        content_id = order.content_ids[0]
        with clock("watermark"):
            marked = _marked(self._spent(), content_id, order.key, order.strength)
        with clock("fingerprint"):
            print_ = _print(marked.seen)
        with clock("encode"):
            picture = marked.picture
            written = labels.write(
                picture.metadata,
                picture.format,
                aigc=order.aigc(content_id),
                source_type=order.source_type,
            )
            data, notes = _coded(picture, written.metadata, content_id, order.key)
            trace = PictureTrace(picture)
        return Labelled(
            file=_aside(data),
            format=self.format,
            content_id=content_id,
            form=Form.WHOLE,
            labels=written,
            print=print_,
            quality=marked.quality,
            notes=(*picture.notes, *written.metadata.notes, *notes),
            trace=trace,
            not_held=watermark.image.NOT_HELD,
        )

    def _spent(self) -> Picture:
        """Return the picture, and refer to it no more: of a panorama every copy counts."""
        picture = self._picture
        del self._picture
        return picture

    def look(self, keys: Sequence[WatermarkKey], *, like: Trace | None = None) -> Found:
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

    def describe(self) -> dict[str, Any]:
        """Return what there is to say about the picture and its file, as JSON-ready values."""
        height, width = self._picture.pixels.shape[:2]
        return {"width": width, "height": height} | self._picture.describe()

    def fingerprint(self) -> Print:
        """Return ISCC and thumbnail of the first frame."""
        return _print(self._shown())

    def compare(self, mark: WatermarkLayer, kept: Kept) -> Comparison:
        """Compare the picture, laid as the watermark tells, with a kept print."""
        code, thumbnail = kept.print.code, kept.print.thumbnail
        return fingerprint.compare(self._shown(), mark.best.geometry, code, thumbnail)

    def _shown(self) -> Samples:
        if self._first is None:
            self._first = media.on_white(self._picture)
        return self._first


@dataclass(frozen=True, slots=True)
class _Marked:
    """A picture whose frames are marked.

    Attributes:
        picture: It.
        seen: Its first frame as it is shown.
        quality: The lowest PSNR and the best margin of its frames.
    """

    picture: Picture
    seen: Samples
    quality: Quality


def _marked(
    picture: Picture, content_id: ContentId, key: WatermarkKey, strength: Strength
) -> _Marked:
    """Mark every frame, and again only where it differs from the one before.

    What stands still keeps its pixels, mark included, and does not flicker; the mark of the
    rest is made with that in view, so it comes out as the same codeword. A frame that does not
    hold the mark stays as it is where another does.
    """
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
            marked = watermark.image.embed(pixels, content_id.payload, key=key, strength=strength)
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
    return _Marked(whole, first, Quality(psnr=min(psnrs), margin=max(margins)))


def _coded(
    picture: Picture, metadata: Metadata, content_id: ContentId, key: WatermarkKey
) -> tuple[bytes, list[Finding]]:
    """Code the frames as finely as they were, or finer where the mark is not read else."""
    container = picture.container
    pixels = [frame.pixels for frame in picture.frames]
    data = picture.encode(*pixels, metadata=metadata)
    if not container.coded:
        return data, []
    finer = iter(_FINER)
    while (least := next(finer, None)) is not None and not _is_read(data, content_id, key):
        data = picture.encode(*pixels, metadata=metadata, least=least)
    written = picture.format.parse(data, _OURS)
    times = written.coded / container.coded
    if _SAME_CLASS[0] <= times <= _SAME_CLASS[1]:
        return data, []
    return data, [Finding.info("media.rate", times=times, finer=times > 1)]


def _aside(data: bytes) -> media.Pieces:
    """Lay a file aside: a long one is not held while it is signed and read back."""
    file = cast("BinaryIO", Scratch())
    file.write(data)
    return media.Pieces(Span(file, 0, len(data)))


def _is_read(data: bytes, content_id: ContentId, key: WatermarkKey) -> bool:
    frames = media.Picture.decode(data, limits=_OURS).frames[:_MOST_FRAMES]
    shown = map(media.on_white, frames)
    return any(read_as_it_lies(each, key) == content_id.payload for each in shown)


def _print(seen: Samples) -> Print:
    made = fingerprint.fingerprint(seen)
    return Print(made.iscc, made.thumbnail)


def _same(one: Samples, other: Samples) -> Samples:
    """Return which pixels are the same in both, bool, to be broadcast over their samples."""
    same = np.asarray(one == other)
    return same if same.ndim == 2 else np.asarray(same.all(axis=2, keepdims=True))
