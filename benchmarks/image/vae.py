"""A round trip through the autoencoder of an image generator, where its weights are at hand.

The tiny autoencoders of madebyollin/taesd (MIT) stand for those of Stable Diffusion and FLUX. Their
files name the layers by number: a convolution, or a block of three with a skip. Weights are given
by path and torch comes from the environment; neither is needed for anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.image.attacks import Attack, Pixels, chain, jpeg


def rows(encoder: Path, decoder: Path) -> Callable[[Pixels], Mapping[str, Attack]]:
    """Return a suite of two rows: the round trip, and the round trip saved as JPEG 75."""
    trip = _round_trip(encoder, decoder)
    return lambda _: {"vae": trip, "vae, jpeg 75": chain(trip, jpeg(75))}


def _round_trip(encoder: Path, decoder: Path) -> Attack:
    import torch

    torch.set_num_threads(1)
    first, second = (
        {name: values.float() for name, values in weights.items()}
        for weights in (
            torch.load(path, map_location="cpu", weights_only=True) for path in (encoder, decoder)
        )
    )

    def attack(picture: Pixels, _: np.random.Generator) -> Pixels:
        height, width = picture.shape[:2]
        # The latent is an eighth of the picture: sides are filled up by their last pixels.
        down, across = -height % 8, -width % 8
        filled = np.pad(picture, ((0, down), (0, across), (0, 0)), mode="edge")
        with torch.no_grad():
            signal = torch.from_numpy(filled.transpose(2, 0, 1)[None] / np.float32(255))
            decoded = _decoded(_encoded(signal, first), second)
        made = decoded[0].clamp(0, 1).numpy().transpose(1, 2, 0)
        return np.ascontiguousarray(np.rint(255 * made[:height, :width]).astype(np.uint8))

    return attack


def _encoded(signal: Any, weights: Mapping[str, Any]) -> Any:
    for number in _numbers(weights):
        # Convolutions without a bias are those that halve.
        stride = 1 if f"{number}.bias" in weights else 2
        signal = _layer(signal, weights, number, stride)
    return signal


def _decoded(latent: Any, weights: Mapping[str, Any]) -> Any:
    import torch
    from torch.nn import functional

    signal = 3 * torch.tanh(latent / 3)
    numbers = _numbers(weights)
    for number in numbers:
        if f"{number}.weight" in weights and f"{number}.bias" not in weights:
            signal = functional.interpolate(signal, scale_factor=2)
        signal = _layer(signal, weights, number, 1)
        if number == numbers[0]:
            signal = functional.relu(signal)
    return signal


def _layer(signal: Any, weights: Mapping[str, Any], number: int, stride: int) -> Any:
    from torch.nn.functional import conv2d, group_norm, relu

    if f"{number}.weight" in weights:
        kernel, bias = weights[f"{number}.weight"], weights.get(f"{number}.bias")
        return conv2d(signal, kernel, bias, stride=stride, padding=1)
    if f"{number}.pool.0.weight" in weights:
        pooled = conv2d(signal, weights[f"{number}.pool.0.weight"])
        scale, offset = weights[f"{number}.pool.1.weight"], weights[f"{number}.pool.1.bias"]
        pooled = relu(group_norm(pooled, 4, scale, offset))
        signal = signal + conv2d(pooled, weights[f"{number}.pool.3.weight"])
    inner = signal
    for place in (0, 2, 4):
        name = f"{number}.conv.{place}"
        inner = conv2d(inner, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)
        inner = relu(inner) if place < 4 else inner
    skip = weights.get(f"{number}.skip.weight")
    return relu(inner + (signal if skip is None else conv2d(signal, skip)))


def _numbers(weights: Mapping[str, Any]) -> list[int]:
    return sorted({int(name.partition(".")[0]) for name in weights})
