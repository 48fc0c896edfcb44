"""What holds for every verb: help, versions, defects, interruption, closed pipes, progress."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import synthmark as library
from synthmark import batch
from synthmark.cli import render
from tests.cli.running import Run, untouched
from tests.pictures import coded, scene

SYNTHMARK = Path(sys.executable).with_name("synthmark")


@pytest.mark.parametrize("verb", ["embed", "verify", "inspect", "certs", "doctor"])
def test_every_verb_has_help(synthmark: Run, verb: str) -> None:
    overview, done = synthmark("--help"), synthmark(verb, "-h")
    assert (overview.code, done.code) == (0, 0)
    assert f"  {verb} " in overview.text
    assert done.text.startswith(f"Usage: synthmark {verb} ")


def test_the_version(synthmark: Run) -> None:
    assert synthmark("--version").text == f"synthmark, version {library.__version__}\n"


def test_a_defect_is_one_line_and_70(
    synthmark: Run, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(batch, "embed_file", broken)
    done = synthmark("embed", picture)
    done.refused(70, "a defect of synthmark: ZeroDivisionError: by nothing", "SYNTHMARK_TRACEBACK")
    untouched(picture.parent, "picture.png")


def test_the_installed_command_and_a_pipe_that_closes(picture: Path) -> None:
    with subprocess.Popen(
        [SYNTHMARK, "verify", "--json", *[picture] * 40],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert b'"verdict": "unmarked"' in child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 1


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Have children heed interrupts: a shell has what it starts in the background ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupted(tmp_path: Path) -> None:
    sources = []
    for number in range(40):
        sources.append(tmp_path / f"{number}.png")
        sources[-1].write_bytes(coded(scene(number, 256, 256)))
    with subprocess.Popen(
        [SYNTHMARK, "embed", *sources, "-o", f"{tmp_path}/out/", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        os.kill(child.pid, signal.SIGINT)
        child.stdout.read()
        assert child.stderr.read().strip() == b"synthmark: interrupted"
    assert child.returncode == 130
    written = list((tmp_path / "out").iterdir())
    assert 0 < len(written) < 40
    assert not [path for path in written if path.suffix == ".part"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_shows_on_a_terminal_and_for_several_files_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = {}
    for name, count, stream in (
        ("several", 3, Terminal()),
        ("one", 1, Terminal()),
        ("piped", 3, io.StringIO()),
    ):
        monkeypatch.setattr(sys, "stderr", stream)
        with render.progress(count, "labelling") as advance:
            for _ in range(count):
                advance()
        shown[name] = stream.getvalue()
    assert "labelling" in shown["several"]
    assert "100%" in shown["several"]
    assert (shown["one"], shown["piped"]) == ("", "")
