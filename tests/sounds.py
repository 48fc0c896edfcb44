"""Sounds that sound like sounds: a voice with syllables, music with notes and a beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]

RATE = 16_000


def voice(seconds: float = 5.0, seed: int = 0, rate: int = RATE) -> Wave:
    """Speak about four syllables a second: float32 (n,), peaks near 0.5."""
    generator = np.random.default_rng(seed)
    count = round(seconds * rate)
    time = np.arange(count) / rate
    pitch = 110 * (1 + 0.15 * _course(generator, count, rate, 2.0))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    wave = np.zeros(count)
    formants = [
        centre * (1 + 0.25 * _course(generator, count, rate, 4.0))
        for centre in (550, 1500, 2600, 3800)
    ]
    for harmonic in range(1, int(min(7200, rate / 2 - 400) / 130)):
        hertz = harmonic * pitch
        loud = sum(np.exp(-(((hertz - centre) / 220) ** 2)) for centre in formants) + 0.02
        wave += loud / harmonic**0.5 * np.sin(harmonic * phase + generator.uniform(0, 6))
    syllables = np.clip(_course(generator, count, rate, 4.0) + 0.6, 0.02, 1.5)
    breath = generator.normal(size=count) * np.clip(_course(generator, count, rate, 5.0), 0.03, 1)
    wave = wave * syllables + 0.3 * breath * (1 + 0.2 * np.sin(2 * np.pi * time))
    return np.asarray(0.5 * wave / np.abs(wave).max(), np.float32)


def music(seconds: float = 5.0, seed: int = 0, rate: int = 44_100) -> Wave:
    """Play chords over a beat in stereo: float32 (n, 2), peaks near 0.7."""
    generator = np.random.default_rng(seed)
    count = round(seconds * rate)
    wave = generator.normal(scale=2e-3, size=(count, 2))
    for begin in np.arange(0, seconds, 0.25):
        first = round(begin * rate)
        time = np.arange(min(count - first, rate)) / rate
        heard = wave[first : first + rate]
        for _ in range(2):
            hertz = 110 * 2 ** (generator.integers(0, 36) / 12)
            place = generator.uniform(0.2, 0.8)
            for harmonic in range(1, min(12, int((rate / 2 - 500) / hertz)) + 1):
                decay = np.exp(-time * (3 + harmonic))
                tone = decay / harmonic * np.sin(2 * np.pi * hertz * harmonic * time)
                heard += tone[:, None] * (place, 1 - place)
        hit = np.exp(-time * 40) * generator.normal(size=len(time))
        heard += 0.5 * hit[:, None]
    return np.asarray(0.7 * wave / np.abs(wave).max(), np.float32)


def _course(
    generator: np.random.Generator, count: int, rate: int, hertz: float
) -> NDArray[np.float64]:
    """Return a smooth random course within about +-1 that turns `hertz` times a second."""
    knots = generator.uniform(-1, 1, max(4, int(count / rate * hertz) + 2))
    places = np.linspace(0, len(knots) - 1, count)
    share = (1 - np.cos(np.pi * (places % 1))) / 2
    low = knots[places.astype(int)]
    high = knots[np.minimum(places.astype(int) + 1, len(knots) - 1)]
    return np.asarray(low + share * (high - low))
