from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from jsonschema import Draft202012Validator

from synthmark.keys import WatermarkKey
from synthmark.manifest import development
from synthmark.report import Report
from tests.cli.running import Run
from tests.pictures import coded, decoded, painted, scene, shared, with_metadata_of

SCHEMA = Draft202012Validator(
    json.loads(files("synthmark").joinpath("report.schema.json").read_text("utf-8"))
)


def test_a_labelled_file_is_verified_in_words_for_people(synthmark: Run, labelled: Path) -> None:
    done = synthmark("verify", labelled)
    first, *rest = done.text.splitlines()
    assert (done.code, done.words) == (0, "")
    assert first.startswith(f"{labelled}: VERIFIED - ")
    assert "\x1b" not in done.text
    titles = [line.split("  ")[1] for line in rest[:5]]
    assert titles == ["content id", "watermark", "AIGC label", "source type", "manifest"]
    assert "[manifest.development]" in done.text
    assert "[watermark.open-key]" in done.text


def test_every_verdict_fits_the_schema_and_its_exit_code(synthmark: Run, labelled: Path) -> None:
    data = labelled.read_bytes()
    files = {
        "verified": data,
        "recovered": shared(data),
        "conflicting": with_metadata_of(data, scene(99), only=b"caBX"),
        "unmarked": coded(scene(98)),
    }
    for verdict, content in files.items():
        path = labelled.with_name(verdict)
        path.write_bytes(content)
        done = synthmark("verify", "--json", path)
        (line,) = done.lines
        SCHEMA.validate(line)
        assert (line["verdict"], line["file"]) == (verdict, str(path))
        assert all(finding["message"] for finding in line["findings"])
        assert Report.from_json(line).verdict.value == verdict
        assert done.code == (0 if verdict in ("verified", "recovered") else 1)
    done = synthmark("verify", "--json", labelled.with_name("recovered"), "--store", "sqlite:///x")
    (line,) = done.lines
    SCHEMA.validate(line)
    assert (done.code, line["verdict"]) == (0, "marked")


def test_a_painted_block_is_said(synthmark: Run, labelled: Path) -> None:
    data = labelled.read_bytes()
    labelled.write_bytes(with_metadata_of(data, painted(decoded(data), 0.01)))
    done = synthmark("verify", labelled)
    assert "VERIFIED" not in done.text
    assert "the bytes were changed after signing" in done.text


def test_several_files_are_reported_in_their_order(synthmark: Run, labelled: Path) -> None:
    names = []
    for number in range(5):
        path = labelled.with_name(f"{number}.png")
        path.write_bytes(labelled.read_bytes() if number != 3 else b"damaged")
        names.append(str(path))
    done = synthmark("verify", "--json", *names)
    assert [line["file"] for line in done.lines] == names
    assert done.code == 3
    for line in done.lines:
        SCHEMA.validate(line)
    assert done.lines[3]["error"]["code"] == "media.unknown-format"
    plain = synthmark("verify", *names)
    assert plain.code == 3
    assert plain.text.count("VERIFIED") == 4
    assert plain.words.count("\n") == 1


def test_a_damaged_file_weighs_more_than_an_unmarked_one(synthmark: Run, labelled: Path) -> None:
    labelled.with_name("plain").write_bytes(coded(scene(5, 128, 128)))
    labelled.with_name("empty").write_bytes(b"")
    assert synthmark("verify", labelled.with_name("plain"), labelled).code == 1
    assert synthmark("verify", labelled.with_name("plain"), labelled.with_name("empty")).code == 3


def test_standard_input(synthmark: Run, labelled: Path) -> None:
    done = synthmark("verify", "--json", "-", stdin=labelled.read_bytes())
    assert [(line["file"], line["verdict"]) for line in done.lines] == [("-", "verified")]


def test_a_root_that_is_trusted(synthmark: Run, labelled: Path) -> None:
    (line,) = synthmark("verify", "--json", labelled).lines
    assert (line["manifest"]["state"], line["manifest"]["trusted"]) == ("valid", False)
    (line,) = synthmark("verify", "--json", labelled, "--trust", development().root).lines
    assert (line["manifest"]["state"], line["manifest"]["reason"]) == ("trusted", "authentic")
    assert line["manifest"]["development"]


def test_a_secret_key_is_needed_to_see_its_mark(synthmark: Run, picture: Path) -> None:
    WatermarkKey.generate("studio").save(picture.with_name("key"))
    synthmark("embed", picture, "-o", "out.png", "--watermark-key", "key")
    (line,) = synthmark("verify", "--json", "out.png").lines
    assert (line["verdict"], line["watermark"]["state"]) == ("verified", "absent")
    (line,) = synthmark("verify", "--json", "out.png", "--watermark-key", "key").lines
    assert (line["watermark"]["state"], line["watermark"]["key"]) == ("decoded", "studio")
