"""Compare what two files hold; each difference is accounted for, or the output is withheld."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from synthmark.assets.contents import Contents
from synthmark.errors import ReadBackError
from synthmark.facts import Finding
from synthmark.media import Item

# Differences that the message names.
_MOST_NAMED = 4
# Of what a place is called and of what it says.
_MOST_CHARACTERS = 60
# Samples by which a lossy codec's length may differ: one frame of its coder. The longest are those
# of MPEG-1 layer III; AAC has 1024, Opus up to 960 here, and Vorbis says its length exactly.
_FRAME = 1152
# Within which two files are of one class of bit rate: the next class of MP3 is a fifth to a third
# away.
_RATE = 0.25


@dataclass(frozen=True, slots=True)
class _Difference:
    """Where two files differ, and how, in words."""

    place: str
    what: str


def compare(before: Contents, after: Contents, notes: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return what should be said of the differences between an input and its output.

    Args:
        before: What the input holds.
        after: What the output holds.
        notes: The findings of the way from one to the other; those that name a place in
            `accounts_for` answer for it.

    Raises:
        ReadBackError: There is a difference that no finding answers for.
    """
    accounted = tuple(prefix for note in notes for prefix in note.accounts_for)
    differences = [*_of_facts(before, after), *_of_items(before.items, after.items)]
    withhold(each for each in differences if not each.place.startswith(accounted))
    return tuple(_replaced(before.labels))


def withhold(differences: Iterable[_Difference]) -> None:
    """Refuse an output that differs from what it should be.

    Raises:
        ReadBackError: There is a difference; the first few are named.
    """
    unexplained = [f"{_short(each.place)} {each.what}" for each in differences]
    if unexplained:
        named = "; ".join(unexplained[:_MOST_NAMED])
        more = len(unexplained) - _MOST_NAMED
        raise ReadBackError(
            "the labelled file would not hold all that the input holds: "
            f"{named}{f'; and {more} more' if more > 0 else ''}",
            code="read-back.lost",
        )


def _of_items(before: Sequence[Item], after: Sequence[Item]) -> Iterator[_Difference]:
    """Yield the differences of each place, in the order of the input."""
    held: dict[str, tuple[list[bytes], list[bytes]]] = {}
    for side, items in enumerate((before, after)):
        for item in items:
            held.setdefault(item.place, ([], []))[side].append(item.data)
    for place, (old, new) in held.items():
        if old == new:
            continue
        lost, added = Counter(old) - Counter(new), Counter(new) - Counter(old)
        if not lost and not added:
            yield _Difference(place, "has another order")
        for data in islice(lost.elements(), added.total(), None):
            yield _Difference(place, f"is lost ({len(data)} bytes)")
        for data in islice(added.elements(), lost.total(), None):
            yield _Difference(place, f"is added ({len(data)} bytes)")
        for one, other in zip(lost.elements(), added.elements(), strict=False):
            sizes = f"{len(one)} bytes became {len(other)}" if len(one) != len(other) else "bytes"
            yield _Difference(place, f"is changed ({sizes})")


def _of_facts(before: Contents, after: Contents) -> Iterator[_Difference]:
    for name, old in before.facts.items():
        new = after.facts.get(name)
        if not _agree(name, old, new, lossless=bool(before.facts.get("lossless"))):
            yield _Difference(name, f"{_short(old)} became {_short(new)}")


def _agree(name: str, old: object, new: object, *, lossless: bool) -> bool:
    if name == "samples" and isinstance(old, int) and isinstance(new, int):
        return abs(new - old) <= (0 if lossless else _FRAME)
    if name == "samples":
        # A header may not say how many there are.
        return True
    if name == "bit rate" and isinstance(old, int | float) and isinstance(new, int | float):
        return abs(new - old) <= _RATE * old
    if name == "variable":
        # A short sound of variable rate may come out at one.
        return bool(old) or not new
    return old == new


def _replaced(places: Sequence[str]) -> Iterator[Finding]:
    if places:
        named = tuple(dict.fromkeys(map(_short, places[:_MOST_NAMED])))
        yield Finding.info("label.replaced", places=named)


def _short(value: object) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
