"""Steps to contacts: times contact and toe-off, names the side, and tells running from walking and standing.

A step is a hump of low-passed vertical acceleration, found by the kernel. Its edges, less a lag that follows from step
time, hump height and length, are a first guess; the vertical and fore-aft acceleration around both then time them.
Weights move them till they fit; a small network, which bends where weights cannot, corrects where they came to rest.
What one step means (contact, toe-off, side, gait) is decided here; strides are cut elsewhere.
"""

from __future__ import annotations

from collections import deque
from math import isnan, radians, sin
from statistics import median
from typing import NamedTuple

import numpy as np

from untuck.model import BOTH, LEFT, RIGHT, Floats
from untuck.motion.history import History
from untuck.motion.jit import callable_from_python
from untuck.motion.params import Params
from untuck.motion.strides import contact_kernels as ck
from untuck.motion.strides import kernels as k
from untuck.motion.strides.contact_weights import BENT, HIDDEN, LAGS, STRAIGHT, TIMING

_SAMPLES_MOST = 2048  # that are looked at: a second and more at 1 kHz
_FRAME_S = 0.003  # a contact no further before the first sample than this counts as recorded


class Network(NamedTuple):
    """One hidden layer beside a straight path, from features (n,) and a one: hidden (h, n + 1), the rest gives s."""

    hidden: Floats
    straight: Floats  # (2, n + 1), of contact and toe-off
    bent: Floats  # (2, h)

    def correction_s(self, x: Floats) -> tuple[float, float]:
        """By how much contact and toe-off are to be moved, from x (n + 1,): as `time_step` leaves it, then a one."""
        moved_s = np.zeros(2)
        _correct(x, *self, moved_s)
        contact_s, toe_off_s = moved_s.tolist()
        return contact_s, toe_off_s


NETWORK = Network(HIDDEN, STRAIGHT, BENT)
_correct = callable_from_python(ck.correct)  # a step has it done within its own kernel


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
        self._window_s = np.array([*params.side_window_s, params.side_mean_s])
        self._most = sin(radians(params.side_most_deg))
        self._signals = np.empty((2, _SAMPLES_MOST))
        self._x, self._measured = np.ones(ck.FEATURES + 1), np.empty(3)
        self._scores: deque[float] = deque(maxlen=params.side_votes)
        self._intervals: deque[float] = deque(maxlen=8)
        self._waiting: list[tuple[float, float]] = []
        self._last_contact_s = -np.inf
        self._last_side = 0

    def push(self, row: Floats, history: History, mount: Floats) -> list[Step]:
        """The Steps that a kernel's row makes known; mount (3,3) has rows P.x, P.y, P.z in sensor coordinates."""
        numbers = row.tolist()
        index = int(numbers[k.STEP_INDEX])
        scratch = self._signals, self._x, self._measured
        fitted = LAGS, TIMING, *NETWORK
        ck.measure_step(*history.until(index + 1), mount, row, *fitted, self._window_s, *scratch)
        contact_s, toe_off_s, height = self._measured.tolist()
        interval = contact_s - self._last_contact_s
        seen = contact_s >= numbers[k.STEP_SINCE_S] - _FRAME_S
        running = seen and self._is_run(numbers, interval)
        if not (running and self._follows(interval)):
            self._break()
        if not running:
            hidden = not seen or numbers[k.STEP_GAP_S] > self._params.step_gap_max_s
            return [] if hidden else [Step(contact_s, toe_off_s, BOTH, False, False, index)]
        if self._scores:
            self._intervals.append(interval)
        self._scores.append(0.0 if isnan(height) else min(self._most, max(-self._most, height)))
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

    def _is_run(self, row: list[float], interval: float) -> bool:
        p = self._params
        if row[k.STEP_FLIGHT_G] > p.flight_level_g or row[k.STEP_RAW_G] < p.peak_min_g:
            return False
        return interval >= 0.4 * p.stride_min_s

    def _follows(self, interval: float) -> bool:
        if interval > 0.6 * self._params.stride_max_s:
            return False
        if not self._intervals or interval < 1.6 * min(self._intervals):
            return True
        return interval < 1.6 * median(self._intervals)

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
