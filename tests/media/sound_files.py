"""Sound files of every kind, with tags and without, and damaged ones."""

from __future__ import annotations

import io
import struct
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.sounds import Wave

KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "wav8": ("WAV", "PCM_U8", {}),
    "wav16": ("WAV", "PCM_16", {}),
    "wav24": ("WAV", "PCM_24", {}),
    "wav32": ("WAV", "PCM_32", {}),
    "float": ("WAV", "FLOAT", {}),
    "double": ("WAV", "DOUBLE", {}),
    "mu-law": ("WAV", "ULAW", {}),
    "a-law": ("WAV", "ALAW", {}),
    "flac8": ("FLAC", "PCM_S8", {}),
    "flac16": ("FLAC", "PCM_16", {}),
    "flac24": ("FLAC", "PCM_24", {}),
    "mp3": ("MP3", "MPEG_LAYER_III", {"bitrate_mode": "CONSTANT", "compression_level": 0.5}),
    "vbr": ("MP3", "MPEG_LAYER_III", {"bitrate_mode": "VARIABLE", "compression_level": 0.4}),
    "vorbis": ("OGG", "VORBIS", {"compression_level": 0.6}),
    "opus": ("OGG", "OPUS", {"compression_level": 0.8}),
}
LOSSY = ("mp3", "vbr", "vorbis", "opus")
LOSSLESS = tuple(kind for kind in KINDS if kind not in LOSSY)


def coded(wave: NDArray[Any], kind: str = "wav16", rate: int = 16_000) -> bytes:
    """Encode without any metadata."""
    form, subtype, options = KINDS[kind]
    file = io.BytesIO()
    channels = wave.shape[1] if wave.ndim == 2 else 1
    with soundfile.SoundFile(
        file, "w", rate, channels, format=form, subtype=subtype, **options
    ) as target:
        for begin in range(0, len(wave), 2**16):
            target.write(wave[begin : begin + 2**16])
    return file.getvalue()


def m4a(wave: Wave, rate: int = 16_000, bit_rate: int = 96_000, codec: str = "aac") -> bytes:
    """An M4A as FFmpeg writes it, with a title in iTunes' place."""
    file = io.BytesIO()
    planar = np.ascontiguousarray(wave.reshape(len(wave), -1).T)
    layout = ("mono", "stereo")[len(planar) - 1]
    with av.open(file, "w", format="ipod") as container:
        container.metadata["title"] = "A title"
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        stream.bit_rate = bit_rate
        for begin in range(0, planar.shape[1], 1024):
            part = np.ascontiguousarray(planar[:, begin : begin + 1024])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, begin
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def heard(data: bytes) -> tuple[Wave, int]:
    """Decode with soundfile alone: float32 (n, channels), and the rate."""
    wave, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return np.asarray(wave, np.float32), int(rate)


def shared(data: bytes, kind: str = "mp3") -> bytes:
    """Save again in another codec without any metadata, as a network does."""
    wave, rate = heard(data)
    return coded(wave, kind, rate)


def chunk(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) & 1)


def with_chunks(wav: bytes, *chunks: bytes) -> bytes:
    whole = wav[8:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def frame(kind: bytes, payload: bytes, version: int = 4) -> bytes:
    """An ID3 frame of fewer than 128 bytes, whose size all versions write alike."""
    assert len(payload) < 128
    if version == 2:
        return kind + len(payload).to_bytes(3) + payload
    return kind + len(payload).to_bytes(4) + bytes(2) + payload


def tag(*frames: bytes, version: int = 4) -> bytes:
    body = b"".join(frames)
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, 0)) + size + body


def comments(*texts: bytes) -> bytes:
    parts = [struct.pack("<I", 3), b"we!", struct.pack("<I", len(texts))]
    for text in texts:
        parts += [struct.pack("<I", len(text)), text]
    return b"".join(parts)


def with_comments(flac: bytes, *texts: bytes, picture: bytes = b"") -> bytes:
    """Put comments, and perhaps a picture, behind the STREAMINFO of a FLAC file."""
    info = flac[4:42]
    block = comments(*texts)
    parts = [b"fLaC", bytes([info[0] & 127]), info[1:]]
    parts += [b"\4" + len(block).to_bytes(3) + block]
    if picture:
        parts.append(b"\6" + len(picture).to_bytes(3) + picture)
    rest = flac[42:]
    return b"".join(parts) + rest if not info[0] & 128 else b"".join(parts[:-1])
