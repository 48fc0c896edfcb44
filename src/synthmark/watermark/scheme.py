"""What each generation of carriers freezes: all that whoever marks and whoever reads must agree on.

A reader can tell a payload's own version only once it has found the carriers, so that version
cannot choose them. What chooses them is the generation: it stands in the names of the sub-keys that
every carrier is drawn from, and in the name of the soft binding in C2PA. A mark is read for ever by
the numbers of the generation that made it; whoever changes a number here adds a scheme and leaves
the old one as it is. Detection tries them newest first.

How strong a mark is, where a picture or a sound hides it and how a reader whitens, weighs and
searches belong to no generation: they may change at any time. docs/spec/image-1.md and audio-1.md
say what the numbers mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Purpose = Literal["pilots", "phases", "permutation", "signs", "coarse", "check", "chips"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """What one generation freezes in any medium.

    Attributes:
        medium: What is marked, as sub-keys and soft binding call it.
        generation: 1 and upwards.
        payload_bytes: Bytes of each form of payload, the whole one first.
        check_bits: Bits of the keyed check behind a payload.
        code_bits: Length of the polar code.
    """

    medium: Literal["image", "audio"]
    generation: int
    payload_bytes: tuple[int, ...]
    check_bits: int
    code_bits: int

    @property
    def name(self) -> str:
        """Medium and generation, such as ``image.1``: the end of the soft binding's name."""
        return f"{self.medium}.{self.generation}"

    def info(self, purpose: Purpose) -> str:
        """Return the name of the sub-key of one purpose, such as ``pilots/image/v1``."""
        return f"{purpose}/{self.medium}/v{self.generation}"

    def message_bits(self, payload_bytes: int) -> int:
        """Return the message bits of a payload of so many bytes, its check included."""
        return 8 * payload_bytes + self.check_bits


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseScheme:
    """The lattice of a picture's coarse mark.

    Attributes:
        code_bits: Length of the polar code; it has no free bits.
        inner: Coefficients of a lower radius, in half cycles over a side, carry nothing.
        outer: Waves a side; coefficients of this radius and more carry nothing.
        edge: Half of the share of a side over which the waves rise or fade.
        smoothness: Derivatives of that rise that vanish at both of its ends.
        pilot_each: Every so manyth coefficient is a pilot.
        unit: Pixels a side of a picture whose coefficients are scaled by 1.
        deviations: Deviations that the change of a coefficient at the reference radius may have,
            in 8-bit levels; the reader finds out which.
        reference_radius: Half cycles over a side.
        shape_power: Power of the radius that steps grow by.
        share: Of the way to its lattice point that a coefficient moves (Costa's alpha).
    """

    code_bits: int
    inner: float
    outer: int
    edge: float
    smoothness: int
    pilot_each: int
    unit: int
    deviations: tuple[float, ...]
    reference_radius: float
    shape_power: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageScheme(Scheme):
    """What one generation freezes for pictures; radii are in cycles a frame pixel.

    Attributes:
        luma: Shares of red, green and blue in what is marked (ITU-R BT.601).
        free_bits: Bits of the polar code that say nothing and are chosen to suit the picture.
        tile: Side of the repeated tile, in frame pixels.
        frames: Short sides of a picture (up to, not including) and of the frame that it is marked
            in, both in pixels.
        inner: Least radius of a point that carries anything.
        outer: Radius from which on nothing is carried.
        pilots_inner: Pilots lie beyond this radius,
        pilots_outer: and below this one.
        pilots_low: Those below this radius are drawn first.
        pilot_distance: Least distance of two pilots, or of one and another's mirror image, in
            cycles a tile.
        most_pilots: Drawing ends with so many;
        fewest_pilots: with fewer than so many it begins anew.
        coarse: The lattice of the coarse mark.
    """

    luma: tuple[float, float, float]
    free_bits: int
    tile: int
    frames: tuple[tuple[float, int], ...]
    inner: float
    outer: float
    pilots_inner: float
    pilots_outer: float
    pilots_low: float
    pilot_distance: int
    most_pilots: int
    fewest_pilots: int
    coarse: CoarseScheme


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioScheme(Scheme):
    """What one generation freezes for sound.

    Attributes:
        rate: Samples a second of the sound that is marked and read.
        window: Samples of a frame's window.
        hop: Samples from one frame to the next.
        slot_frames: Frames of a slot, the time that a cell lasts.
        bands: Bands of cells; two neighbouring ones are a dipole.
        lowest: Lower edge of the first band, in Hz.
        band_width: Width of each band, in Hz.
        period: Slots after which the watermark repeats.
        block: Slots of a block, in which a code bit's dipoles lie together.
        sync_dipoles: Dipoles of a block that carry known chips.
    """

    rate: int
    window: int
    hop: int
    slot_frames: int
    bands: int
    lowest: float
    band_width: float
    period: int
    block: int
    sync_dipoles: int


IMAGE_1 = ImageScheme(
    medium="image",
    generation=1,
    payload_bytes=(16,),
    check_bits=32,
    code_bits=1024,
    luma=(0.299, 0.587, 0.114),
    free_bits=32,
    tile=128,
    frames=((192, 128), (384, 256), (704, 512), (float("inf"), 768)),
    inner=0.035,
    outer=0.25,
    pilots_inner=0.07,
    pilots_outer=0.24,
    pilots_low=0.125,
    pilot_distance=5,
    most_pilots=64,
    fewest_pilots=40,
    coarse=CoarseScheme(
        code_bits=512,
        inner=4,
        outer=32,
        edge=1 / 12,
        smoothness=4,
        pilot_each=5,
        unit=64,
        deviations=tuple(0.15 * 2 ** (number / 2) for number in range(7)),
        reference_radius=30,
        shape_power=-1.3,
        share=0.6,
    ),
)
"""Pictures, the first generation."""

AUDIO_1 = AudioScheme(
    medium="audio",
    generation=1,
    payload_bytes=(16, 8),
    check_bits=32,
    code_bits=1024,
    rate=16_000,
    window=512,
    hop=128,
    slot_frames=3,
    bands=48,
    lowest=250.0,
    band_width=140.625,
    period=128,
    block=4,
    sync_dipoles=19,
)
"""Sound, the first generation."""

IMAGE_GENERATIONS = (IMAGE_1,)
"""Of pictures, the newest first: it marks, all are read."""

AUDIO_GENERATIONS = (AUDIO_1,)
"""Of sound, likewise."""
