"""Every finding has its sentence and every sentence its finding; the page of codes has all."""

from __future__ import annotations

import inspect
import string

import pytest

from synthmark import words
from synthmark.facts import Comparison, Finding, Likeness
from synthmark.report import Verdict
from tests import codes


def fields(code: str, *, optional: bool = True) -> frozenset[str]:
    told = words.ENGLISH[code]
    if callable(told):
        taken = inspect.signature(told).parameters.values()
        return frozenset(each.name for each in taken if optional or each.default is each.empty)
    return frozenset(name for _, name, _, _ in string.Formatter().parse(told) if name)


MADE = codes.made()


def test_every_finding_has_its_sentence_and_every_sentence_its_finding() -> None:
    assert {each.code for each in MADE} == set(words.ENGLISH)


@pytest.mark.parametrize("code", sorted(words.ENGLISH))
def test_a_sentence_is_given_what_it_names(code: str) -> None:
    for each in MADE:
        if each.code == code:
            needed = fields(code, optional=False)
            assert needed <= each.parameters <= fields(code), each.where


def test_findings_are_made_in_one_way() -> None:
    """What is made otherwise would escape the two tests above."""
    for path in codes.SOURCE.rglob("*.py"):
        if path.name != "findings.py":
            assert "Finding(" not in path.read_text("utf-8"), path


def test_what_is_filled_in() -> None:
    say = words.sentence
    assert say(Finding.warning("media.truncated", format="Ogg")) == (
        "this Ogg is damaged or cut short"
    )
    lossless = Finding.warning("media.truncated", format="FLAC", decoded=5, claimed=9)
    assert say(lossless) == ("this FLAC is damaged or cut short: 5 of 9 samples could be decoded")
    trailer = Finding.info("media.trailer", size=7, format="PNG", kept=True)
    assert say(trailer) == "7 bytes follow the end of this PNG; they are kept as they are"
    several = Finding.error("aigc.several", count=2, agree=False, places=("one", "two"))
    assert say(several) == "2 AIGC labels where one is allowed, and they differ: one, two"
    assert say(Finding.warning("manifest.unknown-signer", signer="{x}")).startswith(
        "the signer '{x}' chains to none"
    )
    assert say(Finding.warning("watermark.unreadable", chance=1.25e-6)).endswith(
        "chance looks like that in 1e-06 of unmarked files"
    )
    profile = Finding.info("media.aac-profile", profile="HE-AAC", stated=True)
    assert say(profile) == "the sound is HE-AAC; it is coded as AAC-LC"


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        (Comparison(Likeness.UNDECIDED), "no fingerprint"),
        (Comparison(Likeness.UNDECIDED, 60), "60 of 256 fingerprint bits differ"),
        (Comparison(Likeness.UNDECIDED, None, 0.5), "fingerprint correlation 0.50"),
        (
            Comparison(Likeness.UNDECIDED, 60, 0.5),
            "60 of 256 fingerprint bits differ, thumbnail correlation 0.50",
        ),
    ],
)
def test_how_near_two_contents_are(measured: Comparison, told: str) -> None:
    for code in (
        *("fingerprint.undecided", "conflict.watermark-copied", "conflict.manifest-copied"),
    ):
        finding = Finding.error(code, distance=measured.distance, correlation=measured.correlation)
        assert words.sentence(finding).endswith(f": {told}")


def test_every_verdict_has_its_sentence() -> None:
    assert set(words.VERDICTS) == set(Verdict)


def test_a_code_that_is_no_longer_made_is_said_as_it_is() -> None:
    assert words.sentence(Finding.info("media.of-old", count=1)) == "media.of-old"


def test_the_page_of_codes_is_complete() -> None:
    now = codes.PAGE.read_text("utf-8")
    assert codes.page(now) == now, "write it anew: python -m tests.codes"
    assert "|  |" not in now.partition("## Findings")[0], "say by hand what the new code means"


def test_every_error_has_a_code_that_the_page_lists() -> None:
    listed = codes.raised()
    for kind in codes.KINDS:
        assert kind("x").code in listed
    assert {"limit.blocks", "credential.expired", "media.damaged", "store.locked"} <= set(listed)
