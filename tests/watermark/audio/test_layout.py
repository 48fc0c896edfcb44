from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark.audio.layout import CODE_BITS, GROUPS, Layout

GOLDEN = Path(__file__).parents[2] / "golden" / "audio_layout.json"
KEYS = [OPEN_KEY, WatermarkKey("one", bytes(32)), WatermarkKey("two", bytes(range(32)))]


@pytest.fixture(params=KEYS, ids=lambda key: key.name)
def layout(request: pytest.FixtureRequest) -> Layout:
    return Layout.of(request.param)


def test_a_fifth_of_each_block_is_known(layout: Layout) -> None:
    known = (layout.sync != 0).reshape(24, 32, 4).sum(axis=(0, 2))
    assert (known == 19).all()
    assert np.array_equal(layout.sync != 0, layout.group >= CODE_BITS)
    assert np.array_equal(layout.sync[layout.sync != 0], layout.chip[layout.sync != 0])


def test_each_code_bit_has_two_or_three_dipoles_in_one_block(layout: Layout) -> None:
    count = np.bincount(layout.group.ravel(), minlength=GROUPS)
    assert set(count[:CODE_BITS]) == {2, 3}
    assert set(count[CODE_BITS:]) == {10, 9}
    block = np.broadcast_to(np.arange(128) // 4, (24, 128))
    for group in range(GROUPS):
        assert np.ptp(block[layout.group == group]) == 0


def test_signs_are_balanced(layout: Layout) -> None:
    assert set(np.unique(layout.chip)) == {-1, 1}
    assert abs(layout.chip.mean()) < 0.06


def test_a_template_carries_the_word_on_data_and_chips_on_sync(layout: Layout) -> None:
    word = np.where(np.arange(CODE_BITS) % 3 == 0, -1, 1).astype(np.float32)
    template = layout.template(word)
    known = layout.sync != 0
    assert np.array_equal(template[known], layout.chip[known])
    assert np.array_equal(template[~known], (layout.chip[~known] * word[layout.group[~known]]))


def test_keys_choose_differently() -> None:
    one, two = (Layout.of(key) for key in KEYS[:2])
    assert abs(np.mean(one.chip * two.chip)) < 0.06
    assert np.mean(one.group == two.group) < 0.05
    assert Layout.of(KEYS[0]) is one


def test_golden_vectors() -> None:
    golden = json.loads(GOLDEN.read_text())
    for key in KEYS:
        layout = Layout.of(key)
        assert {
            "first chips": layout.chip[:, 0].astype(int).tolist(),
            "first groups": layout.group[:, 0].tolist(),
            "chips": hashlib.sha256(layout.chip.astype("<i1").tobytes()).hexdigest(),
            "groups": hashlib.sha256(layout.group.astype("<u2").tobytes()).hexdigest(),
        } == golden[key.name]
