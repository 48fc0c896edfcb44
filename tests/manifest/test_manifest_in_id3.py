"""A manifest in an ID3 tag leaves every other frame as it was, and is found by C2PA's reader."""

from __future__ import annotations

import io
from typing import Any

import c2pa
import encypher_c2pa
import pytest
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from synthmark.facts import ManifestReason, Medium
from synthmark.manifest import Signed, Signer, describe, engine, read, sign
from synthmark.media import Format, formats
from synthmark.media.parts import id3
from tests.manifest.authority import Authority
from tests.manifest.outputs import ID, OTHER_ID, claim
from tests.manifest.test_signer import KEYS, ecdsa, pss
from tests.media.sound_files import coded, frame, tag
from tests.sounds import voice

MP3, FLAC = coded(voice(0.3), "mp3"), coded(voice(0.3), "flac16")
TITLE = frame(b"TIT2", b"\0AC/DC", 3)
PICTURE = frame(b"APIC", b"\0image/png\0\3\0" + bytes(60), 3)
CHAPTER = frame(b"CHAP", b"one\0" + bytes(16) + frame(b"APIC", bytes(20), 3), 3)
KINDS = {
    "2.2": tag(
        frame(b"TT2", b"\0Old", 2),
        frame(b"TCP", b"\0001\0", 2),
        frame(b"GP1", b"\0G", 2),
        version=2,
    ),
    "2.3": tag(TITLE, frame(b"TPE1", b"\0A", 3), frame(b"TPE1", b"\0B", 3), PICTURE, version=3),
    "2.4": tag(frame(b"TPE1", b"\3A\0B"), frame(b"COMM", b"\3eng\0text")),
    "none": b"",
}
SLOPPY = {
    "PRIV without NUL": frame(b"PRIV", b"PeakValue", 3),
    "empty text": frame(b"TIT2", b"", 3),
    "short POPM": frame(b"POPM", b"me", 3),
    "short COMM": frame(b"COMM", b"\0en", 3),
    "short APIC": frame(b"APIC", b"\0image/png", 3),
    "encoding byte 5": frame(b"TPE1", b"\5Artist", 3),
    "grouped": b"TPE2\0\0\0\3\0\x20\1\0A",
    "cut short": b"TPE1\0\0\x7f\x7f\0\0cut short",
}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCYPHER_C2PA_TELEMETRY", "off")


def signed(signer: Signer, data: bytes, kind: Format = formats.MP3, **options: Any) -> Signed:
    about = claim(options.pop("content_id", ID), medium=Medium.SOUND, fingerprint="SMSP1:AA")
    return sign(data, kind, claim=about, signer=signer, **options)


def frames(data: bytes) -> list[bytes]:
    """All frames of all tags that a file begins with, but C2PA's."""
    found = []
    while (size := id3.length(data)) and (part := id3.parse(data[:size])) is not None:
        found += [each.data for each in part.frames]
        data = data[size:]
    return found


def trusted(asset: bytes, authority: Authority, kind: Format = formats.MP3) -> bool:
    """Ask C2PA's own reader, and another engine's, which does not know version 2.2."""
    context = engine._context(authority.pem.decode(), None)
    with c2pa.Reader(kind.media_type, io.BytesIO(asset), context=context) as reader:
        state = reader.get_validation_state()
    if asset.startswith(b"ID3\2"):
        return bool(state == "Trusted")
    other = encypher_c2pa.verify(
        asset, kind.media_type, trust_pem=authority.pem.decode(), telemetry=False, online=False
    )
    return bool(state == other["validation_state"] == "Trusted")


@pytest.mark.parametrize("version", KINDS)
def test_the_tag_stays_as_it_was(version: str, authority: Authority, signer: Signer) -> None:
    data = KINDS[version] + MP3
    result = signed(signer, data)
    assert trusted(result.asset, authority)
    assert read(result.asset, formats.MP3, trust=authority.trust).reason is (
        ManifestReason.AUTHENTIC
    )
    assert frames(result.asset) == frames(data)
    assert result.asset.endswith(MP3)
    assert result.asset[3] == (data[3] if KINDS[version] else 4)
    assert result.asset.count(result.manifest) == 1
    assert result.notes == ()
    assert len(result.asset) - len(data) - len(result.manifest) < 70


