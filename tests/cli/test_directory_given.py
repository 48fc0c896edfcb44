from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched


@pytest.mark.parametrize("name", [".", "..", "/", "", "folder", "folder/"])
@pytest.mark.parametrize("options", [(), ("-o", "out.png"), ("-o", "-")])
def test_it_is_one_line(synthmark: Run, picture: Path, name: str, options: tuple[str, ...]) -> None:
    (picture.parent / "folder").mkdir()
    synthmark("embed", name, *options).refused(2, "is a directory; name the files in it")
    (picture.parent / "folder").rmdir()
    untouched(picture.parent, "picture.png")


def test_nothing_beside_it_is_labelled(synthmark: Run, picture: Path) -> None:
    (picture.parent / "folder").mkdir()
    synthmark("embed", "picture.png", "folder").refused(2, "folder: is a directory")
    (picture.parent / "folder").rmdir()
    untouched(picture.parent, "picture.png")
