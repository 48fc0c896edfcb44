"""The field at fault is named; all the faults a certificate can have are in tests/manifest."""

from __future__ import annotations

from pathlib import Path

from synthmark.manifest import development
from tests.cli.running import Run, untouched
from tests.manifest.authority import CODE_SIGNING, Authority, name


def test_one_that_works(synthmark: Run, picture: Path, home: Path) -> None:
    authority = Authority()
    chain, key = authority.issue().files(home)
    root = home / "root.pem"
    root.write_bytes(authority.pem)
    assert synthmark("embed", picture, "-o", "out.png", "--cert", chain, "--key", key).code == 0
    (line,) = synthmark("verify", "--json", "out.png", "--trust", root).lines
    assert (line["verdict"], line["manifest"]["state"]) == ("verified", "trusted")
    assert line["manifest"]["signer"] == "Test Maker"
    assert not line["manifest"]["development"]


def test_the_field_is_named(synthmark: Run, picture: Path, home: Path) -> None:
    issued = Authority().issue(subject=name("studio"), purposes=(CODE_SIGNING,))
    chain, key = issued.files(home)
    done = synthmark("embed", picture, "--cert", chain, "--key", key)
    done.refused(4, "studio", "extendedKeyUsage", "emailProtection")
    untouched(picture.parent, "picture.png")


def test_a_key_of_another_certificate(synthmark: Run, picture: Path, home: Path) -> None:
    chain, _ = Authority().issue(subject=name("studio")).files(home)
    done = synthmark("embed", picture, "--cert", chain, "--key", development().key)
    done.refused(4, "studio", "does not belong to this private key")


def test_what_is_no_certificate_at_all(synthmark: Run, picture: Path) -> None:
    done = synthmark("embed", picture, "--cert", picture, "--key", development().key)
    done.refused(4, f"certificate chain {picture}", "no readable certificate in PEM form")


def test_what_is_no_authority_cannot_be_trusted(synthmark: Run, picture: Path) -> None:
    done = synthmark("verify", picture, "--trust", development().chain)
    done.refused(4, "not the certificate of an authority")
