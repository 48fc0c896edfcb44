"""How much marked sound differs: SNR, and the PEAQ grade (ITU-R BS.1387, basic) of a program.

The program is called as `PROGRAM -r REFERENCE.wav -t TEST.wav` and prints lines `ODG: grade`; the
last one counts. Grades want 48 kHz and some energy above 9 kHz: sound at lower rates gets the same
faint noise (-62 dB, 9 to 17 kHz) on both sides. An unchanged file is graded slightly above 0.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.run import RESULTS, Run, say, table
from benchmarks.sound.attacks import Wave
from benchmarks.sound.robustness import Excerpt, excerpts
from synthmark import OPEN_KEY
from synthmark.watermark import audio

SECONDS = 5.0
PAYLOAD = bytes(range(16))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--json", type=Path, default=RESULTS / "sound" / "quality.json")
    parser.add_argument("--peaq", type=Path, metavar="PROGRAM", help="grade by it as well")
    asked = parser.parse_args()
    run = Run("sound/quality", asked.data, asked.json, None)
    clips = []
    for each in excerpts(asked.data):
        if each.name.endswith("/0"):
            clips.append(_graded(each, asked.peaq))
            say(str(clips[-1]))
    kinds = {kind: _summary(kind, clips) for kind in ("speech", "music")}
    run.save({"seconds": SECONDS, "kinds": kinds, "clips": clips, "silence": _silence()})
    header = ("kind", "clips", "SNR mean", "SNR least", "ODG mean", "ODG worst")
    table("Quality", header, [(kind, *own.values()) for kind, own in kinds.items()])


def _graded(each: Excerpt, program: Path | None) -> dict[str, Any]:
    wave = each.wave[: round(SECONDS * each.rate)]
    marked = audio.embed(wave, each.rate, PAYLOAD, key=OPEN_KEY)
    found = {"clip": each.name, "kind": each.kind, "snr": round(marked.snr, 2)}
    if program:
        samples = np.asarray(marked.samples, np.float32)
        found["odg"] = round(_grade(program, wave, samples, each.rate), 3)
    return found


def _grade(program: Path, wave: Wave, marked: Wave, rate: int) -> float:
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder, name)) for name in ("reference.wav", "test.wav")]
        count = len(soxr.resample(wave, rate, 48_000))
        noise = _high_noise(generator, count) if rate < 32_000 else np.zeros((count, 1))
        for file, sound in zip(files, (wave, marked), strict=True):
            heard = np.clip(soxr.resample(sound, rate, 48_000) + noise, -1, 1)
            soundfile.write(file, heard, 48_000, subtype="PCM_16")
        done = subprocess.run(
            [str(program.resolve()), "-r", files[0], "-t", files[1]],
            capture_output=True,
            text=True,
            check=True,
            cwd=folder,
        )
    return float(re.findall(r"ODG: *(\S+)", done.stdout)[-1])


def _high_noise(generator: np.random.Generator, count: int) -> Wave:
    spectrum = np.fft.rfft(generator.normal(size=count))
    hertz = np.fft.rfftfreq(count, 1 / 48_000)
    spectrum[(hertz < 9_000) | (hertz > 17_000)] = 0
    noise = np.fft.irfft(spectrum, count)
    noise *= 10 ** (-62 / 20) / np.sqrt(np.mean(noise**2))
    return np.asarray(noise[:, None], np.float32)


def _summary(kind: str, clips: list[dict[str, Any]]) -> dict[str, Any]:
    own = [clip for clip in clips if clip["kind"] == kind]
    snr = [clip["snr"] for clip in own]
    found: dict[str, Any] = {"clips": len(own)}
    found |= {"snr": round(float(np.mean(snr)), 2), "least snr": min(snr)}
    grades = [clip["odg"] for clip in own if "odg" in clip]
    if grades:
        found |= {"odg": round(float(np.mean(grades)), 3), "worst odg": min(grades)}
    return found


def _silence() -> dict[str, bool]:
    """Return whether digital silence within a sound and beside it stays as it is."""
    wave = np.random.default_rng(0).normal(scale=0.1, size=(6 * 44_100, 2)).astype(np.float32)
    wave[2 * 44_100 : 3 * 44_100] = 0
    wave[:, 1] = 0
    marked = audio.embed(wave, 44_100, PAYLOAD, key=OPEN_KEY).samples
    return {
        "gap": not marked[2 * 44_100 : 3 * 44_100].any(),
        "channel": not marked[:, 1].any(),
    }


if __name__ == "__main__":
    main()
