"""What many sounds marked under one key tell about its pattern, and what a copied mark does.

Averaging: someone without the key averages what N marked sounds have in common, each with another
payload, and subtracts it from one more. The attacker of the first row takes the sounds as they
begin; the second knows where each period begins; the third also has every original, which is more
than anyone who holds only what was published. The control subtracts the same pattern at a wrong
place, so that its effect is that of the distortion alone.

Copying: the difference that a mark made to one sound is added to another.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from benchmarks.run import RESULTS, Run, say, table
from benchmarks.sound.attacks import Wave
from benchmarks.sound.robustness import excerpts, seeded
from synthmark.keys import WatermarkKey
from synthmark.watermark import audio
from synthmark.watermark.audio import Search, cells, marking, mask, search, spectrum
from synthmark.watermark.audio.layout import PERIOD, Layout

RATE = spectrum.RATE
SECONDS = 6.0
COUNTS = (1, 10, 30, 100)
TARGETS = 12
COPIES = 40
KEY = WatermarkKey("averaged", hashlib.sha256(b"sounds averaged").digest())
LAYOUT = Layout.of(KEY)
KNOWN = LAYOUT.sync != 0

Pattern = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """One marked sound, mono at 16 kHz: as it was, as it is, and the slot its period begins at."""

    host: Wave
    marked: Wave
    payload: bytes
    start: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--json", type=Path, default=RESULTS / "sound" / "averaging.json")
    asked = parser.parse_args()
    run = Run("sound/averaging", asked.data, asked.json, None)
    sounds = _sounds(asked.data, max(COUNTS) + TARGETS)
    targets, seen = sounds[:TARGETS], sounds[TARGETS:]
    rows = [_averaged(name, seen[:count], targets) for name in VIEWS for count in COUNTS]
    rows.append(_control(rows, seen, targets))
    header = ("what is averaged", "sounds", "sync cells", "data cells", "read", "sync score")
    table("Averaged and subtracted", header, [tuple(row.values()) for row in rows])
    copies = _copied(sounds)
    table(
        "Copied to other sounds",
        ("what is copied", "read", "trials"),
        [tuple(each.values()) for each in copies],
    )
    run.save({"seconds": SECONDS, "averaging": rows, "copying": copies})


def _sounds(data: Path, count: int) -> list[Sound]:
    """Return so many pieces of recordings, marked with payloads of their own."""
    length = round(SECONDS * RATE)
    whole = []
    for each in excerpts(data):
        wave = soxr.resample(each.wave.mean(axis=1), each.rate, RATE).astype(np.float32)
        whole += [wave] if len(wave) > length else []
    generator = seeded("averaging")
    found: list[Sound] = []
    while len(found) < count:
        wave = whole[len(found) % len(whole)]
        begin = int(generator.integers(len(wave) - length))
        host = np.ascontiguousarray(wave[begin : begin + length])
        payload = generator.bytes(16)
        marked = np.asarray(audio.embed(host, RATE, payload, key=KEY).samples, np.float32)
        (bands,) = cells.firm_levels(spectrum.power(marked))
        # The embedder's slots begin at frame 2, which is the last phase.
        start = int(search.scores([bands], LAYOUT)[cells.FIRST_FRAME].argmax())
        found.append(Sound(host, marked, payload, start))
    return found


# --- averaging -----------------------------------------------------------------------------------


def _as_they_begin(sound: Sound) -> Pattern:
    return _folded(marking.seen(spectrum.power(sound.marked)).values, 0)


def _aligned(sound: Sound) -> Pattern:
    return _folded(marking.seen(spectrum.power(sound.marked)).values, sound.start)


def _with_originals(sound: Sound) -> Pattern:
    levels = [
        cells.slot_levels(
            cells.plain_levels(spectrum.power(wave)),
            cells.FIRST_FRAME,
            cells.SLOT,
        )
        for wave in (sound.marked, sound.host)
    ]
    return _folded(np.clip(levels[0] - levels[1], -0.3, 0.3), sound.start)


VIEWS = {
    "sounds as they begin": _as_they_begin,
    "sounds, periods known": _aligned,
    "sounds and originals, periods known": _with_originals,
}


def _folded(values: NDArray[np.float32], start: int) -> Pattern:
    """Return the mean dipole at each place of the period, float32 (24, 128)."""
    place = (np.arange(len(values)) - start) % PERIOD
    dipoles = (values[:, 0::2] - values[:, 1::2]).T
    total = np.zeros((dipoles.shape[0], PERIOD), np.float32)
    np.add.at(total.T, place, dipoles.T)
    return np.asarray(total / np.bincount(place, minlength=PERIOD), np.float32)


def _mean(patterns: list[Pattern]) -> Pattern:
    return np.asarray(np.stack(patterns).mean(axis=0), np.float32)


def _averaged(name: str, seen: list[Sound], targets: list[Sound]) -> dict[str, Any]:
    pattern = _mean([VIEWS[name](sound) for sound in seen])
    begins = 0 if name == "sounds as they begin" else None
    row = {"averaged": name, "sounds": len(seen)} | _agreement(pattern)
    row |= _subtracted(pattern, targets, begins)
    say(str(row))
    return row


def _control(rows: list[dict[str, Any]], seen: list[Sound], targets: list[Sound]) -> dict[str, Any]:
    pattern = np.roll(_mean([_with_originals(sound) for sound in seen]), PERIOD // 2, axis=1)
    row = {"averaged": "the last, at a wrong place", "sounds": len(seen)} | _agreement(pattern)
    return row | _subtracted(pattern, targets, None)


def _agreement(pattern: Pattern) -> dict[str, float]:
    """Return how often the pattern's signs are those of the key, in per cent; 50 is chance."""
    right = np.sign(pattern) == LAYOUT.chip
    return {
        "sync": round(100 * float(right[KNOWN].mean()), 1),
        "data": round(100 * float(right[~KNOWN].mean()), 1),
    }


