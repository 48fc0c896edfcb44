"""A short sound holds some ids and others not."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from synthmark import ContentId, Embedder, Label, Verdict, media
from synthmark.errors import UnmarkableError
from synthmark.label import Kind, Provider
from tests.media.sound_files import coded
from tests.sounds import voice

SOUND = coded(voice(0.7, seed=4))


def content_id(number: int) -> ContentId:
    return ContentId.new(Kind.GENERATED, Provider(), lambda count: _bytes(number, count))


def _bytes(number: int, count: int) -> bytes:
    return np.random.default_rng(number).bytes(count)


def holds(number: int) -> bool:
    try:
        Embedder().embed(SOUND, Label(content_id=content_id(number)))
    except UnmarkableError:
        return False
    return True


def test_of_ids_that_are_drawn_one_is_taken_that_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = range(24)
    held = [number for number in numbers if holds(number)]
    lost = [number for number in numbers if number not in held]
    assert held
    assert lost
    draws = iter([*lost[:3], *held])
    decoded = []
    decode = media.Sound.decode

    def counted(data: media.Data, *given: Any, **more: Any) -> media.Sound:
        decoded.append(len(data))
        return decode(data, *given, **more)

    monkeypatch.setattr(media.Sound, "decode", counted)
    embedder = Embedder(randomness=lambda count: _bytes(next(draws), count))
    result = embedder.embed(SOUND)
    assert result.report.verdict is Verdict.VERIFIED
    assert result.content_id in [content_id(number) for number in held]
    # Once to mark it and once to read it back, however many ids were tried.
    assert len(decoded) == 2


def test_an_id_that_was_given_is_the_only_one_that_is_tried() -> None:
    lost = next(number for number in range(100) if not holds(number))
    with pytest.raises(UnmarkableError, match="does not read back"):
        Embedder().embed(SOUND, Label(content_id=content_id(lost)))


def test_of_ids_that_it_holds_the_one_with_most_room_is_taken() -> None:
    """Codecs take some of it."""
    sound = coded(voice(1.0, seed=4))
    held = {}
    for number in range(8):
        with suppress(UnmarkableError):
            label = Label(content_id=content_id(number))
            held[number] = Embedder().embed(sound, label).margin
    assert max(held.values()) < 3
    draws = iter(range(8))
    result = Embedder(randomness=lambda count: _bytes(next(draws), count)).embed(sound)
    assert result.content_id == content_id(max(held, key=lambda number: held[number]))
