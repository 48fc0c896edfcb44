"""The AIGC element of GB 45438-2025, Annex E: write one form, read every form seen, judge strictly.

A reader has to accept what services really write (bare or wrapped, null values, JSON in JSON,
escaped quotes, GB18030); whether that conforms is said apart from whether it was found.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from synthmark.codes import ProviderCode
from synthmark.facts import AIGC_KEYS, AigcLabel, Finding
from synthmark.label import ContentId, Provider

_LONGEST = 64 * 2**10
_DEEPEST = 32
_REQUIRED = AIGC_KEYS[:3]
_LABEL_VALUES = {"1": "is", "2": "may be", "3": "is suspected to be"}
# Annex E j: values mainly consist of 0x21, 0x23 to 0x5B, 0x5D to 0x7E and the escaped quote.
_CHARSET = re.compile(r'[!"#-\[\]-~]*')
_CODE_LIKE = re.compile(r"[0-9A-Z]{20,}")
# Characters that XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PADDING = "\0\ufeff \t\r\n"


class Standing(Enum):
    """What the practice guides TC260-PG-20259A (pictures) and 202510A (sound) say of a place."""

    NORMATIVE = "normative"
    ALTERNATIVE = "alternative"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a label may stand.

    Attributes:
        name: For people, such as ``XMP TC260:AIGC``.
        standing: What the guides say of it.
        named: Whether the place itself says AIGC, so that whatever stands there is meant as one.
    """

    name: str
    standing: Standing
    named: bool = True


# --- writing -------------------------------------------------------------------------------------


def compose(provider: Provider, content_id: ContentId, *, label: str = "1") -> dict[str, str]:
    """Return the seven keys for a first write (Annex E b to i, note 1).

    Args:
        provider: Its code, or else its name, is the content producer; the fields stay empty when it
            has neither, for a producer must not be invented.
        content_id: Becomes ``ProduceID``.
        label: ``1`` is, ``2`` may be, ``3`` is suspected to be generated.
    """
    producer, number = provider.code or provider.name, str(content_id)
    # Note 1: who writes first names itself as the propagator too; platforms rewrite that later.
    return dict(zip(AIGC_KEYS, (label, producer, number, "", producer, number, ""), strict=True))


def serialise(values: Mapping[str, str]) -> str:
    """Return compact JSON in the standard's key order, without the outer ``{"AIGC": ...}``."""
    ordered = {key: values[key] for key in AIGC_KEYS if key in values}
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(ordered, separators=(",", ":")) if _NOT_XML.search(text) else text


# --- reading -------------------------------------------------------------------------------------


def read(content: bytes | str, place: Place) -> AigcLabel | None:
    """Return the label in `content` with every departure from Annex E, None when there is none.

    Args:
        content: What stands at the place, of any size; hostile content ends in a finding.
        place: Where it stands; unless it is named for labels, `content` has to look like one.
    """
    departures: list[Finding] = []
    value, named = _value(content, departures), place.named
    if isinstance(value, dict) and _wrapper(value) is not None:
        value, named = _unwrapped(value, place, departures), True
    if not isinstance(value, dict):
        if not place.named or _blank(content):
            return None
        departures = [Finding.error("aigc.json")]
        return AigcLabel({}, place.name, (*departures, *_judge_place(place)))
    if not named and not any(key in value for key in AIGC_KEYS[1:]):
        return None
    values = {key: _text(value[key]) for key in AIGC_KEYS if key in value}
    return AigcLabel(
        values, place.name, (*departures, *_judge(value, values), *_judge_place(place))
    )


def _blank(content: bytes | str) -> bool:
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    return not text.strip(_PADDING)


def _value(content: bytes | str, departures: list[Finding]) -> Any:
    """Return the JSON value in `content` by the mildest reading that works, None when none does."""
    text = content if isinstance(content, str) else _decoded(content, departures)
    text = text.strip(_PADDING)
    if len(text) > _LONGEST:
        return None
    for reading in (text, html.unescape(text), html.unescape(text).replace('\\"', '"')):
        value = _loaded(reading, departures)
        for _ in range(2):
            if isinstance(value, str):
                departures.append(Finding.error("aigc.encoded-twice"))
                value = _loaded(value, departures)
        if isinstance(value, dict):
            if reading != text:
                departures.append(Finding.error("aigc.escaped"))
            return value
    return None


