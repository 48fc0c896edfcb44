from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.cli.running import Run, untouched
from tests.manifest.authority import DAY, Authority, name


def test_it_says_since_when(synthmark: Run, picture: Path, home: Path) -> None:
    ended = datetime.now(UTC) - 2 * DAY
    issued = Authority().issue(subject=name("studio"), start=ended - DAY, end=ended)
    chain, key = issued.files(home)
    done = synthmark("embed", picture, "--cert", chain, "--key", key)
    done.refused(4, "studio", f"expired on {ended:%Y-%m-%d}", "renew it")
    untouched(picture.parent, "picture.png")
