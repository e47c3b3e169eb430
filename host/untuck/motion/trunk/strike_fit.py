"""Corrects the fit of two clips' clocks by the foot strikes that both feel, where arrivals cannot show the difference.

A link whose connection events come exactly at the rate of the packets delays all of them alike, by up to an event's
interval. What a clip is worn on moves strikes by some milliseconds too: both are weighted by their errors.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from statistics import median
from typing import NamedTuple

import numpy as np

from untuck.model import Floats
from untuck.motion.trunk.offset import GARMENT_S, OFFSET_MAX_S, WINDOW_S, window_offset
from untuck.samples import Samples

_EVERY_S = 5.0
_WINDOWS, _LEAST = 7, 3
_SURE_S = OFFSET_MAX_S + 2.0 * GARMENT_S
_SCATTER_MOST_S = 0.006  # mean deviation of the windows from their median: beyond, they do not agree
_MOST_S = 0.06  # longer than a connection interval; a whole step, 0.3 s, looks the same
_SIDES_S = 4.0  # that a window needs on both sides
_KEPT_S = 3.0 * WINDOW_S

Shift = Callable[[float], float]  # of a trunk's time onto the pelvis's clock, as arrivals show it


class _Seen(NamedTuple):
    """The shift that strikes show at a time of the trunk's clock."""

    time_s: float
    shift_s: float


class StrikeFit:
    """Compares strikes in windows of running. correction_s: what is to be added to the shift that arrivals show."""

    def __init__(self) -> None:
        self.correction_s = 0.0
        self._pelvis, self._trunk = _Shaken(), _Shaken()
        self._seen: deque[_Seen] = deque(maxlen=_WINDOWS)
        self._next_s = -inf  # on the trunk's clock, where the next window begins

    def restart(self) -> None:
        """A clock has restarted: what was seen is of another one."""
        self.correction_s = 0.0
        self._seen.clear()
        self._next_s = self._trunk.last_s

    def pelvis(self, samples: Samples) -> None:
        """Take in samples of the pelvis."""
        self._pelvis.push(samples.time_s, samples.acc_m_s2)

    def trunk(self, time_s: Floats, acc_m_s2: Floats, shift: Shift, error_s: float) -> None:
        """Take in samples of the trunk, at times (n,) of its own clock; look for strikes where both have sent enough.

        shift: as arrivals show it, with a standard error error_s from the phases at which the links deliver. To be
        called when no packet of either clip that has arrived before is missing.
        """
        self._trunk.push(time_s, acc_m_s2)
        if self._trunk.last_s - self._next_s > _KEPT_S - 1.0:
            self._next_s = self._trunk.last_s
        while (end_s := self._next_s + WINDOW_S + _SIDES_S) < self._trunk.last_s:
            if end_s + shift(end_s) > self._pelvis.last_s:
                break
            self._look(self._next_s, shift, error_s)
            self._next_s += _EVERY_S

    def _look(self, start_s: float, shift: Shift, error_s: float) -> None:
        by_s = shift(start_s + 0.5 * WINDOW_S)
        if self._pelvis.last_s - start_s - by_s > _KEPT_S - 1.0:
            return  # the trunk's samples came too late
        offset_s = window_offset(self._pelvis.samples(0.0), self._trunk.samples(by_s), start_s + by_s, _MOST_S)
        if offset_s is None:
            return
        self._seen.append(_Seen(start_s + 0.5 * WINDOW_S, by_s - offset_s))
        off_s = [each.shift_s - shift(each.time_s) for each in self._seen]
        middle_s = median(off_s)
        scatter_s = sum(abs(each - middle_s) for each in off_s) / len(off_s)
        if len(off_s) < _LEAST or scatter_s > _SCATTER_MOST_S or abs(middle_s) > _MOST_S:
            self.correction_s = 0.0
            return
        share = 1.0 if abs(middle_s) > _SURE_S else error_s**2 / (error_s**2 + GARMENT_S**2)
        self.correction_s = share * middle_s


class _Shaken:
    """Times and specific force of the last samples of a clip."""

    def __init__(self) -> None:
        self.last_s = -inf
        self._parts: deque[tuple[Floats, Floats]] = deque()

    def push(self, time_s: Floats, acc_m_s2: Floats) -> None:
        if len(time_s) == 0:
            return
        self.last_s = float(time_s[-1])
        first = int(np.searchsorted(time_s, self.last_s - _KEPT_S))
        self._parts.append((time_s[first:], acc_m_s2[first:]))
        while self._parts[0][0][-1] < self.last_s - _KEPT_S:
            self._parts.popleft()

    def samples(self, by_s: float) -> Samples:
        """The samples, by_s later."""
        time_s, acc = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        return Samples(time_s + by_s, np.zeros((len(time_s), 3)), acc)
