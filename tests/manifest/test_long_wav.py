"""Of a long WAV the engine gets no samples: what is said of its manifest must be the same."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from synthmark.facts import ManifestReason, ManifestState, Medium
from synthmark.manifest import Signer, brief, engine, read, sign
from synthmark.media.formats import WAV
from tests.manifest.outputs import ID, claim
from tests.media.sound_files import chunk, coded, with_chunks
from tests.sounds import voice

SOUND = with_chunks(coded(voice(0.3)), chunk(b"LIST", b"INFOIART\2\0\0\0a\0"))


@pytest.fixture
def signed(signer: Signer) -> bytes:
    about = claim(ID, medium=Medium.SOUND, fingerprint="SMSP1:AA")
    return sign(SOUND, WAV, claim=about, signer=signer).asset


@pytest.fixture(autouse=True)
def _every_wav_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brief, "LEAST", 0)


def as_engine_says(data: bytes, monkeypatch: pytest.MonkeyPatch) -> object:
    with monkeypatch.context() as patch:
        patch.setattr(brief, "LEAST", len(data) + 1)
        return read(data, WAV)


def test_it_is_read_as_the_engine_reads_it(signed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(signed, WAV)
    assert found.state is ManifestState.VALID
    assert found == as_engine_says(signed, monkeypatch)
    assert read(SOUND, WAV) == as_engine_says(SOUND, monkeypatch)


def test_no_samples_are_handed_over(signed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    inner = engine._read

    def spied(data: bytes, *rest: object, **more: object) -> object:
        given.append(data)
        return inner(data, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "_read", spied)
    assert read(signed, WAV).state is ManifestState.VALID
    (left,) = given
    assert len(left) < len(signed) - 9_000


def test_every_change_is_seen(signed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    start = signed.index(b"C2PA")
    places = [9, 30, 44, 5_000, signed.index(b"INFO"), len(signed) - 1]
    places += [int(each) for each in np.linspace(start, len(signed) - 1, 12)]
    for place in places:
        changed = bytearray(signed)
        changed[place] ^= 1
        found = read(bytes(changed), WAV)
        assert found == as_engine_says(bytes(changed), monkeypatch), place
        # Some bytes within the chunk say nothing.
        assert place >= start or not found.matches_bytes


def test_what_is_added_is_seen(signed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    more = with_chunks(signed, chunk(b"note", b"more"))
    assert read(more, WAV).reason is ManifestReason.EDITED
    behind = signed + b"more"
    twice = with_chunks(signed, signed[signed.index(b"C2PA") :])
    short = signed[:-2]
    for data in (more, behind, twice, short):
        assert read(data, WAV) == as_engine_says(data, monkeypatch)
        assert not read(data, WAV).matches_bytes


def test_a_manifest_that_leaves_out_more_goes_to_the_engine(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The chunk lies elsewhere now; what it leaves out is not where it lies.
    start = signed.index(b"C2PA")
    size = 8 + struct.unpack_from("<I", signed, start + 4)[0]
    moved = signed[:12] + signed[start : start + size + (size & 1)] + signed[12:start]
    found = read(moved, WAV)
    assert found == as_engine_says(moved, monkeypatch)
    assert not found.matches_bytes
