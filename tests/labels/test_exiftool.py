"""An independent reader sees the label as it was written."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from synthmark import labels, media
from synthmark.label import ContentId, Provider, SourceType
from tests.media.samples import ICC, coded, colours, exif

pytestmark = pytest.mark.exiftool

SOURCES: list[tuple[str, dict[str, Any]]] = [
    ("PNG", {}),
    ("JPEG", {"quality": 90, "subsampling": 2}),
    ("TIFF", {}),
    ("GIF", {}),
    ("AVIF", {}),
    ("WEBP", {"lossless": True}),
    ("WEBP", {"quality": 80}),
]


def seen(path: Path) -> dict[str, Any]:
    command = ["exiftool", "-json", "-G1", "-a", "-U", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("kind", "options"), SOURCES)
def test_exiftool_sees_the_label_unchanged(
    kind: str, options: dict[str, Any], tmp_path: Path
) -> None:
    values = labels.aigc.compose(
        Provider(code="001191110102MACQD9K64010000"), ContentId(bytes(range(16)))
    )
    block = exif(6)
    stored = b"Exif\0\0" + block if kind == "JPEG" else block
    source = coded(colours(), kind, exif=stored, icc_profile=ICC, **options)
    picture = media.Picture.decode(source)
    metadata = labels.write(
        picture.metadata, picture.format, aigc=values, source_type=SourceType.GENERATED.value
    ).metadata
    path = tmp_path / "picture"
    path.write_bytes(picture.encode(picture.pixels, metadata=metadata))
    found = seen(path)
    aigc = found["XMP-TC260:Aigc"]
    assert (json.loads(aigc) if isinstance(aigc, str) else aigc) == values
    assert found["XMP-iptcExt:DigitalSourceType"]
    # AVIF is written upright, and GIF has no place for EXIF.
    assert ("IFD0:Orientation" in found) == (kind not in ("AVIF", "GIF"))
    assert found.get("IFD0:Software") == (None if kind == "GIF" else "camera 1.0")
