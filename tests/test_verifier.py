"""What is said of a picture that lost, changed, borrowed or never had its labels."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthmark import (
    ContentId,
    Embedder,
    Provider,
    Report,
    Store,
    Triage,
    Trust,
    Verdict,
    Verifier,
    labels,
    media,
    open_store,
)
from synthmark.facts import Likeness, ManifestReason, ManifestState, WatermarkState
from synthmark.label import ShortId
from synthmark.manifest import development
from synthmark.store import Record
from tests.pictures import (
    Pixels,
    coded,
    decoded,
    flat,
    painted,
    scene,
    shared,
    transplanted,
    with_metadata_of,
)

PLAIN, OTHER = scene(40), scene(41)


@dataclass(frozen=True)
class Labelled:
    """One labelled picture, and the store that knows it."""

    asset: bytes
    content_id: ContentId
    store: Store

    @property
    def pixels(self) -> Pixels:
        return decoded(self.asset)

    def verify(self, asset: bytes) -> Report:
        return Verifier(store=self.store).verify(asset)


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


@pytest.fixture
def labelled(tmp_path: Path) -> Iterator[Labelled]:
    with open_store(f"sqlite:///{tmp_path / 'manifests.db'}") as store:
        result = Embedder(store=store).embed(coded(PLAIN))
        yield Labelled(result.asset, result.content_id, store)


def test_whole(labelled: Labelled) -> None:
    report = labelled.verify(labelled.asset)
    assert (report.verdict, report.triage) == (Verdict.VERIFIED, Triage.CONFIRMED)
    assert report.content_id == labelled.content_id
    assert report.manifest.reason is ManifestReason.UNKNOWN_SIGNER
    assert report.manifest.development


def test_whole_and_trusted(labelled: Labelled) -> None:
    trust = Trust.from_files([development().root])
    report = Verifier(trust=trust).verify(labelled.asset)
    assert (report.verdict, report.manifest.state) == (Verdict.VERIFIED, ManifestState.TRUSTED)
    assert report.manifest.development


def resized(scale: float) -> Callable[[bytes], bytes]:
    def resize(data: bytes) -> bytes:
        with Image.open(io.BytesIO(data)) as image:
            size = round(image.width * scale), round(image.height * scale)
            small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        return coded(np.asarray(small))

    return resize


RESAVED: dict[str, Callable[[bytes], bytes]] = {
    "png": lambda data: coded(decoded(data)),
    "jpeg 90": lambda data: shared(data, 90),
    "jpeg 70": lambda data: shared(data, 70),
    "webp 60": lambda data: coded(decoded(data), "WEBP", quality=60),
    "half size": resized(0.5),
    "larger": resized(1.5),
    "gray": lambda data: coded(decoded(data, "L")),
    "brighter": lambda data: coded(np.minimum(decoded(data) * 1.3, 255).astype(np.uint8)),
    "mirrored": lambda data: coded(np.ascontiguousarray(decoded(data)[:, ::-1])),
    "turned": lambda data: coded(np.ascontiguousarray(np.rot90(decoded(data)))),
    "inverted": lambda data: shared(coded(255 - decoded(data)), 80),
}


@pytest.mark.parametrize("how", RESAVED)
def test_resaved_without_metadata_it_is_recovered(labelled: Labelled, how: str) -> None:
    report = labelled.verify(RESAVED[how](labelled.asset))
    assert (report.verdict, report.triage) == (Verdict.RECOVERED, Triage.CONFIRMED)
    assert report.content_id == labelled.content_id
    assert report.manifest.state is ManifestState.RECOVERED
    assert report.embedded.state is ManifestState.ABSENT
    assert report.comparison.likeness is Likeness.NEAR


class OneRecord:
    """All that a verifier needs of a store."""

    def __init__(self, record: Record | None) -> None:
        self._record = record

    def find(self, content_id: ContentId) -> Record | None:
        return self._record if self._record and self._record.content_id == content_id else None

    def find_short(self, short: ShortId) -> Record | None:
        return self._record if self._record and self._record.content_id.short == short else None


def test_whatever_finds_records_is_store_enough(labelled: Labelled) -> None:
    finder = OneRecord(labelled.store.find(labelled.content_id))
    report = Verifier(store=finder).verify(shared(labelled.asset))
    assert (report.verdict, report.content_id) == (Verdict.RECOVERED, labelled.content_id)


def test_without_the_store_it_is_marked_and_that_is_said(labelled: Labelled) -> None:
    report = Verifier().verify(shared(labelled.asset))
    assert (report.verdict, report.content_id) == (Verdict.MARKED, labelled.content_id)
    assert "store.no-record" in codes(report)


def test_a_block_painted_over_after_signing(labelled: Labelled) -> None:
    report = labelled.verify(with_metadata_of(labelled.asset, painted(labelled.pixels, 0.01)))
    assert report.verdict is not Verdict.VERIFIED
    assert report.watermark.content_id == labelled.content_id
    assert report.embedded.reason is ManifestReason.EDITED
    assert "manifest.edited-after-signing" in codes(report)
    # The stored manifest is the very one that is embedded, and this is the picture it was made of.
    assert report.verdict is Verdict.RECOVERED
    alone = Verifier().verify(with_metadata_of(labelled.asset, painted(labelled.pixels, 0.01)))
    assert alone.verdict is Verdict.MARKED
    assert "manifest.edited-after-signing" in codes(alone)


def test_one_pixel_is_enough(labelled: Labelled) -> None:
    pixels = labelled.pixels.copy()
    pixels[7, 7] ^= 1
    report = labelled.verify(with_metadata_of(labelled.asset, pixels))
    assert report.verdict is not Verdict.VERIFIED
    assert "manifest.edited-after-signing" in codes(report)


def test_a_watermark_on_another_picture(labelled: Labelled) -> None:
    forged = transplanted(labelled.pixels, PLAIN, OTHER)
    for asset in (coded(forged), coded(forged, "JPEG", quality=90)):
        report = labelled.verify(asset)
        assert report.watermark.content_id == labelled.content_id
        assert (report.verdict, report.triage) == (Verdict.CONFLICTING, Triage.SUSPECTED)
        assert "conflict.watermark-copied" in codes(report)


def test_a_watermark_on_a_flat_picture_is_not_decided(labelled: Labelled) -> None:
    report = labelled.verify(coded(transplanted(labelled.pixels, PLAIN, flat())))
    assert report.verdict is not Verdict.RECOVERED
    assert report.verdict is not Verdict.VERIFIED


def test_a_manifest_put_into_another_picture(labelled: Labelled) -> None:
    report = labelled.verify(with_metadata_of(labelled.asset, OTHER, only=b"caBX"))
    assert report.verdict is Verdict.CONFLICTING
    assert "conflict.manifest-copied" in codes(report)


def test_all_metadata_put_into_another_picture(labelled: Labelled) -> None:
    report = labelled.verify(with_metadata_of(labelled.asset, OTHER))
    assert report.verdict is Verdict.CONFLICTING


def test_a_manifest_put_into_another_labelled_picture(labelled: Labelled) -> None:
    other = Embedder(store=labelled.store).embed(coded(OTHER))
    pixels = decoded(other.asset)
    report = labelled.verify(with_metadata_of(labelled.asset, pixels, only=b"caBX"))
    assert report.verdict is Verdict.CONFLICTING
    assert report.watermark.content_id == other.content_id
    assert report.content_id is None
    assert "conflict.content-ids" in codes(report)


def test_a_watermark_and_manifest_of_one_picture_on_another(labelled: Labelled) -> None:
    forged = transplanted(labelled.pixels, PLAIN, OTHER)
    report = labelled.verify(with_metadata_of(labelled.asset, forged))
    assert report.verdict is Verdict.CONFLICTING


def test_a_label_typed_by_hand() -> None:
    aigc = labels.aigc.compose(Provider(), ContentId(bytes(range(16))))
    picture = media.Picture.decode(coded(PLAIN))
    metadata = labels.write(picture.metadata, picture.format, aigc=aigc, source_type="").metadata
    asset = picture.encode(picture.pixels, metadata=metadata)
    report = Verifier().verify(asset)
    assert (report.verdict, report.manifest.state) == (Verdict.MARKED, ManifestState.ABSENT)


@pytest.mark.parametrize("pixels", [PLAIN, flat(), flat(1, 1), scene(42, 40, 900)])
def test_what_nobody_labelled(labelled: Labelled, pixels: Pixels) -> None:
    for asset in (coded(pixels), coded(pixels, "JPEG"), coded(pixels, "WEBP")):
        report = labelled.verify(asset)
        assert (report.verdict, report.triage) == (Verdict.UNMARKED, Triage.NONE)
        assert report.content_id is None


def test_what_cannot_be_decoded_is_still_read() -> None:
    file = io.BytesIO()
    Image.new("F", (64, 64)).save(file, "TIFF")
    report = Verifier().verify(file.getvalue())
    assert report.watermark.state is WatermarkState.SKIPPED
    assert "watermark.skipped" in codes(report)
    assert report.verdict is Verdict.UNMARKED


def test_input_may_be_a_path_or_a_file(labelled: Labelled, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(labelled.asset)
    for asset in (path, str(path), io.BytesIO(labelled.asset)):
        assert Verifier().verify(asset).verdict is Verdict.VERIFIED
