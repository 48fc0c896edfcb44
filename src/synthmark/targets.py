"""Files that are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from synthmark.errors import TargetError


class Target:
    """A file that is written beside its place, flushed to disk, and named in one step.

        with Target(path) as file:
            file.write(data)

    Nothing is there before the first byte; where anything goes wrong, the place stays as it was.

    Args:
        path: The place.
        overwrite: Whether a file that is there is replaced.

    Raises:
        TargetError: The file exists (and `overwrite` is off), here or at the end, or it cannot be
            written.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        # Unlike Path.exists, this one leaves what cannot be looked at to the writing.
        if not overwrite and os.path.exists(path):
            raise _exists(path)
        self._path, self._overwrite = path, overwrite
        self._part = path.with_name(f".synthmark-{os.getpid():x}-{os.urandom(4).hex()}.part")
        self._file: BinaryIO | None = None

    def write(self, data: bytes) -> int:
        """Write some more."""
        try:
            if self._file is None:
                self._file = self._part.open("xb")
            return self._file.write(data)
        except OSError as error:
            raise self._unwritable(error) from None

    def __enter__(self) -> Target:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is None:
            return
        try:
            with self._file as file:
                if kind is None:
                    file.flush()
                    os.fsync(file.fileno())
            if kind is None:
                self._name()
        except OSError as failure:
            raise self._unwritable(failure) from None
        finally:
            self._part.unlink(missing_ok=True)

    def _name(self) -> None:
        """Name the file, unless that name is taken, even by another process just now."""
        if self._overwrite:
            self._part.replace(self._path)
            return
        try:
            self._path.hardlink_to(self._part)
        except FileExistsError:
            raise _exists(self._path) from None
        except OSError:
            # Some file systems have no hard links; there a check just before must do.
            if self._path.exists():
                raise _exists(self._path) from None
            self._part.replace(self._path)

    def _unwritable(self, error: OSError) -> TargetError:
        return TargetError(
            f"{self._path}: cannot be written ({error.strerror or error})",
            code="target.unwritable",
        )


def write_whole(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write a file that is whole or absent.

    Raises:
        TargetError: It exists (and `overwrite` is off) or cannot be written.
    """
    with Target(path, overwrite=overwrite) as file:
        file.write(data)


def _exists(path: Path) -> TargetError:
    return TargetError(f"{path}: exists already; -f replaces it", code="target.exists")
