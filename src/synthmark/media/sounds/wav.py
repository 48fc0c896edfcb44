"""The RIFF container of WAV (IBM and Microsoft 1991; ITU-R BS.2088), read and written."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import BinaryIO

from synthmark.errors import LimitError, UnreadableError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import Block, Form, Metadata, Obstacle, counted
from synthmark.media.parts import id3, inventory
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data, Piece, Pieces, Span
from synthmark.media.sounds import libsndfile
from synthmark.media.sounds.track import Samples, SoundFormat, Track

XMP = "_PMX"

# Format tags (mmreg.h) and bits a sample that can be decoded and written again.
_CODECS = {
    (1, 8): "PCM_U8",
    (1, 16): "PCM_16",
    (1, 24): "PCM_24",
    (1, 32): "PCM_32",
    (3, 32): "FLOAT",
    (3, 64): "DOUBLE",
    (6, 8): "ALAW",
    (7, 8): "ULAW",
}
_PCM = 1
_EXTENSIBLE = 0xFFFE
# Bytes within which libsndfile's samples begin.
_HEAD = 4096
# The manifest, padding, sizes of the 64-bit sort, and what belongs to the coding.
_PADDING = frozenset({"JUNK", "junk", "PAD ", "FLLR", "ds64"})
_OURS = _PADDING | {"C2PA", "fmt ", "fact"}
# What describes the old samples: their peaks (EBU 3285, supplement 3), their checksum.
_STALE = frozenset({"levl", "MD5 "})
_PEAK = "PEAK"
_OPEN = frozenset({0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 36})
_SOUND = "data"
"""Kind of the empty block that stands where the samples lie, when anything stands before them."""
_INFO = "LIST INFO"
"""Kind of a block that holds one entry of such a list, with its name and length."""
_TAGS = frozenset({"id3 ", "ID3 "})
_VERSION = "version"
"""Behind the name of such a chunk the kind of a block that begins an ID3 tag; frames follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WavForm(Form):
    """What a WAV alone says.

    Attributes:
        chunk: Its ``fmt `` chunk.
    """

    chunk: bytes

    def facts(self) -> dict[str, object]:
        """Return the chunk."""
        return {"form": self.chunk}


@dataclass(slots=True)
class _Chunks:
    """What a walk over the file gathers: of the samples start, end and the length they claim."""

    form: bytes = b""
    samples: tuple[int, int, int] | None = None
    xmp: bytes | None = None
    blocks: list[Block] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)


def parse(data: Data, limits: Limits) -> Track[WavForm]:
    """Read the chunks of a WAV file as far as they go, whatever its sizes claim; decode nothing.

    Raises:
        UnreadableError: Its header is damaged, or it has no samples.
        LimitError: The sound or a metadata chunk is larger than the limit.
    """
    found = _gather(data, limits)
    if len(found.form) < 16 or found.samples is None:
        raise UnreadableError(
            "this WAV is damaged: its header cannot be read", code="media.damaged"
        )
    coding, notes = _coding(found.form), found.notes
    start, end, claimed = found.samples
    frames = (end - start) // coding.align if coding.codec else None
    if frames is not None:
        limits.check_sound(frames, coding.rate, coding.channels)
        end = start + frames * coding.align
    # A length of 0 or of all ones is that of a stream whose end was not known.
    whole = claimed in _OPEN or start + claimed <= len(data)
    if any(data[_end(data) :]):
        notes.append(_TRAILING)
    size = int.from_bytes(data[4:8], "little")
    if whole and size not in _OPEN and size + 8 > len(data):
        notes.append(_SIZE)
    return Track(
        format=FORMAT,
        codec=coding.codec,
        sample_rate=coding.rate,
        channels=coding.channels,
        frames=frames,
        metadata=Metadata(xmp=found.xmp, blocks=tuple(found.blocks), notes=tuple(notes)),
        bare=_riff(
            _chunk("fmt ", coding.decodable), *_long_chunk("data", Pieces(data).cut(start, end))
        ),
        form=WavForm(chunk=found.form),
        depth=coding.depth,
        whole=whole,
        obstacle=None if coding.codec else _foreign(coding.tag, coding.depth),
        notes=() if whole else (_SHORT,),
    )


def _gather(data: Data, limits: Limits) -> _Chunks:
    found, budget = _Chunks(), limits.metadata_bytes
    for kind, start, length in counted(_chunks(data)):
        end = min(start + length, len(data))
        if kind == "fmt " and not found.form:
            found.form = data[start:end]
        elif kind == _SOUND and found.samples is None:
            found.samples = start, end, length
            found.blocks += [Block(_SOUND, b"")] if found.blocks else []
        elif kind not in _OURS:
            found.notes += _remarks(kind, whole=start + length <= len(data))
            budget -= end - start if kind not in (_SOUND, *_STALE) else 0
            if budget < 0:
                raise LimitError(
                    f"the chunk {kind.strip()!r} in this WAV exceeds {limits.metadata_bytes} bytes",
                    code="limit.metadata",
                )
            if kind == XMP:
                found.xmp = found.xmp or data[start:end]
            elif kind not in (_SOUND, *_STALE) and start + length <= len(data):
                found.blocks += _blocks(kind, data[start:end])
    return found


