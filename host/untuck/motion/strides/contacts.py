"""Steps to contacts: the times of contact and toe-off, the side, and whether the step was run or walked.

A step is a hump of low-passed vertical acceleration, found by the kernel. Its edges, less a lag that depends on step
time, hump height and length, are a first guess. The time in which the vertical force exceeds body weight, and a few
measures of the step, then give both instants.
"""

from __future__ import annotations

from collections import deque
from math import isnan, radians, sin
from statistics import median
from typing import NamedTuple

import numpy as np

from untuck.model import BOTH, LEFT, RIGHT, Calibration, Floats
from untuck.motion.history import History
from untuck.motion.params import Params
from untuck.motion.strides import contact_kernels, kernels
from untuck.motion.strides.contact_weights import EDGES, LAGS, WEIGHTS
from untuck.motion.strides.gait import Gait
from untuck.motion.strides.timing_level import TimingLevel

_SAMPLES_MAX = 2048  # looked back at: more than a second at 1 kHz
_LONGER, _LONGER_HIDDEN = 1.6, 1.3  # of the usual interval, beyond which a step is missing
_STAMP_ROUNDING_S = 1e-6  # so that gaps of whole samples are on the same side of a threshold on every clock
_START_TOLERANCE_S = 0.003  # a contact this far before the first sample still counts as recorded


class Step(NamedTuple):
    """One step: contact and toe-off in s, side -1 left / +1 right, whether it was run, sample where it became known."""

    contact_s: float
    toe_off_s: float
    side: int
    running: bool
    follows: bool  # directly after the previous step, on the other foot
    number: int


def _walked(contact_s: float, toe_off_s: float, index: int) -> Step:
    return Step(contact_s, toe_off_s, BOTH, running=False, follows=False, number=index)


class StepTracker:
    """Turns the kernel's step rows into Steps, in order; the first ones wait until enough have voted on the side."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._window_s = np.array([*params.side_window_s, params.side_mean_s])
        self._vote_limit = sin(radians(params.side_most_deg))
        self._signals, self._grid = np.empty((3, _SAMPLES_MAX)), np.empty((3, contact_kernels.GRID_MAX))
        self._x, self._measured = np.ones(contact_kernels.FEATURES + 1), np.empty(5)
        self._gait = Gait(params)
        self._level = TimingLevel()
        self._scores: deque[float] = deque(maxlen=params.side_votes)
        self._intervals: deque[float] = deque(maxlen=8)
        self._waiting: list[tuple[float, float]] = []
        self._last_contact_s = -np.inf
        self._last_side = 0

    def push(self, row: Floats, history: History, calibration: Calibration) -> list[Step]:
        """The Steps that are known with this row; calibration: how the sensor sits on the pelvis."""
        numbers = row.tolist()
        index = int(numbers[kernels.STEP_INDEX])
        scratch = self._signals, self._grid, self._x, self._measured
        fitted, mount = (LAGS, WEIGHTS, EDGES), calibration.sensor_to_pelvis
        contact_kernels.measure_step(*history.until(index + 1), mount, row, *fitted, self._window_s, *scratch)
        timed_contact_s, timed_toe_off_s, height, *guess_s = self._measured.tolist()
        contact_s, toe_off_s = self._level.steady((timed_contact_s, timed_toe_off_s), (guess_s[0], guess_s[1]))
        interval = contact_s - self._last_contact_s
        self._last_contact_s = contact_s
        seen = contact_s >= numbers[kernels.STEP_SINCE_S] - _START_TOLERANCE_S
        hidden = not seen or numbers[kernels.STEP_GAP_S] > self._params.step_gap_max_s
        walked = []
        if interval > 0.6 * self._params.stride_max_s:
            if self._gait.running is None and self._waiting and interval < self._params.standing_after_s and not hidden:
                walked = [_walked(*self._waiting[-1], index)]  # no step follows it in the time of a running step
            self._gait.reset()
        running = self._gait.push(row, history, calibration)
        run = seen and running is not False and interval >= 0.4 * self._params.stride_min_s
        follows = run and self._is_next_step(interval, hidden)
        if not follows:
            self._end_sequence()
        if not run:
            return walked if hidden else [*walked, _walked(contact_s, toe_off_s, index)]
        if hidden and not follows:
            return walked  # samples are missing: the hump may be two merged steps
        if self._scores:
            self._intervals.append(interval)
        self._scores.append(0.0 if isnan(height) else min(self._vote_limit, max(-self._vote_limit, height)))
        self._waiting.append((contact_s, toe_off_s))
        known = running and len(self._scores) >= self._params.side_first_votes
        return self._release(index) if known else walked

    def _end_sequence(self) -> None:
        """The sequence of steps has ended; waiting steps are dropped, because too few have voted on their side."""
        self._waiting.clear()
        self._scores.clear()
        self._intervals.clear()
        self._level.clear()
        self._last_side = 0

    def _release(self, index: int) -> list[Step]:
        """The waiting steps with their sides, alternating back from the vote on the last one."""
        steps = []
        side = self._vote() * (-1 if len(self._waiting) % 2 == 0 else 1)
        for contact_s, toe_off_s in self._waiting:
            # where the vote changes sign, the earlier sides were wrong
            follows = side == -self._last_side
            steps.append(Step(contact_s, toe_off_s, side, running=True, follows=follows, number=index))
            self._last_side, side = side, -side
        self._waiting.clear()
        return steps

    def _is_next_step(self, interval: float, hidden: bool) -> bool:
        """Whether no step is missing since the last one; hidden: samples are, and may have merged two steps."""
        if interval > 0.6 * self._params.stride_max_s:
            return False
        if not self._scores:
            return True
        longest = _LONGER_HIDDEN if hidden else _LONGER
        if not self._intervals or interval < longest * min(self._intervals):
            return True
        return interval < longest * median(self._intervals)

    def _vote(self) -> int:
        """The side of the last step; against the previous step's side only with a clear majority."""
        total, size, sign = 0.0, 0.0, 1.0
        for score in reversed(self._scores):
            total += sign * score
            size += abs(score)
            sign = -sign
        if self._last_side != 0 and abs(total) < self._params.side_change_share * size:
            return self._last_side * (-1 if len(self._waiting) % 2 == 1 else 1)
        return RIGHT if total > 0.0 else LEFT


def track_params(params: Params) -> Floats:
    """(6,) parameters of the kernel's step detector, in its order (kernels.T_*)."""
    p = params
    return np.array(
        [
            p.contact_lowpass_hz,
            p.flight_lowpass_hz,
            p.contact_level_g,
            p.refractory_s,
            p.reset_gap_s + _STAMP_ROUNDING_S,
            p.step_hold_s,
        ]
    )


def hump_edges_s(row: Floats) -> tuple[float, float]:
    """First guess of contact and toe-off in s of a step row (STEP_COLUMNS,), from its hump alone."""
    out = np.empty(2)
    contact_kernels.hump_edges(row, LAGS, out)
    contact_s, toe_off_s = out.tolist()
    return contact_s, toe_off_s
