"""Each call of a kernel done twice, compiled and as plain Python, on the same arguments. Runs in Pyodide.

Imports only what the page has. `compare` must run before a kernel's module is imported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from untuck import kernel_wasm
from untuck.motion import jit


def copied(values: tuple[Any, ...]) -> tuple[list[Any], list[tuple[Any, Any]]]:
    """Copies of a kernel's arguments that share memory as the originals do; and both forms of each piece of memory."""
    wholes: dict[int, tuple[Any, Any]] = {}
    copies = []
    for value in values:
        if not isinstance(value, np.ndarray):
            copies.append(value)
            continue
        whole = value
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        assert whole.flags.c_contiguous
        _, copy = wholes.setdefault(id(whole), (whole, whole.copy()))
        first, begin = (each.__array_interface__["data"][0] for each in (value, whole))
        part = np.ndarray(value.shape, value.dtype, copy, first - begin, value.strides) if value.size else value.copy()
        copies.append(part)
    return copies, list(wholes.values())


class Comparison:
    """Counts calls of each kernel, and those whose bits differ."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.differ: Counter[str] = Counter()
        self._inside = False

    def entry(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """In place of the decorator of kernels."""
        compiled = kernel_wasm.ahead_of_time(kernel)
        assert compiled is not kernel, f"{kernel.__name__} is not in kernels.wasm"

        def both(*values: Any) -> Any:
            if self._inside:  # called by a plain kernel, which is plain throughout
                return kernel(*values)
            self._inside = True
            copies, wholes = copied(values)
            plain, found = kernel(*copies), compiled(*values)
            same = (plain is None) == (found is None) and np.array_equal(plain or 0.0, found or 0.0, equal_nan=True)
            same &= all(one.tobytes() == other.tobytes() for one, other in wholes)
            self.calls[kernel.__name__] += 1
            self.differ[kernel.__name__] += not same
            self._inside = False
            return found

        return both


def compare() -> Comparison:
    """Compare every call from now on."""
    comparison = Comparison()
    jit.ahead_of_time = comparison.entry  # type: ignore[assignment]
    return comparison