def assemble(coded: BinaryIO, track: Track[WavForm], metadata: Metadata) -> Pieces:
    """Return the samples of the WAV `coded` under the old header, with metadata in its order."""
    coded.seek(0)
    head = coded.read(_HEAD)
    found = {kind: (start, length) for kind, start, length in _chunks(head)}
    start, length = found["data"]
    samples = _long_chunk("data", Span(coded, start, length))
    parts: list[Piece | Pieces] = [_chunk("fmt ", track.form.chunk)]
    if not track.codec.startswith("PCM"):
        parts.append(_chunk("fact", struct.pack("<I", length // _coding(track.form.chunk).align)))
    if all(each.kind != _SOUND for each in metadata.blocks):
        parts += samples
    for kind, group in groupby(metadata.blocks, key=_chunk_of):
        if kind == _SOUND:
            parts += samples
        elif kind == _INFO:
            parts.append(_chunk("LIST", b"".join((b"INFO", *(each.data for each in group)))))
        elif kind in _TAGS:
            parts += _tags(kind, group)
        elif kind == _PEAK:
            peak, size = found.get(_PEAK, (0, 0))
            # Its time is that of the file, not of this writing.
            parts += [_chunk(_PEAK, each.data[:8] + head[peak + 8 : peak + size]) for each in group
                      if size]  # fmt: skip
        else:
            parts += [_chunk(kind, each.data) for each in group]
    if metadata.xmp is not None:
        parts.append(_chunk(XMP, metadata.xmp))
    return _riff(*parts)


def code(file: BinaryIO, blocks: Iterable[Samples], track: Track[WavForm]) -> None:
    """Write a WAV of nothing but samples."""
    rate, channels = track.sample_rate, track.channels
    libsndfile.code(file, blocks, rate, channels, kind="WAV", subtype=track.codec)


def items(data: Data) -> Iterator[Item]:
    """Yield every chunk but header, samples, padding and manifest, and what stands behind them."""
    begun = False
    for kind, start, length in counted(_chunks(data)):
        if kind == _SOUND and not begun:
            begun = True
            continue
        content = data[start : start + length]
        if kind == XMP:
            yield Item(inventory.XMP, content)
        elif kind not in _OURS:
            for block in _blocks(kind, content):
                if block.kind == _INFO:
                    yield Item(f"{_INFO} {block.data[:4].decode('latin-1')}", block.data[8:])
                else:
                    yield Item(block.kind, block.data)
    trailing = data[_end(data) :]
    if any(trailing):
        yield Item("trailing", trailing)


@dataclass(frozen=True, slots=True)
class _Coding:
    """What a format chunk says."""

    tag: int
    codec: str
    channels: int
    rate: int
    align: int
    depth: int
    decodable: bytes


def _coding(form: bytes) -> _Coding:
    """Read a format chunk; samples may have fewer bits than the bytes that hold them."""
    tag, channels, rate, _, align, bits = struct.unpack_from("<HHIIHH", form)
    valid = bits
    if tag == _EXTENSIBLE and len(form) >= 26:
        (valid,) = struct.unpack_from("<H", form, 18)
        (tag,) = struct.unpack_from("<H", form, 24)
    if not channels or not rate or (tag == _PCM and align % channels):
        raise UnreadableError("the header of this WAV is damaged", code="media.damaged")
    held = 8 * align // channels if tag == _PCM else bits
    codec = _CODECS.get((tag, held), "")
    if codec and (align != channels * held // 8 or bits > held):
        raise UnreadableError("the header of this WAV is damaged", code="media.damaged")
    depth = bits if not codec else 16 if tag in (6, 7) else 0
    if codec and tag == _PCM:
        depth = valid if 0 < valid <= bits else bits
    decodable = form
    if codec:
        decodable = form[:14] + struct.pack("<H", held) + form[16:18]
    if codec and len(form) >= 26:
        decodable += struct.pack("<H", held) + form[20:]
    return _Coding(tag, codec, channels, rate, align, depth, decodable)


def _blocks(kind: str, content: bytes) -> list[Block]:
    """Return a chunk as blocks: texts and frames of tags one by one, anything else whole."""
    if kind in _TAGS:
        tag = id3.parse(content)
        if tag is None or tag.recoded or not tag.frames:
            return [Block(kind, content)]
        frames = (Block(kind + frame.kind, frame.data) for frame in tag.frames)
        return [Block(kind + _VERSION, b"%d" % tag.version), *frames]
    if kind != "LIST" or not content.startswith(b"INFO"):
        return [Block(kind, content)]
    entries, place = [], 4
    while place + 8 <= len(content):
        (length,) = struct.unpack_from("<I", content, place + 4)
        end = place + 8 + length + (length & 1)
        entries.append(Block(_INFO, content[place:end]))
        place = end
    return entries if entries and place == len(content) else [Block(kind, content)]


def _chunk_of(block: Block) -> str:
    """Return what the chunk is called that a block is part of."""
    return block.kind[:4] if block.kind[:4] in _TAGS else block.kind


def _tags(kind: str, group: Iterable[Block]) -> Iterator[bytes]:
    """Yield the chunks of ID3 tags, those without a frame left out."""
    held: list[tuple[int, list[Block]]] = []
    for block in group:
        if block.kind == kind:
            yield _chunk(kind, block.data)
        elif block.kind == kind + _VERSION:
            held.append((int(block.data), []))
        else:
            held[-1][1].append(block)
    tags = (id3.build(id3.Tag(version, tuple(frames))) for version, frames in held)
    yield from (_chunk(kind, tag) for tag in tags if tag)


def _remarks(kind: str, *, whole: bool) -> Iterator[Finding]:
    """Yield what is to be said of a chunk that does not stay as it is."""
    name = kind.strip()
    if kind == _SOUND:
        yield Finding.warning("media.second-samples", accounts_for=(kind,))
    elif kind in _STALE:
        yield Finding.info("media.stale", chunk=name, accounts_for=(kind,))
    elif not whole:
        yield Finding.warning("media.cut-chunk", chunk=name, accounts_for=(kind,))
    elif kind == _PEAK:
        yield Finding.info("media.peak", accounts_for=(kind,))


_SHORT = Finding.warning("media.truncated", format="WAV")
_SIZE = Finding.info("media.riff-size")
_TRAILING = Finding.info("media.trailing", accounts_for=("trailing",))


def _foreign(tag: int, bits: int) -> Obstacle:
    return Obstacle(
        "media.wav-codec",
        f"this WAV is coded as format {tag} with {bits} bits; PCM of 8, 16, 24 and 32 bits, "
        "floating point, A-law and mu-law are supported",
    )


def _chunks(data: Data) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and claimed length of each chunk; the last may be cut short."""
    place = 12
    while place + 8 <= len(data) and data[place : place + 4] != bytes(4):
        kind = data[place : place + 4].decode("latin-1")
        length = _length(data, place)
        if kind == _SOUND and length == 0 and not _is_chain(data, place + 8):
            # A stream that was never closed: all that follows is sound.
            length = len(data) - place - 8
        yield kind, place + 8, length
        place = _next(data, place, length)


def _length(data: Data, place: int) -> int:
    """Return the length that the chunk at `place` claims."""
    return int.from_bytes(data[place + 4 : place + 8], "little")


def _next(data: Data, place: int, length: int) -> int:
    """Return where the next chunk begins; some writers forget to pad one of odd length."""
    end = place + 8 + length
    unpadded = _is_chunk(data, end) and not _is_chunk(data, end + 1)
    return end + (length & 1) * (not unpadded)


def _is_chunk(data: Data, place: int) -> bool:
    """Tell whether a whole chunk with a printable name stands here."""
    name = data[place : place + 4]
    if len(data) < place + 8 or not all(0x20 <= byte < 0x7F for byte in name):
        return False
    length = _length(data, place)
    return place + 8 + length <= len(data)


def _is_chain(data: Data, place: int) -> bool:
    """Tell whether chunk follows on chunk from here to the very end."""
    begin = place
    while place < len(data) and _is_chunk(data, place):
        place = _next(data, place, _length(data, place))
    return place > begin and place >= len(data)


def _end(data: Data) -> int:
    """Return where the last chunk ends."""
    ends = (_next(data, start - 8, length) for _, start, length in counted(_chunks(data)))
    return max(ends, default=12)


def _riff(*chunks: Piece | Pieces) -> Pieces:
    length = len(b"WAVE") + sum(map(len, chunks))
    return Pieces(b"RIFF" + struct.pack("<I", length) + b"WAVE", *chunks)


def _chunk(kind: str, payload: bytes) -> bytes:
    head, _, pad = _long_chunk(kind, payload)
    return b"".join((head, payload, pad))


def _long_chunk(kind: str, payload: Piece | Pieces) -> tuple[bytes, Piece | Pieces, bytes]:
    head = kind.encode("latin-1") + struct.pack("<I", len(payload))
    return head, payload, b"\0" * (len(payload) & 1)


FORMAT = SoundFormat(
    media_type="audio/wav",
    name="WAV",
    medium=Medium.SOUND,
    suffixes=(".wav",),
    begins=lambda data: data.startswith(b"RIFF") and data[8:12] == b"WAVE",
    parse=parse,
    items=items,
    decode=libsndfile.decode,
    code=code,
    assemble=assemble,
    label_place=LabelPlace.RIFF_CHUNK,
    manifest_place=ManifestPlace.RIFF_CHUNK,
)
