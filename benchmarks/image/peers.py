"""Other watermarks to measure beside ours, where they are installed.

None has a check: their decoders return bits for any picture. A message counts as exact when all of
its 32 bits are right, which is less than a quarter of what ours carries.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.pictures import Pixels
from benchmarks.run import say

BITS = 32


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer.

    Attributes:
        embed: From RGB pixels and `BITS` bits to marked RGB pixels.
        read: From RGB pixels to bits.
    """

    embed: Callable[[Pixels, list[int]], Pixels]
    read: Callable[[Pixels], list[int]]


def installed(names: Iterable[str]) -> dict[str, Peer]:
    """Return those peers that can be imported; say which cannot."""
    found: dict[str, Peer] = {}
    for name in names:
        try:
            found[name] = _LOADERS[name]()
        except ImportError as error:
            say(f"{name} is left out: {error}")
    return found


def imwatermark() -> Any:
    """Import invisible-watermark; it asks for torch, which only its neural method touches."""
    try:
        import torch  # noqa: F401
    except ImportError:
        sys.modules["torch"] = types.ModuleType("torch")
        try:
            import imwatermark as module
        finally:
            del sys.modules["torch"]
    else:
        import imwatermark as module
    return module


def _invisible_watermark(method: str) -> Callable[[], Peer]:
    def load() -> Peer:
        module = imwatermark()
        if method == "rivaGan":
            import onnxruntime  # noqa: F401
            import torch  # noqa: F401

            module.WatermarkEncoder.loadModel()

        def embed(picture: Pixels, bits: list[int]) -> Pixels:
            encoder = module.WatermarkEncoder()
            encoder.set_watermark("bits", bits)
            marked = encoder.encode(_swapped(picture), method)
            return _swapped(np.clip(np.rint(marked), 0, 255).astype(np.uint8))

        def read(picture: Pixels) -> list[int]:
            decoder = module.WatermarkDecoder("bits", BITS)
            return [int(bit) for bit in decoder.decode(_swapped(picture), method)]

        return Peer(embed, read)

    return load


def _blind_watermark() -> Peer:
    import blind_watermark

    blind_watermark.bw_notes.close()

    def embed(picture: Pixels, bits: list[int]) -> Pixels:
        mark = blind_watermark.WaterMark(password_img=1, password_wm=1)
        mark.read_img(img=_swapped(picture))
        mark.read_wm([bool(bit) for bit in bits], mode="bit")
        return _swapped(np.clip(np.rint(mark.embed()), 0, 255).astype(np.uint8))

    def read(picture: Pixels) -> list[int]:
        mark = blind_watermark.WaterMark(password_img=1, password_wm=1)
        bits = mark.extract(embed_img=_swapped(picture), wm_shape=BITS, mode="bit")
        return [int(bit > 0.5) for bit in bits]

    return Peer(embed, read)


def _swapped(picture: Pixels) -> Pixels:
    """Turn RGB to BGR, and back."""
    return np.ascontiguousarray(picture[:, :, ::-1])


_LOADERS: dict[str, Callable[[], Peer]] = {
    "dwtDct": _invisible_watermark("dwtDct"),
    "dwtDctSvd": _invisible_watermark("dwtDctSvd"),
    "rivaGan": _invisible_watermark("rivaGan"),
    "blind-watermark": _blind_watermark,
}

NAMES = tuple(_LOADERS)
