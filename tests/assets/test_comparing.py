"""Every difference between two files is named, unless a finding answers for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark import words
from synthmark.assets.comparing import compare
from synthmark.assets.contents import Contents
from synthmark.errors import ReadBackError
from synthmark.facts import Finding, Severity
from synthmark.media import Item

ITEMS = (
    Item("tEXt", b"Title\0one"),
    Item("tEXt", b"Title\0two"),
    Item("EXIF 0x010f", b"Maker\0"),
    Item("pHYs", b"\0\0\1\0\0\0\1\0\1"),
)
PICTURE = {"size": (640, 480), "mode": "RGB", "depth": 8, "profile": b"profile", "durations": ()}
SOUND = {"codec": "MP3", "rate": 44_100, "samples": 100_000, "bit rate": 128e3, "variable": False}


def contents(
    items: tuple[Item, ...] = ITEMS,
    facts: dict[str, object] | None = None,
    *,
    labels: tuple[str, ...] = (),
) -> Contents:
    return Contents(items, PICTURE if facts is None else facts, labels)


def said(before: Contents, after: Contents, *notes: Finding) -> str:
    with pytest.raises(ReadBackError) as caught:
        compare(before, after, notes)
    assert caught.value.code == "read-back.lost"
    return caught.value.message


def test_what_is_the_same_passes() -> None:
    assert compare(contents(), contents(), ()) == ()


@given(st.permutations(range(len(ITEMS))))
def test_only_the_order_within_a_place_counts(order: list[int]) -> None:
    after = contents(tuple(ITEMS[place] for place in order))
    if order.index(0) < order.index(1):
        compare(contents(), after, ())
    else:
        assert "tEXt has another order" in said(contents(), after)


@pytest.mark.parametrize("place", range(len(ITEMS)))
def test_each_lost_added_or_changed_item_is_named(place: int) -> None:
    item = ITEMS[place]
    without = contents(ITEMS[:place] + ITEMS[place + 1 :])
    assert f"{item.place} is lost ({len(item.data)} bytes)" in said(contents(), without)
    assert f"{item.place} is added ({len(item.data)} bytes)" in said(without, contents())
    shorter = contents((*ITEMS[:place], Item(item.place, item.data[1:]), *ITEMS[place + 1 :]))
    sizes = f"({len(item.data)} bytes became {len(item.data) - 1})"
    assert f"{item.place} is changed {sizes}" in said(contents(), shorter)
    other = contents((*ITEMS[:place], Item(item.place, item.data[::-1]),
                      *ITEMS[place + 1 :]))  # fmt: skip
    assert f"{item.place} is changed (bytes)" in said(contents(), other)


def test_of_an_item_that_stands_there_twice_one_can_be_lost() -> None:
    assert "tEXt is lost" in said(contents((ITEMS[0], *ITEMS)), contents())


def test_a_finding_answers_for_the_places_that_it_names() -> None:
    lost = contents(ITEMS[2:])
    answer = Finding.info("media.texts", accounts_for=("tEXt",))
    other = Finding.info("media.other", accounts_for=("zTXt", "EXIF"))
    assert compare(contents(), lost, (other, answer)) == ()
    assert "tEXt is lost" in said(contents(), lost, other)


@pytest.mark.parametrize("name", PICTURE)
def test_each_fact_of_a_picture_counts(name: str) -> None:
    changed = contents(facts=PICTURE | {name: "another"})
    assert f"{name} " in said(contents(), changed)
    answer = Finding.info("media.said", accounts_for=(name,))
    assert compare(contents(), changed, (answer,)) == ()


@pytest.mark.parametrize(
    ("name", "value", "lossless", "agrees"),
    [
        ("samples", 101_152, False, True),
        ("samples", 101_153, False, False),
        ("samples", 98_847, False, False),
        ("samples", 99_999, True, False),
        ("samples", None, True, True),
        ("bit rate", 112e3, False, True),
        ("bit rate", 95e3, False, False),
        ("bit rate", 170e3, False, False),
        ("variable", True, False, False),
        ("rate", 48_000, False, False),
    ],
)
def test_a_sound_keeps_length_and_class_of_rate(
    name: str, value: object, *, lossless: bool, agrees: bool
) -> None:
    before = contents((), SOUND | {"lossless": lossless})
    after = contents((), SOUND | {"lossless": lossless, name: value})
    if agrees:
        compare(before, after, ())
    else:
        assert said(before, after)


def test_only_the_first_few_differences_are_named() -> None:
    many = tuple(Item(f"place {number}", b"x") for number in range(10))
    message = said(contents(many), contents(()))
    assert "place 3 is lost" in message
    assert "place 4" not in message
    assert message.endswith("; and 6 more")


def test_a_replaced_label_is_said() -> None:
    (finding,) = compare(contents(labels=("tEXt", "tEXt")), contents(), ())
    assert (finding.code, finding.severity) == ("label.replaced", Severity.INFO)
    assert words.sentence(finding).endswith(": tEXt")
