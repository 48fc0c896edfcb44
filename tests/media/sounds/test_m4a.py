from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import encypher_c2pa
import numpy as np
import pytest

from synthmark import Embedder, Verdict, Verifier, labels, media
from synthmark.errors import LimitError, MediaError, UnsupportedError
from synthmark.limits import Limits
from synthmark.manifest import development
from synthmark.media import Block
from synthmark.media.formats import M4A
from synthmark.media.sounds import m4a
from tests.assets.conftest import PROVIDER
from tests.labels.test_places import NEW, OLD, TEXT
from tests.media.sound_files import m4a as coded
from tests.sounds import music, voice

SPEECH = coded(voice(6.0))


def box(kind: bytes, *parts: bytes) -> bytes:
    return (8 + sum(map(len, parts))).to_bytes(4) + kind + b"".join(parts)


@pytest.mark.parametrize("bit_rate", [64_000, 128_000])
def test_rate_class_length_place_and_tags_are_kept(bit_rate: int) -> None:
    wave = music(3.0)
    data = coded(wave, 44_100, bit_rate)
    assert media.sniff(data) == M4A
    sound = media.Sound.decode(data)
    assert sound.samples.shape == wave.shape
    other = media.Sound.decode(sound.encode(sound.metadata))
    assert other.samples.shape == wave.shape
    assert other.track.bit_rate == pytest.approx(sound.track.bit_rate, rel=0.15)
    assert other.metadata == sound.metadata
    assert any(b"A title" in block.data for block in other.metadata.blocks)
    error = other.samples - sound.samples
    assert np.square(error).mean() < 0.15 * np.square(sound.samples).mean()


def test_the_whole_chain(tmp_path: Path) -> None:
    result = Embedder(provider=PROVIDER).embed(SPEECH)
    assert result.media_type == M4A.media_type
    assert result.report.verdict is Verdict.VERIFIED
    assert result.report.labels.aigc is not None
    assert result.report.labels.aigc.conforms
    assert result.report.labels.aigc.place == "M4A moov.udta.meta AIGC"
    assert Verifier().verify(SPEECH).verdict is Verdict.UNMARKED
    path = tmp_path / "sound.m4a"
    path.write_bytes(result.asset)
    root = Path(development().root).read_text("utf-8")
    found = encypher_c2pa.verify(path, trust_pem=root, telemetry=False)
    assert found["validation_state"] == "Trusted"


@pytest.mark.exiftool
@pytest.mark.ffmpeg
def test_others_read_label_and_title(tmp_path: Path) -> None:
    sound = media.Sound.decode(SPEECH)
    metadata = labels.write(sound.metadata, M4A, aigc=NEW, source_type="").metadata
    path = tmp_path / "sound.m4a"
    path.write_bytes(sound.encode(metadata))
    readers: list[tuple[list[str], Callable[[Any], Any]]] = [
        (["exiftool", "-json", "-a", "-U"], lambda found: (found[0]["AIGC"], found[0]["Title"])),
        (
            ["ffprobe", "-v", "error", "-show_format", "-of", "json"],
            lambda found: (found["format"]["tags"]["AIGC"], found["format"]["tags"]["title"]),
        ),
    ]
    for command, find in readers:
        done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
        label, title = find(json.loads(done.stdout))
        assert (json.loads(label) if isinstance(label, str) else label) == NEW
        assert title == "A title"


def test_labels_are_found_and_replaced() -> None:
    sound = media.Sound.decode(SPEECH)
    for kind, conforms in ((m4a.KEY, True), (m4a.LOOSE_KEY, False)):
        old = Block(kind, m4a.keyed("AIGC", TEXT.decode()).data)
        metadata = media.Metadata(blocks=(old,))
        (found,) = labels.find(metadata, M4A)
        assert found.label.values == OLD
        assert found.label.conforms == conforms
        metadata = labels.write(metadata, M4A, aigc=NEW, source_type="").metadata
        data = sound.encode(metadata)
        layer = labels.read(data, M4A)
        assert layer.aigc is not None
        assert layer.aigc.values == NEW
        assert layer.problems == ()


