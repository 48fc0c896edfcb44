from __future__ import annotations

import html
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark.facts import AIGC_KEYS, AigcLabel, Severity
from synthmark.label import ContentId, Provider
from synthmark.labels import aigc
from synthmark.labels.aigc import Place, Standing

CODE = "001191110102MACQD9K64010000"
CONTENT_ID = ContentId(bytes(range(16)))
XMP = Place("XMP TC260:AIGC", Standing.NORMATIVE)
KEYWORD = Place("PNG tEXt AIGC", Standing.ALTERNATIVE)
UNNAMED = Place("JPEG APP9", Standing.FOREIGN, named=False)

GOOD = aigc.compose(Provider(code=CODE), CONTENT_ID)
TEXT = aigc.serialise(GOOD)


def read(content: bytes | str, place: Place = XMP) -> AigcLabel:
    label = aigc.read(content, place)
    assert label is not None
    return label


def codes(label: AigcLabel) -> set[str]:
    return {problem.code for problem in label.problems}


# --- writing -------------------------------------------------------------------------------------


def test_the_first_write_has_the_seven_keys_in_order() -> None:
    assert tuple(GOOD) == AIGC_KEYS
    assert list(GOOD.values()) == ["1", CODE, str(CONTENT_ID), "", CODE, str(CONTENT_ID), ""]
    assert TEXT.startswith('{"Label":"1","ContentProducer":"0011')
    assert " " not in TEXT


def test_what_is_written_conforms_without_a_word() -> None:
    label = read(TEXT)
    assert (label.values, label.problems, label.conforms) == (GOOD, (), True)


def test_a_producer_is_never_invented() -> None:
    values = aigc.compose(Provider(), CONTENT_ID)
    assert values["ContentProducer"] == values["ContentPropagator"] == ""
    label = read(aigc.serialise(values))
    assert not label.conforms
    assert "aigc.producer-empty" in codes(label)


def test_a_name_stands_in_for_a_code() -> None:
    label = read(aigc.serialise(aigc.compose(Provider(name="Acme"), CONTENT_ID)))
    assert label.conforms
    assert codes(label) == {"aigc.provider-name"}


@given(st.dictionaries(st.sampled_from(AIGC_KEYS), st.text(max_size=30), min_size=7, max_size=7))
def test_every_text_reads_back(values: dict[str, str]) -> None:
    assert read(aigc.serialise(values)).values == {
        key: text.encode("utf-8", "replace").decode() for key, text in values.items()
    }


# --- every form that was seen --------------------------------------------------------------------

BARE = json.dumps(GOOD)
FORMS: dict[str, tuple[bytes | str, str | None]] = {
    "bare": (BARE, None),
    "wrapped": (json.dumps({"AIGC": GOOD}), "aigc.wrapped"),
    "wrapped in another case": (json.dumps({"aigc": GOOD}), "aigc.wrapped"),
    "bytes": (BARE.encode(), None),
    "with a byte order mark and padding": (b"\xef\xbb\xbf " + BARE.encode() + b"\0\0", None),
    "encoded twice": (json.dumps(BARE), "aigc.encoded-twice"),
    "wrapped text": (json.dumps({"AIGC": BARE}), "aigc.encoded-twice"),
    "entities": (html.escape(BARE), "aigc.escaped"),
    "backslashes": (BARE.replace('"', '\\"'), "aigc.escaped"),
    "glued": (b"AIGC" + BARE.encode() + b"\xff\xd8 rest", None),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form: str) -> None:
    content, departure = FORMS[form]
    label = read(content)
    assert label.values == GOOD
    if departure is not None:
        assert departure in codes(label)


def test_null_values_are_read_and_do_not_conform() -> None:
    label = read(json.dumps(GOOD | {"ReservedCode1": None, "ReservedCode2": None}))
    assert label.values == GOOD
    assert codes(label) == {"aigc.not-string"}
    assert not label.conforms


def test_numbers_and_objects_are_read_as_text() -> None:
    label = read(json.dumps(GOOD | {"Label": 1, "ReservedCode1": {"SecurityData": {"Version": 1}}}))
    assert label.values["Label"] == "1"
    assert json.loads(label.values["ReservedCode1"]) == {"SecurityData": {"Version": 1}}
    assert not label.conforms


