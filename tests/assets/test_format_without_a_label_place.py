from __future__ import annotations

from collections.abc import Iterator

import pytest

from synthmark import Embedder, Store, Verdict, Verifier
from synthmark.errors import UnsupportedError
from synthmark.facts import Severity
from synthmark.media import Format
from synthmark.media.formats import PNG, WAV
from tests.media.sound_files import coded as recorded
from tests.pictures import coded, scene
from tests.sounds import voice

FILES = {PNG: coded(scene(5, 256, 256)), WAV: recorded(voice(6.0))}


@pytest.fixture(params=FILES)
def format(request: pytest.FixtureRequest) -> Iterator[Format]:
    """A format that can hold no label, for the time of a test."""
    known: Format = request.param
    place = known.label_place
    object.__setattr__(known, "label_place", None)
    yield known
    object.__setattr__(known, "label_place", place)


def test_it_is_refused_in_one_line(format: Format, store: Store) -> None:
    with pytest.raises(UnsupportedError, match=f"{format.name} has no place") as caught:
        Embedder(store=store).embed(FILES[format])
    assert caught.value.code == "label.no-place"
    assert len(store) == 0


def test_it_is_labelled_as_far_as_it_goes_where_that_is_allowed(
    format: Format, store: Store
) -> None:
    result = Embedder(store=store, allow_missing_layers=True).embed(FILES[format])
    (finding,) = (each for each in result.findings if each.code == "label.no-place")
    assert finding.severity is Severity.WARNING
    assert finding.parameters == {"format": format.name}
    assert result.report.verdict is Verdict.VERIFIED
    assert result.report.labels.aigc is None
    assert Verifier().verify(result.asset).content_id == result.content_id
