"""A cache is unpickled: one that others can write is never read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from synthmark.watermark import jit_cache
from tests.watermark.caching import files, first_call


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing beside the source or in the home directory can be written: only what is told."""
    jit_cache._refused.cache_clear()
    monkeypatch.setattr(jit_cache._Impl, "_locator_classes", (jit_cache._Told,))


def folder_of(cache: Path) -> Path:
    first_call(cache)
    return files(cache)[0].parent


def test_a_directory_that_all_can_write_is_refused_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = folder_of(tmp_path)
    folder.chmod(0o777)
    jit_cache._refused.cache_clear()
    assert [first_call(tmp_path) for _ in range(2)] == [(16, False)] * 2
    assert caplog.messages == [f"{folder} can be written by others: no kernel is cached there"]
    folder.chmod(0o755)
    jit_cache._refused.cache_clear()
    assert first_call(tmp_path) == (16, True)


def test_the_next_place_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(tmp_path / "told").chmod(0o777)
    jit_cache._refused.cache_clear()
    places = (jit_cache._Told, jit_cache._Users)
    monkeypatch.setattr(jit_cache._Impl, "_locator_classes", places)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert first_call(tmp_path / "told") == (16, False)
    assert first_call(tmp_path / "told") == (16, True)
    assert {path.suffix for path in files(tmp_path / "user")} == {".nbi", ".nbc"}


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_file_that_all_can_write_is_not_read(suffix: str, tmp_path: Path) -> None:
    first_call(tmp_path)
    for path in files(tmp_path):
        if path.suffix == suffix:
            path.chmod(0o666)
    assert first_call(tmp_path) == (16, False)
    assert first_call(tmp_path) == (16, True)


def status(mode: int, user: int, group: int = 0) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, user, group, 0, 0, 0, 0))


def test_who_may_write() -> None:
    me, other = os.geteuid(), 54321
    assert not jit_cache._others_write(status(0o40755, me), me)
    assert not jit_cache._others_write(status(0o40755, 0), me)
    # Who owns the source decides what runs anyway.
    assert not jit_cache._others_write(status(0o40755, other), other)
    assert jit_cache._others_write(status(0o40755, other), me)
    assert jit_cache._others_write(status(0o40757, me), me)
    # A group that no one is known to be alone in.
    assert jit_cache._others_write(status(0o40775, me, group=54321), me)


def test_a_group_of_the_user_alone_is_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    members: list[str] = []

    class Entry:
        gr_name, gr_mem, pw_name = "anna", members, "anna"

    monkeypatch.setattr("grp.getgrgid", lambda _: Entry)
    monkeypatch.setattr("pwd.getpwuid", lambda _: Entry)
    assert not jit_cache._others_write(status(0o40775, os.geteuid(), group=1000), 0)
    members.append("ben")
    assert jit_cache._others_write(status(0o40775, os.geteuid(), group=1000), 0)
