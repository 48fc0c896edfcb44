from __future__ import annotations

from pathlib import Path

from tests.cli.running import Run, untouched


def test_it_stays_as_it_was(synthmark: Run, picture: Path) -> None:
    target = picture.with_name("out.png")
    target.write_bytes(b"precious")
    synthmark("embed", picture, "-o", "out.png").refused(2, "out.png: exists already", "-f")
    assert target.read_bytes() == b"precious"
    untouched(picture.parent, "out.png", "picture.png")


def test_the_input_itself_is_not_replaced_unasked(synthmark: Run, picture: Path) -> None:
    before = picture.read_bytes()
    synthmark("embed", picture, "-o", picture).refused(2, "exists already")
    assert picture.read_bytes() == before


def test_with_json_it_is_an_object(synthmark: Run, picture: Path) -> None:
    picture.with_name("out.png").touch()
    done = synthmark("embed", picture, "-o", "out.png", "--json")
    (line,) = done.lines
    assert (done.code, done.words) == (2, "")
    assert line["error"]["code"] == "target.exists"