def test_gb18030() -> None:
    text = json.dumps(GOOD | {"ContentProducer": "某公司"}, ensure_ascii=False)
    label = read(text.encode("gb18030"))
    assert label.values["ContentProducer"] == "某公司"
    assert {"aigc.encoding", "aigc.charset"} <= codes(label)
    assert label.conforms


def test_a_place_that_is_not_named_for_labels_needs_a_label() -> None:
    assert aigc.read(b'{"Label":"1","mode":"print"}', UNNAMED) is None
    assert aigc.read(b"AIGC and more", UNNAMED) is None
    assert read(BARE, UNNAMED).values == GOOD
    assert aigc.read(b"  \0", XMP) is None


# --- judging -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        ({"Label": "4"}, "aigc.label-value", Severity.ERROR),
        ({"Label": "AIGC"}, "aigc.label-value", Severity.ERROR),
        ({"Label": ""}, "aigc.empty", Severity.ERROR),
        ({"ProduceID": ""}, "aigc.empty", Severity.ERROR),
        ({"ContentProducer": ""}, "aigc.producer-empty", Severity.ERROR),
        ({"PropagateID": ""}, "aigc.empty", Severity.INFO),
        ({"ContentPropagator": ""}, "aigc.empty", Severity.INFO),
        ({"ContentProducer": CODE[:-1]}, "aigc.provider-code", Severity.WARNING),
        ({"ContentProducer": CODE.replace("Q", "R")}, "aigc.provider-code", Severity.WARNING),
        ({"ContentProducer": "MiniMax"}, "aigc.provider-name", Severity.INFO),
        ({"ProduceID": "a b"}, "aigc.charset", Severity.WARNING),
        ({"ProduceID": "a\\b"}, "aigc.charset", Severity.WARNING),
        ({"ProduceID": "所有对话"}, "aigc.charset", Severity.WARNING),
        ({"Timestamp": "now"}, "aigc.key-unknown", Severity.WARNING),
    ],
)
def test_each_departure_has_its_code(change: dict[str, str], code: str, severity: Severity) -> None:
    label = read(json.dumps(GOOD | change))
    assert (code, severity) in {(each.code, each.severity) for each in label.problems}
    assert label.conforms == (severity is not Severity.ERROR)


@pytest.mark.parametrize("key", AIGC_KEYS)
def test_a_missing_key(key: str) -> None:
    label = read(json.dumps({name: text for name, text in GOOD.items() if name != key}))
    assert codes(label) == {"aigc.key-missing"}
    assert label.conforms == (key not in AIGC_KEYS[:3])
    assert key not in label.values


def test_every_character_of_the_charset_passes() -> None:
    legal = "".join(map(chr, [0x21, 0x22, *range(0x23, 0x5C), *range(0x5D, 0x7F)]))
    assert "aigc.charset" not in codes(read(json.dumps(GOOD | {"ReservedCode1": legal})))


def test_places_are_judged() -> None:
    assert read(BARE, KEYWORD).conforms
    assert codes(read(BARE, KEYWORD)) == {"aigc.place"}
    assert not read(BARE, UNNAMED).conforms


def test_a_repeated_key() -> None:
    label = read('{"Label":"2",' + BARE[1:])
    assert label.values["Label"] == "2"
    assert "aigc.key-repeated" in codes(label)


# --- hostile -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "[" * 60_000,
        '{"a":' * 10_000,
        '{"Label":"1","x":' + "[" * 100 + "]" * 100 + "}",
        "{" + '"a":"b",' * 40_000 + '"c":1}',
        '{"Label":' + "9" * 50_000 + "}",
        "nonsense",
        b"\xff" * 1000,
        b"{" * 10**6,
    ],
)
def test_what_is_no_label_is_said(content: bytes | str) -> None:
    label = read(content)
    assert codes(label) == {"aigc.json"}
    assert label.values == {}
    assert aigc.read(content, UNNAMED) is None


def test_lone_surrogates_can_be_printed() -> None:
    label = read('{"Label":"1","ContentProducer":"\\ud800","ProduceID":"x"}')
    assert label.values["ContentProducer"].encode()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*AIGC_KEYS, "AIGC", "x"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_any_json(value: Any) -> None:
    for place in (XMP, UNNAMED):
        label = aigc.read(json.dumps(value), place)
        if label is not None:
            assert all(isinstance(text, str) for text in label.values.values())


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    aigc.read(content, XMP)
