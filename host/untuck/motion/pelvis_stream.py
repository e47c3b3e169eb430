"""The stages of the pelvis's stream: samples are oriented, steps found, strides cut, measured and judged.

Kernels work on every sample of a chunk; all later stages are driven by steps and by a grid of sensor time, and use no
sample after the one at which something happened, so that chunking never changes a result.
"""

from __future__ import annotations

from math import isnan
from typing import cast

import numpy as np
from numpy.typing import NDArray

from untuck.errors import SamplesError
from untuck.events import (
    Calibrated,
    CommandTaken,
    ContactFound,
    Event,
    MovingChanged,
    StandingMeasured,
    StrideMeasured,
    Warned,
)
from untuck.model import CONTACT_DTYPE, GRAVITY_M_S2, Baseline, Calibration, Floats
from untuck.motion.commands import CommandQueue, apply
from untuck.motion.form.judge import Judge
from untuck.motion.intake import BLOCK_SAMPLES, Intake
from untuck.motion.mount.tracker import Mounting
from untuck.motion.params import Params
from untuck.motion.results import Results
from untuck.motion.strides.contacts import Step, StepTracker
from untuck.motion.strides.kernels import STEP_INDEX
from untuck.motion.strides.pace import Pace
from untuck.motion.strides.stride import Stride, StrideCutter
from untuck.motion.trunk.pair import Pair
from untuck.samples import Samples
from untuck.session_commands import StaleData
from untuck.vocabulary import Moving, NotJudged, Role

_QUIET_S = 1.0
_TICK_S = 0.25  # grid of sensor time on which calibration and standing are looked for
_TICK_LEAD_S = 0.4e-3  # the grid lies between samples, so that rounding of time cannot move it by one


