"""The second clip, between the shoulder blades: its orientation and calibration, and what it adds to a stride.

The same filter and the same search for standing and hinges as for the pelvis's clip. Its samples are joined to the
pelvis's strides by time; strides are never cut on the trunk.
"""

from __future__ import annotations

from dataclasses import replace
from math import degrees, hypot, isnan, nan, sqrt
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from untuck.events import Calibrated, Event, Rejected, Slipped, StandingFound, StandingMeasured, TrunkCalibrated, Warned
from untuck.model import Calibration, Floats
from untuck.motion.intake import BLOCK_SAMPLES, Intake
from untuck.motion.mount.slip import SlipWatch
from untuck.motion.mount.tracker import Mounting
from untuck.motion.params import Params
from untuck.motion.strides import stride_kernels
from untuck.motion.strides.phase_grid import ANALYSIS, HARMONICS, PHASES
from untuck.motion.strides.stride import LINE_WEIGHTS, NO_TRUNK, SAMPLES_MAX, UPRIGHT_MIN, Stride, gap_error_deg
from untuck.motion.strides.traces import angle_traces
from untuck.motion.trunk.facing import TrunkFacing
from untuck.motion.trunk.recording import NAME
from untuck.run_results import TrunkTraces
from untuck.samples import Samples
from untuck.vocabulary import NoTrunk, Role

_SLIPPED = (
    "Upper back: the clip seems to have slipped by {:.0f} deg at once, {:.0f} s after the start: check it, then stand "
    "still for 5 s. Until then lean and the lumbar spine are not judged."
)
_TURNED = (
    "Upper back: without hinges the clip's direction was assumed, and running shows that it faces another way. Stand "
    "still, then hinge three times with a straight back. Until then lean and the lumbar spine are not judged."
)
_PLACE = "the back of the waistband", "the upper back"  # in warnings of the mount: the pelvis's, and this clip's
_USUAL_STRIDES = 60  # whose median lean a step is compared with: a return to it is no slip
_LOOK_S = 0.25  # grid of time on which calibration and standing are looked for


