"""How long the steps take beside Pillow and dwtDct, and how soon the command starts.

1024x1024, one thread, kernels warm, everything side by side in one run: what counts is the ratios.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import commands, pictures
from benchmarks.image import attacks, peers
from benchmarks.pictures import Pixels
from benchmarks.run import Run, begin, one_thread, say, table
from synthmark import (
    OPEN_KEY,
    ContentId,
    Label,
    Limits,
    Provider,
    Signer,
    Trust,
    fingerprint,
    labels,
    manifest,
    media,
    watermark,
)
from synthmark.media.formats import JPEG

SIDE = 1024
PICTURES = 8
ROUNDS = 15
STARTS = 9
PAYLOAD = bytes(range(16, 32))
HEAVY = {"numba", "c2pa", "cv2", "numpy", "iscc_core", "cryptography", "PIL"}
TURN = 10.0
DWT_BITS = 128
COMMAND = "import sys; from synthmark.cli import main; main()"
# Numba loads SciPy where it is installed; synthmark does not bring it, this benchmark does.
WITHOUT_SCIPY = "import sys; sys.modules['scipy'] = None; "


def main() -> None:
    run = begin(__doc__, limit_help=f"use only so many pictures ({PICTURES})")
    one_thread()
    with tempfile.TemporaryDirectory() as place:
        commands.settle(Path(place))
        results = {"steps": steps(run), "start": start(Path(place))}
    run.save(results)


# --- steps ---------------------------------------------------------------------------------------


def steps(run: Run) -> dict[str, Any]:
    """Time every step on some pictures, round by round, and take each step's median."""
    count = run.limit or PICTURES
    sources = [path for path in replace(run, limit=None).pictures if _large(path)]
    sources = sources[:: max(1, len(sources) // count)][:count]
    watermark.image.warmup()
    medians: dict[str, list[float]] = {}
    for path in sources:
        say(f"timing {path.name}")
        tasks = _tasks(_square(pictures.pixels(path)))
        taken: dict[str, list[float]] = {name: [] for name in tasks}
        for task in tasks.values():
            task()
        for _ in range(ROUNDS):
            for name, task in tasks.items():
                begun = time.perf_counter()
                task()
                taken[name].append(time.perf_counter() - begun)
        for name, seconds in taken.items():
            medians.setdefault(name, []).append(1000 * statistics.median(seconds))
    mean = {name: statistics.mean(each) for name, each in medians.items()}
    jpeg = mean["Pillow JPEG 90 encode"] + mean["Pillow JPEG 90 decode"]
    table(
        f"Milliseconds for {SIDE}x{SIDE}, one thread, mean over {len(sources)} pictures of the "
        f"median of {ROUNDS} rounds",
        ("step", "ms", "of JPEG 90 encode + decode"),
        ((name, each, each / jpeg) for name, each in mean.items()),
    )
    bars = {
        "watermark embed <= 6 x JPEG 90": mean["watermark embed"] / jpeg,
        "fast detect <= 1 x JPEG 90": mean["fast detect"] / jpeg,
        "detect, turned and found <= 12 x JPEG 90": mean["detect, turned"] / jpeg,
        "detect, unmarked, everything tried <= 40 x JPEG 90": mean["detect, unmarked"] / jpeg,
        "watermark embed < dwtDct encode": mean["watermark embed"] / mean["dwtDct encode"],
        "fast detect < dwtDct decode": mean["fast detect"] / mean["dwtDct decode"],
    }
    table("What must hold", ("bar", "ratio"), bars.items())
    return {"pictures": len(sources), "milliseconds": mean, "ratios": bars, "by picture": medians}


def _large(path: Path) -> bool:
    height, width = pictures.pixels(path).shape[:2]
    return bool(height >= SIDE and width >= SIDE)


def _square(picture: Pixels) -> Pixels:
    top, left = ((side - SIDE) // 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + SIDE, left : left + SIDE])


def _tasks(plain: Pixels) -> dict[str, Callable[[], Any]]:
    marked = watermark.image.embed(plain, PAYLOAD, key=OPEN_KEY).pixels
    turned = attacks.rotate(TURN)(marked, np.random.default_rng(0))
    jpeg = pictures.coded(marked, "JPEG", quality=90)
    png = pictures.coded(marked, compress_level=6)
    signer = Signer.development()
    content_id = ContentId(PAYLOAD)
    aigc = labels.aigc.compose(Provider(), content_id)
    claim = manifest.Claim(
        content_id=content_id,
        label=Label(),
        provider=Provider(),
        aigc=aigc,
        fingerprint=fingerprint.fingerprint(marked).iscc,
        time=datetime.now(UTC),
    )

    def sign() -> bytes:
        return manifest.sign(jpeg, JPEG, claim=claim, signer=signer).asset

    signed, trust, limits = sign(), Trust(), Limits()
    encoder, decoder = _dwt_dct()
    bgr = np.ascontiguousarray(plain[:, :, ::-1])
    foreign = encoder.encode(bgr, "dwtDct")
    return {
        "watermark embed": lambda: watermark.image.embed(plain, PAYLOAD, key=OPEN_KEY),
        "fast detect": lambda: watermark.image.detect(marked),
        "detect, turned": lambda: watermark.image.detect(turned),
        "detect, unmarked": lambda: watermark.image.detect(plain),
        "fingerprint": lambda: fingerprint.fingerprint(marked),
        "C2PA sign": sign,
        "C2PA read": lambda: manifest.read(signed, JPEG, trust=trust, limits=limits),
        "media PNG decode": lambda: media.Picture.decode(png),
        "Pillow JPEG 90 encode": lambda: pictures.coded(marked, "JPEG", quality=90),
        "Pillow JPEG 90 decode": lambda: pictures.pixels(jpeg),
        "Pillow PNG encode": lambda: pictures.coded(marked, compress_level=6),
        "Pillow PNG decode": lambda: pictures.pixels(png),
        "dwtDct encode": lambda: encoder.encode(bgr, "dwtDct"),
        "dwtDct decode": lambda: decoder.decode(foreign, "dwtDct"),
    }


def _dwt_dct() -> tuple[Any, Any]:
    module = peers.imwatermark()
    encoder = module.WatermarkEncoder()
    encoder.set_watermark("bytes", PAYLOAD)
    return encoder, module.WatermarkDecoder("bytes", DWT_BITS)


# --- start ---------------------------------------------------------------------------------------


def start(folder: Path) -> dict[str, Any]:
    """See what --help loads, and time a verify with a warm cache beside importing numba."""
    code = (
        "import sys; sys.argv = ['synthmark', '--help']\n"
        "from synthmark.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    generator = np.random.default_rng(1)
    small = generator.integers(0, 255, (32, 32, 3), np.uint8)
    source = folder / "picture.png"
    source.write_bytes(pictures.coded(pictures.resized(small, 512, 512)))
    target = folder / "labelled.png"
    subprocess.run([commands.SYNTHMARK, "embed", source, "-o", target], check=True)
    python: list[str | Path] = [sys.executable, "-c"]
    contenders = {
        "synthmark verify": [*python, f"{WITHOUT_SCIPY}{COMMAND}", "verify", target],
        "import numba": [*python, f"{WITHOUT_SCIPY}import numba"],
        "synthmark --help": [*python, COMMAND, "--help"],
    }
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(STARTS + 1):
        for name, command in contenders.items():
            seconds = commands.measure(command, seconds=120).seconds
            if turn:
                taken[name].append(seconds)
    medians = {name: statistics.median(each) for name, each in taken.items()}
    numba = medians["import numba"]
    table(
        f"Start of the command, median of {STARTS}; --help loads "
        f"{len(loaded)} modules, heavy among them: {', '.join(HEAVY & loaded) or 'none'}",
        ("command", "s", "of import numba"),
        ((name, each, each / numba) for name, each in medians.items()),
    )
    return {
        "seconds": medians,
        "verify of import numba": medians["synthmark verify"] / numba,
        "help loads": sorted(HEAVY & loaded),
    }


if __name__ == "__main__":
    main()
