"""`synthmark verify --plot` draws where in a sound a mark was found."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthmark import OPEN_KEY, watermark
from synthmark.watermark.timeline import timeline
from tests.cli.running import Run, untouched
from tests.media.sound_files import coded
from tests.pictures import coded as picture
from tests.pictures import scene
from tests.sounds import voice


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    marked = watermark.audio.embed(voice(6.0, seed=1), 16_000, bytes(16), key=OPEN_KEY)
    whole = np.concatenate([voice(7.0, seed=2), marked.samples])
    path = tmp_path / "sound.wav"
    path.write_bytes(coded(whole))
    return path


def test_it_draws_a_picture(synthmark: Run, sound: Path) -> None:
    done = synthmark("verify", sound, "--plot", "found.png")
    assert done.code == 0, done.words
    assert "MARKED" in done.text
    with Image.open("found.png") as image:
        assert image.format == "PNG"
        assert image.width > 1000
        # The part that was found is coloured.
        assert len(image.convert("RGB").getcolors(2**24) or ()) > 20
    untouched(sound.parent, "sound.wav", "found.png")


def test_nothing_is_overwritten(synthmark: Run, sound: Path) -> None:
    (sound.parent / "found.png").write_bytes(b"mine")
    synthmark("verify", sound, "--plot", "found.png").refused(2, "found.png", "exists")
    assert (sound.parent / "found.png").read_bytes() == b"mine"


def test_pictures_and_several_files_are_refused(synthmark: Run, sound: Path) -> None:
    synthmark("verify", sound, sound, "--plot", "found.png").refused(2, "one file")
    (sound.parent / "a.png").write_bytes(picture(scene(0, 128, 128)))
    synthmark("verify", "a.png", "--plot", "found.png").refused(2, "PNG")
    untouched(sound.parent, "sound.wav", "a.png")


def test_without_matplotlib_one_line_says_what_to_install(
    synthmark: Run, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    synthmark("verify", sound, "--plot", "found.png").refused(2, "synthmark[plot]")


def test_the_timeline_rises_where_the_mark_is() -> None:
    marked = watermark.audio.embed(voice(8.0, seed=1), 16_000, bytes(16), key=OPEN_KEY).samples
    whole = np.concatenate([voice(10.0, seed=2), marked])[:, None]
    found = timeline(np.asarray(whole, np.float32), 16_000, key=OPEN_KEY)
    within = found.times > 12.5
    before = found.times < 7.5
    assert found.scores[within].min() > 2 * found.scores[before].max()
    assert found.confidence[within].min() > 0.999
    short = timeline(np.zeros((8_000, 1), np.float32), 16_000, key=OPEN_KEY)
    assert len(short.times) == 1


def test_the_plot_of_silence(synthmark: Run, tmp_path: Path) -> None:
    (tmp_path / "silence.wav").write_bytes(coded(np.zeros(16_000, np.float32)))
    assert synthmark("verify", "silence.wav", "--plot", "found.png").code == 1
    with Image.open(io.BytesIO((tmp_path / "found.png").read_bytes())) as image:
        assert image.format == "PNG"
