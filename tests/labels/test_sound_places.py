"""The AIGC label of sound: where the guide puts it, where else it is found, what others read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from synthmark import labels, media
from synthmark.facts import LabelLayer
from synthmark.label import ContentId, Provider
from synthmark.media import Block, formats
from tests.labels.test_places import CODE, NEW, OLD, SOURCE, TEXT, WRAPPED
from tests.media.sound_files import chunk, coded, frame, tag, with_chunks, with_comments
from tests.sounds import voice

WAVE = voice(0.4)
KINDS = ("wav16", "mp3", "flac16", "vorbis", "opus")
PLACES = {
    "wav16": "WAV chunk AIGC",
    "mp3": "ID3 TXXX AIGC",
    "flac16": "Vorbis comment AIGC",
    "vorbis": "Vorbis comment AIGC",
    "opus": "Vorbis comment AIGC",
}
WAV, MP3, FLAC = (coded(WAVE, kind) for kind in ("wav16", "mp3", "flac16"))
XMP = labels.xmp.make(TEXT.decode(), "http://example.org/digitalsourcetype/x")


def written(data: bytes) -> bytes:
    sound = media.Sound.decode(data)
    metadata = labels.write(sound.metadata, sound.format, aigc=NEW, source_type=SOURCE).metadata
    return sound.encode(metadata)


def read(data: bytes) -> LabelLayer:
    return labels.read(data, media.sniff(data))


@pytest.mark.parametrize("kind", KINDS)
def test_one_label_at_the_normative_place(kind: str) -> None:
    data = written(written(coded(WAVE, kind)))
    layer = read(data)
    assert layer.aigc is not None
    assert (layer.aigc.values, layer.aigc.place) == (NEW, PLACES[kind])
    assert layer.aigc.conforms
    assert layer.problems == ()
    assert data.count(b"ContentProducer") == 1


FOREIGN = {
    "bare JSON": (with_chunks(WAV, chunk(b"AIGC", TEXT)), "WAV chunk AIGC", True),
    "wrapped": (with_chunks(WAV, chunk(b"AIGC", WRAPPED)), "WAV chunk AIGC", True),
    "LIST INFO": (
        with_chunks(WAV, chunk(b"LIST", b"INFO" + chunk(b"ICMT", TEXT))),
        "LIST INFO of the file's tags",
        False,
    ),
    "XMP in WAV": (with_chunks(WAV, chunk(b"_PMX", XMP)), "XMP TC260:AIGC", False),
    "TXXX in WAV": (
        with_chunks(WAV, chunk(b"id3 ", tag(frame(b"TXXX", b"\3AIGC\0" + TEXT)))),
        "id3 TXXX of the file's tags",
        False,
    ),
    "TXXX": (tag(frame(b"TXXX", b"\3AIGC\0" + TEXT)) + MP3, "ID3 TXXX AIGC", True),
    "TXXX, version 2.2": (
        tag(frame(b"TXX", b"\0aigc\0" + TEXT, 2), version=2) + MP3,
        "ID3 TXXX AIGC",
        True,
    ),
    "TXXX, UTF-16": (
        tag(
            b"TXXX"
            + (3 + 10 + 2 * len(TEXT) + 2).to_bytes(4)
            + b"\0\0\1"
            + "AIGC\0".encode("utf-16")
            + TEXT.decode().encode("utf-16"),
            version=3,
        )
        + MP3,
        "ID3 TXXX AIGC",
        True,
    ),
    "comment of ID3": (
        tag(frame(b"COMM", b"\3eng\0" + TEXT)) + MP3,
        "COMM of the file's tags",
        False,
    ),
    "comment": (with_comments(FLAC, b"AIGC=" + TEXT), "Vorbis comment AIGC", True),
    "comment, small letters": (
        with_comments(FLAC, b"aigc=" + WRAPPED),
        "Vorbis comment AIGC",
        True,
    ),
    "another comment": (
        with_comments(FLAC, b"COMMENT=" + TEXT),
        "comment of the file's tags",
        False,
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_every_form_is_found_and_replaced(name: str) -> None:
    data, place, conforms = FOREIGN[name]
    found = read(data).aigc
    assert found is not None
    assert (found.values["ProduceID"], found.place) == ("old-id", place)
    assert found.conforms == conforms, found.problems
    new = read(written(data))
    assert new.aigc is not None
    assert new.aigc.values == NEW
    assert new.problems == ()
    assert b"old-id" not in written(data)


def test_what_stands_beside_a_label_in_wav_stays() -> None:
    texts = chunk(b"INAM", b"title\0") + chunk(b"ICMT", TEXT) + chunk(b"IART", b"artist")
    frames = (frame(b"TIT2", b"\3title"), frame(b"TXXX", b"\3AIGC\0" + TEXT))
    data = with_chunks(WAV, chunk(b"LIST", b"INFO" + texts), chunk(b"id3 ", tag(*frames)))
    new = written(data)
    assert b"old-id" not in new
    assert [item.place for item in media.items(new, formats.WAV)] == [
        "LIST INFO INAM",
        "LIST INFO IART",
        "id3 version",
        "id3 TIT2",
        "AIGC",
    ]


def test_two_labels_that_differ() -> None:
    other = json.dumps(OLD | {"ProduceID": "another"}).encode()
    data = with_comments(FLAC, b"AIGC=" + TEXT, b"AIGC=" + other)
    assert "aigc.several" in {problem.code for problem in read(data).problems}
    assert read(written(data)).problems == ()


def test_sound_without_a_label() -> None:
    data = with_chunks(WAV, chunk(b"LIST", b"INFO" + chunk(b"ICMT", b"made with AIGC tools")))
    assert read(data) == LabelLayer()
    assert media.Sound.decode(written(data)).metadata.blocks[0].kind == "LIST INFO"


def test_a_place_with_nonsense_is_found_not_to_conform() -> None:
    found = read(with_chunks(WAV, chunk(b"AIGC", b"\xff\xfe nonsense"))).aigc
    assert found is not None
    assert not found.conforms


def test_a_label_of_a_name_that_is_not_ascii() -> None:
    values = labels.aigc.compose(Provider(name="某公司"), ContentId(bytes(16)))
    for version in (3, 4):
        data = tag(frame(b"TIT2", b"\0t"), version=version) + MP3
        sound = media.Sound.decode(data)
        new = sound.encode(
            labels.write(sound.metadata, formats.MP3, aigc=values, source_type=SOURCE).metadata
        )
        found = read(new).aigc
        assert found is not None
        assert found.values["ContentProducer"] == "某公司"


def test_blocks_that_are_not_labels_stay() -> None:
    blocks = (Block("cue ", b"\0\0\0\0"), Block("AIGC", TEXT))
    metadata = labels.write(
        media.Metadata(blocks=blocks), formats.WAV, aigc=NEW, source_type=SOURCE
    ).metadata
    assert [block.kind for block in metadata.blocks] == ["cue ", "AIGC"]


def seen(command: list[str], path: Path) -> Any:
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.exiftool
@pytest.mark.parametrize("kind", ["flac16", "vorbis", "opus"])
def test_exiftool_reads_the_label(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "sound"
    path.write_bytes(written(coded(WAVE, kind)))
    (found,) = seen(["exiftool", "-json", "-G1", "-a", "-U"], path)
    label = found["Vorbis:Aigc"]
    assert (json.loads(label) if isinstance(label, str) else label) == NEW


@pytest.mark.exiftool
def test_exiftool_reads_the_chunk_of_wav(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(written(WAV))
    command = ["exiftool", "-U", "-b", "-Unknown_AIGC", str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    # It counts the byte that fills up a chunk of odd length.
    assert json.loads(done.stdout.rstrip(b"\0")) == NEW


@pytest.mark.ffmpeg
@pytest.mark.parametrize("kind", ["mp3", "flac16", "vorbis", "opus"])
def test_ffprobe_reads_the_label(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "sound"
    path.write_bytes(written(coded(WAVE, kind)))
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json"]
    found = seen(command, path)
    tags = found["format"].get("tags", {}) | found["streams"][0].get("tags", {})
    assert json.loads(tags["AIGC"]) == NEW
    assert NEW["ContentProducer"] == CODE


@pytest.mark.ffmpeg
@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg"])
def test_what_ffmpeg_writes_is_read(kind: str, tmp_path: Path) -> None:
    source, path = tmp_path / "a.wav", tmp_path / f"b.{kind}"
    source.write_bytes(WAV)
    command = ["ffmpeg", "-v", "error", "-i", str(source), "-metadata", f"AIGC={TEXT.decode()}"]
    command += ["-c:a", "libvorbis"] if kind == "ogg" else []
    subprocess.run([*command, str(path)], check=True)
    layer = read(path.read_bytes())
    assert layer.aigc is not None
    assert layer.aigc.conforms
    assert layer.aigc.values == OLD
