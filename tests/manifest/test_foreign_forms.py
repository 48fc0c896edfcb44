"""Manifests of other writers: old labels, other types of value, and hostile ones."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest

from synthmark.facts import ManifestReason, ManifestState
from synthmark.label import ContentId
from synthmark.manifest import Signer, engine, read
from synthmark.media.formats import PNG
from tests.manifest.outputs import GENERATED, ID, ISCC, picture

VALUE = base64.b64encode(ID.payload).decode()
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def written(signer: Signer, *assertions: dict[str, Any], actions: str = "c2pa.actions.v2") -> bytes:
    """A signed picture with `assertions` beside the creation that every manifest needs."""
    created = {"action": "c2pa.created", "digitalSourceType": GENERATED}
    definition = {
        "claim_generator_info": [{"name": "another writer", "version": "1"}],
        "assertions": [{"label": actions, "data": {"actions": [created]}}, *assertions],
    }
    file, _ = engine.sign(
        io.BytesIO(picture()), PNG.media_type, definition, parent=None, signer=signer.opened
    )
    return bytes(file)


def binding(value: Any, algorithm: str = "org.synthmark.image.1") -> dict[str, Any]:
    data = {"alg": algorithm, "blocks": [{"scope": {}, "value": value}]}
    return {"label": "c2pa.soft-binding", "data": data}


@pytest.mark.parametrize(
    "value",
    [VALUE, list(ID.payload), list(VALUE.encode())],
    ids=["base64", "bytes", "bytes of base64"],
)
def test_a_binding_is_read_in_every_form(signer: Signer, value: Any) -> None:
    layer = read(written(signer, binding(value)), PNG)
    assert layer.content_ids == (ID,)
    assert layer.state is ManifestState.VALID


def test_a_byte_string_is_read(signer: Signer) -> None:
    """JSON cannot name one: an array of 16 small numbers is made a byte string of CBOR."""
    asset = written(signer, binding(list(ID.payload)))
    array, string = b"\x90" + ID.payload, b"\x50" + ID.payload
    assert array in asset
    layer = read(asset.replace(array, string), PNG)
    assert layer.content_ids == (ID,)
    assert layer.reason is ManifestReason.TAMPERED


@pytest.mark.parametrize("value", [ISCC, list(ISCC.encode())], ids=["text", "bytes"])
def test_a_fingerprint_is_read_in_every_form(signer: Signer, value: Any) -> None:
    assert read(written(signer, binding(value, "io.iscc.v0")), PNG).fingerprint == ISCC


@pytest.mark.parametrize(
    "value", ["", "?", VALUE[:8], "é" * 16, [], [1, 2], ["x"] * 16, {"a": 1}, 7, None]
)
def test_a_binding_that_is_no_id_is_passed_over(signer: Signer, value: Any) -> None:
    layer = read(written(signer, binding(value), binding(value, "io.iscc.v0")), PNG)
    assert (layer.content_ids, layer.fingerprint) == ((), None)
    assert layer.reason in (ManifestReason.UNKNOWN_SIGNER, ManifestReason.UNREADABLE)


def test_bindings_of_others_are_theirs(signer: Signer) -> None:
    layer = read(written(signer, binding(VALUE, "com.example.mark.1")), PNG)
    assert (layer.content_ids, layer.fingerprint) == ((), None)


def test_every_id_that_is_named_is_told(signer: Signer) -> None:
    other = "sm1-" + "1" * 25 + "0"
    label = {"label": "org.synthmark.aigc-label", "data": {"ProduceID": other}}
    found = read(written(signer, binding(VALUE), label), PNG)
    assert found.content_ids == (ID, ContentId.parse(other))


@pytest.mark.parametrize("produced", ["", "sm1-", "anything", 7, None, ["x"]])
def test_a_produce_id_that_is_no_content_id_is_passed_over(signer: Signer, produced: Any) -> None:
    label = {"label": "org.synthmark.aigc-label", "data": {"ProduceID": produced}}
    assert read(written(signer, label), PNG).content_ids == ()


def test_the_first_fingerprint_counts(signer: Signer) -> None:
    asset = written(signer, binding(ISCC, "io.iscc.v0"), binding("ISCC:X", "io.iscc.v0"))
    assert read(asset, PNG).fingerprint == ISCC


@pytest.mark.parametrize("watermarked", ["c2pa.watermarked", "c2pa.watermarked.bound"])
def test_old_and_new_names_of_actions_are_read(signer: Signer, watermarked: str) -> None:
    marked = {
        "label": "c2pa.actions",
        "data": {"actions": [{"action": watermarked}, {"action": "c2pa.edited"}]},
    }
    asset = written(signer, marked, binding(VALUE), actions="c2pa.actions")
    layer = read(asset, PNG)
    assert layer.source_types == (GENERATED,)
    assert layer.content_ids == (ID,)


def test_a_claim_of_capture_is_told(signer: Signer) -> None:
    captured = {"actions": [{"action": "c2pa.edited", "digitalSourceType": CAPTURED}]}
    asset = written(signer, {"label": "c2pa.actions.v2", "data": captured})
    layer = read(asset, PNG)
    assert layer.source_types == (GENERATED, CAPTURED)
    assert layer.claims_captured


def test_assertions_of_any_shape_do_not_raise(signer: Signer) -> None:
    shapes: list[Any] = [{"blocks": "x"}, {"blocks": [1, None]}, {"alg": ["io.iscc.v0"]}, {}]
    others: list[Any] = [[], "x", 7, {}]
    odd = [{"label": "c2pa.soft-binding", "data": shape} for shape in shapes]
    odd += [{"label": "org.synthmark.aigc-label", "data": shape} for shape in others]
    layer = read(written(signer, *odd), PNG)
    assert layer.reason is ManifestReason.UNREADABLE
    assert "claim.malformed" in layer.codes
    assert layer.content_ids == ()
