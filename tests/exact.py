"""Values as exact text, for comparisons to the bit: the short reprs of the package leave most of a value out."""

from __future__ import annotations

import dataclasses

import numpy as np


def exact(value: object) -> str:
    """Every field and number of dataclasses, tuples, lists and arrays, with dtypes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inside = (f"{field.name}={exact(getattr(value, field.name))}" for field in dataclasses.fields(value))
        return f"{type(value).__name__}({', '.join(inside)})"
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype}:{value.tolist()!r}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {exact(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({', '.join(exact(item) for item in value)})"
    return repr(value)
