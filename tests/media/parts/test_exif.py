from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from synthmark.media.parts import exif
from tests.media import samples


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_fields_are_found_and_taken_out_alone(order: str, prefix: bytes) -> None:
    block = prefix + samples.exif(5, order=order, comment=b"ASCII\0\0\0hello", description=b"what?")
    assert exif.value(block, exif.USER_COMMENT) == b"ASCII\0\0\0hello"
    assert exif.value(block, exif.IMAGE_DESCRIPTION) == b"what?"
    less = exif.without(exif.without(block, exif.USER_COMMENT), exif.IMAGE_DESCRIPTION)
    assert exif.value(less, exif.USER_COMMENT) is None
    assert exif.value(less, exif.IMAGE_DESCRIPTION) is None
    assert b"hello" not in less
    assert len(less) == len(block)
    assert exif.orientation(less) == 5

    read = Image.Exif()
    read.load(less)
    assert read[0x0131] == "camera 1.0"
    assert read[0x0112] == 5
    assert dict(read.get_ifd(0x8769)) == {0x9000: b"0232"}


def test_what_is_not_there_changes_nothing() -> None:
    block = samples.exif(1)
    assert exif.without(block, exif.USER_COMMENT) == block


def test_pillow_agrees_with_the_block_the_tests_make() -> None:
    data = samples.coded(samples.colours(8, 8), "PNG", exif=samples.exif(6, comment=b"c" * 20))
    read = Image.open(io.BytesIO(data)).getexif()
    assert (read[0x0112], read.get_ifd(0x8769)[0x9286]) == (6, b"c" * 20)


@given(st.binary(max_size=120), st.sampled_from([b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0"]))
def test_random_blocks(rest: bytes, start: bytes) -> None:
    block = start + rest
    assert 1 <= exif.orientation(block) <= 8
    assert all(entry.start + entry.size <= len(block) for entry in exif.entries(block))
    assert len(exif.without(block, exif.ORIENTATION)) == len(block)
