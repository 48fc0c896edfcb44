"""The one decorator for compiled kernels, and the only module that imports Numba.

A kernel states its signature beside its source and is compiled when it is first called, never at
import. Kernels are serial and release the GIL: parallelism belongs to the caller.
"""

from __future__ import annotations

import functools
import logging
import threading
import types
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")
_log = logging.getLogger(__name__)
# Numba's compiler is not re-entrant, and compiling one kernel twice is wasted work.
_compiling = threading.RLock()


class Kernel(Generic[_P, _R]):
    """A function that is compiled at its first call; ``python`` is its plain source."""

    def __init__(self, function: Callable[_P, _R], signature: str) -> None:
        functools.update_wrapper(self, function)
        self.python = function
        self.signature = signature
        self._compiled: Callable[_P, _R] | None = None

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Run the kernel, compiled at the first call."""
        return (self._compiled or self._compile())(*args, **kwargs)

    def _compile(self) -> Callable[_P, _R]:
        with _compiling:
            if self._compiled is None:
                self._compiled = _compile(self._linked(), self.signature)
            return self._compiled

    def _linked(self) -> Callable[_P, _R]:
        """Return the source with the kernels that it calls compiled, as Numba has to see them."""
        source = self.python
        known = source.__globals__
        called = {
            name: known[name]._compiled or known[name]._compile()
            for name in source.__code__.co_names
            if isinstance(known.get(name), Kernel)
        }
        if not called:
            return source
        linked = types.FunctionType(source.__code__, known | called, source.__name__)
        functools.update_wrapper(linked, source)
        return linked


def kernel(signature: str) -> Callable[[Callable[_P, _R]], Kernel[_P, _R]]:
    """Declare a kernel with its Numba signature, such as ``float32(float32[:, ::1])``."""

    def decorate(function: Callable[_P, _R]) -> Kernel[_P, _R]:
        return Kernel(function, signature)

    return decorate


def cache_place() -> str | None:
    """Return the directory where compiled kernels are kept, None when none can be written."""
    from numba.core import caching

    try:
        return str(caching.FunctionCache(cache_place).cache_path)  # type: ignore[no-untyped-call]
    except RuntimeError:
        return None


def _compile(function: Callable[_P, _R], signature: str) -> Callable[_P, _R]:
    import numba

    def build(cache: bool) -> Callable[_P, _R]:
        decorate = numba.njit(signature, nogil=True, error_model="numpy", cache=cache)
        compiled: Callable[_P, _R] = decorate(function)
        return compiled

    try:
        return build(cache=True)
    except RuntimeError as error:
        # Neither the package's directory nor the user's cache can be written: compile each time.
        _log.debug("kernel %s is not cached: %s", function.__qualname__, error)
        return build(cache=False)
