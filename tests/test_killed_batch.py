"""kill -9 in the middle of a batch: targets are whole or absent, and the store agrees with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from synthmark import ContentId, Verdict, Verifier, open_store
from tests.pictures import coded, scene, shared

SYNTHMARK = Path(sys.executable).with_name("synthmark")


@pytest.mark.parametrize("after", [1, 5, 12])
def test_killed_after_some_outputs(tmp_path: Path, after: int) -> None:
    sources = []
    for number in range(24):
        sources.append(tmp_path / f"{number:02}.png")
        sources[-1].write_bytes(coded(scene(number, 256, 256)))
    uri = f"sqlite:///{tmp_path / 'manifests.db'}"
    with subprocess.Popen(
        [SYNTHMARK, "embed", *sources, "-o", f"{tmp_path}/out/", "--store", uri, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        assert child.stdout is not None
        for _ in range(after):
            child.stdout.readline()
        child.kill()
    written = [path for path in (tmp_path / "out").iterdir() if path.suffix == ".png"]
    assert after <= len(written) <= len(sources)
    with open_store(uri) as store:
        verifier = Verifier(store=store)
        for path in written:
            report = verifier.verify(path)
            assert report.verdict is Verdict.VERIFIED
            assert isinstance(report.content_id, ContentId)
            assert store.find(report.content_id) is not None
            assert verifier.verify(shared(path.read_bytes())).verdict is Verdict.RECOVERED
        assert len(written) <= len(store) <= len(sources)
