"""Strides and their features: from right contact to right contact, measured on an even grid of phase, and validated.

Angles come from orientation and mount; the drift of heading is a line fitted together with the stride's harmonics.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, nan, radians, sqrt
from operator import itemgetter
from typing import Any, cast

import numpy as np

from untuck.model import RIGHT, STRIDE_DTYPE, Floats
from untuck.motion.history import History
from untuck.motion.params import Params
from untuck.motion.strides import stride_kernels
from untuck.motion.strides.contacts import Step

PHASES = 100
PHASE = (np.arange(PHASES) + 0.5) / PHASES
_LINE_HARMONICS = 6


def _line_weights() -> Floats:
    """Row vector (PHASES,) whose product with a curve is its drift over the stride, fitted together with harmonics."""
    columns = [np.ones(PHASES), PHASE]
    for h in range(1, _LINE_HARMONICS + 1):
        columns += [np.cos(2 * np.pi * h * PHASE), np.sin(2 * np.pi * h * PHASE)]
    weights: Floats = np.linalg.pinv(np.array(columns).T)[1]
    return weights


LINE_WEIGHTS = _line_weights()
HARMONICS = 8
_ANGLES = 2 * np.pi * np.outer(PHASE, np.repeat(np.arange(1, HARMONICS + 1), 2))
_BASIS = np.where(np.arange(2 * HARMONICS) % 2 == 0, np.cos(_ANGLES), np.sin(_ANGLES)) * 2 / PHASES  # (PHASES, 2 H)
BASIS = np.ascontiguousarray(_BASIS.T.reshape(HARMONICS, 2, PHASES))


_SAMPLES_MAX = 2048  # in a stride: 0.95 s at 2 kHz
_UPRIGHT_MIN = cos(radians(40.0))  # a running pelvis leans by at most 30 deg; beyond, the mount is wrong


@dataclass(eq=False, slots=True)
class Stride:
    """A stride: fields of STRIDE_DTYPE; curves (3, PHASES): tilt, obliquity, rotation in rad; harmonics (H, 2) in rad.

    record is a dict, which is read ten times faster than an array scalar; `publish` makes the scalar.
    obliquity_deg: mean obliquity, which shows a clip that is tipped sideways.
    """

    record: dict[str, Any]
    curves: Floats
    harmonics: Floats
    left_phase: float
    obliquity_deg: float

    @property
    def rotation(self) -> Floats:
        """Rotation over the stride (PHASES,) in rad, without drift and mean."""
        rotation: Floats = self.curves[2]
        return rotation

    def publish(self) -> np.void:
        """The current record as a STRIDE_DTYPE scalar."""
        return cast(np.void, np.array(_FIELDS(self.record), STRIDE_DTYPE)[()])


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
        self._angles = np.empty((_SAMPLES_MAX, 3))
        self._curves = np.empty((6, PHASES))
        self._kernel_numbers = np.empty(stride_kernels.STRIDE_NUMBERS)
        self._harmonics = np.empty((4, 2 * HARMONICS))  # of rotation and of acceleration x, y, z
        self._own_waveform = np.zeros(PHASES)
        self._own_count = 0
        self._own_share = 0.0  # weight of the last stride, which is averaged in when the next one is measured
        self._lean = deque[float](maxlen=params.lean_strides), deque[float](maxlen=params.lean_strides)
        self._turns: deque[float] = deque(maxlen=params.turn_strides)
        self._turn_hold = 0
        self._acceleration = deque[float](maxlen=params.accel_strides), deque[float](maxlen=params.accel_strides)
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
            for values in (*self._lean, *self._acceleration, self._turns):
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
        stride.record["tilt_se_deg"] = degrees(sqrt(tilt_variance))
        return stride

    def _measure(self, right: Step, left: Step, last: Step, history: History, mount: Floats) -> Stride:
        start, end = right.contact_s, last.contact_s
        scratch = self._own_share, self._angles, self._curves, self._harmonics, self._kernel_numbers
        stride_kernels.measure_stride(
            *history.until(last.number + 1), start, end, mount, LINE_WEIGHTS, _BASIS, self._own_waveform, *scratch
        )
        numbers = self._kernel_numbers.tolist()
        expected = (end - start) / self._nominal_dt_s
        record = _timing(right, left, last)
        record.update(zip(_MEASURED, numbers, strict=False))
        record["missing_pct"] = max(0.0, 100.0 * (1.0 - (numbers[stride_kernels.N_INSIDE] + 0.5) / expected))
        forward, upward = self._lean
        forward.append(numbers[stride_kernels.N_FORWARD])
        upward.append(numbers[stride_kernels.N_UPWARD])
        record["lean_deg"] = degrees(atan2(sum(forward), sum(upward)))
        x, y = self._acceleration
        x.append(numbers[stride_kernels.N_ACCEL_X])
        y.append(numbers[stride_kernels.N_ACCEL_Y])
        record["accel_m_s2"] = hypot(sum(x), sum(y)) / len(x)
        self._own_share = 0.0
        reason = self._invalid_reason(record, numbers) if numbers[stride_kernels.N_UPRIGHT] > _UPRIGHT_MIN else "mount"
        record["reason"], record["valid"] = reason, reason == ""
        left_phase = (left.contact_s - start) / (end - start)
        harmonics = self._harmonics[0].reshape(HARMONICS, 2).copy()
        return Stride(record, self._curves[:3].copy(), harmonics, left_phase, numbers[stride_kernels.N_OBLIQUITY_DEG])

    def _invalid_reason(self, record: dict[str, Any], numbers: list[float]) -> str:
        """Why the stride is not valid, "" if it is."""
        p, longest_s = self._params, numbers[stride_kernels.N_LONGEST_S]
        if longest_s > p.gap_max_s + 0.5e-3 and longest_s > 1.6 * self._nominal_dt_s:
            return "gap"
        if record["missing_pct"] > p.missing_max_pct:
            return "missing"
        if self._own_count >= p.waveform_first and numbers[stride_kernels.N_CORRELATION] < p.waveform_min_corr:
            return "odd"
        self._own_count = min(self._own_count + 1, p.waveform_memory)
        self._own_share = 1.0 / self._own_count
        self._turns.append(record["turn_deg_s"])
        if abs(sum(self._turns) / len(self._turns)) > p.turn_max_deg_s:
            self._turn_hold = p.turn_hold_strides
            return "turning"
        if self._turn_hold > 0:
            self._turn_hold -= 1
            return "turning"
        if record["accel_m_s2"] > p.accel_max_m_s2:
            return "accelerating"
        return ""


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
    }
