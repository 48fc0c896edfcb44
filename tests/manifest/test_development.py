"""The development certificate: made once, private, whole, and recognised wherever it signs."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from synthmark import manifest
from synthmark.errors import CredentialError
from synthmark.facts import ManifestState
from synthmark.manifest import Signer, Trust, devca
from synthmark.media.formats import PNG
from tests.manifest.authority import Authority, name
from tests.manifest.outputs import signed


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_it_is_made_on_first_use_for_the_user_alone(home: Path) -> None:
    made = manifest.development()
    assert made.chain.is_relative_to(home)
    assert mode(made.key) == 0o600
    assert mode(made.chain.parent) == 0o700
    assert made.expires > datetime.now(UTC) + timedelta(days=300)


def test_the_second_use_finds_the_first(home: Path) -> None:
    first = manifest.development()
    key = first.key.read_bytes()
    assert manifest.development() == first
    assert first.key.read_bytes() == key
    assert sorted(path.name for path in (home / "data" / "synthmark").iterdir()) == [
        "development",
        "development.lock",
    ]


def test_an_expired_one_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as past:
        past.setattr(devca, "_VALID", timedelta(seconds=-1))
        with pytest.raises(CredentialError, match="cannot be read or made"):
            manifest.development()
    made = manifest.development()
    assert made.expires > datetime.now(UTC)
    assert read_trusted(Trust.from_files([made.root]))


def read_trusted(trust: Trust) -> bool:
    asset = signed(Signer.development()).asset
    return manifest.read(asset, PNG, trust=trust).trusted


@pytest.mark.parametrize("lost", ["chain.pem", "key.pem", "root.pem"])
def test_a_damaged_one_is_made_anew(lost: str) -> None:
    made = manifest.development()
    (made.chain.parent / lost).unlink()
    assert manifest.development().key.is_file()
    assert read_trusted(Trust.from_files([made.root]))


def test_many_processes_get_the_same_one() -> None:
    code = (
        "from synthmark import manifest; made = manifest.development()\n"
        "print(made.chain.read_text(), made.key.read_text())\n"
        "manifest.Signer.development()"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(6)
    ]
    results = {each.communicate()[0] for each in running}
    assert [each.returncode for each in running] == [0] * 6
    assert len(results) == 1


def test_reports_know_it_trusted_or_not() -> None:
    asset = signed(Signer.development()).asset
    stranger = manifest.read(asset, PNG)
    assert stranger.state is ManifestState.VALID
    assert (stranger.development, stranger.trusted) == (True, False)
    root = Trust.from_files([manifest.development().root])
    known = manifest.read(asset, PNG, trust=root)
    assert (known.development, known.trusted) == (True, True)


def test_its_name_on_another_certificate_lowers_trust_only(
    authority: Authority, tmp_path: Path
) -> None:
    subject = name("anyone", devca.ORGANIZATION)
    asset = signed(authority.issue(subject=subject).signer(tmp_path)).asset
    layer = manifest.read(asset, PNG, trust=authority.trust)
    assert layer.development


def test_a_data_directory_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(CredentialError, match=r"file/synthmark.*--cert and --key") as raised:
        Signer.development()
    assert raised.value.code == "credential.development"
