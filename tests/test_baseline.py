"""New results are held against stored ones: a loss is told in a line, chance is not a loss."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import baseline

ROOT = Path(__file__).parent.parent
STORED = sorted((ROOT / "benchmarks" / "results").glob("*/*.json"))


def compared(folder: Path, new: dict[str, Any], old: dict[str, Any]) -> tuple[int, list[str]]:
    for name, results in (("new", new), ("old", old)):
        path = folder / name / "room" / "some.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results), "utf-8")
    told: list[str] = []
    return baseline.compare(folder / "new", folder / "old", told.append), told


def pictures(read: int, trials: int = 77, wrong: int = 0, score: float = 90.0) -> dict[str, Any]:
    row = {"read": read, "trials": trials, "wrong": wrong}
    quality = {"ssimulacra2": {"mean": score}}
    suites = {"scorecard": {"rows": {"JPEG 50": row}}}
    return {"benchmark": "image/robustness", "suites": suites, "quality": quality}


def test_a_share_below_the_interval_of_the_stored_one_is_a_loss(tmp_path: Path) -> None:
    code, told = compared(tmp_path, pictures(60), pictures(77))
    assert code == 1
    place = "room/some: suites, scorecard, rows, JPEG 50"
    assert told == [f"{place}: 60/77 (67-86 %), was 77/77 (95-100 %)"]


@pytest.mark.parametrize(("read", "trials"), [(77, 77), (74, 77), (12, 12), (11, 12)])
def test_a_share_within_chance_is_none(read: int, trials: int, tmp_path: Path) -> None:
    assert compared(tmp_path, pictures(read, trials), pictures(77)) == (0, [])


def test_a_pair_is_a_share_too(tmp_path: Path) -> None:
    def sounds(hit: int) -> dict[str, Any]:
        attacks = {"opus 24": {"3 s": [hit, 44], "wrong": 0}}
        return {"benchmark": "sound/robustness", "results": {"speech": {"attacks": attacks}}}

    assert compared(tmp_path, sounds(43), sounds(44)) == (0, [])
    code, told = compared(tmp_path, sounds(20), sounds(44))
    assert (code, len(told)) == (1, 1)


def test_a_wrong_message_more_is_a_loss(tmp_path: Path) -> None:
    code, told = compared(tmp_path, pictures(77, wrong=1), pictures(77))
    assert (code, told) == (
        1,
        ["room/some: suites, scorecard, rows, JPEG 50, wrong: 1, was 0"],
    )


def test_a_fault_of_a_new_kind_is_a_loss(tmp_path: Path) -> None:
    old = {"benchmark": "chain/pictures", "tampering": {"failed": {}}}
    new = {"benchmark": "chain/pictures", "tampering": {"failed": {"painted": ["a.png"]}}}
    assert compared(tmp_path, new, old) == (
        1,
        ["room/some: tampering, failed, painted: 1, was 0"],
    )


def test_a_grade_may_fall_by_its_rule_only(tmp_path: Path) -> None:
    assert compared(tmp_path, pictures(77, score=89.6), pictures(77))[0] == 0
    assert compared(tmp_path, pictures(77, score=89.4), pictures(77)) == (
        1,
        ["room/some: quality, ssimulacra2, mean: 89.4, was 90"],
    )


def test_a_cost_is_compared_in_multiples_of_its_unit(tmp_path: Path) -> None:
    def times(flac: float, embed: float) -> dict[str, Any]:
        row = {"FLAC": flac, "embed": embed}
        return {"benchmark": "sound/speed", "times": {"stereo": row}}

    # A slower machine is no loss.
    assert compared(tmp_path, times(0.2, 0.4), times(0.1, 0.2)) == (0, [])
    assert compared(tmp_path, times(0.1, 0.219), times(0.1, 0.2)) == (0, [])
    assert compared(tmp_path, times(0.1, 0.23), times(0.1, 0.2)) == (
        1,
        ["room/some: times, stereo, embed: 2.30, was 2.00"],
    )


def test_rows_of_a_list_are_told_apart_by_what_stands_first(tmp_path: Path) -> None:
    def rows(*embeds: float) -> dict[str, Any]:
        kinds = ("jpeg", "png")[-len(embeds) :]
        listed = [
            {"kind": kind, "pixels": 100.0, "embed": each, "verify": 100.0}
            for kind, each in zip(kinds, embeds, strict=True)
        ]
        return {"benchmark": "chain/memory", "rows": listed}

    code, told = compared(tmp_path, rows(260.0), rows(150.0, 200.0))
    assert (code, told) == (1, ["room/some: rows, png, embed: 2.60, was 2.00"])


def test_nothing_to_compare_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert baseline.compare(tmp_path / "empty", tmp_path / "empty", print) == 1
    assert compared(tmp_path, pictures(77), {"benchmark": "image/robustness"})[0] == 1


def test_the_rules_find_what_is_stored() -> None:
    seen = set()
    for path in STORED:
        results = json.loads(path.read_text("utf-8"))
        found = list(baseline._compared(results, results))
        assert all(loss is None for _, loss in found), path
        if found:
            seen.add(results["benchmark"])
    assert seen == set(baseline.RULES)


def test_the_command_leaves_with_one_for_a_loss(tmp_path: Path) -> None:
    results = json.loads((ROOT / "benchmarks/results/chain/threads.json").read_text("utf-8"))
    place = tmp_path / "chain" / "threads.json"
    place.parent.mkdir()
    place.write_text(json.dumps(results | {"differ": 2}), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.baseline", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "chain/threads: differ: 2, was 0\n")
