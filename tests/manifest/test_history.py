"""A source that carries a manifest becomes the parent: signing anew never drops its history."""

from __future__ import annotations

import pytest

from synthmark.facts import ManifestState
from synthmark.label import ContentId, Kind
from synthmark.manifest import Signer, carries_manifest, describe, read, sign
from synthmark.media import Format
from synthmark.media.formats import PNG
from tests.manifest.authority import Authority
from tests.manifest.outputs import ACME, GENERATED, ID, OTHER_ID, TYPES, active, claim, picture
from tests.manifest.outputs import signed as labelled


def again(source: bytes, signer: Signer, format: Format = PNG) -> bytes:
    parent = source if carries_manifest(source, format) else None
    told = claim(OTHER_ID)
    return sign(picture(format), format, parent=parent, claim=told, signer=signer).asset


@pytest.mark.parametrize("format", TYPES)
def test_the_old_manifest_stays_as_the_parent(
    authority: Authority, signer: Signer, format: Format
) -> None:
    old = labelled(signer, format).asset
    new = again(old, signer, format)
    store = describe(new, format)
    assert store is not None
    assert len(store["manifests"]) == 2
    (ingredient,) = active(new, format)["ingredients"]
    assert ingredient["relationship"] == "parentOf"
    previous = store["manifests"][ingredient["active_manifest"]]
    assert previous["assertions"][3]["data"]["ProduceID"] == str(ID)
    layer = read(new, format, trust=authority.trust)
    assert layer.state is ManifestState.TRUSTED
    assert layer.content_ids == (OTHER_ID,)


def test_it_is_opened_and_edited_not_created(signer: Signer) -> None:
    new = active(again(labelled(signer).asset, signer))
    actions = new["assertions"][0]["data"]["actions"]
    names = [each["action"] for each in actions]
    assert names == ["c2pa.opened", "c2pa.edited", "c2pa.watermarked.bound"]
    assert actions[1]["digitalSourceType"] == GENERATED


def test_a_source_without_a_manifest_is_created(signer: Signer) -> None:
    new = active(again(picture(), signer))
    assert new["assertions"][0]["data"]["actions"][0]["action"] == "c2pa.created"
    assert not new.get("ingredients")


def test_a_parent_that_was_changed_does_not_harm_the_new_signature(
    authority: Authority, signer: Signer
) -> None:
    old = labelled(signer).asset
    place = old.index(b"acme-xl")
    new = again(old[:place] + b"evil-xl" + old[place + 7 :], signer)
    assert read(new, PNG, trust=authority.trust).state is ManifestState.TRUSTED


def test_a_source_whose_manifest_cannot_be_read_is_signed_as_created(signer: Signer) -> None:
    old = labelled(signer).asset
    place = old.index(b"caBX") + 4
    new = again(old[:place] + bytes(200) + old[place + 200 :], signer)
    assert active(new)["assertions"][0]["data"]["actions"][0]["action"] == "c2pa.created"


def test_a_long_history_stays_readable(authority: Authority, signer: Signer) -> None:
    asset = labelled(signer).asset
    for number in range(5):
        own = ContentId.new(Kind.EDITED, ACME, number.to_bytes)
        told = claim(own)
        asset = sign(picture(), PNG, parent=asset, claim=told, signer=signer).asset
    layer = read(asset, PNG, trust=authority.trust)
    assert layer.state is ManifestState.TRUSTED
    assert layer.content_ids == (own,)
