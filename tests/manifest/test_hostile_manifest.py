"""Whatever stands in a file, reading ends in a layer; nothing is raised and nothing is trusted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark.facts import Likeness, ManifestReason, ManifestState
from synthmark.manifest import Signed, Signer, describe, read, read_stored
from synthmark.media import FORMATS, Format
from synthmark.media.formats import JPEG, PNG
from tests.manifest.authority import Authority
from tests.manifest.outputs import ID, TYPES, picture, signed
from tests.media.samples import chunk, with_chunks

MATCHING = (ManifestState.TRUSTED, ManifestState.VALID, ManifestState.RECOVERED)


@pytest.fixture(scope="module")
def samples(signer: Signer) -> dict[Format, Signed]:
    return {format: signed(signer, format) for format in TYPES}


@pytest.mark.parametrize("format", TYPES)
def test_truncated_files_are_read_as_far_as_they_go(
    samples: dict[Format, Signed], format: Format
) -> None:
    asset = samples[format].asset
    for end in range(0, len(asset), 97):
        layer = read(asset[:end], format)
        assert layer.state not in MATCHING
        describe(asset[:end], format)


@pytest.mark.parametrize("format", TYPES)
def test_a_damaged_file_without_a_manifest_has_none(format: Format) -> None:
    plain = picture(format)
    for end in range(1, len(plain), 53):
        layer = read(plain[:end], format)
        assert (layer.state, layer.reason) == (ManifestState.ABSENT, ManifestReason.NONE)
        assert describe(plain[:end], format) is None


@settings(max_examples=60)
@given(
    format=st.sampled_from(TYPES),
    flips=st.lists(st.tuples(st.integers(0, 2**16), st.integers(1, 255)), min_size=1, max_size=6),
)
def test_flipped_bytes_never_raise_and_never_verify(
    samples: dict[Format, Signed], format: Format, flips: list[tuple[int, int]]
) -> None:
    original = samples[format].asset
    asset = bytearray(original)
    for place, change in flips:
        asset[place % len(asset)] ^= change
    layer = read(bytes(asset), format)
    # The padding of a signature is signed by nobody, so a flip there may leave all as it was.
    if layer.state in MATCHING:
        assert layer == read(original, format)


@settings(max_examples=60)
@given(
    flips=st.lists(st.tuples(st.integers(0, 2**16), st.integers(1, 255)), min_size=1, max_size=6)
)
def test_a_flipped_stored_manifest_never_raises(
    samples: dict[Format, Signed], flips: list[tuple[int, int]]
) -> None:
    store = bytearray(samples[PNG].manifest)
    for place, change in flips:
        store[place % len(store)] ^= change
    layer = read_stored(bytes(store), content_id=ID, likeness=Likeness.NEAR)
    if layer.state is ManifestState.RECOVERED:
        assert layer.content_ids == (ID,)


@settings(max_examples=40)
@given(st.binary(min_size=1, max_size=400))
def test_garbage_for_a_manifest_is_unreadable(content: bytes) -> None:
    asset = with_chunks(picture(), chunk(b"caBX", content))
    layer = read(asset, PNG)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.UNREADABLE)
    described = describe(asset, PNG)
    assert described is not None
    assert set(described) == {"unreadable"}


def test_deep_nesting_ends(samples: dict[Format, Signed]) -> None:
    """Boxes in boxes, far deeper than any writer goes."""
    box = b""
    for _ in range(5000):
        box = (len(box) + 8).to_bytes(4) + b"jumb" + box
    assert read(with_chunks(picture(), chunk(b"caBX", box)), PNG).state not in MATCHING


def test_two_manifests_in_one_file_are_not_both_believed(
    authority: Authority, samples: dict[Format, Signed]
) -> None:
    asset = with_chunks(samples[PNG].asset, chunk(b"caBX", samples[JPEG].manifest))
    assert read(asset, PNG, trust=authority.trust).state not in MATCHING


def test_a_file_of_another_type_than_told_does_not_raise(samples: dict[Format, Signed]) -> None:
    for told in FORMATS:
        read(samples[PNG].asset, told)


def test_a_manifest_that_lies_elsewhere_is_not_fetched() -> None:
    address = "http://127.0.0.1:9/manifest.c2pa"
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{address}"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    text = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp.encode()
    asset = with_chunks(picture(), chunk(b"iTXt", text))
    layer = read(asset, PNG)
    assert (layer.state, layer.codes) == (ManifestState.ABSENT, ("manifest.inaccessible",))
    described = describe(asset, PNG)
    assert described is not None
    assert address in described["remote"]
