from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from synthmark import media
from synthmark.media.parts import exif as stored_exif
from tests.media.samples import coded, colours, exif

LOSSLESS = [("PNG", {}), ("WEBP", {"lossless": True, "exact": True})]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "options"), LOSSLESS)
def test_pixels_are_upright_and_go_back_as_they_were(
    orientation: int, kind: str, options: dict[str, bool]
) -> None:
    block = exif(orientation, order="<" if orientation % 2 else ">")
    data = coded(colours(20, 30, 4), kind, exif=block, **options)
    picture = media.Picture.decode(data)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert picture.alpha is not None
    assert (np.dstack((picture.pixels, picture.alpha)) == upright).all()
    assert picture.orientation == orientation

    changed = picture.pixels ^ np.uint8(1)
    again = media.Picture.decode(picture.encode(changed, metadata=picture.metadata))
    assert (again.pixels == changed).all()
    assert again.alpha is not None
    assert (again.alpha == picture.alpha).all()
    assert again.metadata.exif == block
    assert (again.container.width, again.container.height) == (30, 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_keeps_its_stored_size_and_exif(orientation: int) -> None:
    block = exif(orientation)
    data = coded(colours(32, 48), "JPEG", quality=95, subsampling=0, exif=b"Exif\0\0" + block)
    picture = media.Picture.decode(data)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert (picture.pixels == upright).all()
    again = media.Picture.decode(picture.encode(picture.pixels, metadata=picture.metadata))
    assert again.metadata.exif == block
    assert again.pixels.shape == picture.pixels.shape
    difference = again.pixels.astype(int) - picture.pixels
    assert np.abs(difference).mean() < 1.5


@pytest.mark.parametrize("block", [exif(0), exif(9), b"", b"II*\0", b"Exif\0\0MM\0*\0\0\0\xff"])
def test_an_orientation_that_makes_no_sense_is_none(block: bytes) -> None:
    assert stored_exif.orientation(block) == 1
