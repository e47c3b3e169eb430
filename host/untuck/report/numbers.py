"""Numbers for people: the one place where an unknown value becomes text.

Pure; no output of Untuck shows NaN, infinity or a negative zero.
"""

from __future__ import annotations

import math

UNKNOWN = "-"


def written(value: float | None, form: str) -> str:
    """A value in a format such as "{:+.1f}°"; "-" where it is None, NaN or infinite."""
    return UNKNOWN if value is None or not math.isfinite(value) else form.format(value)


def number(value: float | None, places: int = 0, unit: str = "", *, signed: bool = False) -> str:
    """A value with its unit, as "5.3 deg" or "+0.4 deg"; "-" without a unit where it is None, NaN or infinite."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    rounded = round(float(value), places) + 0.0  # never a negative zero
    return f"{rounded:{'+' if signed and rounded else ''}.{places}f} {unit}".rstrip()


def with_error(value: float | None, error: float | None, places: int = 0, unit: str = "") -> str:
    """A value with its spread or error, as "5.3 +- 0.4 deg"; only the value where the error is unknown."""
    if value is None or error is None or not (math.isfinite(value) and math.isfinite(error)):
        return number(value, places, unit)
    return f"{number(value, places)} +- {number(error, places, unit)}"


def counted(count: int, name: str) -> str:
    """A count with its noun: "1 session", "3 sessions"."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def finite(value: float) -> float | None:
    """The value, or None for NaN and infinity, as JSON has neither."""
    return value if math.isfinite(value) else None
