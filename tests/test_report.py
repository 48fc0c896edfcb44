from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark import words
from synthmark.errors import UsageError
from synthmark.facts import (
    AigcLabel,
    Comparison,
    Detection,
    Finding,
    Geometry,
    LabelLayer,
    Likeness,
    ManifestLayer,
    ManifestReason,
    ManifestState,
    Medium,
    Segment,
    Severity,
    WatermarkLayer,
    WatermarkState,
    WatermarkTrack,
)
from synthmark.label import ContentId
from synthmark.report import Report, Triage, Verdict

A, B = ContentId(bytes(16)), ContentId(bytes(range(16)))
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def marked(*found: Detection) -> WatermarkLayer:
    return WatermarkLayer(tuple(WatermarkTrack(Medium.PICTURE, each) for each in found))


NO_MARK = marked(Detection(WatermarkState.ABSENT))
UPRIGHT = Geometry(0, False, 1.0, ((0, 0), (64, 0), (64, 48), (0, 48)))
FOUND = Detection(WatermarkState.DECODED, A.payload, "OPEN", 1e-9, UPRIGHT, public=True)
MARK = marked(FOUND)
NO_LABEL = LabelLayer()
LABEL = LabelLayer(AigcLabel({"Label": "1", "ProduceID": str(A)}, "XMP TC260:AIGC"), GENERATED)
NO_MANIFEST = ManifestLayer()
VALID = ManifestLayer(
    state=ManifestState.VALID,
    reason=ManifestReason.UNKNOWN_SIGNER,
    signer="Someone",
    content_ids=(A,),
    fingerprint="ISCC:X",
    source_types=(GENERATED,),
)
TRUSTED = dataclasses.replace(
    VALID, state=ManifestState.TRUSTED, reason=ManifestReason.AUTHENTIC, trusted=True
)
EDITED = dataclasses.replace(VALID, state=ManifestState.INVALID, reason=ManifestReason.EDITED)
TAMPERED = dataclasses.replace(EDITED, reason=ManifestReason.TAMPERED)
EXPIRED = dataclasses.replace(EDITED, reason=ManifestReason.EXPIRED)
RECOVERED = dataclasses.replace(
    VALID, state=ManifestState.RECOVERED, reason=ManifestReason.RECOVERED
)
MISMATCH = dataclasses.replace(EDITED, reason=ManifestReason.RECOVERED_MISMATCH)
NEAR, FAR, UNDECIDED = (
    Comparison(Likeness.NEAR, 2, 0.99),
    Comparison(Likeness.FAR, 120, 0.1),
    Comparison(Likeness.UNDECIDED, 60, 0.6),
)


def sounded(*segments: Segment, seconds: float = 20.0) -> WatermarkLayer:
    found = Detection(
        WatermarkState.DECODED, segments[0].payload, "OPEN", 1e-8, segments=segments, public=True
    )
    return WatermarkLayer((WatermarkTrack(Medium.SOUND, found, seconds),))


FIRST = Segment(A.payload, "OPEN", 0, 10, 1e-8, public=True)
SECOND = Segment(B.payload, "OPEN", 10, 20, 1e-8, 0.9, 1.1, public=True)
SHORT = Segment(A.short.payload, "OPEN", 0, 3, 1e-8, public=True)


def report(**layers: Any) -> Report:
    facts: dict[str, Any] = {
        "watermark": NO_MARK,
        "labels": NO_LABEL,
        "embedded": NO_MANIFEST,
    } | layers
    return Report(media_type="image/png", **facts)


def codes(found: Report) -> set[str]:
    return {finding.code for finding in found.findings}


