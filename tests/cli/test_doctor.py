from __future__ import annotations

from pathlib import Path

import synthmark as library
from synthmark import open_store
from tests.cli.running import Run


def test_all_is_well(synthmark: Run) -> None:
    done = synthmark("doctor")
    assert (done.code, done.words) == (0, "")
    assert done.text.startswith(f"synthmark {library.__version__}, Python 3.")
    assert "FAILED" not in done.text
    assert "verified in " in done.text
    with open_store() as store:
        assert len(store) == 0


def test_what_fails_is_said_and_the_rest_is_checked(synthmark: Run, tmp_path: Path) -> None:
    done = synthmark("doctor", "--store", "sqlite:///missing/manifests.db")
    assert done.code == 5
    assert [
        line for line in done.text.splitlines() if "manifest store" in line and "FAILED" in line
    ]
    assert "verified in " in done.text
