"""Every store there is: each passes the tests of `test_conformance.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Backend:
    """One kind of store.

    Attributes:
        name: Of its tests.
        address: Gives the address of an empty store of its own in an empty folder.
        damage: Spoils the records at an address while nobody has it open.
    """

    name: str
    address: Callable[[Path], str]
    damage: Callable[[str], None]


def _overwrite(uri: str) -> None:
    path = Path(uri.removeprefix("sqlite:///"))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


BACKENDS = (Backend("sqlite", lambda folder: f"sqlite:///{folder / 'manifests.db'}", _overwrite),)
