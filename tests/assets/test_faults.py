"""A coder that loses something is caught before its output is given out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import pytest

from synthmark import Embedder, labels, media
from synthmark.errors import ReadBackError
from synthmark.media import Metadata, Picture, Pieces, Samples, Sound
from tests.media.samples import chunk, exif, segment, with_chunks, with_segments
from tests.media.sound_files import chunk as riff_chunk
from tests.media.sound_files import coded as coded_sound
from tests.media.sound_files import comments, frame, tag
from tests.media.sound_files import with_chunks as with_riff
from tests.pictures import coded, scene
from tests.sounds import voice

SCENE = scene(5, 256, 256)
VOICE = voice(6.0, seed=3)
PROFILE = b"\0\0\2\x0c" + bytes(520)


def flac() -> bytes:
    plain = coded_sound(VOICE, "flac16")
    block = comments(b"TITLE=Sea", b"ARTIST=A")
    head = bytes((4,)) + len(block).to_bytes(3) + block
    return plain[:4] + b"\0" + plain[5:42] + head + plain[42:]


SOUNDS: dict[str, Callable[[], bytes]] = {
    "wav": lambda: with_riff(coded_sound(VOICE), riff_chunk(b"iXML", b"<BWFXML/>")),
    "flac": flac,
    "mp3": lambda: (
        tag(frame(b"TPE1", b"\0Singer"), frame(b"PRIV", b"x\0y")) + coded_sound(VOICE, "mp3")
    ),
    "opus": lambda: coded_sound(VOICE, "opus"),
}
PICTURES: dict[str, Callable[[], bytes]] = {
    "png": lambda: with_chunks(
        coded(SCENE),
        chunk(b"tEXt", b"Title\0Sea"),
        chunk(b"eXIf", exif()),
        chunk(b"sBIT", b"\5\6\5"),
    ),
    "jpeg": lambda: with_segments(
        coded(SCENE, "JPEG", quality=90),
        segment(0xE1, b"Exif\0\0" + exif()),
        segment(0xE2, b"ICC_PROFILE\0\1\1" + PROFILE),
        segment(0xFE, b"a comment"),
    ),
    "webp": lambda: coded(SCENE, "WEBP", quality=90, exif=exif(), icc_profile=PROFILE),
    "tiff": lambda: coded(SCENE, "TIFF", description="Sea", icc_profile=PROFILE),
}


def late(wave: Samples) -> Samples:
    # Opus in its mode for speech slips by 2 itself.
    return np.concatenate((0 * wave[:6], wave[:-6]))


def short(wave: Samples) -> Samples:
    return np.concatenate((wave[:30_000], wave[31_152:]))


def quiet(wave: Samples) -> Samples:
    return (wave * 0.9).astype(wave.dtype)


@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("fault", [late, short, quiet])
def test_a_sound_that_comes_back_otherwise_is_withheld(
    kind: str, fault: Callable[[Samples], Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = Sound.code

    def faulty(sound: Sound, blocks: Iterable[Samples]) -> BinaryIO:
        return code(sound, changed(blocks))

    def changed(blocks: Iterable[Samples]) -> Iterator[Samples]:
        yield fault(np.concatenate([*blocks]))

    monkeypatch.setattr(Sound, "code", faulty)
    with pytest.raises(ReadBackError, match=r"does not give back what was written|became"):
        Embedder().embed(SOUNDS[kind]())


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
def test_a_sound_that_loses_a_tag_is_withheld(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assemble = Sound.assemble

    def faulty(sound: Sound, coded: BinaryIO, metadata: Metadata) -> Pieces:
        lost = next(
            each
            for each in metadata.blocks
            if any(word in each.data for word in (b"BWFXML", b"Sea", b"Singer"))
        )
        kept = tuple(each for each in metadata.blocks if each is not lost)
        return assemble(sound, coded, replace(metadata, blocks=kept))

    monkeypatch.setattr(Sound, "assemble", faulty)
    with pytest.raises(ReadBackError, match="is lost"):
        Embedder().embed(SOUNDS[kind]())


def moved(picture: Any, *pixels: Samples, metadata: Metadata) -> tuple[Any, Any, Metadata]:
    return picture, [np.roll(each, 1, axis=1) for each in pixels], metadata


def darker(picture: Any, *pixels: Samples, metadata: Metadata) -> tuple[Any, Any, Metadata]:
    return picture, [each // 2 for each in pixels], metadata


def without_texts(picture: Any, *pixels: Samples, metadata: Metadata) -> tuple[Any, Any, Metadata]:
    return picture, pixels, replace(metadata, blocks=(), exif=None)


def without_colours(
    picture: Any, *pixels: Samples, metadata: Metadata
) -> tuple[Any, Any, Metadata]:
    container = replace(picture.container, icc=None, kept=())
    return replace(picture, container=container), pixels, metadata


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("fault", [moved, darker, without_texts, without_colours])
def test_a_picture_that_comes_back_otherwise_is_withheld(
    kind: str, fault: Callable[..., tuple[Any, Any, Metadata]], monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = Picture.encode

    def faulty(picture: Any, *pixels: Samples, metadata: Metadata) -> bytes:
        other, changed, lost = fault(picture, *pixels, metadata=metadata)
        return encode(other, *changed, metadata=lost)

    monkeypatch.setattr(Picture, "encode", faulty)
    with pytest.raises(ReadBackError, match=r"give back what was written|is lost|became"):
        Embedder().embed(PICTURES[kind]())


@pytest.mark.parametrize("kind", [*SOUNDS, *PICTURES])
def test_without_a_fault_nothing_is_withheld(kind: str) -> None:
    Embedder().embed((SOUNDS | PICTURES)[kind]())


def test_a_signer_that_loses_a_tag_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from synthmark import manifest

    sign = manifest.sign

    def faulty(encoded: bytes, format: media.Format, **options: Any) -> manifest.Signed:
        signed = sign(encoded, format, **options)
        return replace(signed, file=media.Pieces(signed.asset.replace(b"Singer", b"Sinner")))

    monkeypatch.setattr(manifest, "sign", faulty)
    with pytest.raises(ReadBackError):
        Embedder().embed(SOUNDS["mp3"]())


@pytest.mark.parametrize("kind", [*SOUNDS, *PICTURES])
def test_a_label_that_is_not_written_is_caught(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write = labels.write

    def forgetful(metadata: media.Metadata, *given: Any, **options: Any) -> labels.Written:
        return replace(write(metadata, *given, **options), metadata=metadata)

    monkeypatch.setattr(labels, "write", forgetful)
    with pytest.raises(ReadBackError) as caught:
        Embedder().embed((SOUNDS | PICTURES)[kind]())
    assert caught.value.code == "read-back.label"


@pytest.mark.parametrize(("layer", "value"), [("aigc", {"Label": "2"}), ("source_type", "other")])
def test_a_label_that_says_another_thing_is_caught(
    layer: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = labels.write

    def wrong(*given: Any, **options: Any) -> labels.Written:
        ordered = write(*given, **options)
        aigc = dict(options["aigc"]) | (value if layer == "aigc" else {})
        source_type = value if layer == "source_type" else options["source_type"]
        return replace(ordered, metadata=write(*given, aigc=aigc, source_type=source_type).metadata)

    monkeypatch.setattr(labels, "write", wrong)
    with pytest.raises(ReadBackError) as caught:
        Embedder().embed(PICTURES["png"]())
    assert caught.value.code == "read-back.label"
