from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark.errors import UsageError
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark.payload import Checker
from synthmark.watermark.scheme import AUDIO_1, IMAGE_1

OTHER_KEY = WatermarkKey("other", bytes(range(32)))


@given(st.binary(min_size=16, max_size=16))
def test_a_message_comes_back(payload: bytes) -> None:
    checker = Checker(OPEN_KEY, IMAGE_1)
    assert checker.first(np.array([checker.message(payload, 16)])) == payload


def test_the_message_is_payload_and_check_most_significant_bit_first() -> None:
    payload = bytes(range(100, 116))
    bits = Checker(OPEN_KEY, IMAGE_1).message(payload, 16)
    check = hmac.new(OPEN_KEY.subkey("check/image/v1"), payload, hashlib.sha256).digest()[:4]
    expected = [int(bit) for byte in payload + check for bit in f"{byte:08b}"]
    assert bits.tolist() == expected


@given(st.integers(0, 159))
def test_any_flipped_bit_is_noticed(place: int) -> None:
    checker = Checker(OPEN_KEY, IMAGE_1)
    message = checker.message(b"sixteen bytes ok", 16)
    message[place] ^= 1
    assert checker.first(np.array([message])) is None


def test_another_key_or_medium_does_not_pass() -> None:
    message = Checker(OPEN_KEY, IMAGE_1).message(bytes(16), 16)
    assert Checker(OTHER_KEY, IMAGE_1).first(np.array([message])) is None
    assert Checker(OPEN_KEY, AUDIO_1).first(np.array([message])) is None


def test_the_first_message_that_passes_counts() -> None:
    checker = Checker(OPEN_KEY, IMAGE_1)
    noise = np.zeros(160, np.uint8)
    one, two = (checker.message(bytes([number] * 16), 16) for number in (1, 2))
    assert checker.first(np.array([noise, one, two])) == bytes([1] * 16)
    assert checker.first(np.zeros((0, 160), np.uint8)) is None


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_payload_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(UsageError, match=f"has {length} bytes, not 16"):
        Checker(OPEN_KEY, IMAGE_1).message(bytes(length), 16)
