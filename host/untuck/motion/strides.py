"""Strides and their features: cut from right contact to right contact, measured on an even grid of phase, judged fit.

Angles come from orientation and mount; drift of heading is a line fitted together with the stride's harmonics.
One stride's numbers, and whether it may count, are decided here; what they mean as a fault is decided elsewhere.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import atan2, degrees, hypot, nan

import numpy as np
from numpy.typing import NDArray

from untuck.model import RIGHT, STRIDE_DTYPE, Floats
from untuck.motion import kernels as k
from untuck.motion.contacts import Step
from untuck.motion.history import History
from untuck.motion.params import Params

PHASES = 100
PHASE = (np.arange(PHASES) + 0.5) / PHASES
_LINE_HARMONICS = 6


def _line_weights() -> Floats:
    """Row vector (PHASES,) whose product with a curve is its drift over the stride, harmonics fitted beside it."""
    columns = [np.ones(PHASES), PHASE]
    for h in range(1, _LINE_HARMONICS + 1):
        columns += [np.cos(2 * np.pi * h * PHASE), np.sin(2 * np.pi * h * PHASE)]
    weights: Floats = np.linalg.pinv(np.array(columns).T)[1]
    return weights


LINE_WEIGHTS = _line_weights()
HARMONICS = 8
_ANGLES = 2 * np.pi * np.outer(np.arange(1, HARMONICS + 1), PHASE)
BASIS = np.ascontiguousarray(np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1) * 2 / PHASES)  # (H, 2, PHASES)


@dataclass(frozen=True, eq=False)
class Stride:
    """A stride: its STRIDE_DTYPE record, rotation (PHASES,) and its harmonics (H, 2) in rad, phase of left contact.

    obliquity_deg: its mean, in which a clip's tilt to the side shows.
    """

    record: NDArray[np.void]
    rotation: Floats
    harmonics: Floats
    left_phase: float
    obliquity_deg: float


_DEGREES = {
    "tilt_deg": k.N_TILT,
    "tilt_min_deg": k.N_TILT_MIN,
    "tilt_max_deg": k.N_TILT_MAX,
    "obliquity_range_deg": k.N_OBLIQUITY_RANGE,
    "rotation_range_deg": k.N_ROTATION_RANGE,
    "travel_deg": k.N_TRAVEL,
}


class StrideCutter:
    """Turns Steps into Strides, in order."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._steps: deque[Step] = deque(maxlen=3)
        self._curves = np.empty((6, PHASES))
        self._numbers = np.empty(k.STRIDE_NUMBERS)
        self._typical = np.zeros(PHASES)
        self._typical_count = 0
        self._lean: deque[tuple[float, float]] = deque(maxlen=params.lean_strides)
        self._turns: deque[float] = deque(maxlen=params.turn_strides)
        self._turn_hold = 0
        self._accels: deque[tuple[float, float]] = deque(maxlen=params.accel_strides)
        self.nominal_dt_s = np.nan

    def push(self, step: Step, history: History, mount: Floats, tilt_se_deg: float) -> Stride | None:
        """The stride that this step completes, if it does; mount (3,3) has rows P.x, P.y, P.z in sensor coordinates.

        tilt_se_deg: standard error of tilt by the orientation filter's own account.
        """
        if not step.follows:
            self._steps.clear()
        if not step.running:
            self._lean.clear()
            self._turns.clear()
            self._accels.clear()
            return None
        self._steps.append(step)
        if len(self._steps) < 3 or step.side != RIGHT:
            return None
        right, left, _ = self._steps
        duration = step.contact_s - right.contact_s
        if not self._params.stride_min_s <= duration <= self._params.stride_max_s:
            return None
        stride = self._measure(right, left, step, history, mount)
        stride.record["tilt_se_deg"] = tilt_se_deg
        return stride

    def _measure(self, right: Step, left: Step, last: Step, history: History, mount: Floats) -> Stride:
        start, end = right.contact_s, last.contact_s
        first = max(history.find(start, last.index + 1) - 1, history.base)
        time_s = history.time(first, last.index + 1)
        quat = history.column("quat", first, last.index + 1)
        earth = history.column("earth", first, last.index + 1)
        inside, longest = k.stride_curves(time_s, quat, earth, mount, start, end, self._curves)
        harmonics = np.empty((HARMONICS, 2))
        k.stride_numbers(self._curves, end - start, LINE_WEIGHTS, BASIS, self._typical, harmonics, self._numbers)
        record = np.zeros((), STRIDE_DTYPE)
        self._timing(record, right, left, last)
        self._angles(record)
        expected = (end - start) / self.nominal_dt_s
        record["missing_pct"] = max(0.0, 100.0 * (1.0 - (inside + 0.5) / expected))
        reason = self._reason(record, longest)
        record["reason"], record["valid"] = reason, reason == ""
        left_phase = (left.contact_s - start) / (end - start)
        return Stride(record, self._curves[2].copy(), harmonics, left_phase, degrees(self._numbers[k.N_OBLIQUITY]))

    def _timing(self, record: NDArray[np.void], right: Step, left: Step, last: Step) -> None:
        duration = last.contact_s - right.contact_s
        contact_right, contact_left = right.toe_off_s - right.contact_s, left.toe_off_s - left.contact_s
        record["start_s"], record["duration_s"] = right.contact_s, duration
        record["cadence_spm"] = 120.0 / duration
        record["contact_right_ms"], record["contact_left_ms"] = 1e3 * contact_right, 1e3 * contact_left
        record["flight_ms"] = 500.0 * (duration - contact_right - contact_left)  # mean of the two flights
        record["balance_left_pct"] = 100.0 * contact_left / (contact_left + contact_right)

    def _angles(self, record: NDArray[np.void]) -> None:
        """Fill in angles, oscillation and yaw rate from the kernel's numbers."""
        numbers = self._numbers.tolist()
        for name, at in _DEGREES.items():
            record[name] = degrees(numbers[at])
        record["turn_deg_s"] = degrees(numbers[k.N_DRIFT]) / float(record["duration_s"])
        record["oscillation_mm"] = 1e3 * numbers[k.N_OSCILLATION]
        self._lean.append((numbers[k.N_FORWARD], numbers[k.N_UPWARD]))
        record["lean_deg"] = degrees(atan2(sum(f for f, _ in self._lean), sum(u for _, u in self._lean)))
        self._accels.append((numbers[k.N_ACCEL_X], numbers[k.N_ACCEL_Y]))
        x, y = sum(a for a, _ in self._accels), sum(b for _, b in self._accels)
        record["accel_m_s2"] = hypot(x, y) / len(self._accels)
        for name in ("pullback_left_deg", "pullback_right_deg", "pullback_se_deg"):
            record[name] = nan

    def _reason(self, record: NDArray[np.void], longest_s: float) -> str:
        """Why the stride may not count, "" if it may."""
        p = self._params
        if longest_s > p.gap_max_s + 0.5e-3 and longest_s > 1.6 * self.nominal_dt_s:
            return "gap"
        if record["missing_pct"] > p.missing_max_pct:
            return "missing"
        if self._typical_count >= p.waveform_first and self._numbers[k.N_LIKENESS] < p.waveform_min_corr:
            return "odd"
        self._typical_count = min(self._typical_count + 1, p.waveform_memory)
        self._typical += (self._curves[5] - self._typical) / self._typical_count
        self._turns.append(float(record["turn_deg_s"]))
        if abs(sum(self._turns) / len(self._turns)) > p.turn_max_deg_s:
            self._turn_hold = p.turn_hold_strides
            return "turning"
        if self._turn_hold > 0:
            self._turn_hold -= 1
            return "turning"
        if record["accel_m_s2"] > p.accel_max_m_s2:
            return "accelerating"
        return ""
