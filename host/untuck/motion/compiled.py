"""How numba compiles the kernels: two decorators, `entry` for what Python calls and `inner` for what only kernels call.

The first start on a machine waits for the compiler, about 1 ms an operation in the source and 10 ms a slice or loop:
kernels are few and short, and wrappers that nobody calls are left out. What all compiled functions share lives here.
"""

from __future__ import annotations

from typing import Any

from numba import njit

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
