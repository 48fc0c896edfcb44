from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from synthmark.watermark import jit, jit_cache, polar
from tests.watermark.caching import files, first_call


def test_a_kernel_keeps_its_source_and_its_name() -> None:
    assert polar.list_decode.python.__name__ == "list_decode"
    assert polar.list_decode.signature.startswith("uint8[:, ::1](")
    assert callable(polar.list_decode.python)


def test_a_kernel_is_compiled_once_however_many_threads_call_it() -> None:
    calls = []

    @jit.kernel("int64(int64)")
    def double(number: int) -> int:
        return 2 * number

    def work() -> None:
        calls.append(double(21))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [42] * 8


@jit.kernel("int64(int64)")
def twice(number: int) -> int:
    return 2 * number


@jit.kernel("int64(int64)")
def four_times(number: int) -> int:
    return twice(twice(number))


FACTOR = 3


def thrice(number: int) -> int:
    return 3 * number


def by_factor(number: int) -> int:
    return FACTOR * number


@pytest.mark.kernel
def test_a_kernel_calls_another() -> None:
    assert four_times(3) == four_times.python(3) == 12


@pytest.mark.kernel
def test_a_kernel_runs_as_plain_python_too() -> None:
    soft = np.array([3, -1, 2, 4], np.float32)
    code = polar.PolarCode.of(4, 1, 1)
    arguments = soft, code.decoding, np.zeros(4, np.uint8), 2
    assert np.array_equal(polar.list_decode(*arguments), polar.list_decode.python(*arguments))


def test_the_compiled_form_depends_on_what_is_called_and_on_constants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = four_times.stamp()
    assert four_times.stamp() == before != twice.stamp()
    monkeypatch.setitem(globals(), "twice", jit.kernel("int64(int64)")(thrice))
    assert four_times.stamp() != before
    scaled = jit.kernel("int64(int64)")(by_factor)
    before = scaled.stamp()
    monkeypatch.setitem(globals(), "FACTOR", 4)
    assert scaled.stamp() != before


def run_python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    return done.stdout.strip()


def test_the_cache_lies_where_numba_is_told(tmp_path: Path) -> None:
    code = "from synthmark.watermark import jit; print(jit.cache_place())"
    assert run_python(code, NUMBA_CACHE_DIR=str(tmp_path)).startswith(str(tmp_path))


def test_without_a_place_to_cache_kernels_are_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(jit_cache._Impl, "_locator_classes", ())
    assert jit.cache_place() is None
    assert [first_call(tmp_path) for _ in range(2)] == [(16, False)] * 2
    assert not files(tmp_path)
