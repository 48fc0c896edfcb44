"""Sound on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Run, untouched
from tests.media.sound_files import coded, shared
from tests.sounds import voice

DATA = coded(voice(6.0))


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    path.write_bytes(DATA)
    return path


def test_embed_and_verify(synthmark: Run, speech: Path) -> None:
    done = synthmark("embed", "speech.wav", "--json", "--model", "acme-voice/2")
    assert done.code == 0, done.words
    (line,) = done.lines
    assert line["output"] == "speech.labelled.wav"
    assert line["media_type"] == "audio/wav"
    assert line["psnr"] is None
    assert line["snr"] > 15
    untouched(speech.parent, "speech.wav", "speech.labelled.wav")
    done = synthmark("verify", "speech.labelled.wav")
    assert done.code == 0
    assert "VERIFIED" in done.text
    assert "0.0 .. " in done.text
    assert line["content_id"] in done.text
    (found,) = synthmark("verify", "--json", "speech.labelled.wav").lines
    (track,) = found["watermark"]["tracks"]
    (segment,) = track["found"]["segments"]
    assert segment["content_id"] == line["content_id"]
    assert not segment["short"]
    assert segment["p_value"] < 0.001


def test_what_was_shared_is_recovered(synthmark: Run, speech: Path) -> None:
    assert synthmark("embed", speech, "-o", "labelled.wav").code == 0
    Path("clip.mp3").write_bytes(shared(Path("labelled.wav").read_bytes()))
    done = synthmark("verify", "clip.mp3")
    assert (done.code, "RECOVERED" in done.text) == (0, True)
    assert synthmark("verify", speech).code == 1


def test_inspect(synthmark: Run, speech: Path) -> None:
    synthmark("embed", speech, "-o", "labelled.wav")
    found = json.loads(synthmark("inspect", "labelled.wav").text)
    assert found["media_type"] == "audio/wav"
    assert found["sound"]["codec"] == "PCM_16"
    assert found["sound"]["seconds"] == 6
    assert found["watermark"]["state"] == "decoded"
    assert found["labels"]["aigc"]["place"] == "WAV chunk AIGC"
    assert found["fingerprint"].startswith("SMSP1:")
    assert found["manifest"]["active_manifest"]


def test_the_name_promises_another_format(synthmark: Run, speech: Path) -> None:
    synthmark("embed", speech, "-o", "labelled.mp3").refused(2, "MP3", "WAV")
    untouched(speech.parent, "speech.wav")


def test_sound_that_is_too_short(synthmark: Run, tmp_path: Path) -> None:
    (tmp_path / "click.wav").write_bytes(coded(voice(0.2)))
    synthmark("embed", "click.wav").refused(3, "200 ms")
    done = synthmark("verify", "click.wav")
    assert done.code == 1
    assert "watermark.too-short" in done.text
    untouched(tmp_path, "click.wav")
