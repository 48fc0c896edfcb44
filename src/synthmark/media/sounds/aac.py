"""AAC in M4A, decoded and encoded by FFmpeg through PyAV, an extra."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.facts import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from synthmark.media.sounds.track import Samples, Track

_FRAME = 1024
# Of six excerpts that were coded again at 64 to 128 kbit/s, FFmpeg's plainer search kept four 8 to
# 14 dB nearer to their wave than its default, one as near, and one 7 dB less. Noise in the place of
# noisy bands would put out the mark there.
_CODER = {"aac_coder": "fast", "aac_pns": "0"}
_LEAST_RATE, _MOST_RATE = 16e3, 512e3

_WIDENED = Finding.info(
    "media.aac-profile",
    profile="HE-AAC",
    stated=False,
    accounts_for=("rate", "channels", "samples"),
)


def told(track: Track[Any]) -> tuple[Track[Any], str]:
    """Return a track with the decoder's rate and channels, and its name of their layout.

    Whether a core is widened or made stereo (HE-AAC) is not always told in the header.

    Raises:
        UnsupportedError: PyAV is not installed.
        UnreadableError: Nothing can be decoded.
    """
    av = _library()
    try:
        with av.open(track.bare.open(), format="mp4", metadata_errors="ignore") as container:
            coder = container.streams.audio[0].codec_context
            rate, channels, layout = coder.sample_rate, coder.channels, coder.layout.name
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise _undecodable(error) from None
    frames = round((track.frames or 0) * rate / track.sample_rate)
    same = (rate, channels) == (track.sample_rate, track.channels)
    notes = track.notes if same else (*track.notes, _WIDENED)
    found = replace(track, sample_rate=rate, channels=channels, frames=frames, notes=notes)
    return found, layout


def decode(track: Track[Any]) -> Iterator[NDArray[np.float32]]:
    """Yield the samples that are heard, float32 (n, channels).

    Args:
        track: What `told` returned.

    Raises:
        UnreadableError: Nothing can be decoded.
    """
    av = _library()
    some, left = False, track.frames or sys.maxsize
    try:
        with av.open(track.bare.open(), format="mp4", metadata_errors="ignore") as container:
            # PyAV reads past the planes of eight channels; side by side they are one plane.
            packer = av.AudioResampler(format="flt")
            decoded = container.decode(container.streams.audio[0])
            for frame in (packed for each in decoded for packed in packer.resample(each)):
                part = frame.to_ndarray().reshape(frame.samples, -1)
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
            raise _undecodable(error) from None


def code(
    file: BinaryIO, blocks: Iterable[Samples], track: Track[Any], *, muxer: str, layout: str
) -> None:
    """Write an M4A with the bit rate of the old one and no metadata.

    Args:
        file: To be written.
        blocks: Samples, of any length.
        track: What `told` returned.
        muxer: What FFmpeg calls the format.
        layout: What it calls the layout of the channels.

    Raises:
        UnsupportedError: PyAV is not installed, or AAC cannot hold such sound.
    """
    av = _library()
    if layout.endswith("channels"):
        raise UnsupportedError(
            f"this M4A does not tell the speakers of its {layout}, so they cannot be kept",
            code="media.channels",
        )
    try:
        with av.open(file, "w", format=muxer) as container:
            stream = container.add_stream(
                "aac", rate=track.sample_rate, layout=layout, options=_CODER
            )
            stream.bit_rate = int(np.clip(track.bit_rate, _LEAST_RATE, _MOST_RATE))
            begin = 0
            for part in _frames(blocks):
                packed = np.ascontiguousarray(part, np.float32).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
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


def _undecodable(error: Exception) -> UnreadableError:
    return UnreadableError(f"the sound cannot be decoded: {error}", code="media.damaged")


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
