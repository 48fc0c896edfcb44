"""Whatever became of its files, a kernel runs, and is cached again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.watermark.caching import files, first_call

NOISE = np.random.default_rng(1).bytes(4096)


def flipped(data: bytes) -> bytes:
    place = len(data) - 20
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "one byte": lambda data: data[:1],
    "truncated": lambda data: data[: len(data) // 2],
    "zeroed": lambda data: bytes(len(data)),
    "zeroed at the end": lambda data: data[:-64] + bytes(64),
    "random": lambda _: NOISE,
    "random after a sound beginning": lambda data: data[:64] + NOISE,
    "one bit": flipped,
    "of another program": lambda _: b"GIF89a" + bytes(100),
}


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_dropped_and_made_anew(kind: str, suffix: str, tmp_path: Path) -> None:
    assert first_call(tmp_path) == (16, False)
    (damaged,) = [path for path in files(tmp_path) if path.suffix == suffix]
    damaged.write_bytes(DAMAGE[kind](damaged.read_bytes()))
    assert first_call(tmp_path) == (16, False)
    assert first_call(tmp_path) == (16, True)


def test_a_data_file_that_is_gone_is_made_anew(tmp_path: Path) -> None:
    first_call(tmp_path)
    for path in files(tmp_path):
        if path.suffix == ".nbc":
            path.unlink()
    assert first_call(tmp_path) == (16, False)
    assert first_call(tmp_path) == (16, True)


def test_a_directory_in_place_of_a_file_is_lived_with(tmp_path: Path) -> None:
    first_call(tmp_path)
    for path in files(tmp_path):
        path.unlink()
        path.mkdir()
    assert first_call(tmp_path) == (16, False)
