"""ID3 tags: every frame comes out as it went in, whatever the tag's coding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark.media import Block, Item
from synthmark.media.parts import id3
from tests.media.sound_files import frame, tag

KINDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=4, max_size=4)
FRAMES = st.lists(st.tuples(KINDS, st.binary(max_size=400)), min_size=1, max_size=9)


def made(version: int, kind: str, content: bytes) -> Block:
    """A frame as the standards have it."""
    if version == 2:
        return Block(kind[:3], kind[:3].encode() + len(content).to_bytes(3) + content)
    size = len(content)
    safe = bytes(size >> shift & 127 for shift in (21, 14, 7, 0))
    coded = safe if version == 4 else size.to_bytes(4)
    return Block(kind, kind.encode() + coded + b"\0\0" + content)


def unsynchronised(data: bytes) -> bytes:
    return b"".join(
        bytes((one, 0)) if one == 255 and (other >= 0xE0 or other == 0) else bytes((one,))
        for one, other in zip(data, data[1:] + b"\0", strict=False)
    )


@given(st.sampled_from((2, 3, 4)), FRAMES)
def test_every_frame_comes_out_as_it_went_in(version: int, said: list[tuple[str, bytes]]) -> None:
    frames = tuple(made(version, *each) for each in said)
    data = id3.build(id3.Tag(version, frames))
    assert data == tag(*(each.data for each in frames), version=version)
    assert id3.parse(data + b"\xff\xfb") == id3.Tag(version, frames)
    short = 3 if version == 2 else 4
    expected = [Item(f"ID3 {kind[:short]}", content) for kind, content in said]
    assert list(id3.items(data)) == expected


@given(FRAMES)
def test_an_unsynchronised_tag_says_the_same(said: list[tuple[str, bytes]]) -> None:
    plain = tuple(made(3, *each) for each in said)
    body = unsynchronised(b"".join(each.data for each in plain))
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    assert id3.parse(b"ID3\3\0\x80" + size + body) == id3.Tag(3, plain, recoded=True)


@given(FRAMES, st.booleans())
def test_unsynchronised_frames_say_the_same(said: list[tuple[str, bytes]], whole: bool) -> None:
    plain = tuple(made(4, *each) for each in said)
    coded = [made(4, kind, unsynchronised(content)).data for kind, content in said]
    if not whole:
        coded = [each[:9] + b"\2" + each[10:] for each in coded]
    data = bytearray(tag(*coded))
    data[5] = 0x80 * whole
    assert id3.parse(bytes(data)) == id3.Tag(4, plain, recoded=True)


@pytest.mark.parametrize("version", [3, 4])
def test_an_extended_header_is_left_out(version: int) -> None:
    title = frame(b"TIT2", b"\0Title", version)
    extended = b"\0\0\0\6\1\0" if version == 4 else b"\0\0\0\6" + bytes(6)
    data = bytearray(tag(extended, title, version=version))
    data[5] = 0x40
    assert id3.parse(bytes(data)) == id3.Tag(version, (Block("TIT2", title),), recoded=True)


@pytest.mark.parametrize("size", [128, 200, 256, 300, 40_000])
def test_sizes_of_the_older_version_in_the_newer_one(size: int) -> None:
    content = size * b"\1"
    old = b"APIC" + size.to_bytes(4) + b"\0\0" + content
    title = frame(b"TIT2", b"\3A title")
    for data in (tag(old, title), tag(title, old)):
        found = id3.parse(data)
        assert found is not None
        assert found.recoded
        assert sorted(each.kind for each in found.frames) == ["APIC", "TIT2"]
        assert made(4, "APIC", content) in found.frames


def test_what_is_no_frame_is_kept_to_the_end() -> None:
    title = frame(b"TIT2", b"\3A title")
    rest = b"TPE1\0\0\x7f\x7f\0\0cut short"
    data = tag(title, rest)
    found = id3.parse(data)
    assert found == id3.Tag(4, (Block("TIT2", title), Block(id3.REST, rest)))
    assert id3.build(found) == data
    assert list(id3.items(data)) == [Item("ID3 TIT2", b"\3A title"), Item(id3.REST, rest)]
    assert id3.parse(tag(title, bytes(500))) == id3.Tag(4, (Block("TIT2", title),))


def test_names_of_version_2_in_a_newer_tag() -> None:
    frames = [frame(name, b"\0T", 3) for name in (b"TT2\0", b"TP1 ", b"TALB")]
    found = id3.parse(tag(*frames, version=3))
    assert found is not None
    assert [each.kind for each in found.frames] == ["TT2", "TP1", "TALB"]
    assert id3.build(found) == tag(*frames, version=3)


@pytest.mark.parametrize("kind", [b"application/c2pa", b"application/x-c2pa-manifest-store"])
@pytest.mark.parametrize("version", [2, 3, 4])
def test_c2pas_frame_is_left_out(kind: bytes, version: int) -> None:
    name, title = (b"GEO", b"TT2") if version == 2 else (b"GEOB", b"TIT2")
    other = frame(name, b"\0text/plain\0\0\0AIGC", version)
    manifest = frame(name, b"\0" + kind + b"\0c2pa\0c2pa manifest store\0AIGC", version)
    said = frame(title, b"\0t", version)
    found = id3.parse(tag(said, manifest, other, version=version))
    assert found is not None
    assert [each.data for each in found.frames] == [said, other]


@pytest.mark.parametrize("version", [0, 2, 3, 4])
def test_where_a_manifest_lies(version: int) -> None:
    title = frame(b"TT2" if version == 2 else b"TIT2", b"\0t", version)
    data = (tag(title, version=version) if version else b"") + b"\xff\xfb sound"
    before, behind = id3.around_manifest(data, 1000)
    whole = before + bytes(1000) + behind
    end = id3.length(whole)
    assert whole[end:] == b"\xff\xfb sound"
    assert whole[3] == (version or 4)
    assert behind.startswith(title if version else b"\xff")
    found = id3.parse(whole)
    assert found is not None
    # C2PA's own frame is not among them.
    assert [each.data for each in found.frames] == ([title] if version else [])


def test_what_version_1_says() -> None:
    fields = b"Title".ljust(30, b"\0") + b"Artist".ljust(30) + b"Album".ljust(30, b"\0") + b"1999"
    data = b"TAG" + fields + b"Comment".ljust(28, b"\0") + b"\0\7" + b"\x11"
    assert len(data) == id3.TAIL_SIZE
    said = {each.kind: each.data[10:] for each in id3.from_version_1(data)}
    assert said == {
        "TIT2": b"\0Title",
        "TPE1": b"\0Artist",
        "TALB": b"\0Album",
        "TDRC": b"\x001999",
        "COMM": b"\0eng\0Comment",
        "TRCK": b"\x007",
        "TCON": b"\x0017",
    }
    assert id3.from_version_1(b"TAG" + bytes(124) + b"\xff") == ()