@pytest.mark.parametrize(
    ("layers", "verdict", "triage"),
    [
        ({}, Verdict.UNMARKED, Triage.NONE),
        (
            {"watermark": MARK, "labels": LABEL, "embedded": VALID},
            Verdict.VERIFIED,
            Triage.CONFIRMED,
        ),
        ({"embedded": TRUSTED}, Verdict.VERIFIED, Triage.CONFIRMED),
        (
            {"watermark": MARK, "recovered": RECOVERED, "comparison": NEAR},
            Verdict.RECOVERED,
            Triage.CONFIRMED,
        ),
        (
            {"watermark": MARK, "embedded": EDITED, "recovered": RECOVERED, "comparison": NEAR},
            Verdict.RECOVERED,
            Triage.CONFIRMED,
        ),
        ({"watermark": MARK}, Verdict.MARKED, Triage.CONFIRMED),
        ({"labels": LABEL}, Verdict.MARKED, Triage.CONFIRMED),
        ({"labels": LabelLayer(None, GENERATED)}, Verdict.MARKED, Triage.CONFIRMED),
        ({"watermark": MARK, "embedded": EDITED}, Verdict.MARKED, Triage.CONFIRMED),
        ({"watermark": MARK, "embedded": EXPIRED}, Verdict.MARKED, Triage.CONFIRMED),
        (
            {"watermark": MARK, "recovered": MISMATCH, "comparison": UNDECIDED},
            Verdict.MARKED,
            Triage.CONFIRMED,
        ),
        ({"embedded": EDITED}, Verdict.SUSPECTED, Triage.SUSPECTED),
        ({"embedded": EXPIRED}, Verdict.SUSPECTED, Triage.SUSPECTED),
        ({"embedded": TAMPERED}, Verdict.CONFLICTING, Triage.SUSPECTED),
        ({"watermark": MARK, "comparison": FAR}, Verdict.CONFLICTING, Triage.SUSPECTED),
        ({"embedded": EDITED, "comparison": FAR}, Verdict.CONFLICTING, Triage.SUSPECTED),
        (
            {"watermark": MARK, "embedded": dataclasses.replace(VALID, content_ids=(B,))},
            Verdict.CONFLICTING,
            Triage.SUSPECTED,
        ),
        (
            {"watermark": MARK, "embedded": dataclasses.replace(VALID, content_ids=(A, B))},
            Verdict.CONFLICTING,
            Triage.SUSPECTED,
        ),
        (
            {"watermark": MARK, "labels": LabelLayer(AigcLabel({"ProduceID": "other"}, "x"))},
            Verdict.CONFLICTING,
            Triage.SUSPECTED,
        ),
        (
            {"watermark": MARK, "labels": LabelLayer(None, CAPTURED)},
            Verdict.CONFLICTING,
            Triage.SUSPECTED,
        ),
        (
            {"labels": LABEL, "embedded": dataclasses.replace(VALID, source_types=(CAPTURED,))},
            Verdict.CONFLICTING,
            Triage.SUSPECTED,
        ),
        (
            {"embedded": dataclasses.replace(VALID, source_types=(CAPTURED,), content_ids=())},
            Verdict.UNMARKED,
            Triage.NONE,
        ),
    ],
)
def test_the_verdict_follows_from_the_facts(
    layers: dict[str, Any], verdict: Verdict, triage: Triage
) -> None:
    found = report(**layers)
    assert (found.verdict, found.triage) == (verdict, triage)


@pytest.mark.parametrize(
    ("value", "triage"), [("1", "confirmed"), ("2", "possible"), ("3", "suspected")]
)
def test_a_label_alone_says_how_sure_it_is(value: str, triage: str) -> None:
    label = LabelLayer(AigcLabel({"Label": value, "ProduceID": "x"}, "PNG tEXt AIGC"))
    assert report(labels=label).triage.value == triage