def _subtracted(pattern: Pattern, targets: list[Sound], begins: int | None) -> dict[str, Any]:
    """Return how many targets are still read, and their mean sync score."""
    sure = np.tanh(pattern / (float(pattern.std()) + 1e-9))
    read, scores = 0, []
    for sound in targets:
        start = sound.start if begins is None else begins
        slots = len(sound.marked) // (cells.SLOT * spectrum.HOP)
        signs = sure.T[(np.arange(slots) - start) % PERIOD]
        gains = np.zeros((slots, cells.BANDS), np.float32)
        gains[:, 0::2], gains[:, 1::2] = -signs, signs
        gains *= mask.strength_of(spectrum.power(sound.marked))[:slots]
        less = sound.marked + spectrum.filtered(sound.marked[:, None], _field(gains))[:, 0]
        found = audio.detect(less, RATE, keys=[KEY], reach=Search.NONE)
        read += found.payload == sound.payload
        (bands,) = cells.firm_levels(spectrum.power(less))
        scores.append(float(search.scores([bands], LAYOUT).max()))
    return {"read": f"{read}/{len(targets)}", "score": round(float(np.mean(scores)), 2)}


def _field(gains: NDArray[np.float32]) -> Any:
    return lambda start, stop: cells.frame_gains(gains, start, stop)


# --- copying -------------------------------------------------------------------------------------


def _copied(sounds: list[Sound]) -> list[dict[str, Any]]:
    """Return how often the mark of one sound is read from another that it was copied to."""
    rows = []
    for name, copy in (("difference added", _difference), ("gains imposed", _gains)):
        read = 0
        for number in range(COPIES):
            one, other = sounds[number], sounds[(number + 7) % len(sounds)]
            copied = copy(one, other.host).astype(np.float32)
            found = audio.detect(copied, RATE, keys=[KEY], reach=Search.NONE)
            read += found.payload == one.payload
        rows.append({"copy": name, "read": read, "trials": COPIES})
    return rows


def _difference(one: Sound, other: Wave) -> Wave:
    """Add what the mark changed, at the level it had beside its own host."""
    level = np.sqrt(np.mean(other**2) / max(float(np.mean(one.host**2)), 1e-12))
    return np.asarray(other + level * (one.marked - one.host), np.float32)


def _gains(one: Sound, other: Wave) -> Wave:
    """Change every bin of the other sound's spectrum by the factor that the mark changed it by."""
    before, after = (spectrum.power(wave) for wave in (one.host, one.marked))
    factors = np.clip(np.sqrt((after + 1e-9) / (before + 1e-9)), 0.8, 1.25) - 1
    return other + spectrum.filtered(other[:, None], lambda start, stop: factors[start:stop])[:, 0]


if __name__ == "__main__":
    main()
