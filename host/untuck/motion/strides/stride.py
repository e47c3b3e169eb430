"""Strides and their features: from right contact to right contact, measured on an even grid of phase, and validated.

Angles come from orientation and mount; the drift of heading is a line fitted together with the stride's harmonics.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, nan, pi, radians, sqrt
from operator import itemgetter
from typing import Any, cast

import numpy as np

from untuck.model import RIGHT, STRIDE_DTYPE, Floats
from untuck.motion.history import History
from untuck.motion.params import Params
from untuck.motion.strides import stride_kernels
from untuck.motion.strides.contacts import Step
from untuck.motion.strides.forces import stride_forces
from untuck.motion.strides.phase_grid import ANALYSIS, HARMONICS, PHASE, PHASES
from untuck.vocabulary import NoTrunk

_LINE_HARMONICS = 6


def _line_weights() -> Floats:
    """Row vector (PHASES,) whose product with a curve is its drift over the stride, fitted together with harmonics."""
    columns = [np.ones(PHASES), PHASE]
    for h in range(1, _LINE_HARMONICS + 1):
        columns += [np.cos(2 * np.pi * h * PHASE), np.sin(2 * np.pi * h * PHASE)]
    weights: Floats = np.linalg.pinv(np.array(columns).T)[1]
    return weights


LINE_WEIGHTS = _line_weights()


SAMPLES_MAX = 2048  # in a stride: 0.95 s at 2 kHz
UPRIGHT_MIN = cos(radians(40.0))  # a running pelvis leans by at most 30 deg; beyond, the mount is wrong


@dataclass(eq=False, slots=True)
class Stride:
    """A stride: fields of STRIDE_DTYPE; curves (3, PHASES): tilt, obliquity, rotation in rad; harmonics (H, 2) in rad.

    record is a dict, which is read ten times faster than an array scalar; `publish` makes the scalar.
    obliquity_deg: mean obliquity, which shows a clip that is tipped sideways; facing: direction of travel, ahead and to
    the left of where the mount says that the pelvis faces, of any length; overtone: how the spring of the legs at
    twice the step frequency agrees with that at step frequency, and the size of the latter squared.
    """

    record: dict[str, Any]
    curves: Floats
    harmonics: Floats
    left_phase: float
    obliquity_deg: float
    facing: tuple[float, float]
    overtone: tuple[float, float] = (0.0, 0.0)

    @property
    def rotation(self) -> Floats:
        """Rotation over the stride (PHASES,) in rad, without drift and mean."""
        rotation: Floats = self.curves[2]
        return rotation

    def publish(self) -> np.void:
        """The current record as a STRIDE_DTYPE scalar."""
        return cast(np.void, np.array(_FIELDS(self.record), STRIDE_DTYPE)[()])


NO_TRUNK: dict[str, Any] = {  # fields of STRIDE_DTYPE about the trunk, in strides that only the pelvis's clip measured
    "trunk_lean_deg": nan,
    "trunk_lean_se_deg": nan,
    "trunk_lean_usual_deg": nan,
    "trunk_lean_least_deg": nan,
    "trunk_lean_range_deg": nan,
    "trunk_obliquity_range_deg": nan,
    "trunk_rotation_range_deg": nan,
    "lumbar_deg": nan,
    "lumbar_se_deg": nan,
    "lumbar_usual_deg": nan,
    "lumbar_least_deg": nan,
    "side_bend_deg": nan,
    "trunk_reason": str(NoTrunk.ABSENT),
}
_FIELDS = itemgetter(*(STRIDE_DTYPE.names or ()))
_MEASURED = (  # in the order of the kernel's first numbers
    "tilt_deg",
    "tilt_min_deg",
    "tilt_max_deg",
    "obliquity_range_deg",
    "rotation_range_deg",
    "turn_deg_s",
    "travel_deg",
    "oscillation_mm",
)


class StrideCutter:
    """Turns Steps into Strides, in order."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._steps: deque[Step] = deque(maxlen=3)
        self._angles = np.empty((SAMPLES_MAX, 3))
        self._curves = np.empty((6, PHASES))
        self._kernel_numbers = np.empty(stride_kernels.STRIDE_NUMBERS)
        self._harmonics = np.empty((4, 2 * HARMONICS))  # of rotation and of acceleration x, y, z
        self._own_waveform = np.zeros(PHASES)
        self._own_count = self._odd_count = 0  # strides in it; odd ones since the last that was not
        self._usual_corr = 1.0  # of strides with the runner's own waveform
        self._own_share = 0.0  # weight of the last stride, which is averaged in when the next one is measured
        self._lean = deque[float](maxlen=params.lean_strides), deque[float](maxlen=params.lean_strides)
        self._turns: deque[float] = deque(maxlen=params.turn_strides)
        self._turn_hold = 0
        self._acceleration = deque[float](maxlen=params.accel_strides)
        self._nominal_dt_s = np.nan

    def push(
        self, step: Step, history: History, mount: Floats, tilt_variance: float, nominal_dt_s: float
    ) -> Stride | None:
        """The stride that this step completes, or None; mount (3,3) has rows P.x, P.y, P.z in sensor coordinates.

        tilt_variance: rad^2, estimated by the orientation filter; nominal_dt_s: usual time between samples.
        """
        self._nominal_dt_s = nominal_dt_s
        if not step.follows:
            self._steps.clear()
        if not step.running:
            for values in (*self._lean, self._acceleration, self._turns):
                values.clear()
            return None
        self._steps.append(step)
        if len(self._steps) < 3 or step.side != RIGHT:
            return None
        right, left, _ = self._steps
        duration = step.contact_s - right.contact_s
        if not self._params.stride_min_s <= duration <= self._params.stride_max_s:
            return None
        stride = self._measure(right, left, step, history, mount)
        stride.record["tilt_se_deg"] = hypot(degrees(sqrt(tilt_variance)), stride.record["tilt_se_deg"])
        return stride

    def _measure(self, right: Step, left: Step, last: Step, history: History, mount: Floats) -> Stride:
        start, end = right.contact_s, last.contact_s
        scratch = self._own_share, self._angles, self._curves, self._harmonics, self._kernel_numbers
        stride_kernels.measure_stride(
            *history.until(last.number + 1),
            start,
            end,
            self._nominal_dt_s,
            mount,
            LINE_WEIGHTS,
            ANALYSIS,
            self._own_waveform,
            *scratch,
        )
        numbers = self._kernel_numbers.tolist()
        record = _timing(right, left, last)
        record.update(zip(_MEASURED, numbers, strict=False))
        record["missing_pct"] = 100.0 * numbers[stride_kernels.N_MISSING_S] / (end - start)
        record["tilt_se_deg"] = gap_error_deg(record, numbers[stride_kernels.N_GAPS6_S6])
        forward, upward = self._lean
        forward.append(numbers[stride_kernels.N_FORWARD])
        upward.append(numbers[stride_kernels.N_UPWARD])
        record["lean_deg"] = record["pelvic_lean_deg"] = degrees(atan2(sum(forward), sum(upward)))
        if record["missing_pct"] <= self._params.whole_max_pct or not self._acceleration:
            # otherwise an impact at a gap's edge is stretched over the gap
            self._acceleration.append(numbers[stride_kernels.N_ACCEL_FORWARD])
        record["accel_m_s2"] = sum(self._acceleration) / len(self._acceleration)
        self._own_share = 0.0
        reason = self._invalid_reason(record, numbers) if numbers[stride_kernels.N_UPRIGHT] > UPRIGHT_MIN else "mount"
        record["reason"], record["valid"] = reason, reason == ""
        left_phase, duration = (left.contact_s - start) / (end - start), end - start
        travel = numbers[stride_kernels.N_HEADING] - radians(numbers[stride_kernels.N_TRAVEL_DEG])
        contacts = left_phase, (right.toe_off_s - start) / duration, (left.toe_off_s - left.contact_s) / duration
        record.update(stride_forces(self._harmonics, self._curves[0], travel, duration, contacts))
        harmonics = self._harmonics[0].reshape(HARMONICS, 2).copy()
        return Stride(
            record=record,
            curves=self._curves[:3].copy(),
            harmonics=harmonics,
            left_phase=left_phase,
            obliquity_deg=numbers[stride_kernels.N_OBLIQUITY_DEG],
            facing=(numbers[stride_kernels.N_FACING_X], numbers[stride_kernels.N_FACING_Y]),
            overtone=_overtone(self._harmonics),
        )

    def _invalid_reason(self, record: dict[str, Any], numbers: list[float]) -> str:
        """Why the stride is not valid, "" if it is."""
        p, longest_s = self._params, numbers[stride_kernels.N_LONGEST_S]
        if longest_s > p.gap_max_s + 0.5e-3 and longest_s > stride_kernels.GAP_INTERVALS * self._nominal_dt_s:
            return "gap"
        if record["missing_pct"] > p.missing_max_pct:
            return "missing"
        whole = record["missing_pct"] <= p.whole_max_pct
        correlation = numbers[stride_kernels.N_CORRELATION]
        least = p.waveform_min_corr if whole else p.waveform_gaps_min_corr
        least = min(least, max(p.waveform_least_corr, self._usual_corr - p.waveform_below_corr))
        if whole:
            self._usual_corr += (correlation - self._usual_corr) / p.waveform_memory
        if self._own_count >= p.waveform_first and correlation < least:
            self._odd_count += 1
            if self._odd_count == p.waveform_odd_strides:  # this is how the runner runs now
                self._own_count = 0
            return "odd"
        self._odd_count = 0
        if whole:
            self._own_count = min(self._own_count + 1, p.waveform_memory)
            self._own_share = 1.0 / self._own_count
        self._turns.append(record["turn_deg_s"])
        if abs(sum(self._turns) / len(self._turns)) > p.turn_max_deg_s:
            self._turn_hold = p.turn_hold_strides
            return "turning"
        if self._turn_hold > 0:
            self._turn_hold -= 1
            return "turning"
        if abs(record["accel_m_s2"]) > p.accel_max_m_s2:
            return "accelerating"
        return ""


