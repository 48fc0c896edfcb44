from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark.image.carriers import ORIENTATIONS, Carriers
from synthmark.watermark.image.frame import TILE

GOLDEN = Path(__file__).parents[2] / "golden" / "carriers.json"
KEYS = [OPEN_KEY, WatermarkKey("one", bytes(32)), WatermarkKey("two", bytes(range(32)))]


@pytest.fixture(params=KEYS, ids=lambda key: key.name)
def carriers(request: pytest.FixtureRequest) -> Carriers:
    return Carriers.of(request.param)


def test_pilots_and_data_share_the_half_plane(carriers: Carriers) -> None:
    points = np.concatenate((carriers.data.frequency, carriers.pilots.frequency)).astype(int)
    radius = np.hypot(*points.T) / TILE
    assert len({tuple(point) for point in points}) == len(points)
    assert 1560 < len(points) < 1600
    assert (radius >= 0.035).all()
    assert (radius < 0.25).all()
    assert ((points[:, 0] > 0) | (points[:, 1] > 0)).all()
    assert (points[:, 0] >= 0).all()


def test_pilots_keep_their_distance(carriers: Carriers) -> None:
    pilots = carriers.pilots.frequency
    assert 40 <= len(pilots) <= 64
    for place, point in enumerate(pilots):
        others = np.delete(pilots, place, axis=0)
        assert np.hypot(*(others - point).T).min() >= 5
        assert np.hypot(*(others + point).T).min() >= 5


def test_phases_lie_on_the_diagonals(carriers: Carriers) -> None:
    assert np.allclose(np.abs(carriers.phases), 1, atol=1e-6)
    assert np.allclose(np.abs(carriers.phases.real), np.sqrt(0.5), atol=1e-6)


def test_each_code_bit_is_carried_about_three_times(carriers: Carriers) -> None:
    count = np.bincount(carriers.bit.ravel(), minlength=1024)
    assert set(count) <= {2, 3, 4}
    assert set(np.unique(carriers.sign)) == {-1, 1}


def test_the_shape_has_unit_mean_square(carriers: Carriers) -> None:
    assert np.mean(carriers.data.shape**2) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("orientation", range(8))
def test_indices_follow_the_picture_round(orientation: int) -> None:
    carriers = Carriers.of(OPEN_KEY)
    tile = np.random.default_rng(3).normal(size=(TILE, TILE))
    mirrored, turns = ORIENTATIONS[orientation]
    lying = np.rot90(tile[:, ::-1] if mirrored else tile, turns)
    plain = np.fft.fft2(tile).ravel()[carriers.data.index[0]]
    found = np.fft.fft2(lying).ravel()[carriers.data.index[orientation]]
    # Turning an array moves its origin, which turns phases but no amplitude.
    assert np.allclose(np.abs(found), np.abs(plain))


def test_keys_choose_differently() -> None:
    one, two = (Carriers.of(key) for key in KEYS[:2])
    shared = {tuple(p) for p in one.pilots.frequency} & {tuple(p) for p in two.pilots.frequency}
    assert len(shared) < 10
    assert Carriers.of(KEYS[0]) is one


def test_golden_vectors() -> None:
    golden = json.loads(GOLDEN.read_text())
    for key in KEYS:
        carriers = Carriers.of(key)
        quarters = np.round((np.angle(carriers.phases) / np.pi - 0.25) * 2).astype(int) % 4
        assert {
            "pilots": carriers.pilots.frequency.astype(int).tolist(),
            "quarters": quarters.tolist(),
            "bits": hashlib.sha256(carriers.bit.astype("<u2").tobytes()).hexdigest(),
            "signs": hashlib.sha256(carriers.sign.astype("<i1").tobytes()).hexdigest(),
        } == golden[key.name]
