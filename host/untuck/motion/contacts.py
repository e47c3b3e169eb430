"""Steps to contacts: times contact and toe-off, names the side, and tells running from walking and standing.

A step is a hump of low-passed vertical acceleration, found by the kernel. Its edges, less a lag that follows from step
time, hump height and length, are a first guess; the vertical and fore-aft acceleration around both then time them.
What one step means (contact, toe-off, side, gait) is decided here; strides are cut elsewhere.
"""

from __future__ import annotations

from collections import deque
from math import isnan, radians
from statistics import median
from typing import NamedTuple

import numpy as np

from untuck.model import BOTH, LEFT, RIGHT, Floats
from untuck.motion import contact_kernels as ck
from untuck.motion import kernels as k
from untuck.motion.contact_weights import LAGS, TIMING
from untuck.motion.history import History
from untuck.motion.params import Params

_FRAME_S = 0.003  # a contact no further before the first sample than this counts as recorded


class Step(NamedTuple):
    """One step: contact and toe-off in s, side -1 left / +1 right, whether it was run, sample at which it was known."""

    contact_s: float
    toe_off_s: float
    side: int
    running: bool
    follows: bool  # directly after the step before it, on the other foot
    number: int


class StepTracker:
    """Turns step rows of the kernel into Steps, in order; the first few wait until enough have voted on the side."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._scores: deque[float] = deque(maxlen=params.side_votes)
        self._intervals: deque[float] = deque(maxlen=8)
        self._waiting: list[tuple[float, float]] = []
        self._last_contact_s = -np.inf
        self._last_side = 0

    def push(self, row: Floats, history: History, mount: Floats) -> list[Step]:
        """The Steps that a kernel's row makes known; mount (3,3) has rows P.x, P.y, P.z in sensor coordinates."""
        contact_s, toe_off_s = timed(row, history, mount[0])
        index = int(row[k.STEP_INDEX])
        interval = contact_s - self._last_contact_s
        seen = contact_s >= row[k.STEP_SINCE_S] - _FRAME_S
        running = seen and self._is_run(row, interval)
        if not (running and self._follows(interval)):
            self._break()
        if not running:
            hidden = not seen or row[k.STEP_GAP_S] > self._params.step_gap_max_s
            return [] if hidden else [Step(contact_s, toe_off_s, BOTH, False, False, index)]
        if self._scores:
            self._intervals.append(interval)
        self._scores.append(self._score(contact_s, index, history, mount[2]))
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
        stance_s, end_s = contact_s + p.side_window_s[0], contact_s + p.side_window_s[1]
        start_s = end_s - p.side_mean_s
        first = history.find(start_s, index + 1)
        time_s, quat = history.time(first, index + 1), history.column("quat", first, index + 1)
        drop: float = k.stance_drop(time_s, quat, right, start_s, stance_s, end_s)
        if isnan(drop):
            return 0.0
        most = radians(p.side_most_deg)
        return min(most, max(-most, drop))

    def _vote(self) -> int:
        total, sign = 0.0, 1.0
        for score in reversed(self._scores):
            total += sign * score
            sign = -sign
        return RIGHT if total > 0.0 else LEFT


def track_params(params: Params) -> Floats:
    """What the kernel's step detector wants to know."""
    p = params
    return np.array(
        [
            p.contact_lowpass_hz,
            p.flight_lowpass_hz,
            p.contact_level_g,
            p.refractory_s,
            p.reset_gap_s,
            p.step_hold_s,
        ]
    )


def edges(row: Floats) -> tuple[float, float]:
    """First guess of contact and toe-off in s of a step row, from its hump alone."""
    out = np.empty(2)
    ck.hump_edges(row, LAGS, out)
    contact_s, toe_off_s = out.tolist()
    return contact_s, toe_off_s


def timed(row: Floats, history: History, forward: Floats) -> tuple[float, float]:
    """Contact and toe-off in s of a step row, by all that is known of it; forward (3,): P.x in sensor coordinates."""
    end = int(row[k.STEP_INDEX]) + 1
    first = history.find(row[k.STEP_DOWN_S] - ck.LOOK_BACK_S, end)
    time_s, quat = history.time(first, end), history.column("quat", first, end)
    out, signals, x = np.empty(2), np.empty((2, len(time_s))), np.empty(ck.FEATURES)
    earth = history.column("earth", first, end)
    ck.time_step(time_s, quat, earth, forward, row, LAGS, TIMING, signals, x, out)
    contact_s, toe_off_s = out.tolist()
    return contact_s, toe_off_s
