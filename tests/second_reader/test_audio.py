"""The page on sound says enough: a reader written from it reads what synthmark marks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import audio
from tests.media.sound_files import coded, heard
from tests.second_reader import audio as second_reader
from tests.sounds import RATE, Wave, voice

GOLDEN = Path(__file__).parents[1] / "golden"
STORED = {
    f"{path.stem} {name}": sound
    for path in sorted(GOLDEN.glob("audio_marked*.npz"))
    for name, sound in np.load(path).items()
}
PAYLOADS = {"full": bytes(range(16)), "short": bytes(range(200, 208))}
KEY = WatermarkKey("other", bytes(range(32)))


@pytest.mark.parametrize("name", STORED)
def test_every_stored_sound_is_read(name: str) -> None:
    form = "short" if "short" in name else "full"
    assert second_reader.read(STORED[name], RATE) == PAYLOADS[form]


@pytest.fixture(scope="module")
def host() -> Wave:
    wave = voice(6.0, 2, 44_100)
    return np.stack((wave, np.roll(wave, 300)), axis=1)


@pytest.fixture(scope="module")
def marked(host: Wave) -> Wave:
    found = audio.embed(host, 44_100, PAYLOADS["full"], key=KEY).samples
    return np.asarray(found, np.float32)


def test_stereo_of_another_rate_is_read(marked: Wave) -> None:
    assert second_reader.read(marked, 44_100, KEY.secret) == PAYLOADS["full"]


def test_a_copy_saved_as_mp3_is_read(marked: Wave) -> None:
    wave, rate = heard(coded(marked, "mp3", 44_100))
    assert second_reader.read(wave, rate, KEY.secret) == PAYLOADS["full"]


def test_another_key_and_a_sound_without_a_mark_hold_nothing(host: Wave, marked: Wave) -> None:
    assert second_reader.read(marked, 44_100, OPEN_KEY.secret) is None
    assert second_reader.read(host, 44_100, KEY.secret) is None
