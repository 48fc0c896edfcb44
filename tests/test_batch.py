"""Many jobs: outcomes in order, few under way, nothing lost and nothing left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark import batch
from synthmark.errors import UnreadableError


def doubled(number: int) -> int:
    # Later jobs finish earlier.
    time.sleep(0.002 * (number % 3 == 0))
    return 2 * number


@given(st.lists(st.integers(0, 99), max_size=30), st.integers(1, 8))
@settings(max_examples=25)
def test_outcomes_come_in_the_order_of_the_jobs(jobs: list[int], workers: int) -> None:
    outcomes = list(batch.run(doubled, jobs, workers=workers))
    assert [outcome.job for outcome in outcomes] == jobs
    assert [outcome.result for outcome in outcomes] == [2 * job for job in jobs]


def test_an_error_stays_with_its_job() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise UnreadableError("not this one")
        return number

    outcomes = list(batch.run(work, range(6), workers=2))
    assert [outcome.result for outcome in outcomes] == [0, 1, 2, None, 4, 5]
    assert [outcome.error is not None for outcome in outcomes] == [False] * 3 + [True] + [False] * 2
    assert isinstance(outcomes[3].error, UnreadableError)


def test_a_defect_is_raised_and_ends_the_batch() -> None:
    done = []

    def work(number: int) -> int:
        if number == 2:
            raise ZeroDivisionError
        done.append(number)
        return number

    with pytest.raises(ZeroDivisionError):
        list(batch.run(work, range(1000), workers=2))
    assert len(done) < 20


def test_jobs_are_taken_only_as_results_are() -> None:
    taken = []

    def jobs() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    outcomes = batch.run(doubled, jobs(), workers=2)
    for _ in range(3):
        next(outcomes)
    assert len(taken) <= 3 + 2 * 2
    outcomes.close()


def test_who_stops_listening_stops_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, done = threading.Event(), []
    cancel = Future.cancel

    def work(number: int) -> int:
        if number:
            gate.wait()
        done.append(number)
        return number

    def told(future: Future[object]) -> bool:
        cancelled = cancel(future)
        if cancelled:
            gate.set()
        return cancelled

    outcomes = batch.run(work, range(1000), workers=2)
    assert next(outcomes).result == 0
    monkeypatch.setattr(Future, "cancel", told)
    outcomes.close()
    finished = len(done)
    # Those that had begun are waited for, the others never begin.
    assert finished <= 4
    assert not [each for each in threading.enumerate() if each.name.startswith("synthmark")]
    assert len(done) == finished


def test_no_jobs_no_outcomes() -> None:
    assert list(batch.run(doubled, [])) == []