def test_reasons_name_what_happened() -> None:
    assert "manifest.edited-after-signing" in codes(report(watermark=MARK, embedded=EDITED))
    assert "manifest.expired-no-timestamp" in codes(report(embedded=EXPIRED))
    assert "conflict.manifest-tampered" in codes(report(embedded=TAMPERED))
    assert "conflict.watermark-copied" in codes(report(watermark=MARK, comparison=FAR))
    assert "conflict.manifest-copied" in codes(report(embedded=EDITED, comparison=FAR))
    assert "fingerprint.undecided" in codes(report(watermark=MARK, comparison=UNDECIDED))
    assert "store.no-record" in codes(report(watermark=MARK))
    assert "watermark.open-key" in codes(report(watermark=MARK))
    development = dataclasses.replace(VALID, development=True)
    assert "manifest.development" in codes(report(watermark=MARK, embedded=development))
    assert "manifest.unknown-signer" in codes(report(watermark=MARK, embedded=VALID))
    captured = dataclasses.replace(VALID, source_types=(CAPTURED,), content_ids=())
    assert "manifest.not-generated" in codes(report(embedded=captured))


def test_findings_come_most_serious_first() -> None:
    note = Finding.info("x")
    found = report(watermark=MARK, embedded=EDITED, comparison=FAR, notes=(note,)).findings
    order = list(Severity)[::-1]
    assert [order.index(f.severity) for f in found] == sorted(
        order.index(f.severity) for f in found
    )


MANIFESTS = [NO_MANIFEST, VALID, TRUSTED, EDITED, TAMPERED, EXPIRED]
EVERY = st.builds(
    report,
    watermark=st.sampled_from([MARK, NO_MARK, WatermarkLayer()]),
    labels=st.sampled_from([LABEL, NO_LABEL, LabelLayer(None, CAPTURED)]),
    embedded=st.sampled_from(MANIFESTS),
    recovered=st.sampled_from([None, RECOVERED, MISMATCH, TAMPERED, EXPIRED]),
    comparison=st.sampled_from([Comparison(), NEAR, FAR, UNDECIDED]),
)


@given(EVERY)
def test_a_report_is_read_back_from_its_json(found: Report) -> None:
    # tests/conftest.py holds every report to its schema and to what is read back from it.
    again = Report.from_json(json.loads(json.dumps({"file": "x.png", **found.to_json()})))
    assert again == found
    assert again.findings == found.findings


WHOLE: dict[str, Any] = report(
    watermark=sounded(SECOND),
    labels=LABEL,
    embedded=EDITED,
    recovered=RECOVERED,
    comparison=NEAR,
    notes=(Finding.info("x", one=1, several=("a", "b"), none=None, share=0.5, so=True),),
).to_json()


def places(value: Any, *place: Any) -> Iterator[tuple[Any, ...]]:
    """Where anything stands in a JSON object that is not derived."""
    derived = (*Report.DERIVED, *WatermarkLayer.DERIVED, *Detection.DERIVED, *Segment.DERIVED)
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in items:
        if name in derived or (name == "state" and place[-1:] != ("found",)):
            continue
        yield (*place, name)
        if isinstance(each, dict | list):
            yield from places(each, *place, name)


def refusal(stored: Any) -> str:
    try:
        Report.from_json(stored)
    except UsageError as error:
        return error.message
    return ""


@pytest.mark.parametrize("wrong", [None, True, "x", {}, [[]], {"x": {}}])
def test_what_has_the_wrong_form_is_refused_in_one_line(wrong: Any) -> None:
    """Any value either fits its place, as tests/conftest.py checks, or is refused."""
    refused = 0
    for *way, name in places(WHOLE):
        spoiled = held = copy.deepcopy(WHOLE)
        for each in way:
            held = held[each]
        held[name] = wrong
        told = refusal(spoiled)
        assert not told or re.fullmatch(r"no report of synthmark: \S.+", told)
        refused += bool(told)
    assert refused > len([*places(WHOLE)]) // 2


@pytest.mark.parametrize("payload", ["", "00", "0" * 15, "0" * 34])
def test_a_payload_of_another_length_is_refused(payload: str) -> None:
    spoiled = copy.deepcopy(WHOLE)
    spoiled["watermark"]["tracks"][0]["found"]["segments"][0]["payload"] = payload
    assert refusal(spoiled).startswith("no report of synthmark: ")


