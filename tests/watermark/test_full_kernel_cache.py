"""A cache that cannot be written costs time, nothing else."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from synthmark.watermark import jit_cache
from tests.watermark.caching import first_call


def test_a_full_disk_only_means_that_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(jit_cache._File, "_save_data", full)
        assert first_call(tmp_path) == (16, False)
    assert first_call(tmp_path) == (16, False)
    assert first_call(tmp_path) == (16, True)
