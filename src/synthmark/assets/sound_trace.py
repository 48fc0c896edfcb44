"""What is kept of a marked sound, to tell that it comes out of its file again as it went in.

A trace is fed block by block, once with the samples that are handed to the coder and once with
those that reading back decodes anyhow, and takes no more memory for a longer sound.

Samples of lossless codecs are the same or they are not: a digest tells. Of lossy ones are kept
their number, their power, and the loudest excerpt of each of some stretches of time. Where an
excerpt fits best in what came back tells whether it was shifted, and how well it fits there tells
how much noise the coder made of it, and so how far its power may honestly be off.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from synthmark.media.sounds.sound import as_wave

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.media import Samples, Track

# Samples of an excerpt, stretches of time that bring one each at most, and samples by which what
# came back may be late or early to be found out: an MP3 coder's delay and a frame are 2257.
_EXCERPT, _STRETCHES, _LAG = 8192, 8, 2400
# Bits of the digest are many more than chance needs.
_DIGEST = 16
# Mean square below which an excerpt is silence, full scale 1.
_SILENCE = 1e-9
# G.711 has steps; so what it gives back is not what it was given.
_STEPPED = frozenset({"ULAW", "ALAW"})
# Samples that a sound's length may be off by: less than one frame of its coder.
_FRAMES = {"MP3": 1152, "AAC": 1024, "OPUS": 960}
# Decibels by which an honest coder's level is off beside what its noise explains, and below which
# bits a sample it is by more. Measured over speech, music, noise and tones, coded twice at 8 to 320
# kbit/s: FFmpeg's AAC adds up to 1.4 dB at 24 to 32 kbit/s, up to 0.15 to tones above; Opus loses
# 0.4 in its mode for speech; Vorbis is up to 0.09 louder; MP3 is within 0.02, and within 0.04 where
# a sound lasts a fifth of a second.
_LEVELS = {"AAC": (0.2, 1.5), "OPUS": (0.1, 0.5), "VORBIS": (0.1, 0.1), "MP3": (0.05, 0.05)}
_LEVEL, _SPARSE_LEVEL = 0.02, 0.1
_SPARSE = {"AAC": 0.5, "OPUS": 1.0}
# A coder that writes the mean of what it cannot tell apart loses -20 log10(r) decibels, r being how
# well excerpts fit; one that puts noise in its place gains or loses several times that.
_HONEST = 6.0
# Share of its power that a stretch of time keeps, and of the mean power that makes one count.
_FADED, _LOUD = 0.25, 0.05
# Parts of a sample from which on a slip counts, and the least share of what does not fit that has
# to be mended by it. Opus at 8 to 32 kbit/s slips by up to 0.4 and mends 0.07; a sound one sample
# late mends 0.11 at these rates, and more than 0.5 from 64 kbit/s on. Opus in its mode for speech,
# which it leaves at some 64 kbit/s a channel, comes back up to 2 samples early whoever codes it.
_SLIP, _MENDED = 0.5, 0.1
_SPEECH_SLIP, _SPEECH = 2.5, 1.4
# How much better and how well an excerpt has to fit far away, and how far that is.
_BETTER, _FITS, _FAR = 0.25, 0.5, 8


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """Some samples of one channel, float32 (n,)."""

    start: int
    channel: int
    power: float
    samples: NDArray[np.float32]


class SoundTrace:
    """What is kept of a sound; its blocks have to be added in their order, all of them.

    Args:
        track: How its file is laid out.
        like: The trace of the same sound before it was coded.
    """

    def __init__(self, track: Track[Any], *, like: SoundTrace | None = None) -> None:
        self.exact = track.lossless and track.codec not in _STEPPED
        density = track.bit_rate / (track.sample_rate * track.channels)
        fine, coarse = _LEVELS.get(track.codec, (_LEVEL, _SPARSE_LEVEL))
        self._level = coarse if density < _SPARSE.get(track.codec, 0.0) else fine
        self._slip = _SPEECH_SLIP if track.codec == "OPUS" and density < _SPEECH else _SLIP
        self.count = 0
        self.power: NDArray[np.float64] = np.zeros(track.channels)
        self._codec = track.codec
        self._digest = blake2b(digest_size=_DIGEST)
        self._rest: NDArray[np.float32] = np.zeros((0, track.channels), np.float32)
        # Windows that each stretch has, and the loudest one of each.
        self._span, self._windows = 1, 0
        self._loudest: list[_Excerpt] = []
        self._course: list[float] = [0.0] * (len(like._course) if like else 0)
        self._like = like
        self._found = [
            np.zeros(len(each.samples) + 2 * _LAG, np.float32)
            for each in (like.excerpts if like else ())
        ]

    def following(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Yield the blocks on, each once it was added."""
        for block in blocks:
            self.add(block)
            yield block

    def add(self, block: Samples) -> None:
        """Add the next samples, (n, channels), as in `media.Sound.samples`."""
        if self.exact:
            self._digest.update(np.ascontiguousarray(block).data)
        else:
            wave = as_wave(block)
            self.power += _power(wave)
            if self._like is None:
                self._keep(wave)
            else:
                self._find(wave, self._like)
        self.count += len(block)

    def differences(self) -> list[str]:
        """Return how this sound differs from the one that it should be like, in words."""
        like = self._like
        if like is None:
            return []
        if len(self.power) != len(like.power):
            return [f"{len(like.power)} channels came back as {len(self.power)}"]
        off = abs(self.count - like.count)
        if off and (like.exact or off >= _FRAMES.get(self._codec, 1)):
            return [f"{like.count} samples came back as {self.count}"]
        if like.exact:
            same = self._digest.digest() == like._digest.digest()
            return [] if same else ["the samples are not those that were written"]
        pairs = [
            (each, found)
            for each, found in zip(like.excerpts, self._found, strict=True)
            if each.power > _SILENCE and len(each.samples) > 1
        ]
        shift = _shift([_fit(each.samples, found) for each, found in pairs], self._slip)
        if shift:
            return [f"the samples came back {abs(shift)} {'late' if shift > 0 else 'early'}"]
        return self._levels(like, pairs)

    @property
    def excerpts(self) -> list[_Excerpt]:
        """The loudest excerpts; of a sound shorter than one, all of it."""
        if self._loudest or not len(self._rest):
            return self._loudest
        return [_loudest(self._rest, 0)]

    def _keep(self, wave: NDArray[np.float32]) -> None:
        joined = np.concatenate((self._rest, wave)) if len(self._rest) else wave
        whole = len(joined) // _EXCERPT
        for number in range(whole):
            part = joined[number * _EXCERPT : (number + 1) * _EXCERPT]
            loudest = _loudest(part, self._windows * _EXCERPT)
            self._keep_window(loudest, float(_power(part).sum()))
        self._rest = joined[whole * _EXCERPT :].copy()

    def _keep_window(self, window: _Excerpt, power: float) -> None:
        stretch = self._windows // self._span
        self._windows += 1
        if stretch < len(self._loudest):
            self._loudest[stretch] = _louder(self._loudest[stretch], window)
            self._course[stretch] += power
            return
        if stretch == _STRETCHES:
            # Twice as long stretches from now on.
            pairs = zip(self._loudest[::2], self._loudest[1::2], strict=True)
            self._loudest = [_louder(*pair) for pair in pairs]
            self._course = [*map(sum, zip(self._course[::2], self._course[1::2], strict=True))]
            self._span *= 2
        self._loudest.append(window)
        self._course.append(power)

    def _find(self, wave: NDArray[np.float32], like: SoundTrace) -> None:
        """Keep what came back where the excerpts were taken, and some before and behind."""
        begin, end = self.count, self.count + len(wave)
        for excerpt, found in zip(like.excerpts, self._found, strict=True):
            first = excerpt.start - _LAG
            start, stop = max(begin, first), min(end, first + len(found))
            if start < stop and excerpt.channel < wave.shape[1]:
                heard = wave[start - begin : stop - begin, excerpt.channel]
                found[start - first : stop - first] = heard
        length = like._span * _EXCERPT
        for stretch in range(len(self._course)):
            start, stop = max(begin, stretch * length), min(end, (stretch + 1) * length)
            stop = min(stop, like._windows * _EXCERPT)
            if start < stop:
                self._course[stretch] += float(_power(wave[start - begin : stop - begin]).sum())

    def _levels(
        self, like: SoundTrace, pairs: list[tuple[_Excerpt, NDArray[np.float32]]]
    ) -> list[str]:
        wanted = np.concatenate([each.samples for each, _ in pairs] or [np.zeros(1, np.float32)])
        found = np.concatenate([each[_LAG:-_LAG] for _, each in pairs] or [wanted])
        fit = _correlation(wanted, found)
        most = self._level - _HONEST * 20 * np.log10(fit)
        # What a coder takes from one channel may go to another.
        spread = (1 - fit**2) * (like.power.sum() - like.power.min()) + _SILENCE * like.count
        differences = []
        for channel, (old, new) in enumerate(zip(like.power, self.power, strict=True), 1):
            if not old * 10 ** (-most / 10) - spread <= new <= old * 10 ** (most / 10) + spread:
                decibels = 10 * np.log10(max(new, 1e-12) / max(old, 1e-12))
                louder = "louder" if decibels > 0 else "quieter"
                differences.append(f"channel {channel} came back {abs(decibels):.2f} dB {louder}")
        mean = sum(like._course) / max(len(like._course), 1)
        if any(
            new < _FADED * old > _FADED * _LOUD * mean
            for old, new in zip(like._course, self._course, strict=True)
        ):
            differences.append("a part came back much quieter")
        return differences


