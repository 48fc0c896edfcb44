"""Tags of every format are kept, byte for byte."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from synthmark import media
from synthmark.media import Block
from synthmark.media.formats import FLAC, MP3
from synthmark.media.parts import id3, vorbis
from tests.media.sound_files import chunk, coded, frame, tag, with_chunks, with_comments
from tests.sounds import voice

WAVE = voice(0.5)
TITLE = frame(b"TIT2", b"\3A title")


def again(data: bytes) -> bytes:
    sound = media.Sound.decode(data)
    return sound.encode(sound.metadata)


def test_chunks_of_wav() -> None:
    chunks = [
        chunk(b"LIST", b"INFOINAM" + b"\6\0\0\0title\0"),
        chunk(b"bext", bytes(602)),
        chunk(b"cue ", bytes(4)),
        chunk(b"id3 ", tag(TITLE)),
        chunk(b"odd ", b"abc"),
    ]
    data = with_chunks(coded(WAVE), *chunks)
    assert again(data) == data
    noisy = with_chunks(coded(WAVE), chunk(b"JUNK", bytes(9)), *chunks, chunk(b"C2PA", bytes(20)))
    assert again(noisy) == data


@pytest.mark.parametrize("version", [2, 3, 4])
def test_frames_of_id3(version: int) -> None:
    name = b"TT2" if version == 2 else b"TIT2"
    front = tag(
        frame(name, b"\0A title", version), frame(b"PIC"[: 3 if version == 2 else 0] or b"APIC",
        bytes(40), version), version=version
    )  # fmt: skip
    behind = b"APETAGEX" + bytes(4) + (32).to_bytes(4, "little") + bytes(16)
    data = front + coded(WAVE, "mp3") + behind + b"TAG" + bytes(125)
    new = again(data)
    assert new.startswith(front)
    assert new.endswith(behind + b"TAG" + bytes(125))
    assert media.sniff(new) == MP3


def test_id3_manifest_of_before_is_left_out() -> None:
    old = frame(b"GEOB", b"\0application/x-c2pa-manifest-store\0c2pa\0c2pa manifest store\0abc")
    data = tag(TITLE, old) + coded(WAVE, "mp3")
    assert again(data).startswith(tag(TITLE))


def test_id3_unsynchronised_and_extended() -> None:
    plain = frame(b"TIT2", b"\0\xff\xe0", 3)
    body = plain.replace(b"\xff", b"\xff\0")
    head = b"ID3\3\0\x80" + len(body).to_bytes(4)
    assert media.Sound.decode(head + body + coded(WAVE, "mp3")).metadata.blocks[1].data == plain
    extended = (6).to_bytes(4) + bytes(6)
    head = b"ID3\3\0\x40" + (len(extended) + len(plain)).to_bytes(4)
    data = head + extended + plain + coded(WAVE, "mp3")
    assert media.Sound.decode(data).metadata.blocks[1].data == plain


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("text", ["plain", "标识 ü"])
def test_user_texts_of_id3(version: int, text: str) -> None:
    made = id3.user_text(version, "AIGC", text)
    found = id3.parse(id3.build(id3.Tag(version, (made,))))
    assert found == id3.Tag(version, (made,))
    assert id3.read_user_text(made) == ("AIGC", text)
    assert id3.read_user_text(Block("TIT2", TITLE)) is None


def test_comments_and_pictures_of_flac() -> None:
    picture = bytes(32)
    data = with_comments(coded(WAVE, "flac16"), b"TITLE=t", b"title=again", picture=picture)
    sound = media.Sound.decode(data)
    kept = (
        Block("VORBIS_COMMENT", b""),
        Block(vorbis.COMMENT, b"TITLE=t"),
        Block(vorbis.COMMENT, b"title=again"),
        Block("PICTURE", picture),
    )
    assert sound.metadata.blocks == kept
    other = media.Sound.decode(again(data))
    assert other.metadata.blocks == kept
    assert np.array_equal(other.samples, sound.samples)


def test_tags_before_flac_become_one() -> None:
    artist = frame(b"TPE1", b"\3An artist")
    data = tag(TITLE) + tag(artist) + coded(WAVE, "flac16")
    assert media.sniff(data) == FLAC
    assert again(data).startswith(tag(TITLE, artist) + b"fLaC")


@pytest.mark.ffmpeg
@pytest.mark.parametrize("kind", ["vorbis", "opus"])
@pytest.mark.parametrize("size", [10, 250, 255, 70_000, 200_000])
def test_comments_of_ogg(kind: str, size: int, tmp_path: Path) -> None:
    sound = media.Sound.decode(coded(WAVE, kind))
    blocks = (Block(vorbis.COMMENT, b"TITLE=t"), Block(vorbis.COMMENT, b"ART=" + b"x" * size))
    data = sound.encode(media.Metadata(blocks=blocks))
    other = media.Sound.decode(data)
    assert other.metadata.blocks[-2:] == blocks
    assert other.samples.shape == sound.samples.shape
    assert not other.notes
    # A strict reader counts pages and checks each sum.
    path = tmp_path / "a.ogg"
    path.write_bytes(data)
    command = ["ffmpeg", "-v", "warning", "-err_detect", "explode", "-i", str(path), "-f", "null"]
    done = subprocess.run([*command, "-"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_pages_of_ogg_get_the_checksum_that_others_write(kind: str) -> None:
    data = coded(WAVE, kind)
    sound = media.Sound.decode(data)
    assert sound.assemble(io.BytesIO(data), sound.metadata)[:58] == data[:58]


@pytest.mark.ffmpeg
@pytest.mark.parametrize("kind", ["wav16", "mp3", "flac16", "vorbis", "opus"])
def test_ffprobe_reads_the_title(kind: str, tmp_path: Path) -> None:
    data = coded(WAVE, kind)
    if kind == "wav16":
        data = with_chunks(data, chunk(b"LIST", b"INFOINAM" + b"\2\0\0\0t\0"))
    elif kind == "mp3":
        data = tag(frame(b"TIT2", b"\3t")) + data
    else:
        sound = media.Sound.decode(data)
        data = sound.encode(media.Metadata(blocks=(Block(vorbis.COMMENT, b"TITLE=t"),)))
    path = tmp_path / "sound"
    path.write_bytes(again(data))
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    tags = found["format"].get("tags", {}) | found["streams"][0].get("tags", {})
    assert {name.lower(): text for name, text in tags.items()}["title"] == "t"