def _decoded(content: bytes, departures: list[Finding]) -> str:
    content = content[: 4 * _LONGEST]
    try:
        return content.decode()
    except UnicodeDecodeError:
        departures.append(Finding.warning("aigc.encoding"))
        return content.decode("gb18030", "replace")


def _loaded(text: str, departures: list[Finding]) -> Any:
    """Return the JSON in `text`, which other text may surround; None when there is none."""
    deepest = depth = 0
    for character in re.findall(r"[\[\]{}]", text):
        depth += 1 if character in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        return None
    repeated: set[str] = set()

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                repeated.add(key)
            found.setdefault(key, value)
        return found

    decoder = json.JSONDecoder(object_pairs_hook=collect, strict=False)
    start = 0 if text.startswith('"') else text.find("{")
    if start < 0:
        return None
    try:
        value, _ = decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    departures += [Finding.error("aigc.key-repeated", key=key) for key in sorted(repeated)]
    return value


def _wrapper(value: dict[str, Any]) -> str | None:
    """Return the key of the outer ``{"AIGC": ...}``, None when there is none."""
    if any(key in value for key in AIGC_KEYS):
        return None
    return next((key for key in value if key.strip().upper() == "AIGC"), None)


def _unwrapped(value: dict[str, Any], place: Place, departures: list[Finding]) -> Any:
    inner = value[_wrapper(value) or ""]
    if isinstance(inner, str):
        departures.append(Finding.error("aigc.encoded-twice"))
        inner = _loaded(inner, departures)
    if isinstance(inner, dict) and place.standing is Standing.NORMATIVE:
        departures.append(Finding.info("aigc.wrapped"))
    return inner


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # A lone surrogate is legal in JSON but cannot be printed or stored anywhere.
    return text.encode("utf-8", "replace").decode()


# --- judging -------------------------------------------------------------------------------------


def _judge(found: Mapping[str, Any], values: Mapping[str, str]) -> list[Finding]:
    """Compare with Annex E: errors for what makes the label worthless, else warnings and infos."""
    problems = []
    for key in AIGC_KEYS:
        serious = Finding.error if key in _REQUIRED else Finding.info
        if key not in found:
            problems.append(serious("aigc.key-missing", key=key))
        elif not isinstance(found[key], str):
            kind = "null" if found[key] is None else type(found[key]).__name__
            problems.append(Finding.error("aigc.not-string", key=key, kind=kind))
        elif not values[key] and not key.startswith("ReservedCode"):
            producer = key == "ContentProducer"
            problems.append(serious("aigc.producer-empty" if producer else "aigc.empty", key=key))
        if not _CHARSET.fullmatch(values.get(key, "")):
            problems.append(Finding.warning("aigc.charset", key=key))
    if values.get("Label") and values["Label"] not in _LABEL_VALUES:
        problems.append(Finding.error("aigc.label-value"))
    extra = sorted(set(found) - set(AIGC_KEYS))
    if extra:
        names = ", ".join(map(_text, extra[:5]))
        problems.append(Finding.warning("aigc.key-unknown", keys=names[:200]))
    for key in ("ContentProducer", "ContentPropagator"):
        problems += _judge_party(key, values.get(key, ""))
    return problems


def _judge_party(key: str, party: str) -> list[Finding]:
    """Check a provider code (TC260-PG-20252A); Annex E d and g allow a name as well."""
    if not party:
        return []
    try:
        ProviderCode.parse(party)
    except ValueError as error:
        if _CODE_LIKE.fullmatch(party):
            return [Finding.warning("aigc.provider-code", key=key, reason=str(error))]
        return [Finding.info("aigc.provider-name", key=key)]
    return []


def _judge_place(place: Place) -> list[Finding]:
    if place.standing is Standing.ALTERNATIVE:
        return [Finding.warning("aigc.place", place=place.name, alternative=True)]
    if place.standing is Standing.FOREIGN:
        return [Finding.error("aigc.place", place=place.name, alternative=False)]
    return []
