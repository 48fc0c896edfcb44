"""The one decorator for compiled kernels; only this module and its cache import Numba.

A kernel states its signature beside its source and is compiled when it is first called, never at
import. Kernels are serial and release the GIL: parallelism belongs to the caller.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import threading
import types
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

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
                self._compiled = _compile(self._linked(), self.signature, self.stamp())
            return self._compiled

    def stamp(self) -> str:
        """Return a digest of all that is compiled into it.

        Beside its own code that is the kernels that it calls, and the values that it names.
        """
        code = self.python.__code__
        digest = hashlib.sha256(f"{self.signature}{code.co_names}{code.co_consts}".encode())
        digest.update(code.co_code)
        for name in code.co_names:
            value = self.python.__globals__.get(name)
            if isinstance(value, Kernel):
                digest.update(value.stamp().encode())
            elif isinstance(value, int | float | str | tuple):
                digest.update(f"{name}={value!r}".encode())
            elif frozen := getattr(value, "tobytes", None):
                digest.update(name.encode() + frozen())
        return digest.hexdigest()

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
    from synthmark.watermark.jit_cache import Cache

    try:
        return str(Cache(cache_place, "").cache_path)
    except RuntimeError:
        return None


def _compile(function: Callable[_P, _R], signature: str, stamp: str) -> Callable[_P, _R]:
    import numba
    from numba.core import config

    from synthmark.watermark.jit_cache import Cache

    if config.DISABLE_JIT:
        return function
    compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)

    try:
        compiled._cache = Cache(function, stamp)
    except RuntimeError as error:
        # Neither the package's directory nor the user's cache can be written: compile each time.
        _log.debug("kernel %s is not cached: %s", function.__qualname__, error)
    compiled.compile(signature)
    compiled.disable_compile()
    ready: Callable[_P, _R] = compiled
    return ready