def _loudest(part: NDArray[np.float32], start: int) -> _Excerpt:
    powers = _power(part) / len(part)
    channel = int(powers.argmax())
    return _Excerpt(start, channel, float(powers[channel]), part[:, channel].copy())


def _power(wave: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the sum of squares of each channel, added up in parts that 32 bits are enough for."""
    parts = (wave[begin : begin + _EXCERPT] for begin in range(0, len(wave), _EXCERPT))
    sums = [np.einsum("nc,nc->c", part, part) for part in parts]
    return np.asarray(np.sum(sums, axis=0, dtype=np.float64))


def _louder(one: _Excerpt, other: _Excerpt) -> _Excerpt:
    return other if other.power > one.power else one


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return how alike two signals are, from nearly 0 to 1."""
    product = float(np.dot(one.astype(np.float64), other))
    own, others = (float(np.square(each, dtype=np.float64).sum()) for each in (one, other))
    return min(max(product / math.sqrt(max(own * others, 1e-30)), 1e-3), 1.0)


def _fit(excerpt: NDArray[np.float32], found: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how well an excerpt fits at each lag from -`_LAG` to `_LAG`: the correlation.

    Of the differences from sample to sample: what is low fits nearly as well a little beside, and
    coders turn its phase.
    """
    excerpt, found = np.diff(excerpt), np.diff(found)
    size = 1 << (len(found) + len(excerpt) - 1).bit_length()
    product = np.fft.rfft(found, size) * np.conj(np.fft.rfft(excerpt, size))
    lags = np.fft.irfft(product, size)[: 2 * _LAG + 1]
    sums = np.cumsum(np.concatenate(([0.0], np.square(found, dtype=np.float64))))
    powers = sums[len(excerpt) :] - sums[: -len(excerpt)]
    own = max(float(np.square(excerpt, dtype=np.float64).sum()), 1e-30)
    fit: NDArray[np.float64] = lags / np.sqrt(own * np.maximum(powers, 1e-6 * own))
    return fit


def _shift(fits: list[NDArray[np.float64]], most: float) -> int:
    """Return by how many samples the excerpts came back late, 0 where they did not.

    They slip together, or several of them fit at one place far away: a part was left out between.
    A periodic sound fits at many places, and what a coder of a low rate made nowhere well.
    """
    if not fits:
        return 0
    mean = np.mean(fits, axis=0)
    slip, peak = _peak(mean)
    if abs(slip) > most and peak - mean[_LAG] > _MENDED * (1 - peak):
        return round(slip)
    places = [int(fit.argmax()) for fit in fits]
    far = sorted(
        place - _LAG
        for place, fit in zip(places, fits, strict=True)
        if abs(place - _LAG) > _FAR and fit[place] > max(_FITS, fit[_LAG] + _BETTER)
    )
    if len(fits) < 3:
        return far[0] if len(far) == len(fits) else 0
    return next((one for one, other in pairwise(far) if other - one <= 1), 0)


def _peak(fit: NDArray[np.float64]) -> tuple[float, float]:
    """Return the lag, in parts of a sample, and the height of the peak whose slope lag 0 is on."""
    place = _LAG
    while 0 < place < 2 * _LAG and max(fit[place - 1], fit[place + 1]) > fit[place]:
        place += 1 if fit[place + 1] > fit[place - 1] else -1
    if not 0 < place < 2 * _LAG:
        return float(place - _LAG), float(fit[place])
    left, middle, right = (float(each) for each in fit[place - 1 : place + 2])
    bend = left - 2 * middle + right
    beside = 0.5 * (left - right) / bend if bend else 0.0
    return place - _LAG + beside, middle - 0.25 * (left - right) * beside
