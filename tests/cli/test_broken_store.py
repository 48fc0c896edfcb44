from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched


@pytest.mark.parametrize("verb", ["embed", "verify"])
@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("postgres://somewhere", "no store address"),
        ("sqlite:///missing/manifests.db", "it cannot be opened"),
        ("sqlite:///picture.png", "picture.png"),
    ],
)
def test_it_is_one_line(synthmark: Run, picture: Path, verb: str, uri: str, words: str) -> None:
    synthmark(verb, picture, "--store", uri).refused(5, words)
    untouched(picture.parent, "picture.png")
