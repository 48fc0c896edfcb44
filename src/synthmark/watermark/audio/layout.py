"""What a key decides: which dipole of the period carries what, and with which sign.

The period of 128 slots (3.072 s) is 32 blocks of four slots (96 ms), each of 96 dipoles. A fifth
of a block's dipoles carry known chips for synchronisation; the others are dealt to 32 code symbols,
two or three dipoles each. A symbol is local in time, so that any cut of a sound leaves whole ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio.cells import DIPOLES
from synthmark.watermark.scheme import AUDIO_1, AUDIO_GENERATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.keys import WatermarkKey
    from synthmark.watermark.scheme import AudioScheme

CODE_BITS = AUDIO_1.code_bits
"""Length of the code word, in bits."""
PERIOD = AUDIO_1.period
"""Slots after which the watermark repeats."""

_BLOCK = AUDIO_1.block
"""Slots of a block."""
_BLOCKS = PERIOD // _BLOCK
_SYMBOLS = CODE_BITS // _BLOCKS
"""Code bits of a block."""
_SYNC = AUDIO_1.sync_dipoles
"""Sync dipoles of a block."""
_SYNC_GROUP = 10
"""Sync dipoles that the embedder strengthens together, much as it does those of a code bit."""
GROUPS = CODE_BITS + 2 * _BLOCKS
"""Code bits, and two groups of sync dipoles for each block."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The period under one key.

    Attributes:
        chip: float32 (24, 128), +1 or -1, the sign of each dipole's lower cell.
        group: int64 (24, 128), what each dipole belongs to: a code bit below `CODE_BITS`, a group
            of sync dipoles from there on.
        sync: float32 (24, 128), the chips of the sync dipoles, 0 for the others.
    """

    chip: NDArray[np.float32]
    group: NDArray[np.int64]
    sync: NDArray[np.float32]

    @classmethod
    def of(cls, key: WatermarkKey, scheme: AudioScheme = AUDIO_GENERATIONS[0]) -> Layout:
        """Return the layout of a key in a generation, drawn once and kept."""
        return _draw(key, scheme)

    def template(self, code: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the signs of a period that carries a code word, float32 (24, 128).

        Args:
            code: float32 (1024,), +1 for code bit 0 and -1 for 1.
        """
        known = np.ones(GROUPS - CODE_BITS, np.float32)
        return self.chip * np.concatenate((code, known))[self.group]


@lru_cache(maxsize=64)
def _draw(key: WatermarkKey, scheme: AudioScheme) -> Layout:
    chips = key.stream(scheme.info("chips"))
    chip = np.array([1 - 2 * chips.below(2) for _ in range(PERIOD * DIPOLES)], np.float32)
    deal = key.stream(scheme.info("pilots"))
    symbols = np.array(key.stream(scheme.info("permutation")).permutation(CODE_BITS))
    group = np.empty((_BLOCKS, _BLOCK * DIPOLES), np.int64)
    for block in range(_BLOCKS):
        order = np.array(deal.permutation(_BLOCK * DIPOLES))
        group[block, order[:_SYNC]] = CODE_BITS + 2 * block + np.arange(_SYNC) // _SYNC_GROUP
        dealt = np.arange(len(order) - _SYNC) % _SYMBOLS
        group[block, order[_SYNC:]] = symbols[block * _SYMBOLS + dealt]
    by_dipole = np.ascontiguousarray(chip.reshape(PERIOD, DIPOLES).T)
    groups = np.ascontiguousarray(group.reshape(PERIOD, DIPOLES).T)
    sync = np.where(groups >= CODE_BITS, by_dipole, np.float32(0))
    return Layout(by_dipole, groups, sync)
