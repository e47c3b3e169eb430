"""Steps to contacts: corrects the detector's lag, names the side, and tells running from walking and standing.

The hump of a step is found by the kernel; lags are a fitted function of step time, hump height and hump length.
What one step means (contact, toe-off, side, gait) is decided here; strides are cut elsewhere.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

import numpy as np

from untuck.model import BOTH, LEFT, RIGHT, Floats
from untuck.motion import kernels as k
from untuck.motion.history import History
from untuck.motion.params import Params

# Lag of the hump's edges in s: constant, per s of step time, per g of hump height, per s of hump length.
# Fitted by bench/fit_contacts.py on the development runners.
CONTACT_LAG = (0.0774, 0.1712, -0.0366, 0.0023)
TOE_OFF_LAG = (0.0816, -0.5014, 0.0755, 0.0006)
_LAG_2SD_S = 0.02  # a contact so little before the first sample may yet have been in it
USUAL_STEP_S = 0.36  # stands in for the step time of the first step after a break


@dataclass(frozen=True)
class Step:
    """One step: contact and toe-off in s, side -1 left / +1 right, whether it was run, sample at which it was known."""

    contact_s: float
    toe_off_s: float
    side: int
    running: bool
    follows: bool  # directly after the step before it, on the other foot
    index: int


class StepTracker:
    """Turns step rows of the kernel into Steps, in order; the first few wait until enough have voted on the side."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._scores: deque[float] = deque(maxlen=params.side_votes)
        self._intervals: deque[float] = deque(maxlen=8)
        self._waiting: list[tuple[float, float]] = []
        self._last_contact_s = -np.inf
        self._last_side = 0

    def push(self, row: Floats, history: History, right: Floats) -> list[Step]:
        """The Steps that a kernel's row makes known; `right` (3,) is the pelvis's right axis in sensor coordinates."""
        contact_s, toe_off_s = edges(row)
        index = int(row[k.STEP_INDEX])
        interval = contact_s - self._last_contact_s
        running = contact_s >= row[k.STEP_SINCE_S] - _LAG_2SD_S and self._is_run(row, interval)
        if not (running and self._follows(interval)):
            self._break()
        if not running:
            return [Step(contact_s, toe_off_s, BOTH, False, False, index)]
        if self._scores:
            self._intervals.append(interval)
        self._scores.append(self._score(contact_s, index, history, right))
        self._waiting.append((contact_s, toe_off_s))
        self._last_contact_s = contact_s
        return self._release(index) if len(self._scores) >= self._params.side_first_votes else []

    def _break(self) -> None:
        """The row of steps is broken off; fewer than can vote on their side are not counted as running."""
        self._waiting.clear()
        self._scores.clear()
        self._intervals.clear()
        self._last_contact_s, self._last_side = -np.inf, 0

    def _release(self, index: int) -> list[Step]:
        """Name the waiting steps, sides alternating back from the vote."""
        steps = []
        side = self._vote() * (-1 if len(self._waiting) % 2 == 0 else 1)
        for contact_s, toe_off_s in self._waiting:
            # a vote that turns means that what went before was named wrongly
            steps.append(Step(contact_s, toe_off_s, side, True, side == -self._last_side, index))
            self._last_side, side = side, -side
        self._waiting.clear()
        return steps

    def _is_run(self, row: Floats, interval: float) -> bool:
        p = self._params
        if row[k.STEP_FLIGHT_G] > p.flight_level_g or row[k.STEP_RAW_G] < p.peak_min_g:
            return False
        return interval >= 0.4 * p.stride_min_s

    def _follows(self, interval: float) -> bool:
        if interval > 0.6 * self._params.stride_max_s:
            return False
        return not self._intervals or interval < 1.6 * median(self._intervals)

    def _score(self, contact_s: float, index: int, history: History, right: Floats) -> float:
        """Height of the right side in mid-stance against its mean: positive in right stance."""
        p = self._params
        start = contact_s + p.side_window_s[1] - p.side_mean_s
        first = history.find(start, index + 1)
        time_s = history.time(first, index + 1)
        quat = history.column("quat", first, index + 1)
        stance = k.mean_obliquity(time_s, quat, right, contact_s + p.side_window_s[0], contact_s + p.side_window_s[1])
        mean = k.mean_obliquity(time_s, quat, right, start, contact_s + p.side_window_s[1])
        return float(stance - mean) if np.isfinite(stance) else 0.0

    def _vote(self) -> int:
        total, sign = 0.0, 1.0
        for score in reversed(self._scores):
            total += sign * score
            sign = -sign
        return RIGHT if total > 0.0 else LEFT


def edges(row: Floats) -> tuple[float, float]:
    """Contact and toe-off in s of a step row: the hump's edges less their fitted lags."""
    step = row[k.STEP_UP_S] - row[k.STEP_PREV_UP_S]
    if not 0.2 <= step <= 0.6:
        step = USUAL_STEP_S
    terms = (1.0, step, row[k.STEP_PEAK_G], row[k.STEP_DOWN_S] - row[k.STEP_UP_S])
    contact = row[k.STEP_UP_S] - sum(c * x for c, x in zip(CONTACT_LAG, terms, strict=True))
    toe_off = row[k.STEP_DOWN_S] - sum(c * x for c, x in zip(TOE_OFF_LAG, terms, strict=True))
    return float(contact), float(toe_off)
