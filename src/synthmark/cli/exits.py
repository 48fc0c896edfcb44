"""Exit codes, stable from 0.1 on."""

from __future__ import annotations

from collections.abc import Iterable

from synthmark.errors import (
    CredentialError,
    MediaError,
    StoreError,
    SynthmarkError,
    UsageError,
)

LABELLED, NOT_LABELLED, USAGE, UNREADABLE, CREDENTIAL, STORE = range(6)
OUR_BUG, INTERRUPTED = 70, 130

_BY_ERROR = {
    UsageError: USAGE,
    MediaError: UNREADABLE,
    CredentialError: CREDENTIAL,
    StoreError: STORE,
}
_WEIGHTS = (OUR_BUG, STORE, CREDENTIAL, UNREADABLE, USAGE, NOT_LABELLED, LABELLED)


def exit_code(error: SynthmarkError) -> int:
    """Return the exit code that goes with an error."""
    for kind, code in _BY_ERROR.items():
        if isinstance(error, kind):
            return code
    return OUR_BUG


def worst(codes: Iterable[int]) -> int:
    """Return the code that counts over several files."""
    return min(codes, key=_WEIGHTS.index, default=LABELLED)
