"""Steps to contacts: times contact and toe-off, names the side, and tells running from walking and standing.

A step is a hump of low-passed vertical acceleration, found by the kernel. Its edges, less a lag that follows from step
time, hump height and length, are a first guess; the vertical and fore-aft acceleration around both then time them.
What one step means (contact, toe-off, side, gait) is decided here; strides are cut elsewhere.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import radians
from statistics import median

import numpy as np

from untuck.model import BOTH, LEFT, RIGHT, Floats
from untuck.motion import contact_kernels as ck
from untuck.motion import kernels as k
from untuck.motion.contact_weights import CONTACT_LAG, TIMING, TOE_OFF_LAG
from untuck.motion.history import History
from untuck.motion.params import Params

_FRAME_S = 0.003  # a contact no further before the first sample than this counts as recorded
USUAL_STEP_S = 0.36  # stands in for the step time of the first step after a break
LOOK_BACK_S = 1.0  # before the hump's end: which way the pelvis faces
MOVE_MAX_S = 0.06  # from the first guess; further, and what was seen was no step


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

    def push(self, row: Floats, history: History, mount: Floats) -> list[Step]:
        """The Steps that a kernel's row makes known; mount (3,3) has rows P.x, P.y, P.z in sensor coordinates."""
        contact_s, toe_off_s = timed(row, history, mount[0])
        index = int(row[k.STEP_INDEX])
        interval = contact_s - self._last_contact_s
        running = contact_s >= row[k.STEP_SINCE_S] - _FRAME_S and self._is_run(row, interval)
        if not (running and self._follows(interval)):
            self._break()
        if not running:
            return [Step(contact_s, toe_off_s, BOTH, False, False, index)]
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
        start = contact_s + p.side_window_s[1] - p.side_mean_s
        first = history.find(start, index + 1)
        time_s = history.time(first, index + 1)
        quat = history.column("quat", first, index + 1)
        stance = k.mean_obliquity(time_s, quat, right, contact_s + p.side_window_s[0], contact_s + p.side_window_s[1])
        mean = k.mean_obliquity(time_s, quat, right, start, contact_s + p.side_window_s[1])
        if not np.isfinite(stance):
            return 0.0
        most = radians(p.side_most_deg)
        return min(most, max(-most, float(stance - mean)))

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


def step_time(row: Floats) -> float:
    """Time since the step before in s, a usual one where there was none."""
    step_s = float(row[k.STEP_UP_S] - row[k.STEP_PREV_UP_S])
    return step_s if 0.2 <= step_s <= 0.6 else USUAL_STEP_S


def edges(row: Floats) -> tuple[float, float]:
    """First guess of contact and toe-off in s of a step row: the hump's edges less their fitted lags."""
    terms = (1.0, step_time(row), row[k.STEP_PEAK_G], row[k.STEP_DOWN_S] - row[k.STEP_UP_S])
    contact = row[k.STEP_UP_S] - sum(c * x for c, x in zip(CONTACT_LAG, terms, strict=True))
    toe_off = row[k.STEP_DOWN_S] - sum(c * x for c, x in zip(TOE_OFF_LAG, terms, strict=True))
    return float(contact), float(toe_off)


def timed(row: Floats, history: History, forward: Floats, weights: Floats = TIMING) -> tuple[float, float]:
    """Contact and toe-off in s of a step row, made finer by the acceleration around them where no sample is missing.

    forward (3,): P.x in sensor coordinates. weights as `contact_kernels.time_step` takes them.
    """
    guess_s = np.array(edges(row))
    fine_s = guess_s.copy()
    end, down_s = int(row[k.STEP_INDEX]) + 1, float(row[k.STEP_DOWN_S])
    first = history.find(down_s - LOOK_BACK_S, end)
    seen = ck.time_step(
        history.time(first, end),
        history.column("quat", first, end),
        history.column("earth", first, end),
        forward,
        step_time(row),
        down_s,
        weights,
        fine_s,
    )
    contact_s, toe_off_s = fine_s if seen and abs(fine_s - guess_s).max() < MOVE_MAX_S else guess_s
    return float(contact_s), float(toe_off_s)
