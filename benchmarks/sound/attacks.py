"""What happens to sound on its way: the rows of the audio scorecard.

Each attack takes float32 (n, channels) samples, their rate and a random generator, and returns
samples at the same rate. Lossy coding is decoded again, so that attacks chain. Needs the programs
ffmpeg and sox.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

import numpy as np
import soxr
from numpy.typing import NDArray

Wave = NDArray[np.float32]
Attack = Callable[[Wave, int, np.random.Generator], Wave]


def none(wave: Wave, _rate: int, _: np.random.Generator) -> Wave:
    """Save as 16-bit PCM."""
    return np.asarray(np.rint(np.clip(wave, -1, 1) * 32767) / 32767, np.float32)


# --- coding --------------------------------------------------------------------------------------


def coded(container: str, *options: str, mono: bool = False) -> Attack:
    """Encode and decode with ffmpeg; `options` name the codec and its bit rate."""

    def attack(wave: Wave, rate: int, _: np.random.Generator) -> Wave:
        if mono:
            wave = wave.mean(axis=1, keepdims=True)
        raw = ["-f", "f32le", "-ar", str(rate), "-ac", str(wave.shape[1])]
        encode = [*raw, "-i", "pipe:", *options, "-f", container, "pipe:"]
        decode = ["-i", "pipe:", *raw, "pipe:"]
        return _samples(_ffmpeg(decode, _ffmpeg(encode, wave.tobytes())), wave.shape[1])

    return attack


def _ffmpeg(options: Sequence[str], data: bytes) -> bytes:
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", *options]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def filtered(graph: str) -> Attack:
    """Send the sound through a filter graph of ffmpeg."""

    def attack(wave: Wave, rate: int, _: np.random.Generator) -> Wave:
        raw = ["-f", "f32le", "-ar", str(rate), "-ac", str(wave.shape[1])]
        options = [*raw, "-i", "pipe:", "-af", graph, *raw, "pipe:"]
        return _samples(_ffmpeg(options, wave.tobytes()), wave.shape[1])

    return attack


def _samples(data: bytes, channels: int) -> Wave:
    whole = len(data) // (4 * channels) * 4 * channels
    return np.frombuffer(data[:whole], np.float32).reshape(-1, channels).copy()


# --- time and pitch ------------------------------------------------------------------------------


def sox(*effect: str) -> Attack:
    """Send the sound through an effect of sox: tempo, pitch."""

    def attack(wave: Wave, rate: int, _: np.random.Generator) -> Wave:
        raw = ["-t", "raw", "-e", "floating-point", "-b", "32"]
        raw += ["-r", str(rate), "-c", str(wave.shape[1])]
        quiet = np.asarray(wave * np.float32(0.7))
        command = ["sox", "-V1", "-D", *raw, "-", *raw, "-", *effect]
        done = subprocess.run(command, input=quiet.tobytes(), capture_output=True, check=True)
        return _samples(done.stdout, wave.shape[1])

    return attack


def speed(factor: float) -> Attack:
    """Play faster: tempo and pitch together."""

    def attack(wave: Wave, rate: int, _: np.random.Generator) -> Wave:
        return np.asarray(soxr.resample(wave, rate * factor, rate), np.float32)

    return attack


def dropped(wave: Wave, rate: int, generator: np.random.Generator) -> Wave:
    """Delete 10 to 30 ms at a random place of every second."""
    kept = []
    for start in range(0, len(wave), rate):
        second = wave[start : start + rate]
        gone = int(generator.uniform(0.01, 0.03) * rate)
        place = int(generator.integers(max(1, len(second) - gone)))
        kept += [second[:place], second[place + gone :]]
    return np.concatenate(kept)


# --- bandwidth, resolution, level ----------------------------------------------------------------


def telephone(wave: Wave, rate: int, _: np.random.Generator) -> Wave:
    """Resample to 8 kHz and back."""
    low = soxr.resample(wave, rate, 8000)
    return np.asarray(soxr.resample(low, 8000, rate), np.float32)


def mu_law(wave: Wave, rate: int, _: np.random.Generator) -> Wave:
    """Code as 8 kHz G.711 mu-law."""
    low = np.clip(soxr.resample(wave, rate, 8000), -1, 1)
    code = np.rint(np.sign(low) * np.log1p(255 * np.abs(low)) / np.log(256) * 127) / 127
    back = np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255
    return np.asarray(soxr.resample(back.astype(np.float32), 8000, rate), np.float32)


def eight_bits(wave: Wave, _rate: int, _: np.random.Generator) -> Wave:
    return np.asarray(np.rint(np.clip(wave, -1, 1) * 127) / 127, np.float32)


def clipped(share: float) -> Attack:
    """Clip at a share of the peak."""

    def attack(wave: Wave, _rate: int, _: np.random.Generator) -> Wave:
        most = np.float32(share * np.abs(wave).max())
        return np.clip(wave, -most, most)

    return attack


# --- what is added -------------------------------------------------------------------------------


def _mixed(wave: Wave, other: NDArray[np.float64], decibels: float) -> Wave:
    ratio = np.sqrt(np.mean(np.square(wave)) / np.mean(np.square(other)))
    return np.asarray(wave + other * ratio * 10 ** (-decibels / 20), np.float32)


def white(decibels: float) -> Attack:
    """Add white noise, the same in no two channels."""

    def attack(wave: Wave, _rate: int, generator: np.random.Generator) -> Wave:
        return _mixed(wave, generator.normal(size=wave.shape), decibels)

    return attack


def pink(decibels: float) -> Attack:
    """Add noise whose power falls as 1/f."""

    def attack(wave: Wave, _rate: int, generator: np.random.Generator) -> Wave:
        spectrum = np.fft.rfft(generator.normal(size=wave.shape), axis=0)
        spectrum /= np.sqrt(np.arange(1, len(spectrum) + 1))[:, None]
        return _mixed(wave, np.fft.irfft(spectrum, len(wave), axis=0), decibels)

    return attack


def babble(voices: Sequence[tuple[Wave, int]], decibels: float) -> Attack:
    """Add six talkers at once, each from a random place of a random recording."""

    def attack(wave: Wave, rate: int, generator: np.random.Generator) -> Wave:
        total = np.zeros((len(wave), 1))
        for _ in range(6):
            voice, its_rate = voices[int(generator.integers(len(voices)))]
            heard = soxr.resample(voice.mean(axis=1), its_rate, rate)
            heard = np.roll(heard, int(generator.integers(len(heard))))
            total[:, 0] += np.resize(heard / np.sqrt(np.mean(heard**2)), len(wave))
        return _mixed(wave, total, decibels)

    return attack


def echo(seconds: float, share: float) -> Attack:
    def attack(wave: Wave, rate: int, _: np.random.Generator) -> Wave:
        delay = int(seconds * rate)
        heard = wave.copy()
        heard[delay:] += np.float32(share) * wave[: len(wave) - delay]
        return heard

    return attack


def reverberated(decay: float) -> Attack:
    """Add an exponential tail of noise, RT60 `decay` seconds, as strong as the direct sound."""

    def attack(wave: Wave, rate: int, generator: np.random.Generator) -> Wave:
        count = int(1.2 * decay * rate)
        tail = generator.normal(size=count) * 10 ** (-3 * np.arange(count) / (decay * rate))
        response = tail / np.sqrt(np.sum(tail**2))
        response[0] += 1
        size = len(wave) + count
        product = np.fft.rfft(wave, size, axis=0) * np.fft.rfft(response, size)[:, None]
        return np.asarray(np.fft.irfft(product, size, axis=0)[: len(wave)], np.float32)

    return attack


def chained(*attacks: Attack) -> Attack:
    def attack(wave: Wave, rate: int, generator: np.random.Generator) -> Wave:
        for each in attacks:
            wave = each(wave, rate, generator)
        return wave

    return attack


# --- the rows ------------------------------------------------------------------------------------

_MP3 = coded("mp3", "-c:a", "libmp3lame", "-b:a", "64k")
_OPUS = coded("ogg", "-c:a", "libopus", "-b:a", "24k")


def plain(voices: Sequence[tuple[Wave, int]]) -> dict[str, Attack]:
    """Return the attacks that leave time and pitch as they are; `voices` make the babble."""
    return {
        "none": none,
        "mp3 64": _MP3,
        "mp3 32 mono": coded("mp3", "-c:a", "libmp3lame", "-b:a", "32k", mono=True),
        "aac 64": coded("adts", "-c:a", "aac", "-b:a", "64k"),
        "vorbis 48": coded("ogg", "-c:a", "libvorbis", "-b:a", "48k"),
        "opus 24": _OPUS,
        "opus 16": coded("ogg", "-c:a", "libopus", "-b:a", "16k"),
        "mp3, opus": chained(_MP3, _OPUS),
        "8 kHz": telephone,
        "mu-law": mu_law,
        "low-pass 4k": filtered("lowpass=f=4000,lowpass=f=4000"),
        "high-pass 500": filtered("highpass=f=500,highpass=f=500"),
        "equalizer": filtered("bass=g=6:f=300,equalizer=f=1500:t=o:w=1:g=-6,treble=g=6:f=4000"),
        "compressor": filtered("acompressor=threshold=0.05:ratio=4:attack=5:release=80:makeup=2"),
        "clipped": clipped(0.3),
        "8 bit": eight_bits,
        "echo": echo(0.1, 0.5),
        "white 20": white(20),
        "white 10": white(10),
        "pink 10": pink(10),
        "babble 10": babble(voices, 10),
        "reverb 0.3": reverberated(0.3),
        "reverb 0.6": reverberated(0.6),
    }


def geometric() -> dict[str, Attack]:
    """Return the attacks on time and pitch, which only a search undoes."""
    found: dict[str, Attack] = {"dropped": dropped}
    found |= {f"speed {factor}": speed(factor) for factor in (0.8, 0.9, 1.03, 1.1, 1.25)}
    for factor in (0.75, 0.8, 0.9, 1.1, 1.2, 1.25):
        found[f"stretch {factor}"] = sox("tempo", "-s", str(factor))
    found["atempo 0.9"] = filtered("atempo=0.9")
    found |= {
        f"pitch {cents / 100:+.0f}": sox("pitch", str(cents))
        for cents in (-300, -200, -100, 100, 200, 300)
    }
    found["speed 1.05, mp3"] = chained(speed(1.05), _MP3)
    found["speed 1.1, stretch 0.9"] = chained(speed(1.1), sox("tempo", "-s", "0.9"))
    return found
