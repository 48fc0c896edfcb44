from __future__ import annotations

import hashlib
import hmac
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark.errors import CredentialError
from synthmark.keys import OPEN_KEY, KeyRing, Stream, WatermarkKey

GOLDEN = Path(__file__).parent / "golden" / "keys.json"


def hkdf(secret: bytes, info: bytes) -> bytes:
    """RFC 5869 with one block, written out."""
    fixed = hmac.new(b"synthmark", secret, hashlib.sha256).digest()
    return hmac.new(fixed, info + b"\x01", hashlib.sha256).digest()


def chacha_words(key: bytes, count: int) -> list[int]:
    """ChaCha20 (RFC 8439) from counter 0 and a zero nonce, written out."""

    def rotate(value: int, by: int) -> int:
        return (value << by | value >> (32 - by)) & 0xFFFFFFFF

    def quarter(s: list[int], a: int, b: int, c: int, d: int) -> None:
        for x, y, z, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotate(s[z] ^ s[x], by)

    words: list[int] = []
    block = 0
    while len(words) < count:
        start = [int.from_bytes(b"expand 32-byte k"[i : i + 4], "little") for i in (0, 4, 8, 12)]
        start += [int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4)]
        start += [block, 0, 0, 0]
        state = list(start)
        for _ in range(10):
            for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
                quarter(state, a, b, c, d)
            for a, b, c, d in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                quarter(state, a, b, c, d)
        mixed = [(x + y) & 0xFFFFFFFF for x, y in zip(state, start, strict=True)]
        words += [mixed[i] | mixed[i + 1] << 32 for i in range(0, 16, 2)]
        block += 1
    return words[:count]


def test_open_key_is_the_hash_of_its_sentence() -> None:
    assert OPEN_KEY.secret == hashlib.sha256(b"synthmark open key v1").digest()


def test_subkeys_follow_rfc_5869() -> None:
    assert OPEN_KEY.subkey("pilots/image/v1") == hkdf(OPEN_KEY.secret, b"pilots/image/v1")
    assert OPEN_KEY.subkey("check/audio/v1") == hkdf(OPEN_KEY.secret, b"check/audio/v1")


@given(st.binary(min_size=32, max_size=32))
def test_words_follow_rfc_8439(key: bytes) -> None:
    stream = Stream(key)
    assert [stream.word() for _ in range(9)] == chacha_words(key, 9)


def test_words_go_on_past_a_block() -> None:
    stream = Stream(bytes(32))
    assert [stream.word() for _ in range(1100)] == chacha_words(bytes(32), 1100)


def test_golden_streams_never_change() -> None:
    for name, golden in json.loads(GOLDEN.read_text("utf-8")).items():
        assert [f"{OPEN_KEY.stream(f'{name}/v1').word():016x}"] == golden["words"][:1]
        stream = OPEN_KEY.stream(f"{name}/v1")
        assert [f"{stream.word():016x}" for _ in range(4)] == golden["words"]
        assert stream.permutation(16) == golden["permutation"]
        assert [stream.below(10) for _ in range(8)] == golden["below"]


@given(st.integers(1, 300))
def test_a_permutation_holds_every_number_once(count: int) -> None:
    assert sorted(OPEN_KEY.stream("permutation/image/v1").permutation(count)) == list(range(count))


@given(st.integers(1, 2**63))
def test_numbers_stay_below_their_bound(bound: int) -> None:
    stream = OPEN_KEY.stream("chips/audio/v1")
    assert all(0 <= stream.below(bound) < bound for _ in range(20))


def test_a_saved_key_reads_back_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    key = WatermarkKey.generate("october")
    key.save(tmp_path / "key")
    assert WatermarkKey.from_file(tmp_path / "key") == key
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_saving_never_replaces_a_key(tmp_path: Path) -> None:
    WatermarkKey.generate("a").save(tmp_path / "key")
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(CredentialError, match="exists"):
        WatermarkKey.generate("b").save(tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"hello\nworld\n!", b"synthmark watermark key v1\nx\nAAAA"]
)
def test_other_files_are_no_keys(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(CredentialError):
        WatermarkKey.from_file(tmp_path / "key")


def test_a_secret_is_never_shown() -> None:
    assert OPEN_KEY.secret.hex() not in repr(OPEN_KEY)
    assert str(OPEN_KEY.secret) not in repr(KeyRing())


def test_the_newest_key_embeds() -> None:
    old, new = WatermarkKey.generate("old"), WatermarkKey.generate("new")
    assert KeyRing([old, new]).newest is new
    with pytest.raises(CredentialError):
        KeyRing([])


def test_a_key_is_public_by_its_secret_and_not_by_its_name() -> None:
    assert OPEN_KEY.public
    assert WatermarkKey("studio", OPEN_KEY.secret).public
    assert not WatermarkKey("OPEN", bytes(32)).public
