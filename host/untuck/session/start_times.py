"""Corrects when sessions began, for a computer whose clock is set only after them.

A Raspberry Pi has no clock that runs while it is off: it starts with the time at which it was switched off, and learns
the time when it reaches a network, often after the run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from untuck.errors import StoreError
from untuck.sources import computer_clock
from untuck.store import Store, edits

NOTICEABLE_S = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Session:
    """A session and the clock's offset when it began and ended."""

    number: int
    began_s: float
    ended_s: float


class StartTimes:
    """The sessions of this process whose times may be wrong.

    is_set: whether the clock is right; offset_s: wall time minus the time since the computer was switched on.
    """

    def __init__(
        self,
        is_set: Callable[[], bool] = computer_clock.is_set,
        offset_s: Callable[[], float] = computer_clock.offset_s,
    ) -> None:
        self._is_set = is_set
        self._offset_s = offset_s
        self._sessions: list[_Session] = []
        self._began: tuple[bool, float] = True, 0.0

    def begin(self) -> None:
        """A session begins now."""
        self._began = self._is_set(), self._offset_s()

    def end(self, number: int) -> None:
        """The session has ended and is stored under this number."""
        was_set, began_s = self._began
        if not was_set:
            self._sessions.append(_Session(number, began_s, self._offset_s()))

    def correct(self) -> int:
        """Once the clock is right, correct the sessions that began before; returns how many changed."""
        if not self._sessions or not self._is_set():
            return 0
        offset_s, changed = self._offset_s(), 0
        sessions, self._sessions = self._sessions, []
        for each in sessions:
            late_s = offset_s - each.began_s
            if abs(late_s) < NOTICEABLE_S:
                continue
            try:
                edits.move(Store(), each.number, late_s, offset_s - each.ended_s)
                changed += 1
            except StoreError as error:  # deleted meanwhile
                _log.info("the times of session %d were not corrected: %s", each.number, error)
        return changed
