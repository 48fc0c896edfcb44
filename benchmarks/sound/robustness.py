"""Recovery of the audio watermark after every attack, from random crops: the exact payload or not.

Speech is attacked at 16 kHz in mono, music at its own rate in stereo, so that a codec's rate is the
total of both channels. Long recordings are cut into excerpts of 15 s; each is marked whole,
attacked whole and then cropped. Crops and noise are the same in every run.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.run import RESULTS, Run, say, table, wilson
from benchmarks.sound.attacks import Attack, Wave, geometric, plain
from benchmarks.sound.peers import Audiowmark, seconds_of_children
from synthmark.keys import OPEN_KEY
from synthmark.watermark import audio
from synthmark.watermark.audio import Search

RATE = 16_000
EXCERPT = 15.0
SECONDS = (3.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a recording."""

    name: str
    kind: str
    wave: Wave
    rate: int


@dataclass(frozen=True, slots=True)
class Ours:
    """The watermark of this project with payloads of so many bytes."""

    form: int

    def embed(self, each: Excerpt, payload: bytes) -> tuple[Wave, float]:
        """Return the marked sound and its SNR in dB."""
        found = audio.embed(each.wave, each.rate, payload, key=OPEN_KEY)
        return found.samples.astype(np.float32), found.snr

    def read(self, wave: Wave, rate: int, attack: str, _: bytes) -> tuple[bytes | None, float]:
        """Return what the least search meant for the attack reads, and the seconds it took."""
        reach = Search.NONE
        if attack in geometric():
            reach = Search.JOINT if "stretch" in attack and "speed" in attack else Search.FAMILIES
        began = time.process_time()
        found = audio.detect(wave, rate, reach=reach)
        return found.payload, time.process_time() - began


@dataclass(frozen=True, slots=True)
class Streamed(Ours):
    """The same, marked and read in blocks of a second."""

    def embed(self, each: Excerpt, payload: bytes) -> tuple[Wave, float]:
        """Return the marked sound and its SNR in dB."""
        channels = each.wave.shape[1]
        stream = audio.EmbedStream(each.rate, channels, payload, key=OPEN_KEY)
        parts = [stream.push(block) for block in _blocks(each.wave, each.rate)]
        marked = np.concatenate([np.asarray(part, np.float32) for part in parts])
        return np.concatenate((marked, np.asarray(stream.finish(), np.float32))), stream.snr

    def read(self, wave: Wave, rate: int, attack: str, _: bytes) -> tuple[bytes | None, float]:
        """Return the payload of the longest segment, and the seconds it took."""
        began = time.process_time()
        stream = audio.DetectStream(rate, wave.shape[1])
        for block in _blocks(wave, rate):
            stream.push(block)
        found = max(stream.finish(), key=lambda each: each.end - each.start, default=None)
        return found.payload if found else None, time.process_time() - began


def _blocks(wave: Wave, size: int) -> Iterator[Wave]:
    return (wave[begin : begin + size] for begin in range(0, len(wave), size))


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program, given the same samples."""

    program: Audiowmark
    form: int = 16

    def embed(self, each: Excerpt, payload: bytes) -> tuple[Wave, float]:
        """Return the marked sound and its SNR in dB."""
        found = self.program.embed(each.wave, each.rate, payload)
        ratio = np.sum(each.wave**2) / max(np.sum((found - each.wave) ** 2), 1e-12)
        return found, float(10 * np.log10(ratio))

    def read(
        self, wave: Wave, rate: int, attack: str, payload: bytes
    ) -> tuple[bytes | None, float]:
        """Return what is read, with its search for speed where time or pitch moved, and seconds."""
        began = seconds_of_children()
        speed = attack in geometric()
        found = self.program.read(wave, rate, payload, speed=speed)
        return found, seconds_of_children() - began


def main() -> None:
    """Mark, attack, crop and read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--json", type=Path, default=RESULTS / "sound" / "robustness.json")
    parser.add_argument("--crops", type=int, default=4, help="crops of each length and excerpt")
    parser.add_argument("--attacks", help="only these, separated by ';', or 'plain', 'geometric'")
    parser.add_argument("--forms", default="8,16", help="bytes of the payloads")
    parser.add_argument("--kinds", default="speech,music")
    parser.add_argument("--streamed", action="store_true", help="also in blocks of a second")
    parser.add_argument("--audiowmark", type=Path, metavar="PATH", help="the program, measured too")
    asked = parser.parse_args()
    run = Run("sound/robustness", asked.data, asked.json, None)
    pieces = [each for each in excerpts(asked.data) if each.kind in asked.kinds.split(",")]
    attacks = _chosen(asked.attacks, pieces)
    systems: dict[str, Ours | Peer] = {
        f"{8 * form} + 32 bits": Ours(form) for form in map(int, asked.forms.split(","))
    }
    if asked.streamed:
        systems["64 + 32 bits, streamed"] = Streamed(8)
    if asked.audiowmark:
        systems["audiowmark, 128 bits"] = Peer(Audiowmark(asked.audiowmark))
    results: dict[str, Any] = {}
    for name, system in systems.items():
        for kind in asked.kinds.split(","):
            group = [each for each in pieces if each.kind == kind]
            title = f"{kind}, {name}"
            results[title] = _measured(title, group, attacks, system, asked.crops)
    run.save({"crops": asked.crops, "results": results})


