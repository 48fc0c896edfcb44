from __future__ import annotations

from pathlib import Path

import pytest

from synthmark import batch, targets
from synthmark.errors import TargetError, UsageError


def test_what_is_there_stays(tmp_path: Path) -> None:
    target = tmp_path / "picture.png"
    target.write_bytes(b"precious")
    with pytest.raises(
        TargetError, match=r"picture\.png: exists already; -f replaces it"
    ) as caught:
        targets.write_whole(target, b"new")
    assert caught.value.code == "target.exists"
    assert isinstance(caught.value, UsageError)
    assert target.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [target]


def test_it_is_replaced_when_asked(tmp_path: Path) -> None:
    target = tmp_path / "picture.png"
    target.write_bytes(b"old")
    targets.write_whole(target, b"new", overwrite=True)
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_to_nowhere_is_something_too(tmp_path: Path) -> None:
    target = tmp_path / "picture.png"
    target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(TargetError, match="exists already"):
        targets.write_whole(target, b"new")
    assert list(tmp_path.iterdir()) == [target]


def test_of_two_who_write_at_once_one_wins(tmp_path: Path) -> None:
    target = tmp_path / "picture.png"

    def write(number: int) -> None:
        targets.write_whole(target, bytes([number]) * 100_000)

    outcomes = list(batch.run(write, range(40), workers=8))
    winners = [outcome.job for outcome in outcomes if outcome.error is None]
    assert len(winners) == 1
    assert target.read_bytes() == bytes(winners) * 100_000
    assert list(tmp_path.iterdir()) == [target]


def test_without_hard_links_it_is_still_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(self: Path, target: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    target = tmp_path / "picture.png"
    targets.write_whole(target, b"first")
    with pytest.raises(TargetError, match="exists already"):
        targets.write_whole(target, b"second")
    assert target.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [target]
