"""What many pictures marked under one key tell about the key: pilots' positions and phases.

Someone without the key averages the spectra of N marked pictures, of which each holds another
payload. Positions are taken where the mean power stands out from its ring; phases from the mean as
it is, and from the mean after the pictures were shifted onto each other at those positions. The
same is done with unmarked pictures, which shows what chance gives. With all pilots known, carriers
of the same code bit are looked for too: they rise and fall together from picture to picture.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import pictures
from benchmarks.run import RESULTS, Run, one_thread, say, table
from synthmark.keys import WatermarkKey
from synthmark.watermark import image
from synthmark.watermark.image import folding, frame, whitening
from synthmark.watermark.image.carriers import Carriers
from synthmark.watermark.image.frame import TILE

SIDE = 512
COUNTS = (1, 4, 16, 64, 100)
MOST_GROUPS = 10
ROUNDS = 6
STARTS = 4
KEY = WatermarkKey("averaged", hashlib.sha256(b"averaging").digest())

Spectra = NDArray[np.complex64]


@dataclass(frozen=True, slots=True, eq=False)
class Secret:
    """What the attacker is after, and where it may look.

    Attributes:
        points: int (n, 2), ky and kx of every carrier of the half plane.
        pilots: bool (n,), which of them are pilots.
        phases: complex64 (n,), of unit length at the pilots, 0 elsewhere.
        bits: int (2 m,), the code bit of each real and then each imaginary part of the m others.
    """

    points: NDArray[np.int64]
    pilots: NDArray[np.bool_]
    phases: Spectra
    bits: NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    parser.add_argument("--json", type=Path, default=RESULTS / "image" / "averaging.json")
    parser.add_argument("--most", type=int, default=max(COUNTS), help="pictures to mark")
    asked = parser.parse_args()
    one_thread()
    run = Run("image/averaging", asked.data, asked.json, None)
    secret = _secret()
    marked, plain = _spectra(run.all_pictures, asked.most, secret)
    results = {
        "pilots": int(secret.pilots.sum()),
        "carriers": len(secret.points),
        "marked": {n: _learned(marked, n, secret) for n in COUNTS if n <= len(marked)},
        "unmarked": {n: _learned(plain, n, secret) for n in COUNTS if n <= len(plain)},
    }
    show(results)
    run.save(results)


def _secret() -> Secret:
    carriers = Carriers.of(KEY)
    data, pilots = carriers.data.frequency, carriers.pilots.frequency
    points = np.concatenate((data, pilots)).astype(np.int64)
    phases = np.concatenate((np.zeros(len(data), np.complex64), carriers.phases))
    return Secret(points, phases != 0, phases, carriers.bit.ravel())


def _spectra(paths: list[Path], most: int, secret: Secret) -> tuple[Spectra, Spectra]:
    """Return the values at the carriers of marked and of unmarked pictures, each (most, n)."""
    marked, plain = [], []
    for number in range(most):
        picture = pictures.pixels(paths[number % len(paths)])
        picture = pictures.scaled(picture, SIDE / min(picture.shape[:2]))
        if number >= len(paths):
            # A mirrored picture is another picture: its mark is made anew.
            picture = np.ascontiguousarray(picture[:, ::-1])
        payload = hashlib.sha256(f"averaging {number}".encode()).digest()[:16]
        made = image.embed(picture, payload, key=KEY).pixels
        marked.append(_values(made, secret))
        plain.append(_values(picture, secret))
        if number % 20 == 19:
            say(f"  {number + 1} pictures marked")
    return np.array(marked), np.array(plain)


def _values(picture: pictures.Pixels, secret: Secret) -> Spectra:
    plane = frame.to_frame(frame.luma(picture), frame.side(SIDE))
    spectrum = folding.spectrum(whitening.whiten(plane))
    ky, kx = secret.points.T
    return np.asarray(spectrum[ky % TILE, kx % TILE])


def _learned(values: Spectra, count: int, secret: Secret) -> dict[str, float]:
    """Return the shares of positions and phases that `count` pictures give away, in per cent."""
    groups = [values[start : start + count] for start in range(0, len(values) - count + 1, count)]
    found = [_of_group(group, secret) for group in groups[:MOST_GROUPS]]
    return {"groups": len(found)} | {
        name: statistics.mean(each[name] for each in found) for name in found[0]
    }


def _of_group(values: Spectra, secret: Secret) -> dict[str, float]:
    count = int(secret.pilots.sum())
    radius = np.hypot(*secret.points.T)
    ring = (radius / 2).astype(int)
    power = (np.abs(values) ** 2).mean(axis=0)
    level = np.bincount(ring, power) / np.maximum(np.bincount(ring), 1)
    guessed = np.argsort(-power / level[ring])[:count]
    whole = np.flatnonzero(secret.pilots)
    return {
        "positions": 100 * float(secret.pilots[guessed].mean()),
        "phases, averaged": _right(values.mean(axis=0), whole, secret),
        "phases, aligned": _right(_aligned(values, guessed, secret), guessed, secret),
        "phases, aligned, positions known": _right(_aligned(values, whole, secret), whole, secret),
        "repeats, pilots known": _repeats(values, secret),
    }


def _repeats(values: Spectra, secret: Secret) -> float:
    """Return how many carriers go together most with one that holds the same code bit."""
    whole = np.flatnonzero(secret.pilots)
    units = values / (np.abs(values) + 1e-9)
    moved = np.array([_shifted(each, secret.phases, whole, secret) for each in units])
    data = moved[:, ~secret.pilots]
    parts = np.concatenate((data.real, data.imag), axis=1)
    together = np.abs(parts.T @ parts)
    np.fill_diagonal(together, 0)
    partner = together.argmax(axis=1)
    return 100 * float((secret.bits[partner] == secret.bits).mean())


def _aligned(values: Spectra, places: NDArray[np.intp], secret: Secret) -> Spectra:
    """Return the mean after each picture was shifted to where it agrees best with the others."""
    units = values / (np.abs(values) + 1e-9)
    best, strongest = units[0], -1.0
    for start in range(min(STARTS, len(units))):
        template = units[start]
        for _ in range(ROUNDS):
            moved = np.array([_shifted(each, template, places, secret) for each in units])
            template = moved.mean(axis=0)
        strength = float(np.abs(template[places]).mean())
        if strength > strongest:
            best, strongest = template, strength
    return np.asarray(best, np.complex64)


def _shifted(unit: Spectra, template: Spectra, places: NDArray[np.intp], secret: Secret) -> Spectra:
    shift = _peak(unit[places] * template[places].conj(), secret.points[places])
    turn = np.exp(2j * np.pi / TILE * (secret.points @ np.array(shift)))
    return np.asarray(unit * turn, np.complex64)


def _peak(values: Spectra, points: NDArray[np.int64]) -> tuple[int, int]:
    """Return the shift (dy, dx) at which values turned by it add up best."""
    sparse = np.zeros((TILE, TILE), np.complex64)
    sparse[points[:, 0] % TILE, points[:, 1] % TILE] = values
    place = int(np.fft.ifft2(sparse).real.argmax())
    return place // TILE, place % TILE


def _right(estimate: Spectra, places: NDArray[np.intp], secret: Secret) -> float:
    """Return how many pilots' quarters are right, at the tile origin that suits them best.

    Where one starts to count the tile does not matter; so even chance gets more than a quarter.
    Places that are no pilots count as wrong.
    """
    true, points = secret.phases[places], secret.points[places]
    unit = estimate[places] / (np.abs(estimate[places]) + 1e-9)
    shift = _peak(unit * true.conj(), points)
    turned = unit * np.exp(2j * np.pi / TILE * (points @ np.array(shift))) * true.conj()
    right = (np.abs(np.angle(turned)) < np.pi / 4) & (true != 0)
    return 100 * float(right.sum()) / int(secret.pilots.sum())


def show(results: dict[str, Any]) -> None:
    names = list(next(iter(results["marked"].values())))[1:]
    for kind in ("marked", "unmarked"):
        table(
            f"Per cent of {results['pilots']} pilots among {results['carriers']} carriers that "
            f"averaging {kind} pictures gives",
            ("pictures", "groups", *names),
            (
                (count, each["groups"], *(each[name] for name in names))
                for count, each in results[kind].items()
            ),
        )


if __name__ == "__main__":
    main()
