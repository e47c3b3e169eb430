"""Kernels compiled ahead of time to WebAssembly, for Python in a browser, where numba cannot compile: the same bits.

tools/wasm_kernels.py makes kernels.wasm of the kernels as numba compiles them. Each function in it takes numpy arrays
as they lie in memory and checks dimensions, type and layout first: given another array it does nothing and says so.
Then, or where the file cannot be loaded, the kernel runs as plain Python. Owns how a compiled kernel is called.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import cache, wraps
from math import inf
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("kernels.wasm")
REJECTED = -inf  # what a function returns, all of them as float, that has not run: an argument does not fit

_RESULT: dict[str, Callable[[float], Any]] = {"None": lambda _: None, "bool": bool, "int": int, "float": float}

_log = logging.getLogger(__name__)


def ahead_of_time(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled form of a kernel; the kernel itself where there is none."""
    library = _library()
    if library is None or not hasattr(library, kernel.__name__):
        return kernel
    import ctypes

    arguments = {"Floats": ctypes.py_object, "int": ctypes.c_int32, "float": ctypes.c_double}
    *takes, returns = kernel.__annotations__.values()
    function, result = getattr(library, kernel.__name__), _RESULT[returns]
    function.argtypes, function.restype = [arguments[each] for each in takes], ctypes.c_double

    @wraps(kernel)
    def run(*values: Any) -> Any:
        try:
            found = function(*values)
        except ctypes.ArgumentError:  # raised before the call, of an integer that is numpy's for example
            return kernel(*values)
        return kernel(*values) if found == REJECTED else result(found)

    return run


@cache
def _library() -> Any:
    """The loaded file; None where this Python is not WebAssembly itself, or the browser rejects the file."""
    if sys.platform != "emscripten" or not FILE.is_file():
        return None
    import ctypes

    try:
        return ctypes.CDLL(str(FILE))
    except OSError as error:
        _log.warning("kernels run as plain Python, which takes four times as long: %s", error)
        return None
