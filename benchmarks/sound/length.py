"""What a sound costs by its length: time beside FLAC coding, memory beside its bytes.

The recordings are joined until they last 10 s, 1, 10 and 60 minutes at 44.1 kHz in stereo. Each
step runs in a process of its own; its time is that of the processor, as a multiple of what coding
the same file as FLAC takes in the same process. Memory is the most that the process ever held, in
all and without what it held when it was ready to begin; embedding goes from a path to a target.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks import commands
from benchmarks.run import RESULTS, Run, one_thread, say, table
from benchmarks.sound.attacks import Wave
from synthmark import OPEN_KEY, Embedder, Verifier, media
from synthmark.watermark import audio

RATE = 44_100
MEBI = 2**20
# Seconds of a sound, and how many are averaged: short ones differ.
LENGTHS = {10: 3, 60: 2, 600: 1, 3600: 1}
STEPS = ("embed", "detect", "verify")
MEASURE = (sys.executable, "-m", "benchmarks.sound.length")
_BLOCK = 2**18


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--json", type=Path, default=RESULTS / "sound" / "length.json")
    parser.add_argument("--most", type=int, default=3600, help="seconds of the longest sound")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    one_thread()
    if asked.step:
        step, source, target = asked.step
        print(json.dumps(measured(step, Path(source), Path(target))))
        return
    if asked.data is None:
        parser.error("--data DIR is needed")
    run = Run("sound/length", asked.data, asked.json, None)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands.settle(folder)
        joined = recordings(asked.data)
        for seconds, count in LENGTHS.items():
            if seconds <= asked.most:
                rows.append(row(joined, seconds, count, folder))
                say(str(rows[-1]))
    run.save({"rows": rows})
    header = ["seconds", "FLAC s", *(f"{step} x" for step in STEPS)]
    header += [f"{step} MiB" for step in STEPS]
    table(
        "Time in FLAC codings, memory beyond what was held before",
        header,
        (
            [each["seconds"], each["FLAC"], *(each[step][part] for part in ("ratio", "mebibytes")
                                              for step in STEPS)]
            for each in rows
        ),
    )  # fmt: skip


def recordings(data: Path) -> Wave:
    """Return all recordings one behind the other, float32 (n, 2) at 44.1 kHz."""
    parts = []
    for path in sorted((data / "audio").glob("*.flac")):
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
        wave = wave if rate == RATE else soxr.resample(wave, rate, RATE)
        parts.append(np.broadcast_to(wave[:, :2], (len(wave), 2)))
    return np.concatenate(parts)


def row(joined: Wave, seconds: int, count: int, folder: Path) -> dict[str, Any]:
    """Measure sounds of so many seconds, which begin at different places."""
    found: dict[str, list[dict[str, float]]] = {step: [] for step in STEPS}
    for number in range(count):
        source, target = folder / "sound.wav", folder / "marked.wav"
        write(source, joined, len(joined) * number // count, seconds * RATE)
        for step in STEPS:
            command = [*MEASURE, "--step", step, str(source), str(target)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[step].append(json.loads(done.stdout))
    flac = sum(each["FLAC"] for each in found["embed"]) / count
    return {"seconds": seconds, "sounds": count, "FLAC": round(flac, 3)} | {
        step: {
            "ratio": round(sum(e["seconds"] for e in all_) / sum(e["FLAC"] for e in all_), 2),
            "mebibytes": round(max(each["mebibytes"] for each in all_)),
            "held": round(max(each["held"] for each in all_)),
        }
        for step, all_ in found.items()
    }


def write(path: Path, joined: Wave, begin: int, frames: int) -> None:
    with soundfile.SoundFile(path, "w", RATE, 2, subtype="PCM_16") as file:
        while frames:
            part = joined[begin : begin + frames]
            file.write(part)
            frames, begin = frames - len(part), 0


def measured(step: str, source: Path, target: Path) -> dict[str, float]:
    """Return what one step takes in this process; `embed` writes the file that others read."""
    embedder, verifier = Embedder(), Verifier()
    embedder.warmup()
    noise = np.random.default_rng(0).normal(scale=0.1, size=(3 * RATE, 2))
    file = io.BytesIO()
    soundfile.write(file, noise, RATE, format="WAV", subtype="PCM_16")
    verifier.verify(embedder.embed(file.getvalue()).asset)
    ready = _most_held()

    def embed() -> None:
        embedder.embed(source, target=target)

    def detect() -> None:
        sound = media.Sound.decode(media.Source.of(target).data)
        read = sound.read
        found = audio.detect_blocks(
            lambda: map(media.as_wave, read()), RATE, keys=[OPEN_KEY], reach=audio.Search.NONE
        )
        assert found.payload is not None

    def verify() -> None:
        assert verifier.verify(target).content_id

    steps: dict[str, Callable[[], None]] = {"embed": embed, "detect": detect, "verify": verify}
    began = time.process_time()
    steps[step]()
    spent = time.process_time() - began
    held = _most_held()
    began = time.process_time()
    flac(source, target.with_suffix(".flac"))
    return {
        "seconds": spent,
        "FLAC": time.process_time() - began,
        "mebibytes": held - ready,
        "held": held,
    }


def flac(source: Path, target: Path) -> None:
    with (
        soundfile.SoundFile(source) as file,
        soundfile.SoundFile(target, "w", RATE, 2, format="FLAC", subtype="PCM_16") as coded,
    ):
        while len(part := file.read(_BLOCK, dtype="int16")):
            coded.write(part)


def _most_held() -> float:
    # Linux counts kibibytes, macOS bytes.
    unit = MEBI if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    main()
