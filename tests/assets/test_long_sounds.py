"""A long sound is marked in steps and read in passages: the result is that of a short one."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from synthmark import Embedder, Store, Verdict, Verifier, media
from synthmark.assets import sounds
from synthmark.errors import UnmarkableError, UnreadableError
from synthmark.facts import Likeness
from synthmark.media.formats import WAV
from tests.assets.conftest import PROVIDER
from tests.media.sound_files import coded, heard, shared
from tests.sounds import RATE, voice

SPEECH = np.concatenate([voice(10.0, seed) for seed in range(3)])


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every sound be too long to be held, and what lasts more than 12 s be marked in steps."""
    monkeypatch.setattr("synthmark.media.sounds.sound._MOST_HELD", 1000)
    for module in ("sound", "libsndfile"):
        monkeypatch.setattr(f"synthmark.media.sounds.{module}.BLOCK", 50_000)
    monkeypatch.setattr("synthmark.media.parts.pieces._MOST_HELD", 1000)
    monkeypatch.setattr(sounds, "_STEP", 12.0)


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("kind", ["wav16", "wav24", "float", "flac16", "mp3", "vorbis", "opus"])
def test_every_format_is_verified_and_recovered(
    kind: str, embedder: Embedder, verifier: Verifier
) -> None:
    data = coded(SPEECH, kind)
    result = embedder.embed(data)
    assert result.report.verdict is Verdict.VERIFIED
    (part,) = result.report.watermark.segments
    assert not part.short
    assert [part.start, part.end] == pytest.approx([0, 30], abs=0.5)
    assert result.snr is not None
    before, after = heard(data)[0], heard(result.asset)[0]
    assert before.shape == after.shape
    ratio = 10 * np.log10(np.sum(before**2) / np.sum((after - before) ** 2))
    if kind in ("wav16", "wav24", "float", "flac16"):
        assert result.snr == pytest.approx(ratio, abs=0.1)
    again = verifier.verify(shared(result.asset))
    assert again.verdict is Verdict.RECOVERED
    assert again.comparison.likeness is Likeness.NEAR


@pytest.mark.parametrize("seconds", [29.9, 30.1])
def test_both_sides_of_the_switch_read_alike(seconds: float, verifier: Verifier) -> None:
    sound = coded(
        SPEECH[: round(29.9 * RATE)] if seconds < 30 else np.append(SPEECH, SPEECH[:1600])
    )
    result = Embedder(provider=PROVIDER).embed(sound)
    assert result.report.verdict is Verdict.VERIFIED
    assert result.margin == pytest.approx(12, abs=1)
    wave, rate = heard(result.asset)
    for begin in (0.0, 9.0, 24.0):
        cut = wave[round(begin * rate) :][: 5 * rate]
        assert verifier.verify(coded(cut)).content_id == result.content_id


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("kind", ["wav16", "flac24", "double"])
def test_silence_stays_bit_for_bit(kind: str, embedder: Embedder) -> None:
    wave = SPEECH.copy()
    wave[14 * RATE : 17 * RATE] = 0
    sound = media.Sound.decode(coded(wave, kind))
    marked = media.Sound.decode(embedder.embed(coded(wave, kind)).asset)
    assert marked.samples.dtype == sound.samples.dtype
    assert not marked.samples[14 * RATE : 17 * RATE].any()
    assert (marked.samples != sound.samples).any()


@pytest.mark.usefixtures("long")
def test_what_cannot_be_marked_is_refused(embedder: Embedder) -> None:
    with pytest.raises(UnmarkableError, match="silent"):
        embedder.embed(coded(np.zeros(20 * RATE, np.float32)))
    broken = SPEECH.copy()
    broken[25 * RATE] = np.nan
    with pytest.raises(UnreadableError, match="not numbers"):
        embedder.embed(coded(broken, "float"))
    loud = SPEECH.copy()
    loud[25 * RATE] = 1e9
    with pytest.raises(UnmarkableError, match="full scale"):
        embedder.embed(coded(loud, "float"))
    with pytest.raises(UnmarkableError, match="already"):
        embedder.embed(shared(embedder.embed(coded(SPEECH)).asset, "wav16"))


@pytest.mark.usefixtures("long")
def test_what_is_found_on_the_way_is_said(verifier: Verifier) -> None:
    broken = SPEECH.copy()
    broken[25 * RATE] = np.nan
    report = verifier.verify(coded(broken, "float"))
    assert "media.not-finite" in {each.code for each in report.findings}
    assert report.verdict is Verdict.UNMARKED
    report = verifier.verify(coded(np.zeros(20 * RATE, np.float32)))
    assert "watermark.silent" in {each.code for each in report.findings}


@pytest.mark.usefixtures("long", "unread_once")
def test_a_long_sound_may_carry_the_short_form(embedder: Embedder, verifier: Verifier) -> None:
    result = embedder.embed(coded(SPEECH))
    assert [each.short for each in result.report.watermark.segments] == [True]
    assert "watermark.short-form" in {finding.code for finding in result.findings}
    assert verifier.verify(result.asset).content_id == result.content_id


def test_memory_does_not_grow_with_length(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.setattr("synthmark.media.sounds.sound._MOST_HELD", 2**18)
    monkeypatch.setattr("synthmark.media.parts.pieces._MOST_HELD", 2**18)
    embedder, verifier = Embedder(provider=PROVIDER, store=store), Verifier(store=store)
    embedder.embed(coded(SPEECH))
    # Both have several passages of a minute: beside the one at hand the likeliest is kept.
    held = [_held(coded(np.tile(SPEECH, times)), embedder, verifier) for times in (6, 12)]
    assert held[1] < 1.1 * held[0] + 2**20


def test_nobody_copies_the_samples() -> None:
    data = coded(np.tile(SPEECH, 3))
    tracemalloc.start()
    try:
        media.items(data, WAV)
        media.inspect(data)
        assert tracemalloc.get_traced_memory()[1] < 2**16
    finally:
        tracemalloc.stop()


def _held(data: bytes, embedder: Embedder, verifier: Verifier) -> float:
    """Return the most bytes that embedding and verifying take beside the output."""
    tracemalloc.start()
    try:
        asset = embedder.embed(data).asset
        verifier.verify(asset)
        return tracemalloc.get_traced_memory()[1] - len(asset)
    finally:
        tracemalloc.stop()
