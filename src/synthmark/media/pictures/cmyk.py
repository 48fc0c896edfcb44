"""Ink to light: CMYK becomes sRGB, for a watermark, a screen and a network know no ink."""

from __future__ import annotations

import io
import logging

from PIL import Image, ImageCms

from synthmark.facts import Finding

_log = logging.getLogger(__name__)
# Bytes 16 to 20 of a profile name the colours it speaks of (ICC.1, 7.2.6).
_SPACE = slice(16, 20)
# Where files tell of inks: the header, JPEG's segments, TIFF's field of the profile.
_INKS = ("mode", "profile", "APP14", "APP2 ICC_PROFILE", "EXIF 0x8773")


def to_rgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, Finding]:
    """Return a CMYK picture in sRGB, and how it was converted.

    Args:
        image: Of Pillow's mode CMYK.
        profile: The ICC profile of its inks; without a usable one inks are taken for the
            complements of light.
    """
    if profile is not None and profile[_SPACE] == b"CMYK":
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        except (ImageCms.PyCMSError, OSError, ValueError) as error:
            _log.debug("the CMYK profile cannot be used: %s", error)
        else:
            if converted is not None:
                return converted, _said(profile=True)
    return image.convert("RGB"), _said(profile=False)


def _said(*, profile: bool) -> Finding:
    return Finding.info("media.cmyk", profile=profile, accounts_for=_INKS)
