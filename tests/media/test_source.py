"""A file is taken as it comes, and only what is asked for is read."""

from __future__ import annotations

import io
import os
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest

from synthmark import labels, manifest, media
from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.media.formats import WAV
from tests.media.sound_files import coded
from tests.sounds import RATE, voice

SPEECH = voice(3.0)
DATA = coded(SPEECH)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def pipe() -> Iterator[BinaryIO]:
    reading, writing = os.pipe()

    def fill() -> None:
        with open(writing, "wb") as file:
            file.write(DATA)

    filling = threading.Thread(target=fill)
    filling.start()
    with open(reading, "rb") as file:
        yield file
    filling.join()


def test_bytes_paths_and_files(path: Path) -> None:
    with path.open("rb") as file, path.open("r+b", buffering=0) as raw:
        for taken in (DATA, path, str(path), file, raw, io.BytesIO(DATA), media.Pieces(DATA)):
            source = media.Source.of(taken)
            assert source.format is WAV
            assert len(source.data) == len(DATA)
            assert bytes(source.data) == DATA


def test_a_pipe(pipe: BinaryIO) -> None:
    source = media.Source.of(pipe)
    assert (source.format, bytes(source.data)) == (WAV, DATA)


def test_a_file_is_read_from_where_it_is(path: Path) -> None:
    path.write_bytes(b"before it" + DATA)
    with path.open("rb") as file:
        file.seek(9)
        assert bytes(media.Source.of(file).data) == DATA


def test_what_was_taken_already_stays(path: Path) -> None:
    source = media.Source.of(path)
    assert media.Source.of(source) is source


def test_what_is_no_format_is_refused(path: Path) -> None:
    path.write_bytes(b"no format at all, whatever it is called")
    with pytest.raises(UnsupportedError) as caught:
        media.Source.of(path)
    assert caught.value.code == "media.unknown-format"


def test_a_device_without_a_length() -> None:
    with pytest.raises(UnreadableError) as caught:
        media.Source.of("/dev/null")
    assert caught.value.code == "media.empty"


@pytest.mark.parametrize("kind", ["wav16", "flac16"])
def test_headers_are_read_without_the_samples(tmp_path: Path, kind: str) -> None:
    noise = np.random.default_rng(0).normal(scale=0.1, size=60 * RATE).astype(np.float32)
    path = tmp_path / "noise"
    path.write_bytes(coded(noise, kind))
    # What is loaded on first use does not count.
    manifest.read(DATA, WAV)
    tracemalloc.start()
    try:
        source = media.Source.of(path)
        media.inspect(source.data, source.format)
        media.items(source.data, source.format)
        labels.read(source.data, source.format)
        manifest.read(source.data, source.format)
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 4
    finally:
        tracemalloc.stop()


def test_a_file_that_is_cut_short_meanwhile_ends_there(path: Path) -> None:
    source = media.Source.of(path)
    whole = media.Sound.decode(DATA)
    os.truncate(path, len(DATA) // 2)
    sound = media.Sound.decode(source.data, source.format)
    assert 0 < len(sound.samples) < len(whole.samples)
    assert (sound.samples == whole.samples[: len(sound.samples)]).all()
    os.truncate(path, 0)
    with pytest.raises(UnreadableError):
        media.Sound.decode(source.data, source.format)


def test_a_file_stays_open_only_as_long_as_it_is_needed(path: Path) -> None:
    sound = media.Source.of(path).data
    (piece,) = cast("media.Pieces", sound).pieces
    file = getattr(piece, "file")  # noqa: B009
    assert not file.closed
    del sound, piece
    number = file.fileno()
    del file
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