def _overtone(harmonics: Floats) -> tuple[float, float]:
    """Product of horizontal times conjugate vertical acceleration at step frequency and at twice that, and its size.

    harmonics (4, 2 H) as `measure_stride` writes them. At twice the step frequency walkers and runners both move as on
    a spring, so that the first is negative in walking, whichever way is forward.
    """
    parts = harmonics[1:, (2, 3, 6, 7)].tolist()
    up1, up2 = complex(*parts[2][:2]), complex(*parts[2][2:])
    both = squares = 0.0
    for c1, s1, c2, s2 in parts[:2]:
        first, second = complex(c1, -s1) * up1, complex(c2, -s2) * up2
        both += (first * second.conjugate()).real
        squares += abs(first) ** 2
    return both, squares


def gap_error_deg(record: dict[str, Any], gaps6: float) -> float:
    """SD in degrees that gaps add to the mean tilt of a stride: of a sine of two cycles, interpolated linearly.

    gaps6: sum of the sixth powers of the gaps in s. A gap of h s in a stride of T s moves the mean by h^3 f'' / (12 T).
    """
    duration_s = record["duration_s"]
    amplitude_deg = 0.5 * (record["tilt_max_deg"] - record["tilt_min_deg"])
    curvature = amplitude_deg * (4.0 * pi / duration_s) ** 2 / sqrt(2.0)
    error_deg: float = sqrt(gaps6) * curvature / (12.0 * duration_s)
    return error_deg


def _timing(right: Step, left: Step, last: Step) -> dict[str, Any]:
    duration = last.contact_s - right.contact_s
    contact_right, contact_left = right.toe_off_s - right.contact_s, left.toe_off_s - left.contact_s
    return {
        "start_s": right.contact_s,
        "duration_s": duration,
        "cadence_spm": 120.0 / duration,
        "contact_right_ms": 1e3 * contact_right,
        "contact_left_ms": 1e3 * contact_left,
        "flight_ms": 500.0 * (duration - contact_right - contact_left),  # mean of the two flights
        "balance_left_pct": 100.0 * contact_left / (contact_left + contact_right),
        "tilt_se_deg": nan,  # these four are measured later
        "pullback_left_deg": nan,
        "pullback_right_deg": nan,
        "pullback_se_deg": nan,
        "tilt_usual_deg": nan,
        "tuck_least_deg": nan,
        "pullback_least_deg": nan,
        **NO_TRUNK,
    }
