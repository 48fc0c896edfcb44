"""A guess at how a picture lies, and how it is improved: by climbing on the picture's power maps.

Where a pose is right, the pilots fall on lines of the spectrum, at every place of the picture. What
they do at one place follows from the derivative of the pose there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.image.frame import TILE
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.image.carriers import Carriers

    Matrix = NDArray[np.float64]

# Steps of a climb, as shares of scale, turn, stretch, shear and of how far the farthest part
# recedes: the first, and the one that ends it; each is half of the one before.
_FIRST_STEP, _LAST_STEP = 0.003, 0.0001
# No part may recede to less than this share of what it is where the pose holds.
_NEAREST = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A guess at how the picture lies.

    Attributes:
        score: Mean power at the pilots' places over the power around them, 1 by chance.
        matrix: float64 (2, 2), from (y, x) in the picture to (y, x) in the frame, up to a shift.
        tilt: float64 (2,), in 1 / pixel: the frame recedes by 1 + tilt (y, x).
    """

    score: float
    matrix: Matrix
    tilt: NDArray[np.float64]

    def transform(self, middle: tuple[float, float] = (0.0, 0.0)) -> Matrix:
        """Return the homography, float64 (3, 3), that maps `middle` (y, x) to the frame's origin.

        It is where `matrix` holds.
        """
        tilted, moved = np.eye(3), np.eye(3)
        tilted[:2, :2], tilted[2, :2] = self.matrix, self.tilt
        moved[:2, 2] = -np.array(middle)
        return tilted @ moved


def improved(
    maps: NDArray[np.float32], places: Matrix, tilts: Matrix, carriers: Carriers, start: Matrix
) -> Pose:
    """Return the pose to which a climb leads from a matrix and the best of some tilts.

    Args:
        maps: float32 (m, n, n / 2 - 1), from `search.power_map`, of parts of the picture.
        places: float64 (m, 2), middle (y, x) of each part, in pixels from where the pose holds.
        tilts: float64 (tilts, 2), in 1 / pixel.
        carriers: Of the key.
        start: float64 (2, 2), from (y, x) in the picture to (y, x) in the frame.
    """
    pose = np.vstack((start, np.zeros(2)))
    pilots = carriers.pilots.frequency.astype(np.float64) / TILE
    score = climb(maps, places, pilots, tilts, pose)
    return Pose(score, pose[:2], pose[2])


@kernel(
    "float64(float32[:, :, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1],"
    " float64[:, ::1])"
)
def climb(
    maps: NDArray[np.float32],
    places: Matrix,
    pilots: Matrix,
    tilts: Matrix,
    pose: Matrix,
) -> float:
    """Try tilts, then improve `pose` in place until no small change scores more; return its score.

    Args:
        maps: float32 (m, n, n / 2 - 1), from `search.power_map`, of parts of the picture.
        places: float64 (m, 2), middle (y, x) of each part, in pixels from where the pose holds.
        pilots: float64 (pilots, 2), ky and kx in cycles a frame pixel.
        tilts: float64 (tilts, 2), in 1 / pixel.
        pose: float64 (3, 2), a matrix from (y, x) of the picture to the frame, and below it the
            tilt: the frame recedes by 1 + tilt (y, x).

    Returns:
        Mean of the maps at the pilots, bilinear.
    """
    reach = 1.0
    for part in range(places.shape[0]):
        for axis in range(2):
            reach = max(reach, abs(places[part, axis]))
    # Seen from one place only, a tilt changes nothing.
    moves = 12 if maps.shape[0] > 1 else 8
    trial = np.empty((3, 2))
    best = -1.0
    for number in range(tilts.shape[0]):
        trial[:2] = pose[:2]
        trial[2] = tilts[number]
        score = mean_power(maps, places, pilots, trial)
        if score > best:
            best = score
            pose[:, :] = trial
    step = _FIRST_STEP
    while step > _LAST_STEP:
        improved = False
        for number in range(moves):
            move(pose, number // 2, step if number % 2 else -step, reach, trial)
            score = mean_power(maps, places, pilots, trial)
            if score > best:
                best = score
                pose[:, :] = trial
                improved = True
        if not improved:
            step /= 2
    return best


@kernel("void(float64[:, ::1], int64, float64, float64, float64[:, ::1])")
def move(pose: Matrix, kind: int, amount: float, reach: float, moved: Matrix) -> None:
    """Write a pose that is moved a little.

    Args:
        pose: float64 (3, 2), as of `climb`.
        kind: 0 scale, 1 turn, 2 stretch, 3 shear, 4 and 5 the tilts.
        amount: By how much.
        reach: Pixels to the farthest part: there, a tilt moves as much as the others do.
        moved: float64 (3, 2), the result.
    """
    for axis in range(2):
        moved[2, axis] = pose[2, axis]
        first, second = pose[0, axis], pose[1, axis]
        if kind == 0:
            more, beside = amount * first, amount * second
        elif kind == 1:
            more, beside = amount * second, -amount * first
        elif kind == 2:
            more, beside = amount * first, -amount * second
        elif kind == 3:
            more, beside = amount * second, amount * first
        else:
            more, beside = 0.0, 0.0
        moved[0, axis], moved[1, axis] = first + more, second + beside
    if kind >= 4:
        moved[2, kind - 4] += amount / reach


@kernel("float64(float32[:, :, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1])")
def mean_power(maps: NDArray[np.float32], places: Matrix, pilots: Matrix, pose: Matrix) -> float:
    """Return the mean of all maps where a pose puts the pilots, bilinear; 1 beyond a map.

    Args:
        maps: float32 (m, n, n / 2 - 1), as of `climb`, as are the others.
        places: float64 (m, 2).
        pilots: float64 (pilots, 2).
        pose: float64 (3, 2).
    """
    size = maps.shape[1]
    half = size // 2
    total = 0.0
    for part in range(maps.shape[0]):
        y, x = places[part, 0], places[part, 1]
        # The derivative, at this place, of what the pose does, in cycles over the map.
        away = max(1 + pose[2, 0] * y + pose[2, 1] * x, _NEAREST)
        down = (pose[0, 0] * y + pose[0, 1] * x) / away
        across = (pose[1, 0] * y + pose[1, 1] * x) / away
        a = (pose[0, 0] - down * pose[2, 0]) * size / away
        b = (pose[0, 1] - down * pose[2, 1]) * size / away
        c = (pose[1, 0] - across * pose[2, 0]) * size / away
        d = (pose[1, 1] - across * pose[2, 1]) * size / away
        for pilot in range(pilots.shape[0]):
            ky = a * pilots[pilot, 0] + c * pilots[pilot, 1]
            kx = b * pilots[pilot, 0] + d * pilots[pilot, 1]
            if kx < 0:
                # The map has one half of the spectrum; the other is its mirror image.
                ky, kx = -ky, -kx
            line, place = ky + half, kx - 1
            if place < 0 or line < 0 or place >= half - 2 or line >= size - 1:
                total += 1.0
                continue
            row, column = int(line), int(place)
            dy, dx = line - row, place - column
            above = (1 - dx) * maps[part, row, column] + dx * maps[part, row, column + 1]
            below = (1 - dx) * maps[part, row + 1, column] + dx * maps[part, row + 1, column + 1]
            total += (1 - dy) * above + dy * below
    return float(total / (maps.shape[0] * pilots.shape[0]))
