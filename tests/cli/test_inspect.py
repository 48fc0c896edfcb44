from __future__ import annotations

import json
from pathlib import Path

from tests.cli.running import Run
from tests.pictures import coded, scene


def test_it_shows_every_layer_without_judgement(synthmark: Run, labelled: Path) -> None:
    done = synthmark("inspect", labelled)
    found = json.loads(done.text)
    assert (done.code, done.words) == (0, "")
    assert list(found) == [
        *("schema", "file", "media_type", "bytes", "picture"),
        *("watermark", "fingerprint", "labels", "manifest"),
    ]
    assert found["bytes"] == labelled.stat().st_size
    assert (found["picture"]["width"], found["picture"]["mode"]) == (512, "RGB")
    assert found["watermark"]["content_id"] == found["labels"]["aigc"]["values"]["ProduceID"]
    assert found["fingerprint"].startswith("ISCC:")
    assert found["watermark"]["content_id"] in json.dumps(found["manifest"])
    assert "verdict" not in found


def test_a_file_without_anything(synthmark: Run) -> None:
    done = synthmark("inspect", "-", stdin=coded(scene(1, 128, 128)))
    found = json.loads(done.text)
    assert (done.code, found["file"], found["watermark"]["state"]) == (0, "-", "absent")
    assert found["labels"]["aigc"] is None
    assert found["manifest"] is None


def test_what_cannot_be_decoded_is_shown_as_far_as_it_goes(synthmark: Run, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("F", (8, 8)).save(tmp_path / "deep.tiff")
    found = json.loads(synthmark("inspect", "deep.tiff").text)
    assert "floating-point" in found["picture"]["unsupported"]
    assert "watermark" not in found
