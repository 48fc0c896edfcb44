from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.facts import Strength, WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import image
from synthmark.watermark.image import folding, frame, presence, sync, whitening
from synthmark.watermark.image.carriers import Carriers
from tests.pictures import Pixels, scene


def noisy(pixels: Pixels, noise: NDArray[np.float64]) -> Pixels:
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


KINDS = (presence.UPRIGHT, presence.RANKED, presence.TURNED, presence.POSED, presence.COARSE)


@pytest.mark.parametrize("kind", KINDS)
def test_chance_falls_with_the_score_and_grows_with_the_trials(kind: presence.Kind) -> None:
    chances = [kind.chance(score, 4) for score in (3.0, 5.2, 6.0, 6.5, 7.0, 8.0, 9.0)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 1
    assert kind.chance(8.0, 8) == pytest.approx(2 * kind.chance(8.0, 4))
    assert kind.chance(kind.quantile + 0.1, 10**9) == 1


def test_all_kinds_together_spend_the_whole_chance() -> None:
    assert sum(kind.budget for kind in KINDS) == pytest.approx(1)


@pytest.mark.parametrize(
    ("whiten", "kind"),
    [(whitening.whiten, presence.UPRIGHT), (whitening.rank, presence.RANKED)],
    ids=["whitened", "ranked"],
)
def test_the_null_is_not_worse_than_it_claims(
    whiten: Callable[[NDArray[np.float32]], NDArray[np.float32]], kind: presence.Kind
) -> None:
    """Unmarked scenes under wrong keys exceed the 99 % quantile about as often as said."""
    keys = [Carriers.of(WatermarkKey(str(n), bytes([n] * 32))) for n in range(8)]
    scores = []
    for seed in range(6):
        spectrum = folding.spectrum(whiten(frame.to_frame(frame.luma(scene(seed)), 512)))
        scores += [each.score for key in keys for each in sync.find(spectrum, key)]
    assert len(scores) == 384
    alone = replace(kind, budget=1.0)
    assert sum(alone.chance(score, 1) < 0.01 for score in scores) <= 12
    assert min(alone.chance(score, len(scores)) for score in scores) > 1e-3


def test_a_mark_too_damaged_to_be_read_is_seen() -> None:
    marked = image.embed(scene(4), bytes(16), key=OPEN_KEY, strength=Strength.BALANCED)
    generator = np.random.default_rng(1)
    noise = generator.normal(0, 1, marked.pixels.shape[:2])[..., None]
    present = next(
        found
        for sigma in range(30, 120, 10)
        if (found := image.detect(noisy(marked.pixels, sigma * noise))).payload is None
    )
    assert present.state is WatermarkState.PRESENT
    assert present.key == "OPEN"
    assert present.p_value is not None
    assert present.p_value <= 1e-6
    assert present.geometry is not None


@pytest.mark.parametrize(("side", "within"), [(130, 0.02), (140, 0.01)])
def test_a_mark_too_small_a_piece_of_which_is_left_is_seen_where_it_lies(
    side: int, within: float
) -> None:
    """A cut has no frame of its own: its pose has to be searched for, or a frame nearly fits."""
    marked = image.embed(scene(6), bytes(16), key=OPEN_KEY).pixels
    cuts = [marked[top : top + side, 100 : 100 + side] for top in (20, 100, 180, 260, 330)]
    found = [image.detect(cut) for cut in cuts]
    seen = [each for each in found if each.state is WatermarkState.PRESENT]
    assert seen
    for each in seen:
        assert each.geometry is not None
        assert each.geometry.scale == pytest.approx(1, rel=within)
        assert each.p_value is not None
        assert each.p_value <= 1e-6
