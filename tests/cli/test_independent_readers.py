"""What `synthmark embed` writes is accepted by programs that share no code with it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest

from synthmark.manifest import development
from tests.cli.running import Run
from tests.pictures import coded, scene

CODE = "001191110102MACQD9K64010000"
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "a.png": ("PNG", {}),
    "a.jpg": ("JPEG", {"quality": 90}),
    "a.webp": ("WEBP", {"quality": 85}),
    "b.webp": ("WEBP", {"lossless": True}),
}


@pytest.fixture(params=KINDS)
def written(synthmark: Run, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, str]:
    kind, options = KINDS[request.param]
    (tmp_path / request.param).write_bytes(coded(scene(1), kind, **options))
    done = synthmark("embed", request.param, "-o", "out/", "--provider", CODE, "--json")
    return tmp_path / "out" / request.param, done.lines[0]["content_id"]


def test_encypher_accepts_the_manifest(
    written: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCYPHER_C2PA_TELEMETRY", "off")
    root = development().root.read_text("utf-8")
    found = encypher_c2pa.verify(written[0], trust_pem=root, telemetry=False, online=False)
    assert found["validation_state"] == "Trusted"


@pytest.mark.exiftool
def test_exiftool_sees_the_label(written: tuple[Path, str]) -> None:
    path, content_id = written
    done = subprocess.run(
        ["exiftool", "-json", "-G1", "-a", "-U", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    label = json.loads(done.stdout)[0]["XMP-TC260:Aigc"]
    values = json.loads(label) if isinstance(label, str) else label
    assert values["ContentProducer"] == values["ContentPropagator"] == CODE
    assert values["ProduceID"] == values["PropagateID"] == content_id
