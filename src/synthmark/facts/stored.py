"""Facts as JSON, and back, by the types of their fields; nothing is lost on the way.

A fact is written with all its fields but those that take no part in its equality, and with the
properties that its class names in `DERIVED`, which are not read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from synthmark.label import ContentId, ShortId


def to_json(fact: object) -> Any:
    """Return a fact as JSON-ready values: ids as text, bytes in hexadecimal."""
    if isinstance(fact, tuple):
        return [to_json(each) for each in fact]
    if isinstance(fact, Mapping):
        return {name: to_json(each) for name, each in fact.items()}
    if isinstance(fact, ContentId | ShortId):
        return str(fact)
    if is_dataclass(fact):
        stored = (field.name for field in fields(fact) if field.compare)
        names = (*getattr(fact, "DERIVED", ()), *stored)
        return {name: to_json(getattr(fact, name)) for name in names}
    if isinstance(fact, Enum):
        return fact.value
    return fact.hex() if isinstance(fact, bytes) else fact


def from_json(kind: Any, value: object, place: str = "report") -> Any:
    """Return the fact of this type that `value` was written from.

    Raises:
        ValueError: It has another form; the text names the place.
    """
    origin, kinds = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _one_of(kinds, value, place)
    if origin is tuple:
        return _tuple(kinds, value, place)
    if origin is Mapping:
        return {
            name: from_json(kinds[1], each, f"{place}.{name}")
            for name, each in _object(value, place).items()
        }
    if is_dataclass(kind) and kind not in (ContentId, ShortId):
        return _dataclass(kind, _object(value, place), place)
    try:
        return _scalar(kind, value)
    except ValueError:
        raise ValueError(f"{place} cannot be {str(value)[:40]!r}") from None


def _scalar(kind: Any, value: object) -> Any:
    if isinstance(value, str) and kind in (ContentId, ShortId):
        return kind.parse(value)
    if isinstance(value, str) and kind is bytes:
        return bytes.fromhex(value)
    if issubclass(kind, Enum):
        return kind(value)
    if isinstance(value, bool) is (kind is bool) and isinstance(
        value, (int, float) if kind is float else kind
    ):
        return value
    raise ValueError


@cache
def _stored(kind: Any) -> Mapping[str, Any]:
    """Return the types of the fields that are written."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind) if field.compare}


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{place} is no object")
    return value


def _dataclass(kind: Any, value: Mapping[str, Any], place: str) -> Any:
    stored = _stored(kind)
    missing = sorted(set(stored) - set(value))
    if missing:
        raise ValueError(f"{place}.{missing[0]} is missing")
    read = {name: from_json(each, value[name], f"{place}.{name}") for name, each in stored.items()}
    return kind(**read)


def _one_of(kinds: tuple[Any, ...], value: object, place: str) -> Any:
    """Return what the first of the types gives that `value` fits."""
    if isinstance(value, Mapping):
        # What is wrong inside an object is told of the object.
        kinds = tuple(kind for kind in kinds if kind is not NoneType)
    for kind in kinds[:-1]:
        try:
            return from_json(kind, value, place)
        except ValueError:
            continue
    return from_json(kinds[-1], value, place)


def _tuple(kinds: tuple[Any, ...], value: object, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{place} is no list")
    each = kinds[:1] * len(value) if kinds[-1] is Ellipsis else kinds
    if len(each) != len(value):
        raise ValueError(f"{place} has {len(value)} values, not {len(each)}")
    return tuple(
        from_json(one, item, f"{place}[{number}]")
        for number, (one, item) in enumerate(zip(each, value, strict=True))
    )
