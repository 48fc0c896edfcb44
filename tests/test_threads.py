"""One Embedder and one Verifier in eight threads do what they do in one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from synthmark import ContentId, Embedder, Label, Verifier, batch, open_store
from tests.pictures import coded, decoded, scene, shared

SOURCES = [coded(scene(seed, 256, 256)) for seed in range(6)]
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def test_eight_threads_equal_one(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'manifests.db'}") as store:
        embedder = Embedder(store=store, clock=lambda: MOMENT)
        verifier = Verifier(store=store)

        def work(place: int) -> tuple[bytes, list[tuple[str, str]]]:
            content_id = ContentId(bytes([16 + place]) * 16)
            asset = embedder.embed(SOURCES[place], Label(content_id=content_id)).asset
            reports = [verifier.verify(data) for data in (asset, shared(asset), SOURCES[place])]
            found = [(report.verdict.value, str(report.content_id)) for report in reports]
            return decoded(asset).tobytes(), found

        expected = [work(place) for place in range(len(SOURCES))]
        assert {verdict for _, found in expected for verdict, _ in found} == {
            *("verified", "recovered", "unmarked"),
        }
        outcomes = list(batch.run(work, [*range(len(SOURCES))] * 8, workers=8))
        assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
        for outcome in outcomes:
            assert outcome.result == expected[outcome.job]
        assert len(store) == len(SOURCES)
