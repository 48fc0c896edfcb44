"""Every tag of an MP3 is in the labelled one, frame by frame, and readers find it there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from synthmark.media import Item
from synthmark.media.parts import id3
from synthmark.media.sounds import mp3
from tests.cli.running import Run
from tests.media.sound_files import coded, frame, tag
from tests.sounds import voice

SOUND = coded(voice(6.0), "mp3")
COVER = frame(b"APIC", b"\0image/png\0\3\0" + bytes(80), 3)
CHAPTER = frame(b"CHAP", b"c1\0" + bytes(7) + b"\5" + bytes(8) + frame(b"TIT2", b"\0Part", 3), 3)
CONTENTS = frame(b"CTOC", b"toc\0\3\1c1\0", 3)
TAGGED = {
    "slash, repeated artist, chapters": tag(
        frame(b"TPE1", b"\0AC/DC", 3),
        frame(b"TPE1", b"\0Another", 3),
        frame(b"TIT2", b"\0Either/Or", 3),
        CONTENTS,
        CHAPTER,
        COVER,
        version=3,
    ),
    "version 2.2": tag(
        frame(b"TT2", b"\0Old", 2),
        frame(b"TCP", b"\0001\0", 2),
        frame(b"GP1", b"\0G", 2),
        version=2,
    ),
    "sloppy": tag(
        frame(b"PRIV", b"PeakValue", 3),
        frame(b"TIT2", b"", 3),
        frame(b"POPM", b"me", 3),
        frame(b"TALB", b"\0Album", 3),
        COVER,
        version=3,
    ),
    "two in a row": tag(frame(b"TIT2", b"\0Four", 3), version=3) + tag(frame(b"TPE1", b"\3Five")),
    "version 1": b"",
}
VERSION_1 = b"TAG" + b"Title".ljust(30, b"\0") + b"Artist".ljust(94, b"\0") + b"\x11"
SAID = {
    "sloppy": ["manifest.id3-frames"],
    "version 1": ["media.id3v1"],
}


def ours(item: Item) -> bool:
    return item.place in ("ID3 TXXX", "ID3 TXX") and b"AIGC\0" in item.data


@pytest.mark.parametrize("name", TAGGED)
def test_every_tag_is_there(synthmark: Run, tmp_path: Path, name: str) -> None:
    data = TAGGED[name] + SOUND + VERSION_1 * (name == "version 1")
    source, labelled = tmp_path / "a.mp3", tmp_path / "a.labelled.mp3"
    source.write_bytes(data)
    done = synthmark("embed", "a.mp3", "--json")
    assert done.code == 0, done.words
    codes = [each["code"] for each in done.lines[0]["findings"]]
    assert [code for code in codes if "id3" in code] == SAID.get(name, [])
    new = labelled.read_bytes()
    old, kept = list(mp3.items(data)), [item for item in mp3.items(new) if not ours(item)]
    if name == "version 1":
        old += [
            Item("ID3 TIT2", b"\0Title"),
            Item("ID3 TPE1", b"\0Artist"),
            Item("ID3 TCON", b"\x0017"),
        ]
    assert sorted(kept, key=repr) == sorted(old, key=repr)
    assert new[3] == (data[3] if TAGGED[name] else id3.NEWEST)
    assert "VERIFIED" in synthmark("verify", "a.labelled.mp3").text


def seen(command: list[str], path: Path) -> Any:
    done = subprocess.run([*command, str(path)], capture_output=True, check=True)
    return json.loads(done.stdout.decode(errors="replace"))


@pytest.mark.exiftool
@pytest.mark.ffmpeg
def test_readers_see_what_they_saw(synthmark: Run, tmp_path: Path) -> None:
    source, labelled = tmp_path / "a.mp3", tmp_path / "a.labelled.mp3"
    source.write_bytes(TAGGED["slash, repeated artist, chapters"] + SOUND)
    assert synthmark("embed", "a.mp3").code == 0
    probe = ["ffprobe", "-v", "error", "-show_format", "-show_chapters", "-of", "json"]
    old, new = (seen(probe, path) for path in (source, labelled))
    assert new["format"]["tags"].pop("AIGC")
    assert new["format"]["tags"] == old["format"]["tags"]
    assert new["chapters"] == old["chapters"] != []
    assert new["format"]["duration"] == old["format"]["duration"]
    (old,), (new,) = (
        seen(["exiftool", "-json", "-a", "-G1:4", "-ID3v2_3:all"], path)
        for path in (source, labelled)
    )
    assert {name: text for name, text in new.items() if "UserDefined" not in name} == old | {
        "SourceFile": str(labelled)
    }
