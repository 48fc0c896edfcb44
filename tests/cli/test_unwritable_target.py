from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("missing/out.png", "No such file or directory"),
        ("picture.png/out.png", "Not a directory"),
        ("picture.png/", "File exists"),
        ("picture.png/folder/", "Not a directory"),
        ("n" * 300 + ".png", "File name too long"),
        ("/proc/out.png", ""),
    ],
)
@pytest.mark.parametrize("flags", [(), ("-f",)])
def test_it_is_one_line(
    synthmark: Run, picture: Path, output: str, reason: str, flags: tuple[str, ...]
) -> None:
    synthmark("embed", picture, "-o", output, *flags).refused(2, output.rstrip("/"), reason)
    untouched(picture.parent, "picture.png")


def test_a_name_that_promises_another_format(synthmark: Run, picture: Path) -> None:
    done = synthmark("embed", picture, "-o", "out.jpg")
    done.refused(2, "out.jpg: the name promises JPEG", "PNG")
    untouched(picture.parent, "picture.png")


def test_two_inputs_that_would_share_a_target(synthmark: Run, picture: Path) -> None:
    other = picture.parent / "folder" / picture.name
    other.parent.mkdir()
    other.write_bytes(picture.read_bytes())
    done = synthmark("embed", picture, other, "-o", "out/")
    done.refused(2, "out/picture.png: two inputs would be written there")
    assert not (picture.parent / "out").exists()
