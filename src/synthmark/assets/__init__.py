"""Assets: files that are labelled and looked at, by the same verbs whatever they hold.

    asset = assets.open(media.Source.of("speech.wav"))    # -> Asset, of a picture or a sound
    labelled = asset.label(order, clock)                  # -> Labelled: the file, not yet signed
    found = asset.look(keys)                              # -> Found: watermark layer, findings
    asset.compare(found.layer, kept)                      # -> Comparison

What differs between the media stands in `pictures` and `sounds`, each loaded when it is needed.

Nothing is lost: what an input says stands in its output, or a finding says why not. Two things are
compared (`contents`, `comparing`). The *items* are all that a file says beside its signal: every
chunk, frame, box, comment and field, as the same reader finds them in both files, byte for byte and
in order. The *facts* are what the headers say of the signal. Ours are the labels alone; whoever
drops or changes anything else on purpose names its place in a finding (`Finding.accounts_for`). The
signals themselves are compared by their traces, from the decode that reading back makes anyhow.
"""

from __future__ import annotations

from synthmark.assets.asset import Asset, Form, Found, Kept, Labelled, Order, Print, Quality
from synthmark.assets.opening import open  # noqa: A004

__all__ = [
    "Asset",
    "Form",
    "Found",
    "Kept",
    "Labelled",
    "Order",
    "Print",
    "Quality",
    "open",
]
