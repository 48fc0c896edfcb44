"""Animations: every frame as it is shown, times and loops as they were."""

from __future__ import annotations

import io
from typing import Any

import encypher_c2pa
import numpy as np
import pytest
from PIL import Image

from synthmark import Embedder, Verifier, media
from synthmark.errors import LimitError, MediaError, UnreadableError, UnsupportedError, UsageError
from synthmark.limits import Limits
from synthmark.media import Metadata
from synthmark.report import Verdict
from tests.media.samples import chunk, coded, colours, with_chunks
from tests.pictures import coded as shared
from tests.pictures import scene

Array = np.ndarray[Any, np.dtype[np.uint8]]
KINDS = ["GIF", "PNG", "WEBP"]
TIMES = [100, 250, 40]


def animation(kind: str, frames: list[Array], **options: Any) -> bytes:
    first, *later = map(Image.fromarray, frames)
    out = io.BytesIO()
    lossless = {"lossless": True} if kind == "WEBP" else {}
    first.save(
        out,
        kind,
        save_all=True,
        append_images=later,
        **{"duration": TIMES, "loop": 3} | lossless | options,
    )
    return out.getvalue()


def moving(channels: int = 3) -> list[Array]:
    """A still ground, and a block that moves over it."""
    frames = []
    for number in range(3):
        frame = colours(channels=channels).copy()
        frame[10:20, 10 + 12 * number : 20 + 12 * number] = 200
        frames.append(frame)
    return frames


def seen(data: bytes) -> list[Array]:
    """What Pillow shows, frame by frame."""
    frames = []
    with Image.open(io.BytesIO(data)) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGBA")))
    return frames


