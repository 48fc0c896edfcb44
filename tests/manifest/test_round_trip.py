"""What is claimed is signed into every format and read back, and nothing else of the file moves."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from PIL import Image

import synthmark
from synthmark.facts import ManifestReason, ManifestState
from synthmark.label import Label, Provider, SourceType
from synthmark.labels import aigc
from synthmark.manifest import Signer, read, sign
from synthmark.media import Format
from synthmark.media.formats import PNG
from tests.manifest.authority import Authority
from tests.manifest.outputs import ACME, GENERATED, ID, ISCC, TYPES, active, claim, picture, signed


@pytest.mark.parametrize("format", TYPES)
def test_every_format_reads_back(authority: Authority, signer: Signer, format: Format) -> None:
    asset = signed(signer, format).asset
    layer = read(asset, format, trust=authority.trust)
    assert (layer.state, layer.reason) == (ManifestState.TRUSTED, ManifestReason.AUTHENTIC)
    assert layer.signer == "Test Maker"
    assert layer.time is None
    assert layer.content_ids == (ID,)
    assert layer.fingerprint == ISCC
    assert layer.source_types == (GENERATED,)
    assert layer.claims_generated


@pytest.mark.parametrize("format", TYPES)
def test_only_the_manifest_is_added(signer: Signer, format: Format) -> None:
    plain = picture(format)
    result = sign(plain, format, claim=claim(), signer=signer)
    before, after = (Image.open(io.BytesIO(each)) for each in (plain, result.asset))
    np.testing.assert_array_equal(np.asarray(before), np.asarray(after))
    overhead = len(result.asset) - len(plain)
    # TIFF gets a second directory.
    assert len(result.manifest) < overhead < len(result.manifest) + 200
    assert overhead < 5000


def test_the_manifest_says_what_was_claimed(signer: Signer) -> None:
    found = active(signed(signer).asset)
    (generator,) = found["claim_generator_info"]
    assert generator["name"] == "synthmark"
    assert generator["version"] == synthmark.__version__
    assert generator["org.synthmark.provider"] == "Acme"
    assertions = found["assertions"]
    assert all(each["created"] for each in assertions)
    assert [each["label"] for each in assertions] == [
        "c2pa.actions.v2",
        "c2pa.soft-binding",
        "c2pa.soft-binding",
        "org.synthmark.aigc-label",
    ]
    actions, watermark, fingerprint, label = (each["data"] for each in assertions)
    when = "2026-03-01T12:00:30Z"
    assert actions["allActionsIncluded"] is True
    assert actions["actions"] == [
        {
            "action": "c2pa.created",
            "when": when,
            "digitalSourceType": GENERATED,
            "softwareAgent": {"name": "acme-xl/3.1"},
        },
        {
            "action": "c2pa.watermarked.bound",
            "when": when,
            "softwareAgent": {"name": "synthmark", "version": synthmark.__version__},
        },
    ]
    assert watermark["alg"] == "org.synthmark.image.1"
    assert watermark["blocks"] == [{"scope": {}, "value": "EQAAAAABAgMEBQYHCAkKCw=="}]
    assert fingerprint["alg"] == "io.iscc.v0"
    assert fingerprint["blocks"] == [{"scope": {}, "value": ISCC}]
    assert label == aigc.compose(ACME, ID)
    assert "thumbnail" not in found


def test_what_is_not_given_is_not_said(signer: Signer) -> None:
    bare = claim(label=Label(), provider=Provider(), aigc=aigc.compose(Provider(), ID))
    found = active(sign(picture(), PNG, claim=bare, signer=signer).asset)
    assert "org.synthmark.provider" not in found["claim_generator_info"][0]
    assert "softwareAgent" not in found["assertions"][0]["data"]["actions"][0]


def test_an_edited_picture_says_so(signer: Signer) -> None:
    edited = claim(label=Label(source_type=SourceType.EDITED))
    asset = sign(picture(), PNG, claim=edited, signer=signer).asset
    assert read(asset, PNG).source_types == (SourceType.EDITED.value,)


def test_times_are_written_in_utc(signer: Signer) -> None:
    moment = datetime(2026, 3, 1, 20, 0, tzinfo=timezone(timedelta(hours=8)))
    asset = sign(picture(), PNG, claim=claim(time=moment), signer=signer).asset
    actions = active(asset)["assertions"][0]["data"]["actions"]
    assert {each["when"] for each in actions} == {"2026-03-01T12:00:00Z"}
    assert moment.astimezone(UTC).hour == 12


def test_text_of_every_script_survives(signer: Signer) -> None:
    maker = Provider(name="示例公司 “Ex” \\ <&>\n😀")
    told = claim(provider=maker, aigc=aigc.compose(maker, ID), label=Label(model="模型/1"))
    found = active(sign(picture(), PNG, claim=told, signer=signer).asset)
    assert found["claim_generator_info"][0]["org.synthmark.provider"] == maker.name
    assert found["assertions"][3]["data"]["ContentProducer"] == maker.name


def test_a_file_without_a_manifest_is_absent() -> None:
    for format in TYPES:
        layer = read(picture(format), format)
        assert (layer.state, layer.reason) == (ManifestState.ABSENT, ManifestReason.NONE)
