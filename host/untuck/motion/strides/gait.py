"""Running or walking: whether the pelvis moves as on a spring or as on an inverted pendulum.

A walker's pelvis is slowest when it is highest, a runner's when it is lowest, so the correlation of height and forward
velocity has opposite signs (Cavagna, Thys and Zamboni, J. Physiol. 262, 1976, compare the energies of both). Force and
flight do not separate them: a fast walk reaches -1.2 g, and some joggers hardly leave the ground.
"""

from __future__ import annotations

from collections import deque
from math import hypot, isnan

import numpy as np

from untuck.model import Calibration, Floats
from untuck.motion.history import History
from untuck.motion.params import Params
from untuck.motion.strides import gait_kernels, kernels


class Gait:
    """Follows the gait from step to step; `running` is None while nothing is known."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self.running: bool | None = None
        self._springs: deque[float] = deque(maxlen=params.gait_steps)
        self._lifts: deque[float] = deque(maxlen=params.gait_steps)
        self._sums, self._measured = np.empty(gait_kernels.SUMS), np.empty(gait_kernels.GAIT_NUMBERS)
        self._mount: Floats | None = None
        self._seen: list[tuple[float, float]] = []  # directions of the spring in pelvis axes, forward and right
        self._direction: tuple[float, float] | None = None  # the one that running has shown

    def reset(self) -> None:
        """The steps were interrupted."""
        self.running = None
        self._springs.clear()
        self._lifts.clear()

    def push(self, row: Floats, history: History, calibration: Calibration) -> bool | None:
        """Whether the step of this row was run, None if unknown; `row` (STEP_COLUMNS,) follows the last one's step."""
        p, mount = self._params, calibration.sensor_to_pelvis
        if mount is not self._mount:
            self._mount, self._direction = mount, None
            self._seen.clear()
        up_s, start_s, gap_s, index = (
            row.item(j) for j in (kernels.STEP_UP_S, kernels.STEP_PREV_UP_S, kernels.STEP_GAP_S, kernels.STEP_INDEX)
        )
        step_s = up_s - start_s
        if isnan(step_s) or step_s > 0.6 * p.stride_max_s or gap_s > p.step_gap_max_s:
            return self.running
        scratch = self._sums, self._measured
        if not gait_kernels.measure_gait(*history.until(int(index) + 1), mount, row, *scratch):
            return self.running
        spring, lift, forward, right = self._measured.tolist()
        heading_known = calibration.source == "stand+hinges"
        if not heading_known:
            self._look_for_direction(lift, forward, right)
        if self._direction is not None:
            spring = self._direction[0] * forward + self._direction[1] * right
        self._springs.append(spring)
        self._lifts.append(lift)
        self.running = self._decide(row, heading_known or self._direction is not None)
        return self.running

    def _decide(self, row: Floats, direction_known: bool) -> bool:
        p = self._params
        lift, spring = sum(self._lifts) / len(self._lifts), sum(self._springs) / len(self._springs)
        if lift >= (p.lift_run_g if direction_known else p.lift_sure_g):
            return True
        if lift < p.lift_min_g:
            return False
        if not direction_known and (
            row[kernels.STEP_FLIGHT_G] > p.flight_level_g or row[kernels.STEP_RAW_G] < p.peak_min_g
        ):
            return False
        return spring > p.spring_min and self._springs[-1] > p.spring_step_min

    def _look_for_direction(self, lift: float, forward: float, right: float) -> None:
        """Steps that are running without doubt show which way the mount's forward axis really points."""
        if self._direction is not None or lift < self._params.lift_sure_g:
            return
        self._seen.append((forward, right))
        if len(self._seen) < self._params.direction_steps:
            return
        ahead, aside = (sum(values) / len(self._seen) for values in zip(*self._seen, strict=True))
        size = hypot(ahead, aside)
        self._seen.clear()
        if size > self._params.direction_min:
            self._direction = ahead / size, aside / size
