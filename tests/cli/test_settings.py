"""Where settings come from: flag, then environment, then synthmark.toml here, then the user's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synthmark.manifest import development
from tests.cli.running import Run


@pytest.fixture
def user_file(home: Path) -> Path:
    path = home / "config" / "synthmark" / "synthmark.toml"
    path.parent.mkdir(parents=True)
    return path


def model(synthmark: Run, *flags: str) -> str:
    assert synthmark("embed", "picture.png", "-o", "out.png", "-f", *flags).code == 0
    text = synthmark("inspect", "out.png").text
    (found,) = {name for name in ("flag/1", "env/1", "here/1", "user/1") if name in text} or {""}
    return found


def test_the_nearer_wins(
    synthmark: Run, picture: Path, user_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model(synthmark) == ""
    user_file.write_text('model = "user/1"', "utf-8")
    assert model(synthmark) == "user/1"
    picture.with_name("synthmark.toml").write_text('model = "here/1"', "utf-8")
    assert model(synthmark) == "here/1"
    monkeypatch.setenv("SYNTHMARK_MODEL", "env/1")
    assert model(synthmark) == "env/1"
    assert model(synthmark, "--model", "flag/1") == "flag/1"


def test_files_are_merged_setting_by_setting(
    synthmark: Run, picture: Path, user_file: Path
) -> None:
    user_file.write_text('model = "user/1"\nstore = "sqlite:///user.db"', "utf-8")
    picture.with_name("synthmark.toml").write_text('store = "sqlite:///here.db"', "utf-8")
    assert model(synthmark) == "user/1"
    assert picture.with_name("here.db").exists()
    assert not picture.with_name("user.db").exists()


def test_doctor_says_where_each_comes_from(
    synthmark: Run, picture: Path, user_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file.write_text('model = "user/1"', "utf-8")
    monkeypatch.setenv("SYNTHMARK_STORE", "sqlite:///env.db")
    lines = synthmark("doctor").text.splitlines()
    assert any(f"user/1  ({user_file})" in line for line in lines)
    assert any("sqlite:///env.db  (SYNTHMARK_STORE)" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model = ", "synthmark.toml: "),
        ('modell = "acme"', "'modell' is no setting"),
        ("model = 3", "'model' is not a text"),
        ('trust = "root.pem"', "not a list of texts"),
        ("trust = [1]", "not a list of texts"),
    ],
)
def test_a_wrong_file_is_one_line(synthmark: Run, picture: Path, text: str, words: str) -> None:
    picture.with_name("synthmark.toml").write_text(text, "utf-8")
    synthmark("embed", picture, "-o", "out.png").refused(2, "synthmark.toml", words)
    synthmark("verify", picture).refused(2, "synthmark.toml", words)


def test_anchors_are_a_list(synthmark: Run, labelled: Path) -> None:
    root = json.dumps([str(development().root)])
    labelled.with_name("synthmark.toml").write_text(f"trust = {root}", "utf-8")
    (line,) = synthmark("verify", "--json", labelled).lines
    assert line["manifest"]["trusted"]