@pytest.mark.parametrize("spoiled", [{}, [], None, "report", {"schema": "other/1"}])
def test_what_is_no_report(spoiled: Any) -> None:
    with pytest.raises(UsageError, match="no report of synthmark"):
        Report.from_json(spoiled)
    for name in ("schema", "media_type", "watermark", "timings"):
        with pytest.raises(UsageError, match=f"{name}"):
            Report.from_json({key: each for key, each in WHOLE.items() if key != name})


@given(EVERY)
def test_verified_means_signed_and_of_one_mind(found: Report) -> None:
    if found.verdict is Verdict.VERIFIED:
        assert found.embedded.matches_bytes
        assert len(set(found.content_ids.values())) <= 1
        assert found.comparison.likeness is not Likeness.FAR
    if found.verdict is Verdict.UNMARKED:
        assert found.watermark.state is not WatermarkState.DECODED
        assert found.labels.aigc is None


def test_every_stored_manifest_has_its_sentence() -> None:
    for state, reason in itertools.product([ManifestState.INVALID], ManifestReason):
        if reason in (
            ManifestReason.RECOVERED_MISMATCH,
            ManifestReason.EXPIRED,
            ManifestReason.TAMPERED,
            ManifestReason.UNREADABLE,
        ):
            layer = dataclasses.replace(VALID, state=state, reason=reason)
            found = report(watermark=MARK, recovered=layer)
            assert f"store.{reason.value}" in codes(found)


def test_two_ids_in_one_sound_are_said_with_their_times() -> None:
    found = report(watermark=sounded(FIRST, SECOND))
    assert found.verdict is Verdict.MARKED
    assert found.content_id is None
    assert found.watermark.content_ids == (A, B)
    (finding,) = (each for each in found.findings if each.code == "watermark.several")
    assert f"{A} from 0.0 to 10.0 s, {B} from 10.0 to 20.0 s" in words.sentence(finding)
    assert "watermark.partial" not in codes(found)


def test_two_ids_beside_a_label_of_one_contradict_each_other() -> None:
    found = report(watermark=sounded(FIRST, SECOND), labels=LABEL)
    assert found.verdict is Verdict.CONFLICTING
    assert "conflict.content-ids" in codes(found)


def test_a_sound_that_is_marked_in_part() -> None:
    found = report(watermark=sounded(FIRST, seconds=30))
    assert "watermark.partial" in codes(found)
    assert found.content_id == A
    (track,) = found.to_json()["watermark"]["tracks"]
    (segment,) = track["found"]["segments"]
    assert (segment["start"], segment["end"], segment["short"]) == (0, 10, False)


def test_a_short_id_that_nobody_knows() -> None:
    found = report(watermark=sounded(SHORT, seconds=3.1))
    assert found.content_id == A.short
    assert "watermark.short-id" in codes(found)
    assert found.verdict is Verdict.MARKED


def test_a_short_id_that_is_known_is_whole() -> None:
    found = report(watermark=sounded(dataclasses.replace(SHORT, resolved=A), seconds=3.1))
    assert found.watermark.content_ids == (A,)
    assert "watermark.short-id" not in codes(found)


def test_a_key_is_public_by_its_secret_and_not_by_its_name() -> None:
    named = marked(dataclasses.replace(FOUND, public=False))
    assert "watermark.open-key" not in codes(report(watermark=named))
    other = marked(dataclasses.replace(FOUND, key="studio"))
    assert "watermark.open-key" in codes(report(watermark=other))


def test_the_track_that_says_most_speaks_for_the_file() -> None:
    present = Detection(WatermarkState.PRESENT, None, "studio", 1e-5)
    both = marked(Detection(WatermarkState.ABSENT), present)
    assert (both.state, both.key, both.p_value) == (WatermarkState.PRESENT, "studio", 1e-5)
    several = marked(present, dataclasses.replace(FOUND, payload=B.payload), FOUND)
    assert (several.state, several.content_ids) == (WatermarkState.DECODED, (B, A))
    assert several.public
    assert WatermarkLayer().state is WatermarkState.SKIPPED
