"""Columns of time as seconds: numbers in s, ms, us or ns, counters that wrap, dates and times of day.

Times since 1970 lose nothing: whole numbers are subtracted before they become floats.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from untuck.errors import SamplesError
from untuck.model import Floats
from untuck.sources.files.units import TIME

DATE = re.compile(
    r"^(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}))?[T ]*"
    r"(\d{1,2}):(\d{2}):(\d{2})(?:[.,:](\d{1,9}))?\s*(Z|[+-]\d{2}:?\d{2}|[AaPp][Mm])?$"
)
_DAY_NS = 86_400_000_000_000
_WRAPS = (2.0**32, 2.0**16)


def seconds(values: NDArray[Any], unit: str, name: str) -> tuple[Floats, str]:
    """(N,) seconds of a column, and the unit it was in ("date" for dates).

    unit: "" to detect it from its size. Since 1970 where the column says so. Raises SamplesError if it is ambiguous.
    """
    if values.dtype.kind == "M":
        return _of_ns(values.astype("datetime64[ns]").astype(np.int64)), "date"
    if values.dtype.kind in "OUS":
        try:
            values = values.astype(np.float64)
        except (ValueError, TypeError):
            return _of_ns(_dates(values, name)), "date"
    unit = unit or detect(values, name)
    if values.dtype.kind in "iu" and unit != "s":
        per_s = round(1.0 / TIME[unit])
        whole, rest = np.divmod(values.astype(np.int64), per_s)
        return whole + rest / per_s, unit
    return values.astype(np.float64) * TIME[unit] if unit != "s" else values.astype(np.float64), unit


def detect(values: NDArray[Any], name: str) -> str:
    """The unit that dates since 1970, or the step between samples, say. Raises SamplesError if they do not."""
    first = abs(float(values[0])) if len(values) else 0.0
    for unit, low, high in (("s", 3e8, 4e9), ("ms", 3e11, 4e12), ("us", 3e14, 4e15), ("ns", 3e17, 4e18)):
        if low < first < high:
            return unit
    steps = np.diff(values.astype(np.float64))
    step = float(np.median(steps)) if len(steps) else np.nan
    if step == 0:  # stamps in bunches
        step = float(np.mean(steps))
    for unit, low, high in (("s", 2e-4, 0.2), ("ms", 0.2, 200.0), ("us", 200.0, 2e5), ("ns", 2e5, 2e8)):
        if low <= step < high and not (steps == 1.0).all():
            return unit
    raise SamplesError(
        f"the unit of {name!r} is not clear (a step of {step:.4g}): give --units time=s, ms, us or ns, or --rate if it "
        "counts samples."
    )


def unwrapped(values: Floats) -> Floats:
    """A counter of 16 or 32 bits that restarts from 0 is continued."""
    steps = np.diff(values)
    for size in _WRAPS:
        back = steps < -size / 2
        if back.any() and values.max() < size:
            return values + size * np.concatenate([[0.0], np.cumsum(back)])
    return values


def _of_ns(ns: NDArray[np.int64]) -> Floats:
    whole, rest = np.divmod(ns, 1_000_000_000)
    return whole + rest / 1e9


def _dates(values: NDArray[Any], name: str) -> NDArray[np.int64]:
    """Nanoseconds since 1970, or since midnight where there is no date; a midnight in between is bridged."""
    found = [DATE.match(str(value).strip()) for value in values]
    if not all(found):
        at = next(index for index, each in enumerate(found) if not each)
        raise SamplesError(f"{name!r} is no time at row {at + 1}: {str(values[at])[:40]!r}.")
    rows = [_ns(each.groups()) for each in found if each]
    ns = np.array(rows, np.int64)
    if found and found[0] and found[0][1] is None and found[0][4] is None:
        ns = ns + _DAY_NS * np.concatenate([[0], np.cumsum(np.diff(ns) < -_DAY_NS // 2)])
    return ns


def _ns(parts: tuple[str | None, ...]) -> int:
    year, month, day, first, second, later_year, hour, minute, sec, fraction, zone = parts
    if later_year:  # 28.11.2026, or 11/28/2026 where the first cannot be a month
        day, month, year = (first, second, later_year) if int(second or 0) <= 12 else (second, first, later_year)
    days = 0
    if year:
        try:
            days = int(np.datetime64(f"{int(year):04}-{int(month or 0):02}-{int(day or 0):02}", "D").astype(np.int64))
        except ValueError as error:
            raise SamplesError(f"{year}-{month}-{day} is no date.") from error
    hours = int(hour or 0)
    if zone and zone.lower() in ("am", "pm"):
        hours = hours % 12 + 12 * (zone.lower() == "pm")
    total = ((days * 24 + hours) * 60 + int(minute or 0)) * 60 + int(sec or 0)
    if zone and zone[0] in "+-":
        shift = int(zone[1:3]) * 60 + int(zone[-2:])
        total += -60 * shift if zone[0] == "+" else 60 * shift
    return total * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))
