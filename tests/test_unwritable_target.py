from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from synthmark import targets
from synthmark.errors import TargetError


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("missing/picture.png", "No such file or directory"),
        ("file/picture.png", "Not a directory"),
        ("n" * 300 + ".png", "File name too long"),
        ("/proc/picture.png", ""),
    ],
)
def test_the_reason_is_said(tmp_path: Path, place: str, reason: str, overwrite: bool) -> None:
    (tmp_path / "file").write_bytes(b"")
    target = tmp_path / place
    with pytest.raises(TargetError) as caught:
        targets.write_whole(target, b"new", overwrite=overwrite)
    assert caught.value.code == "target.unwritable"
    assert caught.value.message.startswith(f"{target}: cannot be written ({reason}")
    assert "\n" not in caught.value.message


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="exists already"):
        targets.write_whole(tmp_path, b"new")
    with pytest.raises(TargetError, match="cannot be written"):
        targets.write_whole(tmp_path, b"new", overwrite=True)


@pytest.mark.parametrize("old", [None, b"old"])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bytes | None
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    target = tmp_path / "picture.png"
    if old is not None:
        target.write_bytes(old)
    with pytest.raises(TargetError, match=r"cannot be written \(No space left on device\)"):
        targets.write_whole(target, b"new", overwrite=True)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([] if old is None else [old])
