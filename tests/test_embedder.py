from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from synthmark import (
    OPEN_KEY,
    ContentId,
    Embedder,
    Label,
    Provider,
    SourceType,
    Store,
    SynthmarkError,
    Verdict,
    Verifier,
    WatermarkKey,
    batch,
    labels,
    manifest,
    media,
    open_store,
    watermark,
)
from synthmark.errors import ReadBackError, StoreError, UnmarkableError
from synthmark.facts import WatermarkState
from synthmark.media.formats import PNG
from tests.media.samples import exif
from tests.pictures import coded, decoded, flat, scene

MOMENT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
PROVIDER = Provider(name="Acme", code="001191110102MACQD9K64010000")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'manifests.db'}") as opened:
        yield opened


def palette(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).quantize(200).save(file, "PNG")
    return file.getvalue()


def deep(pixels: np.ndarray[Any, np.dtype[np.uint8]], kind: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint16)
    done, encoded = cv2.imencode(f".{kind}", pixels[..., ::-1].astype(np.uint16) * 256 + noise)
    assert done
    return encoded.tobytes()


def inked(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert("CMYK").save(file, "JPEG", quality=90)
    return file.getvalue()


def clear(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:200] = 40
    return np.dstack((pixels, alpha))


SOURCES = {
    "png": coded(scene(1)),
    "png, gray": coded(scene(2)[:, :, 0]),
    "png, alpha": coded(clear(scene(3))),
    "png, palette": palette(scene(4)),
    "png, 16 bits": deep(scene(16), "png"),
    "tiff, 16 bits": deep(scene(17), "tiff"),
    "jpeg": coded(scene(5), "JPEG", quality=90),
    "jpeg, progressive": coded(scene(6), "JPEG", quality=80, progressive=True),
    "jpeg, cmyk": inked(scene(15)),
    "jpeg, gray": coded(scene(7)[:, :, 0], "JPEG", quality=90),
    "webp": coded(scene(8), "WEBP", quality=85),
    "webp, lossless": coded(scene(9), "WEBP", lossless=True),
    "webp, alpha": coded(clear(scene(10)), "WEBP", quality=85),
    "tiff": coded(scene(13), "TIFF"),
    "tiff, alpha": coded(clear(scene(14)), "TIFF", compression="tiff_lzw"),
    "gif": coded(scene(21), "GIF"),
    "avif": coded(scene(18), "AVIF", quality=85),
    "avif, gray": coded(scene(19)[:, :, 0], "AVIF", quality=85),
    "avif, alpha": coded(clear(scene(20)), "AVIF", quality=85, subsampling="4:4:4"),
    "small": coded(scene(11, 200, 260)),
    "wide": coded(scene(12, 256, 1024)),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_one_id_in_every_layer(kind: str, store: Store) -> None:
    source = SOURCES[kind]
    result = Embedder(provider=PROVIDER, store=store).embed(source, Label(model="acme-xl/3.1"))
    text = str(result.content_id)
    report = Verifier(store=store).verify(result.asset)
    assert report.verdict is Verdict.VERIFIED
    payload = watermark.image.detect(media.Picture.decode(result.asset).pixels).payload
    assert payload == result.content_id.payload
    assert report.labels.aigc is not None
    assert report.labels.aigc.conforms
    assert report.labels.aigc.values["ProduceID"] == text
    # In the binding, in the assertion.
    assert set(report.embedded.content_ids) == {result.content_id}
    record = store.find(result.content_id)
    assert record is not None
    assert record.content_id == result.content_id
    assert record.manifest in result.asset or b"caBX" not in result.asset
    assert record.fingerprint == report.embedded.fingerprint
    assert result.content_id.provider_bits == PROVIDER.payload_bits
    before, after = (Image.open(io.BytesIO(data)) for data in (source, result.asset))
    assert (after.size, after.format) == (before.size, before.format)
    assert result.psnr is not None
    assert result.psnr > 43


def test_alpha_is_untouched_and_a_palette_is_noted() -> None:
    embedder = Embedder()
    asset = embedder.embed(SOURCES["png, alpha"]).asset
    assert (
        decoded(asset, "RGBA")[:, :, 3] == decoded(SOURCES["png, alpha"], "RGBA")[:, :, 3]
    ).all()
    findings = embedder.embed(SOURCES["png, palette"]).findings
    assert "media.palette" in {finding.code for finding in findings}


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bits_stay_sixteen_and_are_seen_by_eight(kind: str) -> None:
    source = SOURCES[f"{kind}, 16 bits"]
    result = Embedder().embed(source)
    before, after = (media.Picture.decode(data).pixels for data in (source, result.asset))
    assert after.dtype == np.uint16
    # Not one sample in 256 would keep its lower byte by chance had the mark been rounded to 8 bits.
    assert np.mean((after.astype(int) - before) % 257 == 0) < 0.1
    shared = coded((after >> 8).astype(np.uint8), "JPEG", quality=85)
    assert Verifier().verify(shared).watermark.content_id == result.content_id


def test_the_mark_lies_in_the_upright_picture() -> None:
    source = coded(scene(20, 400, 600), "JPEG", quality=92, exif=b"Exif\0\0" + exif(6))
    asset = Embedder().embed(source).asset
    turned = np.rot90(decoded(asset), -1)
    found = watermark.image.detect(np.ascontiguousarray(turned))
    assert found.geometry is not None
    assert (found.geometry.rotation, found.geometry.mirrored) == (0, False)
    report = Verifier().verify(asset)
    assert report.verdict is Verdict.VERIFIED
    assert report.watermark.best.geometry == found.geometry


def test_bytes_paths_and_files_are_the_same(tmp_path: Path) -> None:
    data = SOURCES["png"]
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    label = Label(content_id=ContentId(bytes(range(16, 32))))
    results = [
        Embedder().embed(asset, label) for asset in (data, path, str(path), io.BytesIO(data))
    ]
    assert len({decoded(result.asset).tobytes() for result in results}) == 1
    assert path.read_bytes() == data


def test_injected_ids_and_clock_make_the_same_picture() -> None:
    def embed() -> tuple[bytes, ContentId, str]:
        embedder = Embedder(
            provider=PROVIDER, clock=lambda: MOMENT, randomness=lambda count: b"\7" * count
        )
        result = embedder.embed(SOURCES["png"])
        store = manifest.describe(result.asset, PNG)
        assert "2026-05-04T03:02:01" in str(store)
        return decoded(result.asset).tobytes(), result.content_id, str(result.report.to_json())[:90]

    assert embed() == embed()


def test_two_outputs_have_two_ids() -> None:
    embedder = Embedder()
    one, other = (embedder.embed(SOURCES["png"]).content_id for _ in range(2))
    assert one != other
    assert (one.version, one.kind) == (1, 1)
    assert embedder.embed(SOURCES["png"], Label(source_type=SourceType.EDITED)).content_id.kind == 2


def test_without_a_provider_result_and_report_say_so() -> None:
    result = Embedder().embed(SOURCES["png"])
    assert [finding.code for finding in result.findings] == ["label.no-provider"]
    assert "aigc.producer-empty" in {finding.code for finding in result.report.findings}
    assert result.report.labels.aigc is not None
    assert result.report.labels.aigc.values["ContentProducer"] == ""
    assert not result.report.labels.aigc.conforms
    assert result.content_id.provider_bits == 0


def test_an_old_label_is_replaced() -> None:
    picture = media.Picture.decode(SOURCES["png"])
    old = labels.aigc.compose(Provider(), ContentId(bytes(16)))
    metadata = labels.write(picture.metadata, picture.format, aigc=old, source_type="").metadata
    source = picture.encode(picture.pixels, metadata=metadata)
    assert str(ContentId(bytes(16))).encode() in source
    result = Embedder(provider=PROVIDER).embed(source)
    assert str(ContentId(bytes(16))).encode() not in result.asset
    assert result.report.verdict is Verdict.VERIFIED
    assert "aigc.several" not in {finding.code for finding in result.report.findings}


def test_a_watermark_below_is_replaced_or_refused_never_mixed() -> None:
    embedder = Embedder(provider=PROVIDER)
    marked = [embedder.embed(coded(scene(seed, 256, 256))).asset for seed in range(4)]
    for outcome in batch.run(embedder.embed, marked, workers=1):
        if outcome.result is not None:
            assert outcome.result.report.content_id == outcome.result.content_id
        else:
            assert isinstance(outcome.error, UnmarkableError)
            assert outcome.error.code == "watermark.occupied"


def test_without_a_store_nothing_is_remembered() -> None:
    result = Embedder().embed(SOURCES["png"])
    with open_store() as store:
        assert store.find(result.content_id) is None


def test_a_secret_key_is_named_in_the_report() -> None:
    key = WatermarkKey("studio", bytes(range(32)))
    result = Embedder(key=key).embed(SOURCES["png"])
    assert result.report.watermark.key == "studio"
    assert Verifier().verify(result.asset).watermark.state is WatermarkState.ABSENT
    found = Verifier(keys=[key]).verify(result.asset)
    assert found.watermark.content_id == result.content_id
    assert "watermark.open-key" not in {finding.code for finding in found.findings}


def test_a_key_is_public_by_its_secret_and_not_by_its_name() -> None:
    private = WatermarkKey("OPEN", bytes(range(32)))
    result = Embedder(key=private).embed(SOURCES["png"])
    assert result.report.watermark.key == "OPEN"
    assert "watermark.open-key" not in {finding.code for finding in result.report.findings}
    renamed = WatermarkKey("studio", OPEN_KEY.secret)
    found = Verifier(keys=[private, renamed]).verify(Embedder().embed(SOURCES["png"]).asset)
    assert found.watermark.key == "studio"
    assert "watermark.open-key" in {finding.code for finding in found.findings}


def test_what_cannot_hold_the_mark_is_refused(store: Store) -> None:
    with pytest.raises(UnmarkableError) as caught:
        Embedder(store=store).embed(coded(flat(65, 65, 0), "JPEG", quality=5))
    assert caught.value.code == "watermark.not-held"
    assert len(store) == 0


@pytest.mark.parametrize("size", [(16, 16), (40, 4), (48, 48), (64, 64), (64, 900)])
def test_an_icon_is_refused_even_if_its_own_bytes_would_hold_a_mark(
    size: tuple[int, int], store: Store
) -> None:
    with pytest.raises(UnmarkableError, match=f"{size[1]}x{size[0]} pixels: an icon") as caught:
        Embedder(store=store).embed(coded(scene(0, *size)))
    assert caught.value.code == "watermark.icon"
    assert len(store) == 0


def test_what_does_not_read_back_is_withheld(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(encoded: media.Data, format: media.Format, **options: Any) -> manifest.Signed:
        return manifest.Signed(media.Pieces(encoded), b"never put in", datetime.now(UTC))

    monkeypatch.setattr(manifest, "sign", damaged)
    with pytest.raises(ReadBackError, match="reads back as marked"):
        Embedder(store=store).embed(SOURCES["png"])
    assert len(store) == 0


def test_a_store_that_cannot_remember_is_an_error(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError):
        Embedder(store=store).embed(SOURCES["png"])


def test_the_signer_is_asked_before_the_store(store: Store) -> None:
    def refuse(data: bytes) -> bytes:
        raise PermissionError("the vault is closed")

    signer = manifest.Signer.from_callback(refuse, manifest.development().chain.read_bytes())
    with pytest.raises(SynthmarkError, match="the vault is closed"):
        Embedder(store=store, signer=signer).embed(SOURCES["png"])
    assert len(store) == 0


def test_warmup_and_timings() -> None:
    embedder = Embedder()
    embedder.warmup()
    steps = embedder.embed(SOURCES["png"]).timings
    assert list(steps) == [
        *("decode", "watermark", "fingerprint", "encode", "sign", "read back"),
    ]
    assert all(seconds >= 0 for seconds in steps.values())
