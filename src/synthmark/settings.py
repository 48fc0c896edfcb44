"""Settings by name, from the environment and from files, for whatever serves people.

``SYNTHMARK_*``, then ``synthmark.toml`` here, then the user's configuration directory; the library
itself reads none of them.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthmark.errors import UsageError

if TYPE_CHECKING:
    from synthmark.store import Store

NAMES = ("provider", "model", "strength", "cert", "key", "watermark_key", "store", "trust")
LISTS = ("trust",)


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
            texts = value if name in LISTS else [value]
            if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
                wanted = "a list of texts" if name in LISTS else "a text"
                raise UsageError(f"{path}: {name!r} is not {wanted}", code="usage.settings")
            found.setdefault(name, (value, str(path)))
    return found


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return "SYNTHMARK_" + name.upper()


def of_file(name: str) -> Any:
    """Return what the files give for a setting: None, or nothing of a list, where they do not."""
    value, _ = load().get(name, (() if name in LISTS else None, ""))
    return value


def open_store(uri: str | None) -> Store:
    """Open the store at `uri`, or the per-user one."""
    from synthmark import store

    return store.open_store(uri or None)


def origin(name: str) -> tuple[Any, str]:
    """Return a setting's value and where it comes from, for `synthmark doctor`."""
    if variable(name) in os.environ:
        return os.environ[variable(name)], variable(name)
    return load().get(name, (None, "default"))
