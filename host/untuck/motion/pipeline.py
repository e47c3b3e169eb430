"""The pipeline: samples in, events out; orientation, contacts, strides, findings and cues in one pass.

Kernels work on every sample of a chunk; all later stages are driven by steps and by a grid of sensor time, and use no
sample after the one at which something happened, so that chunking never changes a result.
This module only composes: each decision is in the module that is named after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import cast

import numpy as np
from numpy.typing import NDArray

from untuck.errors import CalibrationError, SamplesError
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
from untuck.model import CONTACT_DTYPE, Baseline, Calibration, Progress
from untuck.motion.bunches import without_bunches
from untuck.motion.commands import CommandQueue, apply
from untuck.motion.form.judge import Judge
from untuck.motion.intake import BLOCK_SAMPLES, Intake, range_problem, rate_problem
from untuck.motion.mount.signs import agreement, gravity_problem, gyro_problem, mirror_warning
from untuck.motion.mount.tracker import Mounting
from untuck.motion.params import Params
from untuck.motion.results import Results
from untuck.motion.strides.contacts import Step, StepTracker
from untuck.motion.strides.kernels import STEP_INDEX
from untuck.motion.strides.pace import Pace
from untuck.motion.strides.stride import Stride, StrideCutter
from untuck.motion.strides.traces import angle_traces
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.session_commands import SessionCommand, StaleData
from untuck.vocabulary import Moving

_TICK_S = 0.25  # grid of sensor time on which calibration and standing are looked for
_TICK_LEAD_S = 0.4e-3  # the grid lies between samples, so that rounding of time cannot move it by one


class Pipeline:
    """Analyse a stream: push samples, get events.

    The results are those of `analyse`, to the bit, whatever the chunks.

    Parameters
    ----------
    calibration : Calibration, optional
        How the sensor sits on the pelvis; None finds it in the stream (5 s of standing, three hip hinges).
    baseline : Baseline, optional
        The runner's own good form; None takes it from the first clean strides after calibration.
    params : Params, optional
        Thresholds; None takes the defaults.
    keep_samples : bool
        Keep every sample, so that `run` has the traces of the whole recording. Without, memory stays flat.

    Examples
    --------
    >>> import untuck
    >>> samples = untuck.example()
    >>> pipeline = untuck.Pipeline()
    >>> for start in range(0, len(samples), 10):
    ...     for event in pipeline.push(samples[start : start + 10]):
    ...         if event.kind == "cue":
    ...             print(f"{event.time_s:.1f} s: {event.value.fault}")
    73.6 s: tuck
    95.0 s: recovered
    112.1 s: pullback
    133.4 s: recovered
    >>> events = pipeline.finish()
    """

    def __init__(
        self,
        calibration: Calibration | None = None,
        baseline: Baseline | None = None,
        params: Params | None = None,
        keep_samples: bool = False,
    ) -> None:
        p = self.params = params or Params()
        self.moving = Moving.STANDING
        self._mounting = Mounting(p, calibration)
        self._mounts = [(-np.inf, self.calibration.sensor_to_pelvis)]
        self._intake = Intake(p, keep_samples)
        self.history = self._intake.history  # the samples that are still kept, to be read, for drawing
        self._steps = StepTracker(p)
        self._cutter = StrideCutter(p)
        self._judge = Judge(p, baseline)
        self._commands = CommandQueue()
        self._pace = Pace()
        self._next_tick_s = np.nan
        self._last_step_s = -np.inf
        self._events: list[Event] = []
        self._results = Results()

    @property
    def calibration(self) -> Calibration:
        """The one in use; it may change while the wearer stands."""
        return self._mounting.calibration

    @property
    def baseline(self) -> Baseline | None:
        """The one in use, None until it has been taken."""
        return self._judge.baseline

    @property
    def progress(self) -> Progress:
        """What is not finished yet, for display."""
        return self._judge.progress(self._mounting.search)

    def push(self, samples: Samples) -> list[Event]:
        """Analyse the next samples.

        Parameters
        ----------
        samples : Samples
            Any number of them, later than those before.

        Returns
        -------
        list of Event
            What they bring, in order of time.

        Raises
        ------
        SamplesError
            They do not follow the last ones.
        """
        if len(samples) == 0:
            return []
        time_s, intake = samples.time_s, self._intake
        if time_s[0] <= intake.stamp_s:
            raise SamplesError(
                f"Samples at {time_s[0]:.3f} s follow {intake.stamp_s:.3f} s: push them in order of time."
            )
        if isnan(self._next_tick_s):
            self._next_tick_s = float(time_s[0]) + _TICK_S - _TICK_LEAD_S
        first, end = 0, len(samples)
        intake.store(samples)
        while first < end:
            left = intake.left_in_block()
            if left == BLOCK_SAMPLES:
                intake.begin_block(self._pace.speed_m_s, self.calibration.sensor_to_pelvis[0])
                if intake.problem:
                    self._emit(Warned(intake.last_s, intake.problem))  # which gives it once
                if intake.bias_change is not None:
                    self._emit(Warned(intake.last_s, intake.bias_change.text))
            if self._commands.next_s < time_s[first]:
                self._carry_out_before(float(time_s[first]))
            last = min(end, first + left)
            if self._commands.next_s <= time_s[last - 1]:
                last = int(time_s.searchsorted(self._commands.next_s, "right"))
            self._advance(last - first)
            first = last
        events, self._events = self._events, []
        return events

    def trust_signs(self, shown: bool) -> None:
        """Whether gyro and acceleration are known to agree; of the clip they are, of a foreign recording perhaps."""
        self._judge.signs_shown = shown

    def command(self, command: SessionCommand) -> None:
        """Let a command take effect behind the sample at command.time_s, or before the next one if that has passed."""
        self._commands.add(command)

    def _carry_out_before(self, time_s: float) -> None:
        for command in self._commands.before(time_s):
            now_s = max(command.time_s, self._intake.last_s) if np.isfinite(self._intake.last_s) else time_s
            if not isinstance(command, StaleData):
                self._emit(CommandTaken(now_s, command))
            self.params, events = apply(command, self.params, self._judge, self._mounting, now_s)
            self._publish(events)

    def _advance(self, count: int) -> None:
        """Take in the next samples in store, which lie within one block."""
        for row in self._intake.take(count):
            self._on_row(row)
        self._tick_until(self.history.end - 1, self._intake.last_s)

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
            self._publish_mount(self._mounting.look(self.history, index + 1, self._judge.slipped))
        if self.moving != Moving.STANDING and now_s - self._last_step_s > self.params.standing_after_s:
            self._enter(Moving.STANDING, now_s)

    def _publish_mount(self, events: list[Event]) -> None:
        """Publish events of the mount; what was measured with another mount is not mixed with this one's."""
        for event in events:
            self._emit(event)
            match event:
                case Calibrated(time_s=now_s, calibration=calibration, zero_only=zero_only):
                    mount = calibration.sensor_to_pelvis
                    self._mounts = [*self._mounts, (now_s, mount)] if self._results.strides else [(-np.inf, mount)]
                    self._publish(self._judge.calibrated(zero_only, now_s))
                case StandingMeasured(standing=standing):
                    if standing.zeroed or standing.difference_deg <= self.params.zero_min_deg:
                        self._judge.stood()
                case _:
                    pass

    def _enter(self, moving: Moving, now_s: float) -> None:
        """Change between standing, walking and running."""
        if moving == self.moving:
            return
        if self.moving == Moving.RUNNING:
            self._publish(self._judge.stop(now_s))
            self._pace.stop()
        self.moving = moving
        self._emit(MovingChanged(now_s, moving))

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
                self._publish_mount(self._mounting.run(now_s))
            self._enter(Moving.RUNNING, now_s)
        if step.running:
            contact = cast(np.void, np.array((step.contact_s, step.toe_off_s, step.side), CONTACT_DTYPE)[()])
            self._emit(ContactFound(now_s, contact))
            self._pace.push(1e3 * (step.toe_off_s - step.contact_s))
        intake, mount = self._intake, self.calibration.sensor_to_pelvis
        stride = self._cutter.push(step, history, mount, intake.tilt_variance, intake.nominal_dt_s(step.number))
        if stride is not None:
            self._on_stride(stride, now_s)

    def _on_stride(self, stride: Stride, now_s: float) -> None:
        events = self._judge.push(stride, self.history, self.calibration, now_s)
        self._emit(StrideMeasured(now_s, stride.publish(), stride.curves))
        self._publish(events)

    def _publish(self, events: list[Event]) -> None:
        for event in events:
            self._emit(event)

    def _emit(self, event: Event) -> None:
        """Hand an event out, and keep what `run` needs of it; a warning is given once."""
        if isinstance(event, Warned) and event.text in self._results.warnings:
            return
        self._events.append(event)
        self._results.keep(event)

    def finish(self) -> list[Event]:
        """End of the recording: findings that are still on end now."""
        now_s = self._intake.last_s
        self._carry_out_before(np.nextafter(now_s, np.inf))
        for row in self._intake.finish():
            self._on_row(row)
        if self.history.end > 0:
            self._publish(self._judge.stop(now_s))
        self._publish_mount(self._mounting.run(now_s))
        if self.baseline is None:
            have, want = self._judge.gathered, self.params.baseline_strides
            self._emit(Warned(now_s, f"No baseline: {have} of {want} clean strides were run."))
        events, self._events = self._events, []
        return events

    def run(self) -> Run:
        """All results so far; traces cover the kept samples."""
        h = self.history
        quat = h.column("quat", h.base, h.end).copy()
        time_s = h.time(h.base, h.end).copy()
        fields = self._results.fields()
        tilt, obliquity, rotation = angle_traces(time_s, quat, self._mounts, fields["strides"])
        return Run(
            time_s=time_s,
            quat=quat,
            tilt_deg=tilt,
            obliquity_deg=obliquity,
            rotation_deg=rotation,
            calibration=self.calibration,
            baseline=self.baseline,
            chance_s=self._judge.chance_s,
            sides=str(self._judge.sides),
            chip_error_deg=self._intake.chip_error_deg,
            **fields,
        )


