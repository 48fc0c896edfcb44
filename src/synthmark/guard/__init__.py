"""Nothing is lost: what an input says stands in its output, or a finding says why not.

    before = guard.look(data, media_type)                     # -> Contents
    after = guard.look(labelled, media_type)
    guard.compare(before, after, findings)                    # raises ReadBackError

Two things are compared. The *items* are all that a file says beside its signal: every chunk, frame,
box, comment and field, as the same reader finds them in both files, byte for byte and in order. The
*facts* are what the headers say of the signal. Ours are the labels alone; whoever drops or changes
anything else on purpose names its place in a finding (`Finding.accounts_for`). The signals
themselves are compared by the traces of `assets`, from the decode that reading back makes anyhow.
"""

from __future__ import annotations

from synthmark.guard.comparing import compare
from synthmark.guard.contents import Contents, look

__all__ = ["Contents", "compare", "look"]