class TrunkClip:
    """Keeps the trunk's samples with their orientation; `measure` joins them to a stride.

    last_s: time of the last sample, -inf before the first; mounts: each mount with the time from which it is used.
    """

    def __init__(self, params: Params, calibration: Calibration | None, keep_samples: bool) -> None:
        self._params = params
        self._intake = Intake(params, keep_samples)
        self.history = self._intake.history
        self.mounting = Mounting(params, calibration, chest=True)
        self.mounts = [(-np.inf, self.calibration.sensor_to_pelvis)]
        self._variances: list[tuple[float, float]] = []  # of tilt in rad^2, from which time on
        self._next_look_s = -np.inf
        self._joined = False  # to a stride already
        self._slip = SlipWatch(params)
        self._facing = TrunkFacing()
        self._first_leans: list[float] = []
        scratch = np.zeros(PHASES), 0.0, np.empty((SAMPLES_MAX, 3)), np.empty((6, PHASES))
        self._scratch = (*scratch, np.empty((4, 2 * HARMONICS)))
        self._numbers = np.empty(stride_kernels.STRIDE_NUMBERS)

    @property
    def calibration(self) -> Calibration:
        """How the clip sits on the trunk, whose axes are level in standing."""
        return self.mounting.calibration

    @property
    def last_s(self) -> float:
        """Time of the last sample."""
        return self._intake.last_s

    def push(self, samples: Samples, speed_m_s: float) -> list[Event]:
        """Take in samples, later than those before; speed_m_s: of the runner, NaN where unknown."""
        intake, events = self._intake, list[Event]()
        intake.store(samples)
        first, end = 0, len(samples)
        while first < end:
            left = intake.left_in_block()
            if left == BLOCK_SAMPLES:
                intake.begin_block(speed_m_s, self.calibration.sensor_to_pelvis[0])
                self._variances = [*self._variances[-8:], (intake.last_s, intake.tilt_variance)]
                texts = [intake.problem, intake.bias_change.text if intake.bias_change is not None else ""]
                events += [Warned(intake.last_s, NAME + text) for text in texts if text]
            count = min(end - first, left)
            intake.take(count)
            first += count
        return events

    def look(self) -> list[Event]:
        """Look for calibration and standing; to be called while the runner does not run."""
        if self.history.end == 0 or self.last_s < self._next_look_s:
            return []
        self._next_look_s = self.last_s + _LOOK_S
        searched = self.mounting.search is not None
        events = self._renamed(self.mounting.look(self.history, self.history.end, self._slip.held))
        if self.mounting.search is not None and not searched:  # a saved calibration no longer holds
            events.append(Rejected(self.last_s, "trunk hinges"))
        return events

    def run(self, now_s: float) -> list[Event]:
        """Running begins, or the stream ends: use a partial calibration where no hinges were found."""
        return self._renamed(self.mounting.run(now_s)) if self.history.end else []

    def _renamed(self, events: list[Event]) -> list[Event]:
        """The same events as those of the trunk."""
        renamed: list[Event] = []
        for event in events:
            match event:
                case Calibrated(time_s=now_s, calibration=calibration, zero_only=zero_only):
                    mount = calibration.sensor_to_pelvis
                    self._facing.clear()
                    self.mounts = [*self.mounts, (now_s, mount)] if self._joined else [(-np.inf, mount)]
                    renamed.append(TrunkCalibrated(now_s, calibration, zero_only))
                case Warned(time_s=now_s, text=text):
                    renamed.append(Warned(now_s, NAME + text.replace(*_PLACE)))
                case StandingMeasured(standing=standing):
                    if standing.zeroed or standing.difference_deg <= self._params.zero_min_deg:
                        self._slip.zeroed()
                case Rejected(time_s=now_s):
                    renamed.append(Rejected(now_s, "trunk hinges"))
                case StandingFound():
                    pass  # the pelvis's clip has its own
                case _:
                    renamed.append(event)
        return renamed

    def stop(self) -> None:
        """Running has ended."""
        self._slip.stop()

    def measure(self, stride: Stride, now_s: float) -> list[Event]:
        """Fill in the fields of a stride's record about the trunk, or the reason why they are unknown.

        The event is a warning if the stride shows that the clip has slipped.
        """
        record = stride.record
        self._joined = True
        record["trunk_reason"] = str(self._measured(stride))
        events: list[Event] = []
        if not record["trunk_reason"]:
            events = self._watch_slips(stride, now_s)
        elif record["trunk_reason"] == NoTrunk.MOUNT and self.calibration.source == "stand":
            events.append(Warned(now_s, _TURNED))
        if record["trunk_reason"]:
            record.update({name: value for name, value in NO_TRUNK.items() if name != "trunk_reason"})
        record["lean_deg"] = record["trunk_lean_deg"]
        return events

    def _watch_slips(self, stride: Stride, now_s: float) -> list[Event]:
        """Exclude strides that a slip has spoilt: the rules are those of the pelvis's clip, with lean for tilt."""
        record, numbers = stride.record, self._numbers
        if record["valid"] and len(self._first_leans) < _USUAL_STRIDES:
            self._first_leans.append(record["trunk_lean_deg"])
        usual_deg = median(self._first_leans) if len(self._first_leans) == _USUAL_STRIDES else nan
        same = {name: record[name] for name in ("start_s", "duration_s", "turn_deg_s", "valid")}
        trunk = replace(
            stride,
            record={**same, "tilt_deg": record["trunk_lean_deg"]},
            obliquity_deg=float(numbers[stride_kernels.N_OBLIQUITY_DEG]),
        )
        seen = self._slip.push(trunk, usual_deg, self.history, self.calibration.sensor_to_pelvis)
        if self._slip.held:
            record["trunk_reason"] = str(NoTrunk.SLIP)
        if seen != "slip":
            return []
        step_deg = self._slip.step_deg
        return [Slipped(now_s, step_deg, Role.TRUNK), Warned(now_s, _SLIPPED.format(step_deg, now_s))]

    def _measured(self, stride: Stride) -> str:
        """Fill in the fields; why they are not known, "" if they are."""
        record, p, history = stride.record, self._params, self.history
        start_s = record["start_s"]
        end_s = start_s + record["duration_s"]
        if history.end < 2 or self.last_s < end_s or history.at(history.base) > start_s:
            return NoTrunk.ABSENT
        if self.calibration.source == "nominal":
            return NoTrunk.NOT_CALIBRATED
        known = history.find(end_s, history.end) + 1
        if known - history.find(start_s, history.end) < 3:
            return NoTrunk.ABSENT
        usual_s = self._intake.nominal_dt_s(known - 1)
        numbers = self._of_kernel(start_s, end_s, known, usual_s)
        if numbers[stride_kernels.N_LONGEST_S] > max(p.gap_max_s + 0.5e-3, stride_kernels.GAP_INTERVALS * usual_s):
            return NoTrunk.ABSENT if numbers[stride_kernels.N_LONGEST_S] > p.trunk_lost_s else NoTrunk.GAP
        if 100.0 * numbers[stride_kernels.N_MISSING_S] > p.missing_max_pct * (end_s - start_s):
            return NoTrunk.GAP
        if numbers[stride_kernels.N_UPRIGHT] <= UPRIGHT_MIN:
            return NoTrunk.MOUNT
        lean_deg, least_deg, most_deg = (numbers[k] for k in range(3))
        curves = self._scratch[3]
        if self.calibration.source == "stand" and self._facing.is_wrong(curves[0], curves[1], lean_deg):
            return NoTrunk.MOUNT
        spread = {"duration_s": end_s - start_s, "tilt_min_deg": least_deg, "tilt_max_deg": most_deg}
        variance = next((v for since_s, v in reversed(self._variances) if since_s < end_s), nan)
        se_deg = hypot(degrees(sqrt(variance)), gap_error_deg(spread, numbers[stride_kernels.N_GAPS6_S6]))
        if isnan(se_deg):  # the filter has begun again behind a gap
            return NoTrunk.GAP
        record.update(
            {
                "trunk_lean_deg": lean_deg,
                "trunk_lean_se_deg": se_deg,
                "trunk_lean_range_deg": most_deg - least_deg,
                "trunk_obliquity_range_deg": numbers[stride_kernels.N_OBLIQUITY_RANGE_DEG],
                "trunk_rotation_range_deg": numbers[stride_kernels.N_ROTATION_RANGE_DEG],
                "lumbar_deg": record["tilt_deg"] - lean_deg,
                "lumbar_se_deg": hypot(record["tilt_se_deg"], se_deg),
                "side_bend_deg": stride.obliquity_deg - numbers[stride_kernels.N_OBLIQUITY_DEG],
            }
        )
        return ""

    def traces(self, strides: NDArray[np.void]) -> TrunkTraces | None:
        """Angles over the samples that are kept, None if none came; strides: whose heading drift is taken out."""
        h = self.history
        if h.end == 0:
            return None
        time_s, quat = h.time(h.base, h.end).copy(), h.column("quat", h.base, h.end).copy()
        lean, obliquity, rotation = angle_traces(time_s, quat, self.mounts, strides)
        angles = {"lean_deg": lean, "obliquity_deg": obliquity, "rotation_deg": rotation}
        return TrunkTraces(time_s, quat, **angles, calibration=self.calibration)

    def _of_kernel(self, start_s: float, end_s: float, known: int, usual_s: float) -> list[float]:
        """The numbers of stride_kernels.measure_stride for the trunk, over the pelvis's stride."""
        typical, share, angles, curves, harmonics = self._scratch
        bounds = start_s, end_s, usual_s
        mount: Floats = self.calibration.sensor_to_pelvis
        arrays: tuple[Any, ...] = (typical, share, angles, curves, harmonics, self._numbers)
        fixed = mount, LINE_WEIGHTS, ANALYSIS
        stride_kernels.measure_stride(*self.history.until(known), *bounds, *fixed, *arrays)
        return list(map(float, self._numbers))
