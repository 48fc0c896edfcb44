"""Pictures too small for a watermark are refused, and narrow ones that are not are marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched
from tests.pictures import coded, flat, scene, shared


@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 16), (64, 64), (256, 64), (64, 2000)])
def test_an_icon_is_refused(synthmark: Run, tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "icon.png").write_bytes(coded(flat(height, width)))
    done = synthmark("embed", "icon.png")
    done.refused(3, "icon.png", f"{width}x{height}", "64 pixels", "made from")
    untouched(tmp_path, "icon.png")


@pytest.mark.parametrize("side", [1, 15, 16, 64])
def test_that_an_icon_holds_none_is_said_to_mean_nothing(
    synthmark: Run, tmp_path: Path, side: int
) -> None:
    (tmp_path / "icon.png").write_bytes(coded(flat(side, side)))
    (found,) = synthmark("verify", "icon.png", "--json").lines
    assert (found["verdict"], found["watermark"]["state"]) == ("unmarked", "absent")
    assert [each["code"] for each in found["findings"]] == ["watermark.icon"]
    assert "says nothing" in synthmark("verify", "icon.png").text


def test_of_a_larger_one_nothing_is_said(synthmark: Run, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(coded(flat(65, 65)))
    (found,) = synthmark("verify", "picture.png", "--json").lines
    assert (found["verdict"], found["findings"]) == ("unmarked", [])


@pytest.mark.parametrize(
    ("width", "height"), [(100, 100), (160, 160), (256, 72), (8000, 70), (70, 4000)]
)
def test_small_and_narrow_pictures_are_marked(
    synthmark: Run, tmp_path: Path, width: int, height: int
) -> None:
    (tmp_path / "a.png").write_bytes(coded(scene(1, height, width)))
    assert synthmark("embed", "a.png", "-o", "b.png").code == 0
    (found,) = synthmark("verify", "b.png", "--json").lines
    assert found["verdict"] == "verified"
    (tmp_path / "c.jpg").write_bytes(shared((tmp_path / "b.png").read_bytes(), quality=90))
    (again,) = synthmark("verify", "c.jpg", "--json").lines
    assert again["content_id"] == found["content_id"]
