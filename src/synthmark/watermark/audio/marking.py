"""Put a payload into a sound: move the level of each cell a little, as its neighbours allow."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from synthmark.errors import UnmarkableError, UsageError
from synthmark.facts import MarkedSound
from synthmark.watermark.audio import cells, decoding, mask, spectrum
from synthmark.watermark.audio.detection import detect_whole
from synthmark.watermark.audio.hearing import mixed
from synthmark.watermark.audio.layout import GROUPS, PERIOD, Layout
from synthmark.watermark.audio.pcm import (
    LEAST_SECONDS,
    added,
    as_float,
    check_samples,
    energy,
    silent,
    within_scale,
)
from synthmark.watermark.audio.search import Search
from synthmark.watermark.audio.sync import Fold, correlate
from synthmark.watermark.audio.whitening import View
from synthmark.watermark.payload import Checker
from synthmark.watermark.scheme import AUDIO_GENERATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.keys import WatermarkKey

NOT_HELD = (
    "the watermark does not read back: this sound is too short, too quiet or too strongly "
    "compressed to hold it"
)
"""What is said of a sound that loses the mark."""

# Dipoles of a code bit with which the host agrees already get less, others more.
_HOST_SHARE = 0.3
"""How much less, for each standard deviation of the host's agreement."""
_LEAST_PUSH = 0.6
"""Least factor of a gain."""
_MOST_PUSH = 1.4
"""Largest factor of a gain."""
_SYNC_SHARE = 0.3
"""What the host's sync dipoles count in the choice of the start, its data counting 1."""

# Sound that is quiet, or noisy itself, holds less than other: its mark gets more where it would not
# survive white noise.
_TRIAL_SNR = 15.0
"""Sound over that noise, in dB."""
_TRIAL_MARGIN = -0.25
"""Margin that 10 s of the sound should keep, in dB."""
TRIAL_SECONDS = 15.0
"""Seconds of a sound that are tried at most, its first ones."""
_MOST_MORE = 1.2
"""Decibels that a mark gets more at most; PEAQ leaves room for no more."""
_CERTAIN = 2.0
"""Margin in dB above which a mark is not read to see that it is there: of 756 marked pieces of 0.5
to 4 s none was lost with more than -0.9 dB."""
_MOST_ROUNDED = 0.1
"""Share of the change's power that rounding to integers may take or add, for that to hold."""


def embed(
    samples: NDArray[np.float32] | NDArray[np.int16],
    sample_rate: int,
    payload: bytes,
    *,
    key: WatermarkKey,
) -> MarkedSound:
    """Return the sound with `payload` in it, in every channel alike.

    Args:
        samples: float32 (full scale 1) or int16, (n,) or (n, channels). They are not changed.
        sample_rate: Samples a second, 8,000 to 192,000.
        payload: 16 bytes, or 8 for a sound too short to hold them.
        key: Decides every chip, the layout and the check.

    Raises:
        UsageError: Samples, rate or payload have the wrong shape, type, range or length.
        UnmarkableError: The sound is silent, shorter than half a second, or the payload is not read
            back from it.
    """
    check_samples(samples, sample_rate)
    check_payload(payload)
    if len(samples) < LEAST_SECONDS * sample_rate:
        raise UnmarkableError(
            f"the sound lasts {1000 * len(samples) // sample_rate} ms; "
            f"a watermark needs at least {1000 * LEAST_SECONDS:.0f} ms"
        )
    wave = as_float(samples)
    quality = spectrum.QUALITY_OF_CHANGE
    low = spectrum.resample(wave, sample_rate, spectrum.RATE, quality=quality)
    message = Checker(key, AUDIO_GENERATIONS[0]).message(payload, len(payload))
    code = decoding.encode(message, len(payload))
    layout = Layout.of(key)
    power = spectrum.power(mixed(low))
    view = seen(power)
    start = best_start(Fold.of(view.values, view.weights), layout, layout.template(code))
    gains = plan(view, mask.strength_of(power), layout, code, start)
    change = change_of(low, gains)
    change *= louder(mixed(low + change), layout, code, start)
    after = seen(spectrum.power(mixed(low + change)))
    soft = decoding.soft_values(Fold.of(after.values, after.weights).turned(start), layout)
    change = spectrum.resample(change, spectrum.RATE, sample_rate, len(wave), quality)
    within_scale(change, wave, sample_rate)
    quiet = silent(wave)
    if quiet.any():
        change[quiet] = 0
    margin = decoding.margin(soft, code, len(payload))
    doubtful = margin < _CERTAIN
    power_made = energy(change.reshape(-1))
    marked = added(wave, change, samples.dtype).reshape(samples.shape)
    if marked.dtype == np.int16:
        rounded = as_float(marked).reshape(wave.shape)
        doubtful |= energy((rounded - change).reshape(-1)) > _MOST_ROUNDED * power_made
        power_made = energy((rounded - wave).reshape(-1))
    if power_made == 0:
        raise UnmarkableError("the sound is silent where a watermark would lie")
    if doubtful and not _reads_back(marked, sample_rate, payload, key):
        raise UnmarkableError(NOT_HELD)
    ratio = energy(np.ascontiguousarray(wave).reshape(-1)) / power_made
    return MarkedSound(marked, 10 * math.log10(ratio), margin)


