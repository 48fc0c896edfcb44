"""audiowmark as a program beside ours: mark a file, read a file.

It is called by its path and runs on its own; nothing of it is imported. It carries 128 bits without
a check and reports what it thinks likeliest, so a payload counts as read when it is anywhere among
what is reported, as a look-up among known payloads would find it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.sound.attacks import Wave


@dataclass(frozen=True, slots=True)
class Audiowmark:
    """The program at a path."""

    program: Path

    def embed(self, wave: Wave, rate: int, payload: bytes) -> Wave:
        """Return the marked sound, through 16-bit WAV files."""
        with tempfile.TemporaryDirectory() as name:
            sound, marked = Path(name, "in.wav"), Path(name, "out.wav")
            soundfile.write(sound, wave, rate, subtype="PCM_16")
            self._run("add", str(sound), str(marked), payload.hex())
            found, _ = soundfile.read(marked, dtype="float32", always_2d=True)
        return np.ascontiguousarray(found)

    def read(self, wave: Wave, rate: int, payload: bytes, *, speed: bool) -> bytes | None:
        """Return the payload if it is among what is reported, else None."""
        with tempfile.TemporaryDirectory() as name:
            sound, told = Path(name, "in.wav"), Path(name, "out.json")
            soundfile.write(sound, np.clip(wave, -1, 1), rate, subtype="PCM_16")
            self._run("get", str(sound), "--json", str(told), *(["--detect-speed"] * speed))
            matches = json.loads(told.read_text("utf-8"))["matches"]
        return payload if any(each["bits"] == payload.hex() for each in matches) else None

    def _run(self, *words: str) -> None:
        command = [str(self.program), *words, "--quiet"]
        # The exit code of `get` tells whether anything was found.
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if words[0] == "add" and done.returncode:
            raise SystemExit(f"{self.program}: {done.stderr.strip()}")


def seconds_of_children() -> float:
    """Return the processor time that finished programs have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