def test_a_foreign_label_among_the_tags_of_itunes_goes_alone() -> None:
    comment = box(b"\xa9cmt", box(b"data", (1).to_bytes(4), bytes(4), TEXT))
    title = box(b"\xa9nam", box(b"data", (1).to_bytes(4), bytes(4), b"A title"))
    handler = box(b"hdlr", bytes(8), b"mdirappl")
    meta = box(b"meta", bytes(4), handler, box(b"ilst", comment, title))
    sound = media.Sound.decode(SPEECH)
    old = sound.encode(media.Metadata(blocks=(Block("meta", meta),)))
    again = media.Sound.decode(old)
    metadata = labels.write(again.metadata, M4A, aigc=NEW, source_type="").metadata
    new = again.encode(metadata)
    assert TEXT not in new
    places = [item.place for item in media.items(new, M4A)]
    assert "moov.udta.meta.ilst.\xa9nam" in places
    assert "moov.udta.meta.ilst.\xa9cmt" not in places


def test_a_bare_meta_in_moov_is_read() -> None:
    keyed = m4a.keyed("AIGC", TEXT.decode())
    sound = media.Sound.decode(SPEECH)
    data = sound.encode(media.Metadata(blocks=(keyed,)))
    start = data.rindex(b"udta") - 4
    loose = data[:start] + data[start + 8 :]
    place = loose.rindex(b"moov") - 4
    loose = loose[:place] + (len(loose) - place).to_bytes(4) + loose[place + 4 :]
    found = labels.read(loose, M4A).aigc
    assert found is not None
    assert (found.values, found.place) == (OLD, "M4A moov.meta AIGC")


def gapless(delay: int, padding: int, samples: int) -> bytes:
    """iTunes' item about the coder's delay."""
    text = b" 00000000 %08X %08X %016X" % (delay, padding, samples) + b" 00000000" * 8
    return box(
        b"----",
        box(b"mean", bytes(4), b"com.apple.iTunes"),
        box(b"name", bytes(4), b"iTunSMPB"),
        box(b"data", (1).to_bytes(4), bytes(4), text),
    )


def test_what_itunes_says_of_the_coding_is_said_of_the_new_one() -> None:
    title = box(b"\xa9nam", box(b"data", bytes(4), b"t"))
    handler = box(b"hdlr", bytes(8), b"mdirappl")
    meta = box(b"meta", bytes(4), handler, box(b"ilst", gapless(2112, 7, 9), title))
    sound = media.Sound.decode(SPEECH)
    data = sound.encode(media.Metadata(blocks=(Block("meta", meta),)))
    kept = [block.data for block in media.Sound.decode(data).metadata.blocks]
    # 96,000 samples and a delay of 1,024 fill 94.75 frames.
    assert gapless(1024, 256, 96_000) in kept
    assert title in kept


def test_what_only_itunes_says_of_the_length_counts() -> None:
    handler = box(b"hdlr", bytes(8), b"mdirappl")
    item = gapless(1024, 256, 90_000)
    meta = box(b"meta", bytes(4), handler, box(b"ilst", item))
    sound = media.Sound.decode(SPEECH)
    data = sound.encode(media.Metadata(blocks=(Block("meta", meta),)))
    data = data.replace(b"edts", b"free").replace(gapless(1024, 256, 96_000), item)
    assert len(media.Sound.decode(data).samples) == 90_000


def test_without_pyav_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UnsupportedError, match=r"pip install 'synthmark\[m4a\]'"):
        media.Sound.decode(SPEECH)
    # Labels and signature can be read without.
    result = Verifier().verify(SPEECH)
    assert "watermark.skipped" in {finding.code for finding in result.findings}


def test_other_codecs_and_tracks_are_named() -> None:
    data = SPEECH.replace(b"mp4a", b"alac")
    with pytest.raises(UnsupportedError, match="coded as Apple Lossless"):
        media.Sound.decode(data)


def test_a_long_one_is_over_the_limit() -> None:
    with pytest.raises(LimitError):
        media.Sound.decode(SPEECH, limits=Limits(seconds=3))


def test_every_cut_and_any_damage_is_borne() -> None:
    generator = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(SPEECH)
        begin = data.index(b"moov")
        for place in generator.integers(begin, len(data), 5):
            data[place] = generator.integers(256)
        try:
            sound = media.Sound.decode(bytes(data[: generator.integers(begin, len(data) + 1)]))
        except MediaError:
            continue
        assert len(sound.samples)