def _reads_back(
    marked: NDArray[np.float32] | NDArray[np.int16],
    sample_rate: int,
    payload: bytes,
    key: WatermarkKey,
) -> bool:
    found = detect_whole(marked, sample_rate, keys=[key], reach=Search.NONE)
    return any(segment.payload == payload for segment in found.segments)


def seen(power: NDArray[np.float32]) -> View:
    """Return what the detector sees of a sound on the embedder's grid.

    Args:
        power: From `spectrum.power`, of the mean of the channels.
    """
    (bands,) = cells.firm_levels(power)
    return View.of(bands, cells.FIRST_FRAME)


def plan(
    view: View,
    strength: NDArray[np.float32],
    layout: Layout,
    code: NDArray[np.float32],
    start: int,
) -> NDArray[np.float32]:
    """Return the gain of each cell in dB, float32 (slots, 48).

    Args:
        view: The host on the embedder's grid.
        strength: From `mask.strength`; it becomes the result.
        layout: Of the key.
        code: float32 (1024,), the code word, +1 and -1.
        start: Slot at which the period begins.
    """
    template = layout.template(code)
    # Where each slot lies in the period, and in which of its repeats.
    repeat, place = np.divmod(np.arange(len(view.levels)) - start, PERIOD)
    wanted = template.T[place]
    instance = (repeat - repeat[0])[:, None] * GROUPS + layout.group.T[place]
    agreement = wanted * (view.values[:, 0::2] - view.values[:, 1::2])
    total = np.bincount(instance.ravel(), agreement.ravel())
    count = np.bincount(instance.ravel()) * 2
    host = total / np.sqrt(np.maximum(count, 1))
    push = np.clip(1 - _HOST_SHARE * host, _LEAST_PUSH, _MOST_PUSH)[instance]
    signed = (wanted * push).astype(np.float32)
    strength[:, 0::2] *= signed
    strength[:, 1::2] *= -signed
    return strength


def change_of(low: NDArray[np.float32], gains: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what gains change in a sound, as far as the sound hides it, float32 (n, channels).

    Args:
        low: float32 (n, channels), at 16 kHz.
        gains: float32 (slots, 48), gain of each cell in dB.
    """
    change = spectrum.filtered(low, lambda begin, end: cells.frame_gains(gains, begin, end))
    mask.hide_in_time(change, low)
    return change


def best_start(host: Fold, layout: Layout, template: NDArray[np.float32]) -> int:
    """Return the slot at which the period had best begin: where the host resembles it most.

    The detector finds the start anyway, so this choice costs nothing.
    """
    data = np.where(layout.sync == 0, template, np.float32(0))
    score = correlate(host.signal, host.energy, data) + np.float32(_SYNC_SHARE) * host.scores(
        layout
    )
    return int(np.argmax(score))


def louder(
    marked: NDArray[np.float32], layout: Layout, code: NDArray[np.float32], start: int
) -> np.float32:
    """Return how many times as strong a mark should be, 1 to 1.15: more where noise would take it.

    Args:
        marked: float32 (n,), the mean of the channels at 16 kHz.
        layout: Of the key.
        code: float32 (1024,), the code word, +1 and -1.
        start: Slot at which the period begins.
    """
    tried = marked[: round(TRIAL_SECONDS * spectrum.RATE)]
    amplitude = math.sqrt(float(np.mean(np.square(tried, dtype=np.float64)))) * 10 ** (
        -_TRIAL_SNR / 20
    )
    noisy = _noise()[: len(tried)] * np.float32(amplitude)
    noisy += tried
    view = seen(spectrum.power(noisy))
    soft = decoding.soft_values(Fold.of(view.values, view.weights).turned(start), layout)
    seconds = len(tried) / spectrum.RATE
    spared = decoding.margin(soft, code, min(decoding.FORMS)) - 10 * math.log10(seconds / 10)
    return np.float32(10 ** (min(max(_TRIAL_MARGIN - spared, 0.0), _MOST_MORE) / 20))


@lru_cache(maxsize=1)
def _noise() -> NDArray[np.float32]:
    """Return uniform noise of a deviation of 1, the same for every sound, 15 s."""
    count = round(TRIAL_SECONDS * spectrum.RATE)
    return (np.random.default_rng(0).random(count, np.float32) - np.float32(0.5)) * np.float32(
        math.sqrt(12)
    )


def check_payload(payload: bytes) -> None:
    """Raise UsageError unless the payload has one of the two lengths."""
    if len(payload) not in decoding.FORMS:
        raise UsageError(f"the payload has {len(payload)} bytes, not 16 or 8")