class PelvisStream:
    """Takes in the samples of the pelvis's clip; what they bring goes to `results`, in order of time.

    pair: the second clip's side, which hears of running, strides and hinges; None while there is none.
    mounts: each mount with the time from which it is used.
    """

    def __init__(
        self,
        params: Params,
        calibration: Calibration | None,
        baseline: Baseline | None,
        keep_samples: bool,
        results: Results,
    ) -> None:
        self.params = params
        self.moving = Moving.STANDING
        self.pair: Pair | None = None
        self.mounting = Mounting(params, calibration)
        self.mounts: list[tuple[float, Floats]] = [(-np.inf, self.calibration.sensor_to_pelvis)]
        self.intake = Intake(params, keep_samples)
        self.history = self.intake.history
        self.judge = Judge(params, baseline)
        self.pace = Pace()
        self.commands = CommandQueue()
        self._results = results
        self._steps = StepTracker(params)
        self._cutter = StrideCutter(params)
        self._next_tick_s = np.nan
        self._last_step_s = -np.inf

    @property
    def calibration(self) -> Calibration:
        """The one in use."""
        return self.mounting.calibration

    def push(self, samples: Samples) -> None:
        """Analyse the next samples later than those before. Raises SamplesError if they are not."""
        if len(samples) == 0:
            return
        time_s, intake = samples.time_s, self.intake
        if time_s[0] <= intake.stamp_s:
            raise SamplesError(
                f"Samples at {time_s[0]:.3f} s follow {intake.stamp_s:.3f} s: push them in order of time."
            )
        first, end = 0, len(samples)
        first_s = intake.store(samples)
        if isnan(self._next_tick_s):
            self._next_tick_s = first_s + _TICK_S - _TICK_LEAD_S
        while first < end:
            left = intake.left_in_block()
            if left == BLOCK_SAMPLES:
                intake.begin_block(self.pace.speed_m_s, self.calibration.sensor_to_pelvis[0])
                if intake.problem:
                    self._results.emit(Warned(intake.last_s, intake.problem))  # which gives it once
                if intake.bias_change is not None:
                    self._results.emit(Warned(intake.last_s, intake.bias_change.text))
            if self.commands.next_s < time_s[first]:
                self._carry_out_before(float(time_s[first]))
            last = min(end, first + left)
            if self.commands.next_s <= time_s[last - 1]:
                last = int(time_s.searchsorted(self.commands.next_s, "right"))
            self._advance(last - first)
            first = last

    def _carry_out_before(self, time_s: float) -> None:
        for command in self.commands.before(time_s):
            now_s = max(command.time_s, self.intake.last_s) if np.isfinite(self.intake.last_s) else time_s
            if not isinstance(command, StaleData):
                self._results.emit(CommandTaken(now_s, command))
            mountings = [self.mounting, *([] if self.pair is None else [self.pair.clip.mounting])]
            self.params, events = apply(command, self.params, self.judge, mountings, now_s)
            self._results.publish(events)

    def _advance(self, count: int) -> None:
        """Take in the next samples in store, which lie within one block."""
        for row in self.intake.take(count):
            self._on_row(row)
        self._tick_until(self.history.end - 1, self.intake.last_s)

    def _tick_until(self, index: int, now_s: float) -> None:
        """Look for calibration and standing at every grid time up to sample `index`, at now_s."""
        h = self.history
        while self._next_tick_s <= now_s:
            running = self.moving == Moving.RUNNING and now_s - self._last_step_s <= self.params.standing_after_s
            at = index if running else h.find(self._next_tick_s, index + 1)
            at_s = h.at(at)
            self._next_tick_s += _TICK_S * (int((at_s - self._next_tick_s) / _TICK_S) + 1)
            if not running:  # while steps come, nothing is looked for
                self._tick(at, at_s)

    def _tick(self, index: int, now_s: float) -> None:
        if self.moving != Moving.RUNNING:
            self._publish_mount(self.mounting.look(self.history, index + 1, self.judge.slipped))
        if self.moving == Moving.STANDING or now_s - self._last_step_s <= self.params.standing_after_s:
            return
        if self.moving == Moving.RUNNING or self._is_quiet(index, now_s):
            self._enter(Moving.STANDING, now_s)

    def _is_quiet(self, index: int, now_s: float) -> bool:
        """Whether the last second has no steps, not even of a slow walk, many of which are too small to be timed."""
        acc = self.history.column("acc", self.history.find(now_s - _QUIET_S, index + 1), index + 1)
        return float(np.sqrt((acc * acc).sum(axis=1)).std()) < self.params.standing_acc_g * GRAVITY_M_S2

    def _publish_mount(self, events: list[Event]) -> None:
        """Publish events of the mount; what was measured with another mount is not mixed with this one's."""
        for event in events:
            if self.pair is not None and isinstance(event, Calibrated) and not event.zero_only:
                self._results.publish(self.pair.hinged(Role.PELVIS, event.calibration, event.time_s))
            self._results.emit(event)
            match event:
                case Calibrated(time_s=now_s, calibration=calibration, zero_only=zero_only):
                    mount = calibration.sensor_to_pelvis
                    self.mounts = [*self.mounts, (now_s, mount)] if len(self._results.strides) else [(-np.inf, mount)]
                    self._results.publish(self.judge.calibrated(zero_only, now_s))
                case StandingMeasured(standing=standing):
                    if standing.zeroed or standing.difference_deg <= self.params.zero_min_deg:
                        self.judge.stood()
                case _:
                    pass

    def _enter(self, moving: Moving, now_s: float) -> None:
        """Change between standing, walking and running."""
        if moving == self.moving:
            return
        if self.moving == Moving.RUNNING:
            self._results.publish(self.judge.stop(now_s))
            self.pace.stop()
            if self.pair is not None:
                self.pair.clip.stop()
        self.moving = moving
        self._results.emit(MovingChanged(now_s, moving))

    def _on_row(self, row: NDArray[np.float64]) -> None:
        index, history = int(row[STEP_INDEX]), self.history
        now_s = history.at(index)
        self._tick_until(index, now_s)
        self._last_step_s = now_s  # of any step: one may wait for its side
        for step in self._steps.push(row, history, self.calibration):
            self._on_step(step)

    def _on_step(self, step: Step) -> None:
        history = self.history
        now_s = history.at(step.number)
        if not step.running:
            self._enter(Moving.WALKING, now_s)
        elif step.follows:
            if self.moving != Moving.RUNNING:
                self._publish_mount(self.mounting.run(now_s))
                self._results.publish([] if self.pair is None else self.pair.clip.run(now_s))
            self._enter(Moving.RUNNING, now_s)
        if step.running:
            contact = cast(np.void, np.array((step.contact_s, step.toe_off_s, step.side), CONTACT_DTYPE)[()])
            self._results.emit(ContactFound(now_s, contact))
            self.pace.push(1e3 * (step.toe_off_s - step.contact_s))
        intake, mount = self.intake, self.calibration.sensor_to_pelvis
        stride = self._cutter.push(step, history, mount, intake.tilt_variance, intake.nominal_dt_s(step.number))
        if stride is not None:
            self._on_stride(stride, now_s)

    def _on_stride(self, stride: Stride, now_s: float) -> None:
        if self.pair is not None:
            known = self.pair.swapped
            self._results.publish(self.pair.measure(stride, now_s))
            if self.pair.swapped:
                stride.record["valid"], stride.record["reason"] = False, NotJudged.SWAPPED
                self._results.publish([] if known else self.judge.stop(now_s))
        events = self.judge.push(stride, self.history, self.calibration, now_s)
        self._results.emit(StrideMeasured(now_s, stride.publish(), stride.curves))
        self._results.publish(events)

    def finish(self) -> None:
        """End of the recording: findings that are still on end now."""
        now_s = self.intake.last_s
        self._carry_out_before(np.nextafter(now_s, np.inf))
        for row in self.intake.finish():
            self._on_row(row)
        if self.history.end > 0:
            self._results.publish(self.judge.stop(now_s))
        self._publish_mount(self.mounting.run(now_s))
        self._results.publish([] if self.pair is None else self.pair.clip.run(now_s))
        if self.judge.baseline is None:
            have, want = self.judge.gathered, self.params.baseline_strides
            self._results.emit(Warned(now_s, f"No baseline: {have} of {want} clean strides were run."))
