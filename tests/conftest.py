"""What every test may rely on: no network, and nothing of the user's own files and settings."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator

from synthmark.media.format import Format
from synthmark.report import Report

# A deadline, or how long examples may take to be made, is an assertion on time: a busy machine
# fails it.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_make_parametrize_id(val: object) -> str | None:
    return val.name if isinstance(val, Format) else None


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory, in the environment so that child processes get it as well."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    for name in [name for name in os.environ if name.startswith("SYNTHMARK_")]:
        monkeypatch.delenv(name)
    return folder


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is looked up and no host is reached; `make test` takes the network from programs."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a test asked for the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.fixture(autouse=True, scope="session")
def reports() -> Iterator[None]:
    """Every report that any test makes fits its schema, and is read back from JSON as it was."""
    schema = Draft202012Validator(
        json.loads(files("synthmark").joinpath("report.schema.json").read_text("utf-8"))
    )
    make, making = Report.__init__, threading.local()

    def made(self: Report, **facts: Any) -> None:
        make(self, **facts)
        if getattr(making, "again", False):
            return
        making.again = True
        try:
            stored = json.loads(json.dumps(self.to_json(), allow_nan=False))
            schema.validate(stored)
            assert Report.from_json(stored) == self
        finally:
            making.again = False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Report, "__init__", made)
        yield
