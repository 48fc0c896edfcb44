"""AAC in M4A, decoded and encoded by FFmpeg through PyAV, an extra."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.media import mp4

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.limits import Limits
    from synthmark.media.picture import Metadata
    from synthmark.media.sound import Sound, Track

_LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1", "7.1")
_FRAME = 1024
_LEAST_RATE, _MOST_RATE = 16e3, 512e3


def decode(track: Track, limits: Limits) -> NDArray[np.float32]:
    """Return the samples, float32 (n, channels).

    Raises:
        UnsupportedError: PyAV is not installed.
        UnreadableError: Nothing can be decoded.
        LimitError: There are more samples than the limit.
    """
    av = _library()
    parts: list[NDArray[np.float32]] = []
    count = 0
    try:
        with av.open(io.BytesIO(track.bare), format="mp4") as container:
            stream = container.streams.audio[0]
            length = stream.duration and round(
                float(stream.duration * stream.time_base) * track.sample_rate
            )
            for frame in container.decode(stream):
                part = frame.to_ndarray()
                part = part.T if frame.format.is_planar else part.reshape(frame.samples, -1)
                if frame.sample_rate != track.sample_rate or part.shape[1] != track.channels:
                    raise UnreadableError(
                        "the header of this M4A and its sound differ", code="media.damaged"
                    )
                count += len(part)
                limits.check_sound(count, track.sample_rate, track.channels)
                parts.append(np.asarray(part, np.float32))
    except (av.FFmpegError, IndexError, ValueError) as error:
        if not parts:
            raise UnreadableError(
                f"the sound cannot be decoded: {error}", code="media.damaged"
            ) from None
    if not parts:
        raise UnreadableError("there are no samples in this file", code="media.empty-sound")
    return np.concatenate(parts)[: length or None]


def encode(sound: Sound, metadata: Metadata) -> bytes:
    """Return an M4A with the bit rate of the old one and all metadata in place.

    Raises:
        UnsupportedError: PyAV is not installed, or AAC cannot hold such sound.
    """
    av = _library()
    track, file = sound.track, io.BytesIO()
    wave = np.ascontiguousarray(sound.samples.T, np.float32)
    try:
        with av.open(file, "w", format="ipod") as container:
            layout = _LAYOUTS[track.channels - 1]
            stream = container.add_stream("aac", rate=track.sample_rate, layout=layout)
            stream.bit_rate = int(np.clip(track.bit_rate, _LEAST_RATE, _MOST_RATE))
            for begin in range(0, wave.shape[1], _FRAME):
                part = np.ascontiguousarray(wave[:, begin : begin + _FRAME])
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = track.sample_rate, begin
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (av.FFmpegError, ValueError) as error:
        raise UnsupportedError(
            f"AAC of {track.channels} channels at {track.sample_rate} Hz cannot be written: "
            f"{error}",
            code="media.encode",
        ) from None
    return mp4.assemble(file.getvalue(), metadata)


def _library() -> Any:
    try:
        import av
    except ImportError:
        raise UnsupportedError(
            "M4A needs PyAV: pip install 'synthmark[m4a]'", code="media.m4a-missing"
        ) from None
    return av
