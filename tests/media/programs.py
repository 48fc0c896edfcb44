"""Sound files made and read by FFmpeg's programs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.sounds import Wave


def made(path: Path, wave: Wave, rate: int, *options: str) -> bytes:
    """Encode `wave` as FFmpeg does with these options; the suffix of `path` tells the format."""
    source = path.with_name("source.wav")
    soundfile.write(source, wave, rate, subtype="PCM_16")
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(source), *options, str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def probed(data: bytes, path: Path) -> dict[str, Any]:
    """Return what ffprobe tells of a file: format, streams and chapters."""
    path.write_bytes(data)
    shown = ["-show_format", "-show_streams", "-show_chapters"]
    command = ["ffprobe", "-v", "error", *shown, "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def played(data: bytes, path: Path, channels: int) -> Wave:
    """Return the samples that FFmpeg plays, float32 (n, channels)."""
    path.write_bytes(data)
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-f", "f32le", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<f4").reshape(-1, channels)


def lag(one: Wave, other: Wave) -> int:
    """Return by how many samples the second sound is late."""
    count = min(len(one), len(other))
    spectra = [np.fft.rfft(each[:count, 0], 2 * count) for each in (one, other)]
    found = int(np.argmax(np.fft.irfft(np.conj(spectra[0]) * spectra[1])))
    return found - 2 * count if found > count else found
