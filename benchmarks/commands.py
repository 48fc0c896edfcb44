"""The command line under measurement: run it apart from the user's own files, as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYNTHMARK = Path(sys.executable).with_name("synthmark")


def settle(folder: Path) -> None:
    """Keep certificates, settings and the default store of this process tree inside `folder`.

    The kernel cache stays where it is.
    """
    for name in [name for name in os.environ if name.startswith("SYNTHMARK_")]:
        del os.environ[name]
    os.environ["ENCYPHER_C2PA_TELEMETRY"] = "off"
    for kind in ("CONFIG", "DATA", "STATE"):
        os.environ[f"XDG_{kind}_HOME"] = str(folder / kind.lower())


def lines(*arguments: str | Path) -> list[dict[str, Any]]:
    """Run `synthmark` and return the JSON objects it prints; what it says goes to our stderr."""
    done = subprocess.run([SYNTHMARK, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"synthmark {arguments[0]} left with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass(frozen=True, slots=True)
class Measured:
    """How one child process went.

    Attributes:
        code: Its exit code, None when it was killed for taking too long.
        seconds: Wall-clock time.
        mebibytes: The most memory it held (resident set size).
        stderr: What it said.
    """

    code: int | None
    seconds: float
    mebibytes: float
    stderr: str


def measure(command: Sequence[str | Path], *, seconds: float) -> Measured:
    """Run a command to its end or for at most `seconds`, and measure that child alone."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        os.set_blocking(child.stderr.fileno(), False)
        said, status, usage = b"", 0, None
        late = False
        while usage is None:
            said += child.stderr.read() or b""
            process, status, spent = os.wait4(child.pid, os.WNOHANG)
            if process:
                usage = spent
            elif time.perf_counter() - start > seconds and not late:
                late = True
                child.kill()
            else:
                time.sleep(0.005)
        said += child.stderr.read() or b""
        child.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - start
    code = None if late else child.returncode
    # Linux counts kibibytes, macOS bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Measured(code, took, usage.ru_maxrss / unit, said.decode("utf-8", "replace"))
