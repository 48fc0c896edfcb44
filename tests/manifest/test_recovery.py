"""A stored manifest that the watermark led to, without the bytes it was made for."""

from __future__ import annotations

import pytest

from synthmark.facts import Likeness, ManifestReason, ManifestState
from synthmark.manifest import Signer, read_stored, sign
from synthmark.media import Format
from synthmark.media.formats import AVIF, PNG
from tests.manifest.authority import Authority
from tests.manifest.outputs import GENERATED, ID, ISCC, OTHER_ID, TYPES, claim, picture, signed


@pytest.mark.parametrize("format", TYPES)
def test_it_is_recovered_where_all_agrees(
    authority: Authority, signer: Signer, format: Format
) -> None:
    store = signed(signer, format).manifest
    layer = read_stored(store, content_id=ID, likeness=Likeness.NEAR, trust=authority.trust)
    assert (layer.state, layer.reason) == (ManifestState.RECOVERED, ManifestReason.RECOVERED)
    assert layer.trusted
    assert layer.signer == "Test Maker"
    assert (layer.content_ids, layer.fingerprint) == ((ID,), ISCC)
    assert layer.source_types == (GENERATED,)
    # Of some formats the engine leaves out more than the manifest, and says so.
    binding = "bmffHash" if format == AVIF else "dataHash"
    assert layer.codes[0] == f"assertion.{binding}.mismatch"
    assert set(layer.codes[1:]) <= {f"assertion.{binding}.additionalExclusionsPresent"}


def test_an_unknown_signer_recovers_without_trust(signer: Signer) -> None:
    layer = read_stored(signed(signer).manifest, content_id=ID, likeness=Likeness.NEAR)
    assert (layer.state, layer.trusted) == (ManifestState.RECOVERED, False)


@pytest.mark.parametrize("likeness", [Likeness.FAR, Likeness.UNDECIDED, Likeness.UNKNOWN])
def test_content_that_is_not_near_does_not_recover(signer: Signer, likeness: Likeness) -> None:
    layer = read_stored(signed(signer).manifest, content_id=ID, likeness=likeness)
    assert layer.state is ManifestState.INVALID
    assert layer.reason is ManifestReason.RECOVERED_MISMATCH


def test_a_manifest_that_binds_another_watermark_does_not_recover(signer: Signer) -> None:
    layer = read_stored(signed(signer).manifest, content_id=OTHER_ID, likeness=Likeness.NEAR)
    assert layer.state is ManifestState.INVALID
    assert layer.reason is ManifestReason.RECOVERED_MISMATCH


def test_a_changed_manifest_does_not_recover(signer: Signer) -> None:
    store = signed(signer).manifest.replace(b"acme-xl/3.1", b"other-1/3.1")
    layer = read_stored(store, content_id=ID, likeness=Likeness.NEAR)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.TAMPERED)


@pytest.mark.parametrize("damage", [b"", b"\0", b"jumb" * 100])
def test_a_manifest_that_is_none_does_not_recover(damage: bytes) -> None:
    layer = read_stored(damage, content_id=ID, likeness=Likeness.NEAR)
    assert (layer.state, layer.reason) == (ManifestState.INVALID, ManifestReason.UNREADABLE)


def test_the_latest_of_a_history_is_what_counts(signer: Signer) -> None:
    old = signed(signer)
    new = sign(picture(), PNG, parent=old.asset, claim=claim(OTHER_ID), signer=signer).manifest
    own = read_stored(new, content_id=OTHER_ID, likeness=Likeness.NEAR)
    assert own.state is ManifestState.RECOVERED
    previous = read_stored(new, content_id=ID, likeness=Likeness.NEAR)
    assert previous.reason is ManifestReason.RECOVERED_MISMATCH
