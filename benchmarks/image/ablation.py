"""What each part of the image watermark is worth: all as it is, and one part changed at a time.

At 512 pixels, the same pictures for all. Every row states how the marks look, how far the soft
values lie above the decoder's threshold after compression (in dB), how often the pilots are seen
where the payload is gone, and how many of some turned, cut and bent pictures are read. Changed are
parts that a constant or one function stands for.
"""

from __future__ import annotations

import contextlib
import statistics
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any
from unittest import mock

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import pictures
from benchmarks.image import attacks
from benchmarks.pictures import Pixels
from benchmarks.run import Run, begin, one_thread, say, table
from synthmark import OPEN_KEY
from synthmark.facts import Strength
from synthmark.watermark import image
from synthmark.watermark.image import (
    carriers,
    channel,
    coarse,
    detection,
    folding,
    frame,
    jpeg,
    marking,
    mask,
    outline,
    presence,
    reading,
    sync,
    tracking,
    whitening,
)
from synthmark.watermark.polar import PolarCode
from synthmark.watermark.scheme import IMAGE_1, ImageScheme

SIDE = 512
COMPRESSED = ("jpeg20", "jpeg10", "webp30", "avif30")
GONE = ("jpeg10", "avif30", "blur3", "resize0.25")
SOFT = ("blur3", "resize0.25", "wavesdeg.2")
BENT = ("stretch1.2", "rot10", "crop10", "persp0.1", "persp0.3", "persp0.5")
# A margin beyond these says no more than one within.
_MOST, _LEAST = 12.0, -12.0

