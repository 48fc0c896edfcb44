"""How fast sound is marked and read, beside coding the same sound as FLAC, on one thread.

Times are processor time, the least of several tries; as machines differ and are shared, what counts
is their ratio to libsndfile's FLAC encoder in the same run.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.run import RESULTS, Run, one_thread, say, table
from benchmarks.sound.attacks import Wave
from benchmarks.sound.robustness import Excerpt, excerpts
from synthmark import OPEN_KEY
from synthmark.keys import WatermarkKey
from synthmark.watermark import audio
from synthmark.watermark.audio import Search

SECONDS = 10.0
TRIES = 7
PAYLOAD = bytes(range(16))
KEYS = [WatermarkKey(str(number), bytes([number]) * 32) for number in range(16)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--json", type=Path, default=RESULTS / "sound" / "speed.json")
    asked = parser.parse_args()
    one_thread()
    run = Run("sound/speed", asked.data, asked.json, None)
    audio.warmup()
    chosen: dict[tuple[int, int], Excerpt] = {}
    for each in excerpts(asked.data):
        if len(each.wave) >= SECONDS * each.rate:
            chosen.setdefault((each.rate, each.wave.shape[1]), each)
    results = {}
    for (rate, channels), each in chosen.items():
        wave = np.ascontiguousarray(each.wave[: round(SECONDS * rate)])
        name = f"{rate / 1000:g} kHz, {channels} channel{'s' * (channels > 1)}"
        results[name] = _timed(wave, rate)
        say(f"{name}: {results[name]}")
    run.save({"seconds": SECONDS, "tries": TRIES, "times": results})
    rows = []
    for name, times in results.items():
        for step, seconds in times.items():
            rows.append((f"{name}: {step}", f"{seconds / times['FLAC']:.2f}"))
    table("Speed", ("what", "FLAC encodes"), rows)


def _timed(wave: Wave, rate: int) -> dict[str, float]:
    """Return the seconds that each step takes."""
    samples = audio.embed(wave, rate, PAYLOAD, key=OPEN_KEY).samples
    marked = np.asarray(samples, np.float32)
    steps: dict[str, Callable[[], object]] = {
        "FLAC": lambda: _flac(wave, rate),
        "embed": lambda: audio.embed(wave, rate, PAYLOAD, key=OPEN_KEY),
        "read, fast": lambda: audio.detect(marked, rate),
        "unmarked, fast": lambda: audio.detect(wave, rate, reach=Search.NONE),
        "unmarked, fast, 16 keys": lambda: audio.detect(wave, rate, keys=KEYS, reach=Search.NONE),
        "unmarked, full": lambda: audio.detect(wave, rate),
        "unmarked, joint": lambda: audio.detect(wave, rate, reach=Search.JOINT),
    }
    return {
        name: round(_least(step, 1 if "joint" in name else TRIES), 5)
        for name, step in steps.items()
    }


def _least(step: Callable[[], object], tries: int) -> float:
    spent = []
    for _ in range(tries):
        began = time.process_time()
        step()
        spent.append(time.process_time() - began)
    return min(spent)


def _flac(wave: Wave, rate: int) -> None:
    soundfile.write(io.BytesIO(), wave, rate, format="FLAC", subtype="PCM_16")


if __name__ == "__main__":
    main()