def _chosen(asked: str | None, pieces: Sequence[Excerpt]) -> dict[str, Attack]:
    voices = [(each.wave, each.rate) for each in pieces if each.kind == "speech"]
    sets = {"plain": plain(voices), "geometric": geometric()}
    every = sets["plain"] | sets["geometric"]
    if asked is None:
        return every
    return sets.get(asked) or {name: every[name] for name in asked.split(";")}


def excerpts(data: Path) -> Iterator[Excerpt]:
    """Yield the recordings of a data folder in pieces of about 15 s."""
    for path in sorted((data / "audio").glob("*.flac")):
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
        kind = "music" if path.stem.startswith("music") else "speech"
        if kind == "speech":
            wave, rate = soxr.resample(wave.mean(axis=1, keepdims=True), rate, RATE), RATE
        count = max(1, round(len(wave) / rate / EXCERPT))
        for number, part in enumerate(np.array_split(wave, count)):
            yield Excerpt(f"{path.stem}/{number}", kind, np.ascontiguousarray(part), rate)


def _measured(
    name: str,
    group: Sequence[Excerpt],
    attacks: dict[str, Attack],
    system: Ours | Peer,
    count: int,
) -> dict[str, Any]:
    marked = []
    for each in group:
        payload = seeded(each.name, system.form).bytes(system.form)
        marked.append((each, payload, *system.embed(each, payload)))
    snr = float(np.mean([ratio for *_, ratio in marked]))
    say(f"{name}: {len(group)} excerpts, SNR {snr:.2f} dB")
    rows: dict[str, Any] = {}
    for attack, apply in attacks.items():
        row: dict[str, Any] = {f"{seconds:g} s": [0, 0] for seconds in SECONDS}
        missed, wrong, spent = [], 0, 0.0
        for each, payload, sound, _ in marked:
            attacked = apply(sound, each.rate, seeded(each.name, attack))
            for seconds, crop in crops(attacked, each, attack, count):
                found, took = system.read(crop, each.rate, attack, payload)
                spent += took
                cell = row[f"{seconds:g} s"]
                cell[1] += 1
                cell[0] += found == payload
                wrong += found not in (None, payload)
                if found != payload:
                    missed.append(f"{each.name} {seconds:g} s")
        trials = sum(cell[1] for cell in row.values())
        rows[attack] = row | {"wrong": wrong, "missed": missed, "seconds": spent / max(trials, 1)}
        say(f"  {attack}: " + "  ".join(f"{hit}/{of}" for hit, of in row.values()))
    _show(f"{name}; mean SNR {snr:.2f} dB", rows)
    return {"excerpts": len(group), "snr": snr, "attacks": rows}


def crops(
    wave: Wave, each: Excerpt, attack: str, count: int, lengths: Sequence[float] = SECONDS
) -> Iterator[tuple[float, Wave]]:
    """Yield lengths in seconds and random crops of an attacked sound, the same in every run."""
    for seconds in lengths:
        length = round(seconds * each.rate)
        if length > len(wave):
            continue
        generator = seeded(each.name, attack, seconds)
        for _ in range(count):
            start = int(generator.integers(len(wave) - length + 1))
            yield seconds, np.ascontiguousarray(wave[start : start + length])


def seeded(*words: object) -> np.random.Generator:
    """Return a generator that the words decide."""
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


def _show(title: str, rows: dict[str, Any]) -> None:
    lengths = [f"{seconds:g} s" for seconds in SECONDS]
    shown = []
    totals = [[0, 0] for _ in lengths]
    for attack, row in rows.items():
        cells = [row[length] for length in lengths]
        totals = [
            [a + b for a, b in zip(*pair, strict=True)] for pair in zip(totals, cells, strict=True)
        ]
        shown.append((attack, *map(_cell, cells), row["wrong"], f"{1000 * row['seconds']:.0f}"))
    shown.append(("all", *map(_cell, totals), sum(row["wrong"] for row in rows.values()), ""))
    table(title, ("attack", *lengths, "wrong", "ms a try"), shown)


def _cell(cell: Sequence[int]) -> str:
    hit, of = cell
    low, high = wilson(hit, of)
    return f"{hit}/{of} ({low:.0f}-{high:.0f})"


if __name__ == "__main__":
    main()
