"""Options that several verbs share, and where their values come from.

Flag, then ``SYNTHMARK_*``, then ``synthmark.toml`` here, then the user's configuration directory;
the library itself reads none of them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from synthmark.errors import UsageError

if TYPE_CHECKING:
    from synthmark.store import Store

_F = TypeVar("_F", bound=Callable[..., Any])

NAMES = ("provider", "model", "strength", "cert", "key", "watermark_key", "store", "trust")
_LISTS = ("trust",)


def files() -> list[Path]:
    """Return the settings files, the strongest first; they need not exist."""
    import platformdirs

    return [
        Path("synthmark.toml"),
        Path(platformdirs.user_config_dir("synthmark")) / "synthmark.toml",
    ]


def load() -> dict[str, tuple[Any, str]]:
    """Return each setting that a file gives, with the file's name.

    Raises:
        UsageError: A file is not TOML, or holds a setting that does not exist.
    """
    found: dict[str, tuple[Any, str]] = {}
    for path in files():
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"{path}: {error}", code="usage.settings") from None
        for name, value in values.items():
            if name not in NAMES:
                raise UsageError(
                    f"{path}: {name!r} is no setting; settings are {', '.join(NAMES)}",
                    code="usage.settings",
                )
            texts = value if name in _LISTS else [value]
            if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
                wanted = "a list of texts" if name in _LISTS else "a text"
                raise UsageError(f"{path}: {name!r} is not {wanted}", code="usage.settings")
            found.setdefault(name, (value, str(path)))
    return found


def shared(*names: str) -> Callable[[_F], _F]:
    """Add the shared options `names` to a command, with their values from environment and files."""

    def decorate(function: _F) -> _F:
        for name in reversed(names):
            function = _OPTIONS[name](function)
        return function

    return decorate


def _from_files(name: str) -> Callable[[], Any]:
    def default() -> Any:
        value, _ = load().get(name, (() if name in _LISTS else None, ""))
        return value

    return default


def _option(
    name: str, metavar: str | None, text: str, choices: Iterable[str] = ()
) -> Callable[[_F], _F]:
    return click.option(
        "--" + name.replace("_", "-"),
        name,
        metavar=metavar,
        type=click.Choice(list(choices)) if choices else None,
        envvar="SYNTHMARK_" + name.upper(),
        default=_from_files(name),
        show_default=False,
        multiple=name in _LISTS,
        help=text,
    )


_OPTIONS = {
    "provider": _option("provider", "CODE", "Provider code of 27 characters (TC260-PG-20252A)."),
    "model": _option("model", "NAME", "Name and version of the model, such as acme-xl/3.1."),
    "strength": _option(
        "strength",
        None,
        "How much the watermark may be noticed, for how much it survives.",
        ("invisible", "balanced", "robust"),
    ),
    "cert": _option("cert", "PEM", "Certificate chain, the leaf first; needs --key."),
    "key": _option("key", "PEM", "Private key of the certificate."),
    "watermark_key": _option("watermark_key", "FILE", "Watermark key; the public OPEN key else."),
    "store": _option("store", "URI", "Manifest store, such as sqlite:///manifests.db."),
    "trust": _option("trust", "PEM", "Trust anchors; may be given several times."),
}


def open_store(uri: str | None) -> Store:
    """Open the store at `uri`, or the per-user one."""
    from synthmark import store

    return store.open_store(uri or None)


def origin(name: str) -> tuple[Any, str]:
    """Return a setting's value and where it comes from, for `synthmark doctor`."""
    variable = "SYNTHMARK_" + name.upper()
    if variable in os.environ:
        return os.environ[variable], variable
    return load().get(name, (None, "default"))
