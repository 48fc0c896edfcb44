from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["embed", "picture.png", "--cert", "a.pem"], "--cert and --key go together"),
        (["embed", "picture.png", "--key", "a.pem"], "--cert and --key go together"),
        (["embed", "picture.png", "other.png", "-o", "out.png"], "name a directory"),
        (["embed", "picture.png", "-"], "standard input (-) stands alone"),
        (["embed", "-", "-o", "out/"], "name a file for what comes from standard input"),
        (["embed", "picture.png", "other.png", "-o", "-"], "one input, and no --json"),
        (["embed", "picture.png", "-o", "-", "--json"], "one input, and no --json"),
        (["embed", "picture.png", "--provider", "Acme"], "27 characters"),
        (["embed", "picture.png", "picture.png"], "two inputs would be written there"),
        (["verify", "picture.png", "-", "-"], "standard input (-) can be read once"),
    ],
)
def test_it_is_one_line(synthmark: Run, picture: Path, arguments: list[str], words: str) -> None:
    synthmark(*arguments).refused(2, words)
    untouched(picture.parent, "picture.png")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["embed"], "IN..."),
        (["verify"], "FILE..."),
        (["embed", "picture.png", "--stronger"], "--stronger"),
        (["verify", "picture.png", "--store"], "--store"),
        (["strip", "picture.png"], "strip"),
        (["--loud"], "--loud"),
    ],
)
def test_what_does_not_exist_is_named(synthmark: Run, arguments: list[str], word: str) -> None:
    done = synthmark(*arguments)
    assert (done.code, done.data) == (2, b"")
    assert word in done.words
    assert "Traceback" not in done.words
