"""Open a file as the asset that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthmark.facts import Medium
from synthmark.limits import Limits

if TYPE_CHECKING:
    from synthmark.assets.asset import Asset
    from synthmark.media import Source

_DEFAULT_LIMITS = Limits()


def open(source: Source, *, limits: Limits = _DEFAULT_LIMITS) -> Asset:  # noqa: A001
    """Decode a file; a long sound only as it is read.

    Raises:
        MediaError: It cannot be decoded, is not supported, or is over a limit.
    """
    if source.format.medium is Medium.SOUND:
        from synthmark.assets.sounds import SoundAsset

        return SoundAsset.open(source, limits)
    from synthmark.assets.pictures import PictureAsset

    return PictureAsset.open(source, limits)
