"""Checks of plain values from JSON against the type that a dataclass says.

JSON from outside, or of a damaged store, may hold anything anywhere. What passes is a number of ordinary size or a text
that can be printed.
"""

from __future__ import annotations

import json
from typing import Any

MOST = 1e15  # of a number; microseconds since 1970 are 2e15 and not stored as such


def checked(kind: Any, value: Any) -> Any:
    """The value if it fits a simple type: bool, int, float or str; others pass. Raises ValueError or TypeError."""
    if kind is bool:
        fits = isinstance(value, bool)
    elif kind is int:
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif kind is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    elif kind is str:
        fits = isinstance(value, str)
    else:
        return value
    if not fits:
        raise TypeError(f"{shown(value)} is not of type {kind.__name__}")
    if kind is str:
        check_text(value)
    elif kind is not bool:
        check_size(value)
    return value


def check_size(value: float) -> None:
    """Raise ValueError for a number that no measurement has."""
    if not abs(value) <= MOST:  # nor one that is no number
        raise ValueError(f"the number {shown(value)} is out of range")


def check_text(text: str, most: int = 1_000_000) -> None:
    """Raise ValueError for a text that cannot be stored and printed, or is too long."""
    if len(text) > most:
        raise ValueError(f"a text has {len(text):,} characters; {most:,} are allowed")
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueError("a text has half a character (a lone surrogate)")


def loads(text: str | bytes) -> Any:
    """Like json.loads. Raises ValueError, also for JSON that is nested without end."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def shown(value: Any) -> str:
    """A value for a message: short, and printable whatever it is."""
    if isinstance(value, list | dict):
        return f"a {'list' if isinstance(value, list) else 'table'} of {len(value):,}"
    if isinstance(value, int) and abs(value) > MOST:
        return "of many digits"
    text = repr(value)
    return (text if text.isprintable() else ascii(value))[:40]
