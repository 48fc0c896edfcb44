"""Where compiled kernels are kept: Numba's cache, read only when it is whole and nobody else's.

Numba unpickles what it finds in its files (.nbi, .nbc). Here each begins with its SHA-256, so that
one that was cut, emptied or overwritten is seen before it is read, dropped, and written anew. A
directory that others can write is passed over.
"""

from __future__ import annotations

import contextlib
import functools
import grp
import hashlib
import io
import logging
import os
import pickle
import pwd
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from numba.core import caching

_log = logging.getLogger(__name__)
_DIGEST = hashlib.sha256().digest_size


class Cache(caching.FunctionCache):  # type: ignore[misc]
    """The compiled forms of one function.

    Args:
        function: Python source of a kernel.
        stamp: What its compiled form depends on beside its file.

    Raises:
        RuntimeError: there is no directory for it.
    """

    def __init__(self, function: Callable[..., Any], stamp: str) -> None:
        self._impl_class = _Impl
        super().__init__(function)
        sources = (self._impl.locator.get_source_stamp(), stamp)
        self._cache_file = _File(self._cache_path, self._impl.filename_base, sources)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled form, None where it has to be made; damaged files are removed."""
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:
            _log.info("the cache of kernel %s is made anew: %s", self._name, error)
            self._cache_file.drop()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled form where that is possible."""
        try:
            super().save_overload(sig, data)
        except Exception as error:
            _log.info("kernel %s is not cached: %s", self._name, error)


class _File(caching.IndexDataCacheFile):  # type: ignore[misc]
    def drop(self) -> None:
        """Remove what is kept of this function."""
        for path in Path(self._cache_path).glob(f"{Path(self._index_name).stem}.*"):
            with contextlib.suppress(OSError):
                path.unlink()

    def _load_index(self) -> dict[Any, str]:
        try:
            stream = io.BytesIO(_whole(self._index_path))
        except FileNotFoundError:
            return {}
        if pickle.load(stream) != self._version:  # noqa: S301
            return {}
        stamp, overloads = pickle.load(stream)  # noqa: S301
        return overloads if stamp == self._source_stamp else {}

    def _load_data(self, name: str) -> Any:
        return pickle.loads(_whole(self._data_path(name)))  # noqa: S301

    @contextlib.contextmanager
    def _open_for_write(self, path: str) -> Iterator[BinaryIO]:
        held = io.BytesIO()
        yield held
        data = held.getvalue()
        with super()._open_for_write(path) as file:
            file.write(hashlib.sha256(data).digest() + data)


def _whole(path: str) -> bytes:
    """Return what was written to a file.

    Raises:
        ValueError: it is not as it was written.
        OSError: it cannot be read, or others could have written it.
    """
    with open(path, "rb") as file:
        if _others_write(os.fstat(file.fileno()), Path(path).parent.stat().st_uid):
            raise PermissionError(f"{path} can be written by others")
        digest, data = file.read(_DIGEST), file.read()
    if hashlib.sha256(data).digest() != digest:
        raise ValueError(f"{path} is damaged")
    return data


class _Private:
    """A place of the cache that nobody else can write."""

    _py_file: str
    get_cache_path: Callable[[], str]

    def ensure_cache_path(self) -> None:
        """Make the directory; raise OSError where it cannot be used."""
        super().ensure_cache_path()  # type: ignore[misc]
        if _refused(self.get_cache_path(), self._py_file):
            raise PermissionError(self.get_cache_path())


class _Told(_Private, caching.UserProvidedCacheLocator):  # type: ignore[misc]
    """NUMBA_CACHE_DIR."""


class _Beside(_Private, caching.InTreeCacheLocator):  # type: ignore[misc]
    """__pycache__ beside the source."""


class _Users(_Private, caching.UserWideCacheLocator):  # type: ignore[misc]
    """The user's own cache."""


class _Impl(caching.CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_Told, _Beside, _Users)


@functools.cache
def _refused(directory: str, source: str) -> bool:
    """Say, and warn once, whether others can write a directory; who owns the source may."""
    if not _others_write(os.stat(directory), os.stat(source).st_uid):
        return False
    _log.warning("%s can be written by others: no kernel is cached there", directory)
    return True


def _others_write(status: os.stat_result, owner: int) -> bool:
    """Say whether anyone but the user, root and `owner` can write a file or a directory."""
    if status.st_uid not in (os.geteuid(), 0, owner) or status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _of_one(status.st_gid, status.st_uid)


def _of_one(group: int, user: int) -> bool:
    """Say whether a group is a user's own, named after the user and without other members."""
    try:
        entry, name = grp.getgrgid(group), pwd.getpwuid(user).pw_name
    except KeyError:
        return False
    return entry.gr_name == name and set(entry.gr_mem) <= {name}