def written(picture: media.Picture) -> bytes:
    pixels = [frame.pixels for frame in picture.frames]
    return picture.encode(*pixels, metadata=picture.metadata)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_times_and_loops_are_kept(kind: str) -> None:
    data = animation(kind, moving())
    picture = media.Picture.decode(data)
    shown = seen(data)
    assert len(picture.frames) == 3
    for frame, expected in zip(picture.frames, shown, strict=True):
        assert (frame.pixels == expected[..., :3]).all()
        assert frame.alpha is None
    again = media.Picture.decode(written(picture))
    assert again.container.durations == picture.container.durations == tuple(TIMES)
    assert again.container.loop == picture.container.loop == 3
    for frame, expected in zip(again.frames, shown, strict=True):
        difference = np.abs(frame.pixels.astype(int) - expected[..., :3])
        assert difference.mean() < (3 if kind == "GIF" else 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_what_vanishes_is_gone(kind: str) -> None:
    frames = moving(4)
    for number, frame in enumerate(frames):
        frame[..., 3] = 255
        frame[30:, 20 * number : 20 * number + 20, 3] = 0
    picture = media.Picture.decode(animation(kind, frames, disposal=2 if kind == "GIF" else 0))
    expected = [frame.alpha for frame in picture.frames]
    again = [frame.alpha for frame in media.Picture.decode(written(picture)).frames]
    for before, after, source in zip(expected, again, frames, strict=True):
        assert before is not None
        assert after is not None
        assert (before == source[..., 3]).all()
        assert (after == before).all()


def test_a_gif_does_not_flicker_where_nothing_moves() -> None:
    # Gray has no more colours than a palette holds, so nothing differs from the start.
    gray = [np.repeat(frame[..., :1], 3, axis=2) for frame in moving()]
    picture = media.Picture.decode(animation("GIF", gray))
    frames = seen(written(picture))
    still = np.ones(frames[0].shape[:2], bool)
    still[10:20] = False
    for frame in frames[1:]:
        assert (frame[still] == frames[0][still]).all()


def test_a_gif_of_one_frame_stays_one() -> None:
    picture = media.Picture.decode(coded(colours(), "GIF", comment=b"made by hand"))
    assert picture.frames == (picture,)
    data = written(picture)
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 1
        assert "loop" not in image.info
        assert image.info["comment"] == b"made by hand"


@pytest.mark.parametrize("kind", KINDS)
def test_xmp_stands_in_an_animation_too(kind: str) -> None:
    picture = media.Picture.decode(animation(kind, moving()))
    packet = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b" " * 3000 + b"</x:xmpmeta>"
    pixels = [frame.pixels for frame in picture.frames]
    data = picture.encode(*pixels, metadata=Metadata(xmp=packet))
    assert media.inspect(data).metadata.xmp == packet
    assert len(seen(data)) == 3


def test_a_default_image_stays_apart() -> None:
    data = animation("PNG", moving(), default_image=True, duration=TIMES[1:])
    picture = media.Picture.decode(data)
    assert picture.container.form.default_image
    again = media.Picture.decode(written(picture))
    assert again.container.form.default_image
    assert len(again.frames) == 3
    assert (again.pixels == picture.pixels).all()


def test_sixteen_bit_animations_are_refused_by_name() -> None:
    deep = coded((np.arange(256, dtype=np.uint16) * 257).reshape(16, 16), "PNG")  # type: ignore[arg-type]
    control = chunk(b"acTL", bytes((0, 0, 0, 1, 0, 0, 0, 0)))
    frame = chunk(b"fcTL", bytes((*[0] * 7, 16, *[0] * 3, 16, *[0] * 14)))
    with pytest.raises(UnsupportedError, match="animation of 16 bits") as caught:
        media.Picture.decode(with_chunks(deep, control, frame))
    assert caught.value.code == "media.animated"


@pytest.mark.parametrize("claimed", [0, 2, 4, 2**31 + 1])
def test_an_animation_without_the_frames_it_claims_is_a_still_picture(claimed: int) -> None:
    data = animation("PNG", moving())
    place = data.index(b"acTL") + 4
    picture = media.Picture.decode(data[:place] + claimed.to_bytes(4) + data[place + 4 :])
    assert picture.frames == (picture,)
    assert (picture.pixels == moving()[0]).all()
    assert b"acTL" not in written(picture)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_count_against_the_limit_before_any_is_decoded(kind: str) -> None:
    data = animation(kind, moving())
    with pytest.raises(LimitError, match="frames") as caught:
        media.Picture.decode(data, limits=Limits(pixels=2 * 2**16 + 1))
    assert caught.value.code == "limit.frames"
    assert len(media.Picture.decode(data, limits=Limits(pixels=3 * 2**16)).frames) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_too_few_pixels_are_a_mistake_of_the_caller(kind: str) -> None:
    picture = media.Picture.decode(animation(kind, moving()))
    with pytest.raises(UsageError, match="1 frames of pixels, not 3"):
        picture.encode(picture.pixels, metadata=picture.metadata)


def refusal(data: bytes) -> MediaError | None:
    try:
        media.Picture.decode(data)
    except MediaError as error:
        return error
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_cut_and_changed_files_raise_one_line(kind: str) -> None:
    data = animation(kind, [frame[:24, :32] for frame in moving()])
    for place in {*range(10, min(len(data), 900), 5), *range(900, len(data), 211)}:
        for damaged in (data[:place], data[:place] + b"\xff" + data[place + 1 :]):
            error = refusal(damaged)
            assert error is None or "\n" not in str(error)
    with pytest.raises(UnreadableError):
        media.Picture.decode(data[: len(data) // 4])


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_marked_and_any_one_of_them_is_read(kind: str) -> None:
    frames = [scene(40, 320, 320) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame[100:180, 40 + 60 * number : 120 + 60 * number] = scene(41, 80, 80)
    result = Embedder().embed(animation(kind, frames))
    assert result.report.verdict is Verdict.VERIFIED
    assert result.report.labels.aigc is not None
    found = encypher_c2pa.verify(result.asset, result.media_type, telemetry=False, online=False)
    assert (found["integrity"], found["signature"]) == ("valid", "valid")
    verifier = Verifier()
    for each in media.Picture.decode(result.asset).frames:
        again = shared(each.pixels, "JPEG", quality=85)
        assert verifier.verify(again).watermark.content_id == result.content_id


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_still_is_marked_once(kind: str) -> None:
    frames = [np.repeat(scene(42, 256, 256)[..., :1], 3, axis=2) for _ in range(3)]
    frames[1][:60, :60] = 9
    frames[2][:60, 60:120] = 9
    asset = Embedder().embed(animation(kind, frames)).asset
    first, *later = (each.pixels for each in media.Picture.decode(asset).frames)
    for pixels in later:
        assert (pixels[120:] == first[120:]).all()


def test_a_mark_that_only_a_later_frame_holds_is_read() -> None:
    blank = np.full((256, 256, 3), 255, np.uint8)
    frames = [blank, *(scene(seed, 256, 256) for seed in (50, 51))]
    result = Embedder().embed(animation("WEBP", frames, lossless=True))
    picture = media.Picture.decode(result.asset)
    data = picture.encode(blank, *(frame.pixels for frame in picture.later), metadata=Metadata())
    found = Verifier().verify(data).watermark
    assert found.content_id == result.content_id
    assert found.p_value is not None
    assert found.p_value < 1e-6
