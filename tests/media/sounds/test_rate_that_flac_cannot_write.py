from __future__ import annotations

import pytest

from synthmark import media
from synthmark.errors import UnsupportedError
from tests.media.sound_files import coded
from tests.sounds import voice


def test_a_rate_outside_of_flac_is_said() -> None:
    data = bytearray(coded(voice(0.2, rate=96_000), "flac16", 96_000))
    # 20 bits of STREAMINFO; the frames name the rate again by a number of their own.
    data[18:21] = (70_001 << 4 | data[20] & 15).to_bytes(3)
    sound = media.Sound.decode(bytes(data))
    with pytest.raises(UnsupportedError, match="70001 Hz cannot be written"):
        sound.encode(sound.metadata)
