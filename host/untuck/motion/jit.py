"""How numba compiles the kernels: `entry` for what Python calls, `inner` for what only kernels call.

Without numba both decorators return the function as it is: the same Python runs, slower, with the same results.
Compiling takes about 1 ms an operation in the source and 10 ms a slice or loop: kernels are few and short, and wrappers
that nobody calls are left out. Loading this module also keeps garbage collection off while numba compiles.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

try:
    from numba import njit
    from numba.core import event
except ImportError:  # not installed, as on a phone, or not made for this version of numpy
    HAVE_NUMBA = False
else:
    HAVE_NUMBA = True

# without "nrt" no kernel can make an array, and none has to count who holds one: arrays to write into are handed in
_COMMON: Any = {
    "cache": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
    "_nrt": False,
    "no_rewrites": True,  # of expressions on whole arrays, of which there are none
}
_WITHOUT_ENTRY: Any = _COMMON | {"no_cpython_wrapper": True}  # where it is compiled, a call from Python is fatal


def _as_it_is(kernel: Any) -> Any:
    return kernel


def _compiler(**options: Any) -> Callable[[Any], Any]:
    """A decorator that compiles with these options, where there is a compiler."""
    return njit(**options) if HAVE_NUMBA else _as_it_is


entry = _compiler(**_COMMON)
inner = _compiler(**_WITHOUT_ENTRY)


def callable_from_python(kernel: Any) -> Any:
    """An `inner` kernel, compiled once more, so that benches and tests may call it."""
    return _compiler(**(_COMMON | {"cache": False}))(getattr(kernel, "py_func", kernel))


def _pause_collection_while_compiling() -> None:
    """Compiling makes objects by the million, few of them garbage: looking for it takes a twentieth of the time."""

    class NoCollection(event.Listener):
        def __init__(self) -> None:
            self._depth, self._was_on = 0, False

        def on_start(self, event: Any) -> None:
            if self._depth == 0:
                self._was_on = gc.isenabled()
                gc.disable()
            self._depth += 1

        def on_end(self, event: Any) -> None:
            self._depth -= 1
            if self._depth == 0 and self._was_on:
                gc.enable()

    event.register("numba:compile", NoCollection())  # type: ignore[no-untyped-call]


if HAVE_NUMBA:
    _pause_collection_while_compiling()