def analyse(
    samples: Samples,
    calibration: Calibration | None = None,
    baseline: Baseline | None = None,
    params: Params | None = None,
    commands: Iterable[SessionCommand] = (),
) -> Run:
    """Analyse a recording: orientation, foot contacts, strides, findings and cues.

    Parameters
    ----------
    samples : Samples
        In the sensor frame, at 50 to 1000 Hz; gaps are allowed.
    calibration : Calibration, optional
        How the sensor sits on the pelvis. None finds it in the recording (5 s of standing still, three hip hinges);
        where there is none, the nominal mount is taken, with a warning.
    baseline : Baseline, optional
        The runner's own good form. None takes it from the first 60 clean strides after calibration.
    params : Params, optional
        Thresholds; None takes the defaults.
    commands : iterable of session commands
        What was asked for during a session, such as laps and thresholds; `load` reads those of a stored one.

    Returns
    -------
    Run
        Angles per sample, contacts, strides, findings and cues. The same recording gives the same bits, streamed
        through a `Pipeline` as well.

    Raises
    ------
    SamplesError
        The recording is empty, its rate is outside 50 to 1000 Hz, gravity was removed from it, or gyro and
        acceleration contradict each other.
    CalibrationError
        It is too short to hold 5 s of standing, and no calibration is given.

    Notes
    -----
    docs/algorithms.md describes every stage, and docs/accuracy.md how well it does. Pelvic angles follow the order
    rotation, obliquity, tilt [1]_. The thresholds were fitted on the seven development runners named there. The cues
    are form cues, not medical advice.

    References
    ----------
    .. [1] R. Baker, "Pelvic angles: a mathematically rigorous definition which is consistent with a conventional
       clinical understanding of the terms", Gait & Posture 13, 1-6, 2001. doi:10.1016/S0966-6362(00)00083-7

    Examples
    --------
    >>> import untuck
    >>> run = untuck.analyse(untuck.example())
    >>> for finding in run.findings:
    ...     print(finding.fault, finding.side, f"{finding.start_s:.0f}-{finding.end_s:.0f} s")
    tuck 0 71-95 s
    pullback 1 106-133 s
    """
    params = params or Params()
    if len(samples) == 0:
        raise SamplesError("The recording is empty: nothing to analyse.")
    samples, bunched = without_bunches(samples)
    if problem := rate_problem(samples.time_s) or gravity_problem(samples):
        raise SamplesError(problem)
    signs = agreement(samples)
    if problem := gyro_problem(signs):
        raise SamplesError(problem)
    length_s = float(samples.time_s[-1] - samples.time_s[0])
    if calibration is None and length_s < params.stand_s:
        raise CalibrationError(
            f"The recording lasts {length_s:.1f} s, too short to calibrate: stand still for {params.stand_s:.0f} s, "
            "hinge three times, then run."
        )
    pipeline = Pipeline(calibration, baseline, params, keep_samples=True)
    for command in commands:
        pipeline.command(command)
    pipeline.trust_signs(signs.shown)
    pipeline.push(samples)
    for warning in (bunched, range_problem(samples), mirror_warning(pipeline.calibration)):
        if warning:
            pipeline._emit(Warned(pipeline._intake.last_s, warning))
    pipeline.finish()
    return pipeline.run()
