"""What goes from a path to a target: whole or absent, and held by nobody."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synthmark import Embedder, Verdict, Verifier, open_store
from synthmark.errors import StoreError, TargetError, UnmarkableError
from synthmark.media.parts.pieces import Pieces, Span
from synthmark.targets import Target
from tests.media.sound_files import coded
from tests.pictures import coded as drawn
from tests.pictures import scene
from tests.sounds import voice

PICTURE = drawn(scene(3, 256, 256))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(PICTURE)
    return path


def test_a_path_gets_what_would_be_returned(source: Path) -> None:
    target = source.with_name("out.png")
    target.write_bytes(b"old")
    result = Embedder().embed(source, target=target)
    assert result.asset == b""
    report = Verifier().verify(target)
    assert report.verdict is Verdict.VERIFIED
    assert report.content_id == result.content_id
    assert {each.name for each in source.parent.iterdir()} == {"picture.png", "out.png"}


def test_a_file_may_be_labelled_in_its_place(source: Path) -> None:
    result = Embedder().embed(str(source), target=str(source))
    assert Verifier().verify(source).content_id == result.content_id


def test_an_open_file_gets_it_too() -> None:
    target = io.BytesIO()
    result = Embedder().embed(PICTURE, target=target)
    assert result.asset == b""
    assert Verifier().verify(target.getvalue()).content_id == result.content_id


def test_nothing_is_written_where_anything_fails(source: Path) -> None:
    target, stream = source.with_name("out.png"), io.BytesIO()
    target.write_bytes(b"old")
    for file in (target, stream):
        with pytest.raises(UnmarkableError):
            Embedder().embed(drawn(scene(0, 48, 48)), target=file)
    store = open_store(f"sqlite:///{source.with_name('manifests.db')}")
    store.close()
    for file in (target, stream):
        with pytest.raises(StoreError):
            Embedder(store=store).embed(source, target=file)
    assert target.read_bytes() == b"old"
    assert stream.getvalue() == b""
    assert not list(source.parent.glob(".synthmark-*"))


def test_a_target_that_cannot_be_written(source: Path) -> None:
    with pytest.raises(TargetError) as caught:
        Embedder().embed(source, target=source / "out.png")
    assert caught.value.code == "target.unwritable"


@pytest.mark.parametrize("kind", ["wav16", "flac16"])
def test_neither_file_is_held_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for name in ("media.sounds.sound._MOST_HELD", "media.parts.pieces._MOST_HELD"):
        monkeypatch.setattr(f"synthmark.{name}", 1000)
    read: list[int] = []
    written: list[int] = []
    read_into, write = Span.read_into, Target.write

    def reading(self: Span, target: memoryview, place: int) -> int:
        read.append(len(target))
        return read_into(self, target, place)

    def writing(self: Target, data: bytes) -> int:
        written.append(len(data))
        return write(self, data)

    def whole(self: Pieces) -> Any:
        raise AssertionError("the whole file was asked for")

    source, target = tmp_path / f"noise.{kind}", tmp_path / f"out.{kind}"
    source.write_bytes(coded(np.tile(voice(8.0), 6), kind))
    monkeypatch.setattr(Span, "read_into", reading)
    monkeypatch.setattr(Target, "write", writing)
    monkeypatch.setattr(Pieces, "__bytes__", whole)
    monkeypatch.setattr("synthmark.media.parts.pieces._AT_ONCE", 2**17)
    monkeypatch.setattr("synthmark.manifest.brief.LEAST", 2**17)
    Embedder().embed(source, target=target)
    assert max(written) <= 2**17 < target.stat().st_size / 4
    if kind == "wav16":
        assert max(read) <= 2**18 < target.stat().st_size / 4
    assert Verifier().verify(target).verdict is Verdict.VERIFIED
