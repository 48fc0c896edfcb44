"""What can go wrong before there is anything to report.

An exception says only that nothing could be looked at or written; what was found in a file is
never an exception but a `synthmark.report.Report`.

    SynthmarkError
    ├── UsageError            a wrong option, setting or argument
    │   └── TargetError       the target exists or cannot be written
    ├── MediaError            the asset itself
    │   ├── UnreadableError   damaged, truncated, empty
    │   ├── UnsupportedError  a format, mode or feature synthmark does not handle
    │   ├── LimitError        larger than `synthmark.limits.Limits` allows
    │   └── UnmarkableError   a picture that cannot hold the watermark
    ├── CredentialError       a signing key, certificate or watermark key
    ├── StoreError            the manifest store
    └── ReadBackError         what was written does not read back (a defect of synthmark)

Every error carries a stable dotted `code` for machines and one line of text for people.
"""

from __future__ import annotations

__all__ = [
    "CredentialError",
    "LimitError",
    "MediaError",
    "ReadBackError",
    "StoreError",
    "SynthmarkError",
    "TargetError",
    "UnmarkableError",
    "UnreadableError",
    "UnsupportedError",
    "UsageError",
]


class SynthmarkError(Exception):
    """Base of every error synthmark raises.

    Attributes:
        code: Stable dotted name, such as ``media.truncated``.
        message: One line: what, where, and what to do.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return self.message


class UsageError(SynthmarkError):
    """A wrong option, setting or argument."""

    code = "usage"


class TargetError(UsageError):
    """The target exists already or cannot be written."""

    code = "target"


class MediaError(SynthmarkError):
    """The asset cannot be looked at."""

    code = "media"


class UnreadableError(MediaError):
    """The asset is damaged, truncated or empty."""

    code = "media.unreadable"


class UnsupportedError(MediaError):
    """The asset's format, mode or feature is not handled."""

    code = "media.unsupported"


class LimitError(MediaError):
    """The asset is larger than the limits allow."""

    code = "limit"


class UnmarkableError(MediaError):
    """The picture cannot hold the watermark."""

    code = "watermark.not-held"


class CredentialError(SynthmarkError):
    """A signing key, certificate or watermark key is missing or unusable."""

    code = "credential"


class StoreError(SynthmarkError):
    """The manifest store cannot be opened, read or written."""

    code = "store"


class ReadBackError(SynthmarkError):
    """What was written does not read back as it should; the output is withheld."""

    code = "read-back"
