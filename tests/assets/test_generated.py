"""Whatever tags and structure a file has, all of it is there afterwards, or the file is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest

from synthmark.errors import MediaError
from tests.assets.rewriting import rewritten
from tests.generated import KINDS, generated


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", KINDS)
def test_every_item_is_there_afterwards(kind: str, seed: int) -> None:
    file = generated(kind, seed)
    data, _ = rewritten(file.data)
    assert [item for item in file.items if item not in data] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cut_short_is_refused_or_kept(kind: str) -> None:
    file = generated(kind, 99)
    for part in (0.3, 0.6, 0.95):
        # A defect or a loss would be another error.
        with suppress(MediaError):
            rewritten(file.data[: int(part * len(file.data))])
