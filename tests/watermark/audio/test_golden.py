"""Marked sounds that are kept: later versions must read all, and still mark like the newest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY
from synthmark.watermark import audio
from tests.sounds import RATE, voice

GOLDEN = Path(__file__).parents[2] / "golden" / "audio_marked.npz"
PAYLOADS = {"full": bytes(range(16)), "short": bytes(range(200, 208))}


AGES = ("", " 2", " 3")
"""At first; since what cells are worth and granted was set anew; since attacks are left alone."""


@pytest.fixture(params=PAYLOADS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def kept(form: str, age: str) -> NDArray[np.int16]:
    found: NDArray[np.int16] = np.load(GOLDEN)[form + age]
    return found


@pytest.mark.parametrize("age", AGES)
def test_what_was_marked_once_is_read_for_ever(form: str, age: str) -> None:
    found = audio.detect(kept(form, age), RATE, reach=audio.Search.NONE)
    assert found.payload == PAYLOADS[form]


def test_sound_is_still_marked_alike(form: str) -> None:
    host = (voice(3, 9) * 32767).astype(np.int16)
    marked = audio.embed(host, RATE, PAYLOADS[form], key=OPEN_KEY).samples
    difference = marked.astype(np.int32) - kept(form, AGES[-1])
    assert np.abs(difference).max() <= 2
    assert np.mean(difference != 0) < 0.01
