"""Distances between recordings in words, and why they may be apart."""

from __future__ import annotations

import math

from untuck.errors import ReportError

APART_S = 900.0  # between the recordings: more is not an error of a clock but of a date or a time zone
_ZONE_MOST_S = 14 * 3600.0
_DAY_S = 86400.0
_UNITS = (
    (365.25 * _DAY_S, "year"),
    (30.44 * _DAY_S, "month"),
    (_DAY_S, "day"),
    (3600.0, "hour"),
    (60.0, "minute"),
    (1.0, "second"),
)
_UNSET_UNIX_S = 978307200.0 + 31536000.0  # the end of 2001: a clock that was never set says 1989, 1998 or 2000


def check_apart(first_s: float, last_s: float, watch_first_s: float, watch_last_s: float) -> None:
    """Raise ReportError if a session and a watch's recording, in unix seconds, are further apart than clocks differ."""
    apart_s = max(watch_first_s - last_s, first_s - watch_last_s)
    if not math.isfinite(apart_s):
        raise ReportError("the watch's file or the session has no usable time. Export it from the watch again.")
    if apart_s <= APART_S:
        return
    start_s = watch_first_s - first_s
    when = "after" if start_s > 0 else "before"
    raise ReportError(
        f"the watch's recording starts {in_words(abs(start_s))} {when} this session: they are not the same run"
        f"{_reason(start_s, watch_first_s)}. Choose the session with --session, or, if only a clock was wrong, give "
        f"--offset {start_s:.0f} (watch time minus session time in seconds)."
    )


def _reason(start_s: float, watch_s: float) -> str:
    if watch_s < _UNSET_UNIX_S:
        return ", or the watch's clock was never set"
    halves = round(start_s / 1800.0)
    if abs(start_s) <= _ZONE_MOST_S + APART_S and halves and abs(start_s - 1800.0 * halves) <= 300.0:
        return ", or one of the clocks is set to another time zone or to summer time"
    if abs(abs(start_s) / _DAY_S / 365.25 % 1 - 0.5) > 0.49 and abs(start_s) > 300 * _DAY_S:
        return ", or one of the clocks has a wrong year"
    return ""


def in_words(seconds: float) -> str:
    """A length of time in its one or two largest units: "1 year", "2 hours 5 minutes"."""
    left = seconds
    words: list[str] = []
    for index, (size, name) in enumerate(_UNITS):
        count = int(left / size + (0.5 if words or index == len(_UNITS) - 1 else 0.003 * (index == 0)))
        if count:
            words.append(f"{count} {name}{'s' if count > 1 else ''}")
            left -= count * size
        if len(words) == 2 or (words and not count) or (words and left < 0):
            break
    return " ".join(words) or "0 seconds"
