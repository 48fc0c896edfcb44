from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from synthmark import Verdict, Verifier, open_store
from tests.cli.running import Run, untouched
from tests.pictures import coded, scene

CODE = "001191110102MACQD9K64010000"


def test_it_writes_beside_the_input_and_says_so(synthmark: Run, picture: Path) -> None:
    before = picture.read_bytes()
    done = synthmark("embed", picture)
    assert done.code == 0
    assert done.data == b""
    target = picture.with_name("picture.labelled.png")
    assert f"{picture} -> {target}  sm1-" in done.words
    assert Verifier().verify(target).verdict is Verdict.VERIFIED
    assert picture.read_bytes() == before
    untouched(picture.parent, "picture.png", "picture.labelled.png")


@pytest.mark.parametrize(
    ("kind", "suffix", "options"),
    [
        ("PNG", ".png", {}),
        ("JPEG", ".jpg", {"quality": 90}),
        ("WEBP", ".webp", {"quality": 85}),
        ("WEBP", ".webp", {"lossless": True}),
    ],
)
def test_the_format_stays(
    synthmark: Run, tmp_path: Path, kind: str, suffix: str, options: dict[str, int]
) -> None:
    source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    source.write_bytes(coded(scene(1), kind, **options))
    done = synthmark("embed", source, "-o", target, "--json")
    (line,) = done.lines
    assert (done.code, line["media_type"]) == (0, f"image/{kind.lower()}")
    assert line["output"] == str(target)
    (found,) = synthmark("verify", "--json", target).lines
    assert found["verdict"] == "verified"
    assert found["content_id"] == line["content_id"]
    assert found["labels"]["aigc"]["values"]["ProduceID"] == line["content_id"]


def test_many_inputs_go_into_a_folder_that_is_made(synthmark: Run, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(4)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(coded(scene(number, 256, 256)))
    done = synthmark("embed", *names, "-o", "out/", "--json")
    assert done.code == 0
    assert [line["file"] for line in done.lines] == names
    assert len({line["content_id"] for line in done.lines}) == 4
    untouched(tmp_path / "out", *names)
    assert synthmark("verify", *sorted((tmp_path / "out").iterdir())).code == 0


def test_one_bad_input_does_not_stop_the_others(synthmark: Run, tmp_path: Path) -> None:
    for name in ("a.png", "c.png"):
        (tmp_path / name).write_bytes(coded(scene(1, 256, 256)))
    (tmp_path / "b.png").write_bytes(b"no picture at all")
    done = synthmark("embed", "a.png", "b.png", "c.png", "-o", "out/")
    assert done.code == 3
    assert [line for line in done.words.splitlines() if line.startswith("synthmark: b.png: ")]
    untouched(tmp_path / "out", "a.png", "c.png")


def test_an_error_is_an_object_among_the_others(synthmark: Run, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(coded(scene(1, 256, 256)))
    (tmp_path / "b.png").write_bytes(b"")
    done = synthmark("embed", "a.png", "b.png", "-o", "out/", "--json")
    good, bad = done.lines
    assert (done.code, done.words) == (3, "")
    assert bad == {
        "schema": "synthmark.embedded/1",
        "file": "b.png",
        "error": {"code": "media.empty", "message": "the file is empty"},
    }
    assert good["schema"] == bad["schema"]


def test_standard_input_and_output(synthmark: Run, tmp_path: Path) -> None:
    done = synthmark("embed", "-", stdin=coded(scene(2)))
    assert done.code == 0
    assert Verifier().verify(done.data).verdict is Verdict.VERIFIED
    untouched(tmp_path)
    again = synthmark("embed", "-", "-o", "file.png", stdin=coded(scene(2)))
    assert (again.code, again.data) == (0, b"")
    untouched(tmp_path, "file.png")


def test_what_is_there_is_replaced_only_when_asked(synthmark: Run, picture: Path) -> None:
    assert synthmark("embed", picture, "-o", picture, "-f").code == 0
    assert Verifier().verify(picture).verdict is Verdict.VERIFIED
    untouched(picture.parent, "picture.png")


def test_the_output_is_a_file_like_others(synthmark: Run, picture: Path) -> None:
    synthmark("embed", picture, "-o", "out.png")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((picture.parent / "out.png").stat().st_mode) == 0o666 & ~mask


def test_provider_and_model_are_said(synthmark: Run, picture: Path) -> None:
    done = synthmark("embed", picture, "-o", "out.png", "--provider", CODE, "--model", "acme/3")
    assert "label.no-provider" not in done.words
    inspected = json.loads(synthmark("inspect", "out.png").text)
    assert inspected["labels"]["aigc"]["values"]["ContentProducer"] == CODE
    assert inspected["labels"]["aigc"]["conforms"]
    assert "acme/3" in json.dumps(inspected["manifest"])


def test_without_a_provider_that_is_said(synthmark: Run, picture: Path) -> None:
    done = synthmark("embed", picture, "-o", "out.png")
    assert "[label.no-provider]" in done.words
    (line,) = synthmark("embed", picture, "-o", "other.png", "--json").lines
    assert [finding["code"] for finding in line["findings"]] == ["label.no-provider"]


def test_the_store_that_is_named_remembers(synthmark: Run, picture: Path) -> None:
    synthmark("embed", picture, "-o", "out.png", "--store", "sqlite:///mine.db")
    with open_store(f"sqlite:///{picture.parent / 'mine.db'}") as store:
        assert len(store) == 1
    with open_store() as store:
        assert len(store) == 0
