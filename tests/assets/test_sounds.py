"""Sound through the whole chain: labelled, read back, shared, cut, glued, forged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import encypher_c2pa
import numpy as np
import pytest
import soxr

from synthmark import (
    OPEN_KEY,
    ContentId,
    Embedder,
    Label,
    Store,
    Strength,
    Verdict,
    Verifier,
    labels,
    media,
    watermark,
    words,
)
from synthmark.errors import UnmarkableError
from synthmark.facts import Likeness, ManifestState, WatermarkState
from synthmark.label import Provider
from synthmark.manifest import development
from synthmark.media.formats import WAV
from tests.assets.conftest import PROVIDER
from tests.media.sound_files import chunk, coded, heard, shared, with_chunks
from tests.sounds import voice

SPEECH = voice(6.0, seed=3)
KINDS = ("wav16", "wav24", "float", "flac16", "flac24", "mp3", "vorbis", "opus")


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_verified_and_recovered(
    kind: str, embedder: Embedder, verifier: Verifier
) -> None:
    result = embedder.embed(coded(SPEECH, kind), Label(model="acme-voice/1"))
    content_id = result.content_id
    assert result.media_type == media.sniff(result.asset).media_type
    assert result.report.verdict is Verdict.VERIFIED
    assert result.psnr is None
    assert result.snr is not None
    assert result.snr > 15
    report = verifier.verify(result.asset)
    assert report.verdict is Verdict.VERIFIED
    assert report.content_ids == dict.fromkeys(("watermark", "AIGC label", "manifest"), content_id)
    (part,) = report.watermark.segments
    assert (part.content_id, part.short, part.key) == (content_id, False, "OPEN")
    assert part.start < 0.5
    assert part.end > 5.5
    again = verifier.verify(shared(result.asset, "mp3" if kind != "mp3" else "vorbis"))
    assert again.verdict is Verdict.RECOVERED
    assert again.content_id == content_id
    assert again.comparison.likeness is Likeness.NEAR
    assert verifier.verify(coded(SPEECH, kind)).verdict is Verdict.UNMARKED


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_a_manifest_beside_ogg(kind: str, embedder: Embedder, verifier: Verifier) -> None:
    result = embedder.embed(coded(SPEECH, kind))
    assert result.sidecar is not None
    assert "manifest.detached" in {finding.code for finding in result.findings}
    alone = Verifier()
    assert alone.verify(result.asset).verdict is Verdict.MARKED
    assert alone.verify(result.asset, sidecar=result.sidecar).verdict is Verdict.VERIFIED
    changed = bytearray(result.asset)
    changed[-20] ^= 1
    report = alone.verify(bytes(changed), sidecar=result.sidecar)
    assert report.embedded.state is ManifestState.INVALID
    assert verifier.verify(bytes(changed)).verdict is not Verdict.VERIFIED


def test_without_a_store_a_lost_sidecar_is_a_warning() -> None:
    result = Embedder(provider=PROVIDER).embed(coded(SPEECH, "opus"))
    finding = next(each for each in result.findings if each.code == "manifest.detached")
    assert "sidecar" in words.sentence(finding)


@pytest.mark.parametrize("kind", ["wav16", "wav24", "flac24", "wav32", "float", "double"])
def test_silence_stays_bit_for_bit(kind: str, embedder: Embedder) -> None:
    wave = voice(7.0, seed=5)
    wave[:16_000] = 0
    wave[40_000:48_000] = 0
    sound = media.Sound.decode(coded(wave, kind))
    marked = media.Sound.decode(embedder.embed(coded(wave, kind)).asset)
    assert marked.samples.dtype == sound.samples.dtype
    assert not marked.samples[:16_000].any()
    assert not marked.samples[40_000:48_000].any()
    assert (marked.samples[:16_000] == sound.samples[:16_000]).all()
    assert (marked.samples != sound.samples).any()


def test_short_sound_carries_the_short_form(
    embedder: Embedder, verifier: Verifier, store: Store
) -> None:
    result = embedder.embed(coded(voice(3.5, seed=1)))
    report = verifier.verify(result.asset)
    assert report.verdict is Verdict.VERIFIED
    assert [each.short for each in report.watermark.segments] == [True]
    assert report.content_id == result.content_id
    lost = shared(result.asset, "wav16")
    found = verifier.verify(lost)
    assert (found.verdict, found.content_id) == (Verdict.RECOVERED, result.content_id)
    unknown = Verifier().verify(lost)
    assert (unknown.verdict, unknown.content_id) == (Verdict.MARKED, result.content_id.short)
    assert "watermark.short-id" in {finding.code for finding in unknown.findings}
    # The label of the same file knows the whole id as well.
    sound = media.Sound.decode(lost)
    values = labels.aigc.compose(Provider(), result.content_id)
    labelled = sound.encode(labels.write(sound.metadata, WAV, aigc=values, source_type="").metadata)
    assert Verifier().verify(labelled).content_id == result.content_id


@pytest.mark.usefixtures("unread_once")
def test_the_short_form_where_the_whole_id_does_not_read_back(
    embedder: Embedder, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    decode = media.Sound.decode

    def counted(*given: Any, **options: Any) -> media.Sound:
        decoded.append(decode(*given, **options))
        return decoded[-1]

    monkeypatch.setattr(media.Sound, "decode", counted)
    result = embedder.embed(coded(SPEECH, "opus"))
    # The input, and the two that were looked at.
    assert len(decoded) == 3
    assert result.report.verdict is Verdict.VERIFIED
    assert [each.short for each in result.report.watermark.segments] == [True]
    assert "watermark.short-form" in {finding.code for finding in result.findings}
    again = verifier.verify(shared(result.asset, "wav16"))
    assert (again.verdict, again.content_id) == (Verdict.RECOVERED, result.content_id)


def test_two_marked_sounds_glued_together(embedder: Embedder, verifier: Verifier) -> None:
    first, second = (embedder.embed(coded(voice(8.0, seed=seed))) for seed in (1, 2))
    glued = np.concatenate([heard(first.asset)[0], heard(second.asset)[0][: 6 * 16_000]])
    report = verifier.verify(coded(glued, "wav16"))
    assert report.verdict is Verdict.MARKED
    assert report.content_id is None
    parts = report.watermark.segments
    assert [part.content_id for part in parts] == [first.content_id, second.content_id]
    assert parts[0].end == pytest.approx(8, abs=1)
    assert parts[1].start == pytest.approx(8, abs=1)
    assert parts[1].end == pytest.approx(14, abs=1)
    assert report.comparison.likeness is Likeness.NEAR
    (finding,) = (each for each in report.findings if each.code == "watermark.several")
    assert str(first.content_id) in words.sentence(finding)
    assert str(second.content_id) in words.sentence(finding)


def test_a_marked_part_of_a_longer_sound(embedder: Embedder, verifier: Verifier) -> None:
    marked = heard(embedder.embed(coded(voice(8.0, seed=1))).asset)[0]
    around = voice(20.0, seed=9)[:, None]
    glued = np.concatenate([around[: 16_000 * 9], marked, around[16_000 * 9 :]])
    report = verifier.verify(coded(np.asarray(glued, np.float32)))
    assert report.verdict is Verdict.RECOVERED
    (part,) = report.watermark.segments
    assert part.start == pytest.approx(9, abs=1)
    assert part.end == pytest.approx(17, abs=1)
    assert "watermark.partial" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("seconds", [8.0, 4.5])
def test_a_mark_copied_onto_other_sound(
    seconds: float, embedder: Embedder, verifier: Verifier
) -> None:
    result = embedder.embed(coded(voice(seconds, seed=1)))
    payload = (result.content_id if seconds > 5 else result.content_id.short).payload
    # With the OPEN key anyone can put the mark of one sound into another.
    forged = watermark.audio.embed(voice(seconds, seed=8), 16_000, payload, key=OPEN_KEY)
    report = verifier.verify(coded(np.asarray(forged.samples, np.float32)))
    assert report.watermark.content_id == result.content_id
    assert report.comparison.likeness is Likeness.FAR
    assert report.verdict is Verdict.CONFLICTING
    assert "conflict.watermark-copied" in {finding.code for finding in report.findings}


def test_a_manifest_under_other_sound(embedder: Embedder) -> None:
    result = embedder.embed(coded(SPEECH, "wav16"))
    start = result.asset.index(b"C2PA")
    size = int.from_bytes(result.asset[start + 4 : start + 8], "little")
    store = result.asset[start + 8 : start + 8 + size]
    forged = with_chunks(coded(voice(6.0, seed=77), "wav16"), chunk(b"C2PA", store))
    report = Verifier().verify(forged)
    assert report.verdict is Verdict.CONFLICTING
    assert "conflict.manifest-copied" in {finding.code for finding in report.findings}


def test_faster_sound_is_recovered(embedder: Embedder, verifier: Verifier) -> None:
    wave, _ = heard(embedder.embed(coded(voice(12.0, seed=4))).asset)
    faster = np.asarray(soxr.resample(wave, 16_000, 16_000 / 1.08), np.float32)
    report = verifier.verify(coded(faster))
    assert report.verdict is Verdict.RECOVERED
    assert report.watermark.segments[0].pitch == pytest.approx(1.08, abs=0.005)


def test_marked_sound_is_not_marked_again(embedder: Embedder) -> None:
    once = shared(embedder.embed(coded(voice(8.0))).asset, "wav16")
    with pytest.raises(UnmarkableError, match="already") as caught:
        embedder.embed(once)
    assert caught.value.code == "watermark.occupied"


@pytest.mark.parametrize("kind", ["wav16", "mp3", "flac16"])
def test_an_independent_checker_agrees(kind: str, embedder: Embedder, tmp_path: Path) -> None:
    suffix = {"wav16": ".wav", "mp3": ".mp3", "flac16": ".flac"}[kind]
    path = tmp_path / f"sound{suffix}"
    path.write_bytes(embedder.embed(coded(SPEECH, kind)).asset)
    root = Path(development().root).read_text("utf-8")
    found = encypher_c2pa.verify(path, trust_pem=root, telemetry=False)
    assert found["validation_state"] == "Trusted"


def test_sound_has_one_strength(store: Store) -> None:
    embedder = Embedder(provider=PROVIDER, strength=Strength.ROBUST, store=store)
    result = embedder.embed(coded(SPEECH))
    assert "watermark.strength" in {finding.code for finding in result.findings}


def test_a_given_id_is_used(embedder: Embedder) -> None:
    content_id = ContentId(bytes(range(16, 32)))
    result = embedder.embed(coded(SPEECH), Label(content_id=content_id))
    assert result.report.watermark.state is WatermarkState.DECODED
    assert result.report.content_id == content_id
