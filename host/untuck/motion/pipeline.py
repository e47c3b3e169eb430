"""The pipeline: samples in, events out; orientation, contacts, strides, findings and cues in one pass.

Per sample work is done by kernels over each chunk; everything later is driven by steps and by a grid of sensor time,
and looks no further than the sample at which it happened, so that chunking never changes a result.
Composition lives here and nothing else: every decision is in the module that it is named after.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from untuck.errors import CalibrationError, SamplesError
from untuck.model import CONTACT_DTYPE, STRIDE_DTYPE, Baseline, Calibration, Event, Run, Samples, Steer
from untuck.motion import kernels as k
from untuck.motion.contacts import Step, StepTracker, edges, track_params
from untuck.motion.history import History
from untuck.motion.judging import Judge
from untuck.motion.mounting import Mounting, News
from untuck.motion.orientation import OrientationParams, OrientationState
from untuck.motion.orientation_run import orient_aided
from untuck.motion.pace import Pace
from untuck.motion.params import Params
from untuck.motion.steering import SteerQueue, apply, check
from untuck.motion.strides import Stride, StrideCutter
from untuck.motion.traces import angle_traces

_TICK_S = 0.25  # grid of sensor time on which calibration and standing are looked for
_TICK_LEAD_S = 0.4e-3  # the grid lies between samples, so that rounding of time cannot move it by one
_BLOCK_SAMPLES = 50  # what strides tell of speed reaches the orientation at the next of these
_NO_CHIP = np.empty((0, 4))
_KEPT = ("contact", "stride", "finding", "cue", "held", "warning", "steer")  # kinds of events that `run` gives
_RATE_SAMPLES = 65  # the first samples tell the rate


class Pipeline:
    """Streaming analysis: `push` samples, get events; the same results as `analyse` whatever the chunks.

    calibration, baseline: None to find them in the stream. keep_samples: keep every sample, so that `run` has the
    traces of the whole recording; live this is off, and memory stays flat.
    """

    def __init__(
        self,
        calibration: Calibration | None = None,
        baseline: Baseline | None = None,
        params: Params | None = None,
        keep_samples: bool = False,
    ) -> None:
        p = self.params = params or Params()
        self.state = "standing"
        self._mounting = Mounting(p, calibration)
        self._mounts = [(-np.inf, self.calibration.sensor_to_pelvis)]
        self._history = History(keep_samples)
        self._orient_params = OrientationParams().as_array()
        self._orientation = OrientationState()
        self._track_params = track_params(p)
        self._track_state = np.zeros(k.TRACK_STATE_SIZE)
        self._steps = StepTracker(p)
        self._cutter = StrideCutter(p)
        self._judge = Judge(p, baseline)
        self._steers = SteerQueue()
        self._pace = Pace()
        self._speed_m_s = np.nan
        self._tilt_se_deg = np.nan
        self._last_s = -np.inf
        self._next_tick_s = np.nan
        self._last_step_s = -np.inf
        self._events: list[Event] = []
        self._kept: dict[str, list[Any]] = {kind: [] for kind in _KEPT}

    @property
    def calibration(self) -> Calibration:
        """The one in use; it may change while the wearer stands."""
        return self._mounting.calibration

    @property
    def baseline(self) -> Baseline | None:
        """The one in use, None until it has been taken."""
        return self._judge.baseline

    @property
    def history(self) -> History:
        """The samples that are still kept, to be read, for drawing."""
        return self._history

    def push(self, samples: Samples) -> list[Event]:
        """What the next samples bring, in order of time. Raises SamplesError if they do not follow the last ones."""
        if len(samples) == 0:
            return []
        time_s = samples.time_s
        if time_s[0] <= self._last_s:
            raise SamplesError(f"Samples at {time_s[0]:.3f} s follow {self._last_s:.3f} s: push them in order of time.")
        first, end = 0, len(samples)
        while first < end:  # in blocks of the absolute sample number, so that feedback does not depend on chunks
            if self._history.end % _BLOCK_SAMPLES == 0:
                self._speed_m_s = self._pace.speed_m_s
                self._tilt_se_deg = self._orientation.tilt_se_deg / np.sqrt(2)  # one axis of two
                self._orient_params[-3:] = self.calibration.sensor_to_pelvis[0]
            self._steer_before(float(time_s[first]))
            last = min(end, first + _BLOCK_SAMPLES - self._history.end % _BLOCK_SAMPLES)
            last = min(last, int(time_s.searchsorted(self._steers.next_s, "right")))
            self._advance(samples, slice(first, last))
            first = last
        events, self._events = self._events, []
        return events

    def steer(self, steer: Steer) -> None:
        """Have something take effect behind the sample at steer.time_s, or before the next one if that has passed.

        Raises SettingsError for what cannot be asked for.
        """
        check(steer)
        self._steers.add(steer)

    def _steer_before(self, time_s: float) -> None:
        for steer in self._steers.before(time_s):
            now_s = max(steer.time_s, self._last_s) if np.isfinite(self._last_s) else time_s
            if steer.kind != "stale":
                self._emit("steer", now_s, steer)
            self.params, news = apply(steer, self.params, self._judge, self._mounting, now_s)
            self._publish(news, now_s)

    def _advance(self, samples: Samples, part: slice) -> None:
        """Take in a part of the samples that lies within one block."""
        steps, found = self._track(samples, part)
        for row in steps[:found]:
            self._tick_until(int(row[k.STEP_INDEX]))
            self._on_row(row)
        self._tick_until(self._history.end - 1)
        self._last_s = float(samples.time_s[part.stop - 1])

    def _track(self, samples: Samples, part: slice) -> tuple[NDArray[np.float64], int]:
        """Run the kernels over a part; returns step rows and their count."""
        h, time_s = self._history, samples.time_s[part]
        gyr, acc = samples.gyr_rad_s[part], samples.acc_m_s2[part]
        first = h.end
        h.reserve(time_s)
        quat, earth = h.column("quat", first, h.end), h.column("earth", first, h.end)
        h.column("gyr", first, h.end)[:] = gyr
        h.column("acc", first, h.end)[:] = acc
        chip = _NO_CHIP if samples.quat is None else samples.quat[part]
        speed = np.full(len(time_s), self._speed_m_s)
        orient_aided(self._orient_params, self._orientation.values, time_s, gyr, acc, chip, speed, quat)
        since_s = time_s[0] if not np.isfinite(self._last_s) else self._last_s
        steps = np.empty((int((time_s[-1] - since_s) / self.params.refractory_s) + 3, k.STEP_COLUMNS))
        found = k.track_chunk(self._track_params, self._track_state, first, time_s, quat, acc, earth, steps)
        if np.isnan(self._next_tick_s):
            self._next_tick_s = float(time_s[0]) + _TICK_S - _TICK_LEAD_S
        if np.isnan(self._cutter.nominal_dt_s) and h.end >= _RATE_SAMPLES:
            self._cutter.nominal_dt_s = float(np.median(np.diff(h.time(0, _RATE_SAMPLES))))
        return steps, found

    def _tick_until(self, index: int) -> None:
        """Look for calibration and standing at every grid time up to sample `index`."""
        h = self._history
        now_s = float(h.time(index, index + 1)[0])
        while self._next_tick_s <= now_s:
            at = h.find(self._next_tick_s, index + 1)
            at_s = float(h.time(at, at + 1)[0])
            self._next_tick_s += _TICK_S * (int((at_s - self._next_tick_s) / _TICK_S) + 1)
            self._tick(at, at_s)

    def _tick(self, index: int, now_s: float) -> None:
        if self.state != "running":
            self._take(self._mounting.look(self._history, index + 1, self._judge.slipped), now_s)
        if self.state != "standing" and now_s - self._last_step_s > self.params.standing_after_s:
            self._enter("standing", now_s)

    def _take(self, news: News, now_s: float) -> None:
        """Publish what has become of the mount; what was measured with another one is not mixed with it."""
        for kind, value in news:
            self._emit("calibrated" if kind == "zeroed" else kind, now_s, value)
            if kind in ("calibrated", "zeroed"):
                mount = value.sensor_to_pelvis
                self._mounts = [*self._mounts, (now_s, mount)] if self._kept["stride"] else [(-np.inf, mount)]
                self._publish(self._judge.calibrated(kind == "calibrated", now_s), now_s)
            elif kind == "standing" and (value.zeroed or value.difference_deg <= self.params.zero_min_deg):
                self._judge.stood()

    def _enter(self, state: str, now_s: float) -> None:
        """Change between standing, walking and running."""
        if state == self.state:
            return
        if self.state == "running":
            self._publish(self._judge.stop(now_s), now_s)
            self._pace.stop()
        self.state = state
        self._emit("state", now_s, state)

    def _on_row(self, row: NDArray[np.float64]) -> None:
        index = int(row[k.STEP_INDEX])
        self._last_step_s = float(self._history.time(index, index + 1)[0])  # of any step: one may wait for its side
        for step in self._steps.push(row, self._history, self.calibration.sensor_to_pelvis):
            self._on_step(step)

    def _on_step(self, step: Step) -> None:
        now_s = float(self._history.time(step.index, step.index + 1)[0])
        if not step.running:
            self._enter("walking", now_s)
        elif step.follows:
            if self.state != "running":
                self._take(self._mounting.run(), now_s)
            self._enter("running", now_s)
        if step.running:
            contact = np.array((step.contact_s, step.toe_off_s, step.side), CONTACT_DTYPE)[()]
            self._emit("contact", now_s, contact)
        stride = self._cutter.push(step, self._history, self.calibration.sensor_to_pelvis, self._tilt_se_deg)
        if stride is not None:
            self._on_stride(stride, now_s)

    def _on_stride(self, stride: Stride, now_s: float) -> None:
        news = self._judge.push(stride, self._history, self.calibration, now_s)
        self._pace.push(0.5 * (stride.record["contact_left_ms"] + stride.record["contact_right_ms"]))
        self._emit("stride", now_s, stride.publish())
        self._publish(news, now_s)

    def _publish(self, news: News, now_s: float) -> None:
        for kind, value in news:
            self._emit(kind, now_s, value)

    def _emit(self, kind: str, now_s: float, value: Any) -> None:
        """Hand an event out, and keep what `run` wants; a warning is given once."""
        if kind == "warning" and value in self._kept["warning"]:
            return
        self._events.append(Event(kind, now_s, value))
        if kind in _KEPT and (kind != "finding" or np.isfinite(value.end_s)):
            self._kept[kind].append(value)

    def finish(self) -> list[Event]:
        """End of the recording: findings that are still on end now."""
        self._steer_before(np.nextafter(self._last_s, np.inf))
        if self._history.end > 0:
            last = self._history.end - 1
            row = np.empty(k.STEP_COLUMNS)
            if k.last_step(self._track_params, self._track_state, last, row) and edges(row)[1] <= self._last_s:
                self._on_row(row)
            self._publish(self._judge.stop(self._last_s), self._last_s)
        self._take(self._mounting.run(), self._last_s)
        if self.baseline is None:
            have, want = self._judge.gathered, self.params.baseline_strides
            self._emit("warning", self._last_s, f"No baseline: {have} of {want} clean strides were run.")
        events, self._events = self._events, []
        return events

    def run(self) -> Run:
        """All results so far; traces cover the kept samples."""
        h = self._history
        quat = h.column("quat", h.base, h.end).copy()
        time_s = h.time(h.base, h.end).copy()
        kept = self._kept
        strides = np.array(kept["stride"], STRIDE_DTYPE)
        tilt, obliquity, rotation = angle_traces(time_s, quat, self._mounts, strides)
        return Run(
            time_s=time_s,
            quat=quat,
            tilt_deg=tilt,
            obliquity_deg=obliquity,
            rotation_deg=rotation,
            contacts=np.array(kept["contact"], CONTACT_DTYPE),
            strides=strides,
            findings=tuple(sorted(kept["finding"], key=lambda f: f.start_s)),
            cues=tuple(kept["cue"]),
            held_cues=tuple(kept["held"]),
            calibration=self.calibration,
            baseline=self.baseline,
            warnings=tuple(kept["warning"]),
            steers=tuple(kept["steer"]),
        )


def analyse(
    samples: Samples,
    calibration: Calibration | None = None,
    baseline: Baseline | None = None,
    params: Params | None = None,
) -> Run:
    """Analyse a whole recording: orientation, contacts, strides, findings, cues.

    calibration None: found in the recording (5 s standing, three hip hinges), else the nominal mount with a warning.
    baseline None: the first 60 clean strides after calibration. Raises SamplesError for an empty recording,
    CalibrationError for one too short to hold 5 s of standing when no calibration is given.
    """
    params = params or Params()
    if len(samples) == 0:
        raise SamplesError("The recording is empty: nothing to analyse.")
    length_s = float(samples.time_s[-1] - samples.time_s[0])
    if calibration is None and length_s < params.stand_s:
        raise CalibrationError(
            f"The recording lasts {length_s:.1f} s, too short to calibrate: stand still for {params.stand_s:.0f} s, "
            "hinge three times, then run."
        )
    pipeline = Pipeline(calibration, baseline, params, keep_samples=True)
    pipeline.push(samples)
    pipeline.finish()
    return pipeline.run()
