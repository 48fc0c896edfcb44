"""How likely chance alone makes a sync score: a mark can be seen although it cannot be read.

A score is the highest of a matched filter's many values, each nearly Gaussian, so half its square
falls off exponentially. That tail is measured on unmarked pictures under wrong keys. What was
looked at falls into five kinds, and each has a part of the chance that all have together: most
pictures lie upright, and the many ways that they do not must not cost those too much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST_CHANCE = 1e-6
"""A mark is called present at this chance or less, over everything that was tried."""

# Share of scores that lie beyond a kind's quantile: the tail that is measured.
_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of scores, whose 98 % quantile and tail beyond it are known.

    Attributes:
        quantile: Which 2 % of the scores exceed.
        excess: At least the mean excess of half the squared score over that of the quantile, with
            95 % confidence.
        budget: Part of the chance that is spent on this kind.
    """

    quantile: float
    excess: float
    budget: float

    def chance(self, score: float, trials: int) -> float:
        """Return an upper bound on the chance that the best of `trials` scores reaches `score`.

        Args:
            score: Of `sync.find`.
            trials: Number of scores of this kind that were looked at.
        """
        if score <= self.quantile:
            return 1.0
        beyond = (score * score - self.quantile * self.quantile) / 2
        return min(1.0, trials / self.budget * _SHARE * math.exp(-beyond / self.excess))


# 34,944 scores in frames gave a quantile of 4.57 and an excess of 0.95 with a deviation of 0.04;
# 26,208 scores in poses, whose pilots were searched for in the same spectrum, 5.48 and 1.13 with
# 0.05.
UPRIGHT = Kind(4.57, 1.02, 0.5)
"""In a frame that the picture may have been marked in, as it is."""
# 243,680 scores in ranks, half of them of inverted pictures, gave 4.55 and 0.91 with 0.02; those of
# photographs and outputs of generators alone 4.61 and 0.90. As many in whitened frames gave 4.50
# and 0.90, inverted or not.
RANKED = Kind(4.61, 1.02, 0.15)
"""In the ranks of such a frame, as it is."""
TURNED = Kind(4.61, 1.02, 0.1)
"""In such a frame or its ranks, mirrored, turned by quarters or inverted."""
POSED = Kind(5.48, 1.22, 0.125)
"""In a pose of the whole picture that was searched for."""
# 27,720 scores of a lattice gave a quantile of 4.60 and an excess of 1.14 with 0.05.
COARSE = Kind(4.60, 1.22, 0.125)
"""The coarse mark, in a picture as it lies."""
