"""What holds of every format: a new one needs its module, its entry, and its sample."""

from __future__ import annotations

import numpy as np
import pytest

from synthmark import Embedder, labels, manifest, media
from synthmark.errors import UnsupportedError
from synthmark.facts import Medium
from synthmark.manifest.carrier import manifest_size
from synthmark.media import FORMATS, SUPPORTED, Format, Metadata
from tests.manifest.outputs import ACME, ID, claim
from tests.media.samples import SAMPLES

VALUES = labels.aigc.compose(ACME, ID)
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

every = pytest.mark.parametrize("format", FORMATS)


def decoded(data: bytes, format: Format) -> media.Picture | media.Sound:
    medium = media.Sound if format.medium is Medium.SOUND else media.Picture
    return medium.decode(data, format)


def encoded(asset: media.Picture | media.Sound, metadata: Metadata) -> bytes:
    """The same signal in a new file."""
    if isinstance(asset, media.Sound):
        return asset.encode(metadata)
    return asset.encode(*(frame.pixels for frame in asset.frames), metadata=metadata)


def signal(asset: media.Picture | media.Sound) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """What is seen or heard, full scale 1."""
    if isinstance(asset, media.Sound):
        return asset.wave
    return asset.pixels.astype(np.float32) / np.float32(np.iinfo(asset.pixels.dtype).max)


def test_there_is_a_sample_of_every_format() -> None:
    assert set(SAMPLES) == set(FORMATS)


@every
def test_it_is_told_by_its_bytes_its_suffix_and_its_media_type(format: Format) -> None:
    assert media.sniff(SAMPLES[format]()) is format
    assert {media.promised(suffix) for suffix in format.suffixes} == {format}
    assert media.promised(format.suffixes[0].upper()) is format
    assert media.named(format.media_type) is format
    assert format.name in SUPPORTED


@every
def test_the_same_comes_back(format: Format) -> None:
    data = SAMPLES[format]()
    asset = decoded(data, format)
    new = encoded(asset, asset.metadata)
    assert media.sniff(new) is format
    assert media.items(new, format) == media.items(data, format)
    before, after = (media.inspect(each, format).facts() for each in (data, new))
    old, other = signal(asset), signal(decoded(new, format))
    if before["lossless"]:
        assert after == before
        np.testing.assert_array_equal(old, other)
    else:
        assert after.keys() == before.keys()
        length = min(len(old), len(other))
        assert np.abs(old[:length] - other[:length]).mean() < 0.02


@every
def test_its_label_is_read_back(format: Format) -> None:
    data = SAMPLES[format]()
    asset = decoded(data, format)
    written = labels.write(asset.metadata, format, aigc=VALUES, source_type=SOURCE)
    found = labels.read(encoded(asset, written.metadata), format)
    if format.label_place is None:
        assert found.aigc is None
        with pytest.raises(UnsupportedError) as caught:
            Embedder().embed(data)
        assert caught.value.code == "label.no-place"
    else:
        assert found.aigc is not None
        assert found.aigc.values == VALUES
        assert found.aigc.place == format.label_place.value
        assert found.digital_source_type == written.source_type


@every
def test_its_manifest_is_read_back(format: Format, signer: manifest.Signer) -> None:
    data = SAMPLES[format]()
    assert manifest.read(data, format).source_types == ()
    about = claim(medium=format.medium)
    signed = manifest.sign(data, format, claim=about, signer=signer)
    beside = signed.manifest if format.manifest_place is None else None
    assert signed.detached == (beside is not None)
    assert (signed.asset == data) == signed.detached
    assert (manifest_size(signed.asset, format) == 0) == signed.detached
    found = manifest.read(signed.asset, format, detached=beside)
    assert found.matches_bytes
    assert found.content_ids