@pytest.mark.parametrize("name", SLOPPY)
def test_a_frame_that_the_reader_stumbles_over_is_kept(
    name: str, authority: Authority, signer: Signer
) -> None:
    data = tag(TITLE, CHAPTER, SLOPPY[name], version=3) + MP3
    result = signed(signer, data)
    assert trusted(result.asset, authority)
    assert sorted(frames(result.asset)) == sorted(frames(data))
    assert frames(result.asset[: id3.length(result.asset)])[:1] == [TITLE]
    (note,) = result.notes
    assert note.code == "manifest.id3-frames"
    kind = "rest" if name == "cut short" else SLOPPY[name][:4].decode()
    assert f"ID3 {kind}" in note.accounts_for
    # Signed once more, nothing is left to be moved.
    again = signed(signer, id3.parted(result.asset, [], []), parent=result.asset)
    assert again.notes == ()


def test_only_what_cannot_be_read_is_moved(authority: Authority, signer: Signer) -> None:
    good = [frame(b"TXXX", b"\0%d\0text" % number, 3) for number in range(40)]
    bad = [SLOPPY["short COMM"], SLOPPY["encoding byte 5"]]
    data = tag(*good[:7], bad[0], *good[7:30], bad[1], *good[30:], version=3) + MP3
    asset = signed(signer, data).asset
    assert trusted(asset, authority)
    end = id3.length(asset)
    assert frames(asset[:end]) == good
    assert frames(asset[end:]) == bad


@pytest.mark.parametrize("front", [b"", tag(TITLE, version=3)])
def test_before_flac(front: bytes, authority: Authority, signer: Signer) -> None:
    result = signed(signer, front + FLAC, formats.FLAC)
    assert trusted(result.asset, authority, formats.FLAC)
    assert frames(result.asset) == frames(front + FLAC)
    assert result.asset[id3.length(result.asset) :] == FLAC
    assert result.notes == ()


def test_a_sloppy_frame_before_flac_is_left_out_and_said(
    authority: Authority, signer: Signer
) -> None:
    data = tag(SLOPPY["empty text"], version=3) + FLAC
    result = signed(signer, data, formats.FLAC)
    assert trusted(result.asset, authority, formats.FLAC)
    (note,) = result.notes
    assert note.accounts_for == ("ID3 TIT2",)


@pytest.mark.parametrize("place", [3, -1, -len(MP3), 40])
def test_any_other_byte_is_covered(place: int, signer: Signer) -> None:
    asset = bytearray(signed(signer, KINDS["2.3"] + MP3).asset)
    asset[place] ^= 1
    assert read(bytes(asset), formats.MP3).reason is not ManifestReason.UNKNOWN_SIGNER
    assert read(signed(signer, MP3).asset, formats.MP3).reason is ManifestReason.UNKNOWN_SIGNER


def test_a_history_of_more_than_64_kilobytes(authority: Authority, signer: Signer) -> None:
    asset = signed(signer, KINDS["2.4"] + MP3).asset
    sizes = []
    for _ in range(14):
        result = signed(signer, KINDS["2.4"] + MP3, parent=asset, content_id=OTHER_ID)
        asset = result.asset
        sizes.append(len(result.manifest))
    assert sizes[0] < 2**16 < sizes[-1]
    assert trusted(asset, authority)
    store = describe(asset, formats.MP3)
    assert store is not None
    assert len(store["manifests"]) == 15


CALLBACKS = {
    "es256": ecdsa(KEYS["es256"], SHA256(), raw=True),
    "es384": ecdsa(KEYS["es384"], SHA384(), raw=False),
    "es512": ecdsa(KEYS["es512"], SHA512(), raw=True),
    "ed25519": KEYS["ed25519"].sign,
    "ps256": pss(KEYS["ps256"], SHA256()),
}


@pytest.mark.parametrize("algorithm", CALLBACKS)
def test_a_callback_is_called_once(algorithm: str, authority: Authority) -> None:
    calls = []

    def callback(data: bytes) -> bytes:
        calls.append(data)
        return bytes(CALLBACKS[algorithm](data))

    chain = authority.issue(key=KEYS[algorithm]).chain_pem
    signer = Signer.from_callback(callback, chain, algorithm)
    assert trusted(signed(signer, KINDS["2.3"] + MP3).asset, authority)
    assert len(calls) == 1
