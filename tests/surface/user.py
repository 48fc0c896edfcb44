"""A program of somebody who uses synthmark, as far as its types are concerned; it is never run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import synthmark
from synthmark import OPEN_KEY, errors, watermark


def label(folder: Path) -> bytes:
    """Label files: paths, bytes and open ones."""
    store = synthmark.open_store(f"sqlite:///{folder}/manifests.db")
    embedder = synthmark.Embedder(
        provider=synthmark.Provider(name="Acme", code="001191110102MACQD9K64010000"),
        signer=synthmark.Signer.from_files("chain.pem", "key.pem"),
        key=synthmark.WatermarkKey.generate("2026"),
        strength=synthmark.Strength.BALANCED,
        store=store,
        limits=synthmark.Limits(),
        allow_missing_layers=True,
    )
    embedder.warmup()
    result = embedder.embed("picture.png", synthmark.Label(model="acme-xl/3.1"))
    embedder.embed(folder / "picture.png", target=folder / "labelled.png")
    with (folder / "picture.png").open("rb") as file:
        embedder.embed(file)
    assert_type(result, synthmark.EmbedResult)
    assert_type(result.content_id, synthmark.ContentId)
    assert_type(result.media_type, str)
    assert_type(result.psnr, float | None)
    assert_type(result.findings, tuple[synthmark.Finding, ...])
    assert_type(result.timings, Mapping[str, float])
    assert_type(result.report, synthmark.Report)
    assert_type(synthmark.embed(b"..."), synthmark.EmbedResult)
    return result.asset


def verify(data: bytes, store: synthmark.Store) -> str:
    """Say what is left of the labels of a file."""
    keys = [OPEN_KEY, synthmark.WatermarkKey("old", bytes(32))]
    verifier = synthmark.Verifier(keys=keys, trust=synthmark.Trust(), store=store)
    try:
        report = verifier.verify(data, sidecar=None, progress=print)
    except errors.MediaError as error:
        assert_type(error.code, str)
        return error.code
    assert_type(report, synthmark.Report)
    assert_type(report.verdict, synthmark.Verdict)
    assert_type(report.triage, synthmark.Triage)
    assert_type(report.to_json(), dict[str, Any])
    for finding in report.findings:
        assert_type(finding.severity, synthmark.Severity)
        assert_type(finding.code, str)
        assert_type(synthmark.words.sentence(finding), str)
    assert_type(synthmark.verify(Path("a.png")), synthmark.Report)
    return report.verdict.value


def arrays(pixels: NDArray[np.uint8], samples: NDArray[np.float32]) -> None:
    """Mark and read arrays."""
    marked = watermark.image.embed(pixels, bytes(16), key=OPEN_KEY)
    assert_type(marked.psnr, float)
    found = watermark.image.detect(marked.pixels, keys=[OPEN_KEY])
    assert_type(found.payload, bytes | None)
    heard = watermark.audio.embed(samples, 16_000, bytes(16), key=OPEN_KEY)
    assert_type(heard.snr, float)
    where = watermark.audio.detect(heard.samples, 16_000, keys=[OPEN_KEY])
    assert_type([(part.start, part.end) for part in where.segments], list[tuple[float, float]])
    stream = watermark.audio.EmbedStream(16_000, 1, bytes(16), key=OPEN_KEY)
    assert_type(stream.margin, float)