Change = tuple[ModuleType, str, Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """The watermark with one part changed.

    Attributes:
        name: What is other than it is.
        changes: Modules, names in them, and what stands there instead.
        scheme: What the carriers agree on.
    """

    name: str
    changes: tuple[Change, ...] = ()
    scheme: ImageScheme = IMAGE_1

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Change the watermark for a while."""
        with contextlib.ExitStack() as stack:
            generations = "IMAGE_GENERATIONS", (self.scheme,)
            new = (marking, *generations), (detection, *generations)
            for module, name, value in (*self.changes, *new):
                stack.enter_context(mock.patch.object(module, name, value))
            _forget()
            yield
        _forget()


def _forget() -> None:
    """Have carriers and lattices drawn anew."""
    carriers._draw.cache_clear()
    coarse._draw.cache_clear()


def _unrecoded(levels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    return levels


def _rounded(pixels: Pixels) -> NDArray[np.float32]:
    height, width = (min(side, coarse._SIDE) for side in pixels.shape[:2])
    if pixels.dtype != np.uint8:
        return frame.resize(pixels, width, height)
    small = cv2.resize(frame.luma(pixels), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


_series = coarse.series


def _plain_series(*given: Any) -> NDArray[np.float32]:
    found = _series(*given)
    found[1:] = 0
    return found


_FIVE_STEPS = (170.0, 260.0, 400.0, np.inf, np.inf)


VARIANTS = (
    Variant("as it is"),
    Variant("no free bits: any codeword of the payload", scheme=replace(IMAGE_1, free_bits=0)),
    Variant("64 free bits instead of 32", scheme=replace(IMAGE_1, free_bits=64)),
    Variant("96 free bits", scheme=replace(IMAGE_1, free_bits=96)),
    Variant("host and trial without JPEG", ((jpeg, "recoded", _unrecoded),)),
    Variant("as much where the host agrees", ((marking, "_HOST_SHARE", 0.0),)),
    Variant("nothing carried over", ((jpeg, "carried_over", lambda _, change: change),)),
    Variant(
        "carried over at 10 and 20 alone",
        ((jpeg, "_QUALITIES", (10, 20)), (jpeg, "_WORTH", (2.5, 3.0))),
    ),
    Variant("no more for pictures that fail the trial", ((marking, "_TRIAL_MARGIN", -99.0),)),
    Variant("one origin for all", ((marking, "origin", lambda *_: (0.0, 0.0)),)),
    Variant("no coarse mark", ((coarse, "LEAST_SIDE", 10**9),)),
    Variant("a coarse mark half as strong", ((coarse, "_SHARE", 0.1),)),
    Variant("a coarse mark 1.4 times as strong", ((coarse, "_SHARE", 0.28),)),
    Variant(
        "coarse points reached, not neared",
        scheme=replace(IMAGE_1, coarse=replace(IMAGE_1.coarse, share=1.0)),
    ),
    Variant("the coarse mark looked at in whole levels", ((coarse, "view", _rounded),)),
    Variant("no inverse of a blur", ((coarse, "series", _plain_series),)),
    Variant("no perceptual mask", ((mask, "_GAIN", 0.0),)),
    Variant("one amplitude for all frequencies", ((carriers, "_SHAPE_POWER", 0.0),)),
    Variant("pilots anywhere", scheme=replace(IMAGE_1, pilots_low=0.0)),
    Variant("low pilots as weak as their data", ((carriers, "_PILOT_LEAST_RADIUS", 0.0),)),
    Variant("a third for pilots instead of a quarter", ((channel, "PILOT_SHARE", 0.33),)),
    Variant("pilots not bounded", ((sync, "_MOST_DEVIATIONS", 1e9),)),
    Variant("no outlines", ((outline, "transforms", lambda _: ()),)),
    Variant("windows look alone", ((detection, "_TOGETHER", 99.0),)),
    Variant("tracked in five steps, not eight", ((detection, "_RADII", _FIVE_STEPS),)),
    Variant("neighbours do not help each other", ((tracking, "_SMOOTHED", 0),)),
    Variant("three windows, not five", ((detection, "_WINDOWS", 3),)),
    Variant("nine windows", ((detection, "_WINDOWS", 9),)),
    Variant("4 paths in decoding, not 32", ((reading, "_LIST", 4),)),
    Variant("128 paths", ((reading, "_LIST", 128),)),
)
"""All of them but the first have one part changed."""


def main() -> None:
    one_thread()
    run = begin(__doc__)
    found = [_measured(variant, run) for variant in VARIANTS]
    run.save({"side": SIDE, "pictures": found[0]["pictures"], "variants": found})
    show(found)


def _measured(variant: Variant, run: Run) -> dict[str, Any]:
    say(variant.name)
    with variant.applied():
        each = [_tried(*given, variant.scheme) for given in _given(run)]
    count = len(each)
    return {
        "changed": variant.name,
        "pictures": count,
        "psnr": statistics.fmean(one["psnr"] for one in each),
        "ssimulacra2": [
            statistics.fmean(one["ssimulacra2"] for one in each),
            min(one["ssimulacra2"] for one in each),
        ],
        "margin": {row: statistics.fmean(one["margin"][row] for one in each) for row in COMPRESSED},
        "seen": {row: sum(one["seen"][row] for one in each) for row in GONE},
        "read": {row: sum(one["read"][row] for one in each) for row in (*SOFT, *BENT)},
    }


def _given(run: Run) -> Iterator[tuple[Pixels, str]]:
    """Yield the pictures that reach the side, scaled to it, and their names."""
    for path in run.pictures:
        picture = pictures.pixels(path)
        if min(picture.shape[:2]) >= SIDE:
            yield pictures.scaled(picture, SIDE / min(picture.shape[:2])), path.name


def _tried(picture: Pixels, name: str, scheme: ImageScheme) -> dict[str, Any]:
    payload = zlib.crc32(name.encode()).to_bytes(4, "big") * 4
    codes: list[NDArray[np.float32]] = []
    encode = PolarCode.encode

    def kept(self: PolarCode, *given: Any, **named: Any) -> NDArray[np.float32]:
        codes.append(encode(self, *given, **named))
        return codes[-1]

    with mock.patch.object(PolarCode, "encode", kept):
        marked = image.embed(picture, payload, key=OPEN_KEY, strength=Strength.INVISIBLE)
    drawn = carriers.Carriers.of(OPEN_KEY, scheme)
    attacked = {
        row: np.ascontiguousarray(
            attacks.SCORECARD[row](
                marked.pixels, np.random.default_rng(zlib.crc32((name + row).encode()))
            )
        )
        for row in {*COMPRESSED, *GONE, *SOFT, *BENT}
    }
    margins, seen = {}, {}
    for row in {*COMPRESSED, *GONE}:
        plane = frame.to_frame(frame.luma(attacked[row]), frame.side(min(picture.shape[:2])))
        spectrum = folding.spectrum(whitening.whiten(plane))
        (lies,) = sync.find(spectrum, drawn, (0,))
        soft = channel.soft_values(spectrum, drawn, shift=lies.shift, fitted=True)
        margins[row] = min(max(marking.margin(soft * codes[0]), _LEAST), _MOST)
        # In three frames, as a picture of this size may have had.
        seen[row] = presence.UPRIGHT.chance(lies.score, 3) <= presence.MOST_CHANCE
    return {
        "psnr": marked.psnr,
        "ssimulacra2": pictures.ssimulacra2(picture, marked.pixels),
        "margin": margins,
        "seen": seen,
        "read": {row: image.detect(attacked[row]).payload == payload for row in (*SOFT, *BENT)},
    }


def show(found: list[dict[str, Any]]) -> None:
    table(
        f"One part changed at a time, {found[0]['pictures']} pictures, short side {SIDE}",
        (
            "changed",
            "SSIMULACRA2",
            "least",
            *(f"{row} dB" for row in COMPRESSED),
            *(f"{row} seen" for row in GONE),
            *SOFT,
            *BENT,
        ),
        (
            (
                each["changed"],
                *(f"{value:.1f}" for value in each["ssimulacra2"]),
                *(f"{each['margin'][row]:.2f}" for row in COMPRESSED),
                *(each["seen"][row] for row in GONE),
                *(each["read"][row] for row in (*SOFT, *BENT)),
            )
            for each in found
        ),
    )


if __name__ == "__main__":
    main()
