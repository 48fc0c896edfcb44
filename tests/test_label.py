from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark.errors import UsageError
from synthmark.label import (
    ContentId,
    Kind,
    Label,
    Provider,
    ShortId,
    SourceType,
    read_id,
    read_payload,
)

CODE = "001191110102MACQD9K64010000"


@given(st.binary(min_size=16, max_size=16))
def test_text_form_reads_back(payload: bytes) -> None:
    text = str(ContentId(payload))
    assert len(text) == 30
    assert text == text.lower()
    assert ContentId.parse(text).payload == payload


def test_golden_text_forms() -> None:
    assert str(ContentId(bytes(16))) == "sm1-" + "0" * 26
    assert str(ContentId(b"\xff" * 16)) == "sm1-" + "z" * 25 + "w"
    assert str(ContentId(bytes(range(16)))) == "sm1-000g40r40m30e209185gr38e1w"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sm1-",
        "sm2-" + "0" * 26,
        "sm1-" + "0" * 25,
        "sm1-" + "0" * 25 + "1",
        "sm1-" + "u" * 26,
        "sm1-" + "Z" * 26,
        "KLingMuse_3d917354",
    ],
)
def test_other_texts_are_no_content_ids(text: str) -> None:
    with pytest.raises(ValueError, match="not a content id"):
        ContentId.parse(text)


def test_layout_of_a_new_id() -> None:
    content_id = ContentId.new(Kind.EDITED, Provider(code=CODE), lambda count: b"\xa5" * count)
    assert (content_id.version, content_id.kind) == (1, 2)
    assert content_id.payload[1:4] == hashlib.sha256(CODE.encode()).digest()[:3]
    assert content_id.provider_bits == Provider(code=CODE).payload_bits
    assert content_id.payload[4:] == b"\xa5" * 12


def test_without_a_code_the_provider_bits_are_zero() -> None:
    assert ContentId.new(Kind.GENERATED, Provider("Acme"), bytes).payload[:4] == b"\x11\0\0\0"


def test_an_id_of_another_length_is_refused() -> None:
    with pytest.raises(UsageError, match="16 bytes"):
        ContentId(b"short")


def test_an_invented_provider_code_is_refused() -> None:
    with pytest.raises(UsageError, match="27 characters"):
        Provider(code="0011ACME")


@pytest.mark.parametrize("source_type", list(SourceType))
def test_every_source_type_has_its_kind(source_type: SourceType) -> None:
    assert Label(source_type=source_type).kind.name == source_type.name


@given(st.binary(min_size=16, max_size=16))
def test_the_short_form_keeps_version_kind_and_56_bits(payload: bytes) -> None:
    content_id = ContentId(payload)
    short = content_id.short
    assert short.payload == payload[:1] + payload[4:11]
    assert len(str(short)) == 17
    assert ShortId.parse(str(short)) == short == read_payload(short.payload)
    assert read_payload(payload) == content_id
    assert short.stands_for(content_id)
    assert short.stands_for(short)
    for place in (0, 5, 10):
        other = bytes(byte ^ (place == index) for index, byte in enumerate(payload))
        assert not short.stands_for(ContentId(other))
    for place in (1, 3, 11, 15):
        other = bytes(byte ^ (place == index) for index, byte in enumerate(payload))
        assert short.stands_for(ContentId(other))


@pytest.mark.parametrize("text", ["", "sm1-", "sm1-" + "0" * 26, "sm1-" + "u" * 13, "x" * 17])
def test_what_is_no_short_id(text: str) -> None:
    with pytest.raises(ValueError, match="not a content id"):
        ShortId.parse(text)
    assert not ShortId(bytes(8)).stands_for(text)


@given(st.binary(min_size=16, max_size=16))
def test_an_id_is_read_from_its_text_and_any_other_text_stays_one(payload: bytes) -> None:
    content_id = ContentId(payload)
    assert read_id(str(content_id)) == content_id
    assert read_id(str(content_id.short)) == content_id.short
    assert read_id(str(content_id).upper()) == str(content_id).upper()
    assert read_id("") == ""


def test_golden_short_form() -> None:
    assert str(ContentId(bytes(range(16))).short) == "sm1-0020a1g7104gm"
    with pytest.raises(UsageError, match="8 bytes"):
        ShortId(bytes(16))
