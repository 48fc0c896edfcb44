from __future__ import annotations

from pathlib import Path

from synthmark.manifest import development
from tests.cli.running import Run, untouched


def test_a_missing_certificate(synthmark: Run, picture: Path) -> None:
    done = synthmark("embed", picture, "--cert", "none.pem", "--key", development().key)
    done.refused(4, "certificate chain none.pem", "No such file")
    untouched(picture.parent, "picture.png")


def test_a_missing_key(synthmark: Run, picture: Path) -> None:
    done = synthmark("embed", picture, "--cert", development().chain, "--key", "none.pem")
    done.refused(4, "private key none.pem", "No such file")
    untouched(picture.parent, "picture.png")


def test_a_missing_watermark_key(synthmark: Run, picture: Path) -> None:
    for verb in ("embed", "verify"):
        done = synthmark(verb, picture, "--watermark-key", "none.key")
        done.refused(4, "watermark key none.key", "No such file")
    untouched(picture.parent, "picture.png")


def test_a_missing_anchor(synthmark: Run, picture: Path) -> None:
    synthmark("verify", picture, "--trust", "none.pem").refused(4, "none.pem", "No such file")
