"""How numba compiles the kernels: two decorators, `entry` for what Python calls and `inner` for what only kernels call.
Loading this module also keeps Python's garbage collection off while numba compiles, whosever kernel it is.

The first start on a machine waits for the compiler, about 1 ms an operation in the source and 10 ms a slice or loop:
kernels are few and short, and wrappers that nobody calls are left out. What all compiled functions share lives here.
"""

from __future__ import annotations

import gc
from typing import Any

from numba import njit
from numba.core import event

# without "nrt" no kernel can make an array, and none has to count who holds one: arrays to write into are handed in
_COMMON: Any = {
    "cache": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
    "_nrt": False,
    "no_rewrites": True,  # of expressions on whole arrays, of which there are none
}
_WITHOUT_ENTRY: Any = _COMMON | {"no_cpython_wrapper": True}  # where it is compiled, a call from Python is fatal

entry = njit(**_COMMON)
inner = njit(**_WITHOUT_ENTRY)


def callable_from_python(kernel: Any) -> Any:
    """An `inner` kernel, compiled once more, so that benches and tests may call it."""
    return njit(**(_COMMON | {"cache": False}))(getattr(kernel, "py_func", kernel))


class _NoCollection(event.Listener):
    """Compiling makes objects by the million, few of them garbage: looking for it takes a twentieth of the time."""

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


event.register("numba:compile", _NoCollection())  # type: ignore[no-untyped-call]
