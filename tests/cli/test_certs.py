from __future__ import annotations

import stat
from pathlib import Path

from synthmark.manifest import development
from tests.cli.running import Run


def test_the_development_certificate_is_made_once(synthmark: Run, home: Path) -> None:
    first, second = synthmark("certs", "dev"), synthmark("certs", "dev")
    assert (first.code, first.words) == (0, "")
    assert first.data == second.data
    made = development()
    for path in (made.chain, made.key, made.root):
        assert str(path) in first.text
        assert home in path.parents
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_home_that_cannot_be_written(synthmark: Run, home: Path) -> None:
    (home / "data").write_bytes(b"a file where a folder should be")
    synthmark("certs", "dev").refused(4, "development certificate", "--cert and --key")
