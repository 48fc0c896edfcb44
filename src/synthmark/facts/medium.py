"""What kind of content a file holds."""

from __future__ import annotations

from enum import Enum


class Medium(Enum):
    """A kind of content; every format is of one, and one room knows how each is marked."""

    PICTURE = "picture"
    SOUND = "sound"
