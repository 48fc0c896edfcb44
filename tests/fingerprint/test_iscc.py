"""The Image-Code is the standard's own: iscc_core fed as the standard's SDK feeds it agrees."""

from __future__ import annotations

from typing import Any

import iscc_core
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageChops

from synthmark.fingerprint import iscc
from tests.pictures import Pixels, flat, scene


def oracle(pixels: Pixels) -> str:
    image = Image.fromarray(pixels)
    corner = image.getpixel((0, 0))
    assert corner is not None
    box = ImageChops.difference(image, Image.new(image.mode, image.size, corner)).getbbox()
    gray = (image.crop(box) if box else image).convert("L")
    small = gray.resize((32, 32), Image.Resampling.BICUBIC)
    code: str = iscc_core.gen_image_code_v0(small.tobytes(), bits=256)["iscc"]
    return code


def code(pixels: Pixels) -> str:
    return iscc.image_code(pixels, Image.fromarray(pixels).convert("L"))


def bordered(pixels: Pixels, sides: tuple[int, int, int, int]) -> Pixels:
    top, bottom, left, right = sides
    padding = [(top, bottom), (left, right)] + [(0, 0)] * (pixels.ndim - 2)
    return np.pad(pixels, padding, constant_values=255)


@pytest.mark.parametrize(
    "pixels",
    [
        scene(1, 300, 400),
        scene(2, 401, 37),
        scene(3)[:, :, 0],
        bordered(scene(4, 200, 200), (40, 40, 40, 40)),
        bordered(scene(5, 200, 200)[:, :, 1], (31, 0, 17, 0)),
        bordered(scene(6, 200, 200), (0, 12, 0, 40)),
        flat(),
        flat(1, 1),
    ],
    ids=["rgb", "slim", "gray", "border", "gray corner", "far border", "flat", "one pixel"],
)
def test_it_equals_the_reference(pixels: Pixels) -> None:
    assert code(pixels) == oracle(pixels)


@given(
    arrays.arrays(
        np.uint8,
        st.one_of(
            st.tuples(st.integers(1, 12), st.integers(1, 12)),
            st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)),
        ),
        elements=st.sampled_from([0, 1, 255]),
        fill=st.just(0),
    )
)
@settings(max_examples=80)
def test_it_trims_whatever_the_reference_trims(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    assert code(pixels) == oracle(pixels)


def test_a_border_of_one_colour_does_not_count() -> None:
    assert code(bordered(scene(8), (50, 30, 0, 70))) == code(scene(8))


def test_digest_is_the_body_of_a_256_bit_image_code() -> None:
    digest = iscc.digest(code(scene(1)))
    assert digest is not None
    assert len(digest) == 32
    assert iscc.distance(digest, digest) == 0
    assert iscc.distance(digest, bytes(byte ^ 255 for byte in digest)) == 256


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ISCC:",
        "ISCC:AAAA",
        "nonsense!",
        "ISCC:" + "Ä" * 55,
        "ISCC:" + "A" * 55,
        iscc_core.gen_image_code_v0(bytes(1024), bits=64)["iscc"],
        iscc_core.gen_text_code_v0("text", bits=256)["iscc"],
    ],
)
def test_other_text_has_no_digest(text: str) -> None:
    assert iscc.digest(text) is None
