"""AAC in M4A, decoded and encoded by FFmpeg through PyAV, an extra."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from synthmark.errors import UnreadableError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from synthmark.media.sound import Samples, Track

_LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1", "7.1")
_FRAME = 1024
_LEAST_RATE, _MOST_RATE = 16e3, 512e3


def decode(track: Track) -> Iterator[NDArray[np.float32]]:
    """Yield the samples, float32 (n, channels).

    Raises:
        UnsupportedError: PyAV is not installed.
        UnreadableError: Nothing can be decoded.
    """
    av = _library()
    some = False
    try:
        with av.open(track.bare.open(), format="mp4") as container:
            stream = container.streams.audio[0]
            length = stream.duration and round(
                float(stream.duration * stream.time_base) * track.sample_rate
            )
            left = length or sys.maxsize
            for frame in container.decode(stream):
                part = frame.to_ndarray()
                part = part.T if frame.format.is_planar else part.reshape(frame.samples, -1)
                if frame.sample_rate != track.sample_rate or part.shape[1] != track.channels:
                    raise UnreadableError(
                        "the header of this M4A and its sound differ", code="media.damaged"
                    )
                some = True
                if left:
                    yield np.asarray(part[:left], np.float32)
                left = max(left - len(part), 0)
    except (av.FFmpegError, IndexError, ValueError) as error:
        if not some:
            raise UnreadableError(
                f"the sound cannot be decoded: {error}", code="media.damaged"
            ) from None


def code(file: BinaryIO, blocks: Iterable[Samples], track: Track) -> None:
    """Write an M4A with the bit rate of the old one and no metadata.

    Raises:
        UnsupportedError: PyAV is not installed, or AAC cannot hold such sound.
    """
    av = _library()
    try:
        with av.open(file, "w", format="ipod") as container:
            layout = _LAYOUTS[track.channels - 1]
            stream = container.add_stream("aac", rate=track.sample_rate, layout=layout)
            stream.bit_rate = int(np.clip(track.bit_rate, _LEAST_RATE, _MOST_RATE))
            begin = 0
            for part in _frames(blocks):
                planes = np.ascontiguousarray(part.T, np.float32)
                frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = track.sample_rate, begin
                container.mux(stream.encode(frame))
                begin += len(part)
            container.mux(stream.encode(None))
    except (av.FFmpegError, ValueError) as error:
        raise UnsupportedError(
            f"AAC of {track.channels} channels at {track.sample_rate} Hz cannot be written: "
            f"{error}",
            code="media.encode",
        ) from None


def _frames(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Yield what blocks hold in parts of a frame each; the last may be shorter."""
    rest: Samples | None = None
    for block in blocks:
        joined = block if rest is None else np.concatenate((rest, block))
        whole = len(joined) // _FRAME * _FRAME
        for begin in range(0, whole, _FRAME):
            yield joined[begin : begin + _FRAME]
        rest = joined[whole:]
    if rest is not None and len(rest):
        yield rest


def _library() -> Any:
    try:
        import av
    except ImportError:
        raise UnsupportedError(
            "M4A needs PyAV: pip install 'synthmark[m4a]'", code="media.m4a-missing"
        ) from None
    return av
