"""The command line as a user sees it: what goes in, what comes out where, and the exit code."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from synthmark.cli import main


@dataclass(frozen=True, slots=True)
class Done:
    """One run.

    Attributes:
        code: The exit code.
        data: Standard output.
        words: Standard error.
    """

    code: int
    data: bytes
    words: str

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def refused(self, code: int, *words: str) -> None:
        """Check that there was one clear line, and nothing else."""
        assert self.code == code, self.words
        assert self.data == b""
        assert self.words.startswith("synthmark: "), self.words
        assert self.words.count("\n") == 1, self.words
        assert self.words.endswith("\n")
        assert "Traceback" not in self.words
        for word in words:
            assert word in self.words


Run = Callable[..., Done]


def runner(monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]) -> Run:
    def run(*arguments: str | Path, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["synthmark", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main()
        captured = capture.readouterr()
        assert isinstance(left.value.code, int)
        return Done(left.value.code, captured.out, captured.err.decode())

    return run


def untouched(folder: Path, *names: str) -> None:
    """Check that a folder holds these files and no half-written one."""
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
