"""Options that several verbs share: a flag, else the setting of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import click

from synthmark import settings

_F = TypeVar("_F", bound=Callable[..., Any])


def shared(*names: str) -> Callable[[_F], _F]:
    """Add the shared options `names` to a command, with their values from environment and files."""

    def decorate(function: _F) -> _F:
        for name in reversed(names):
            function = _OPTIONS[name](function)
        return function

    return decorate


def _option(
    name: str, metavar: str | None, text: str, choices: Iterable[str] = ()
) -> Callable[[_F], _F]:
    return click.option(
        "--" + name.replace("_", "-"),
        name,
        metavar=metavar,
        type=click.Choice(list(choices)) if choices else None,
        envvar=settings.variable(name),
        default=partial(settings.of_file, name),
        show_default=False,
        multiple=name in settings.LISTS,
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
