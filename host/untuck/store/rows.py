"""Checks of session rows: what an earlier version took from a bad archive is left out, and stops no list."""

from __future__ import annotations

import logging
import math
from functools import cache
from typing import Any

from untuck.store.session import is_time
from untuck.store.values import check_text, loads

_log = logging.getLogger(__name__)
_MOST_DURATION_S = 366 * 86400.0  # of a session; arrivals are checked when they are imported


def usable(row: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[str]]:
    """A row as store.sessions selects it, with its tags as texts and without damaged values, and what is damaged."""
    number, source, mode, started_s, ended_s, count, duration_s, settings, summary, runner, name, note, tags, *trunk = (
        row
    )
    trunk_source, trunk_count = trunk
    faults = []
    if not is_time(started_s):
        started_s = 0.0
        faults.append("its start is no date between 1970 and 2106")
    if ended_s is not None and not is_time(ended_s):
        ended_s = None
        faults.append("its end is no date between 1970 and 2106")
    if duration_s is not None and not (_is_number(duration_s) and 0 <= duration_s <= _MOST_DURATION_S):
        duration_s = 0.0
        faults.append("its packets have no usable times")
    texts = [source, mode, settings, runner, name, note, trunk_source]
    if not all(isinstance(text, str) for text in (*texts, summary or "")):
        texts = [text if isinstance(text, str) else "" for text in texts]
        summary = summary if isinstance(summary, str) else None
        faults.append("a text in it is none")
    words = _words(tags)
    if words is None:
        faults.append("its tags cannot be read")
    source, mode, settings, runner, name, note, trunk_source = texts
    times = (started_s, ended_s, count, duration_s)
    user = (runner, name, note, words or ())
    return (number, source, mode, *times, settings, summary, *user, trunk_source, trunk_count), faults


@cache
def warn(path: str, number: int, faults: str) -> None:
    """Report a damaged session, once in a command."""
    _log.warning("session %d is damaged: %s. `untuck sessions delete %d` removes it.", number, faults, number)


def has_strides(summary: Any) -> bool:
    """Whether a summary in the store counts strides; one that is missing or damaged may."""
    try:
        return bool(summary is None or loads(summary)["strides"] != 0)
    except (ValueError, TypeError, KeyError):
        return True


def _words(tags: Any) -> tuple[str, ...] | None:
    try:
        words = loads(tags)
        for word in words:
            check_text(word)
    except (ValueError, TypeError, AttributeError):
        return None
    return tuple(words) if isinstance(words, list) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
