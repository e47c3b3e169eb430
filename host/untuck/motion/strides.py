"""Strides and their features: cut from right contact to right contact, measured on an even grid of phase, judged fit.

Angles come from orientation and mount; drift of heading is a line fitted together with the stride's harmonics.
One stride's numbers, and whether it may count, are decided here; what they mean as a fault is decided elsewhere.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

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
_EVEN = np.exp(-2j * np.pi * np.outer([2, 4], PHASE)) / PHASES  # the harmonics that both steps share


@dataclass(frozen=True, eq=False)
class Stride:
    """A measured stride: its STRIDE_DTYPE record, curves of rotation and tilt (PHASES,) rad, left contact's phase.

    sample: number of the sample at which it was known.
    """

    record: NDArray[np.void]
    rotation: Floats
    tilt: Floats
    left_phase: float
    sample: int


class StrideCutter:
    """Turns Steps into Strides, in order."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._steps: deque[Step] = deque(maxlen=3)
        self._curves = np.empty((6, PHASES))
        self._typical = np.zeros(PHASES)
        self._typical_count = 0
        self._lean: deque[tuple[float, float]] = deque(maxlen=params.lean_strides)
        self._turns: deque[float] = deque(maxlen=params.turn_strides)
        self._turn_hold = 0
        self.nominal_dt_s = np.nan

    def push(self, step: Step, history: History, mount: Floats) -> Stride | None:
        """The stride that this step completes, if it does; mount (3,3) has rows P.x, P.y, P.z in sensor coordinates."""
        if not step.follows:
            self._steps.clear()
        if not step.running:
            self._lean.clear()
            self._turns.clear()
            return None
        self._steps.append(step)
        if len(self._steps) < 3 or step.side != RIGHT:
            return None
        right, left, _ = self._steps
        duration = step.contact_s - right.contact_s
        if not self._params.stride_min_s <= duration <= self._params.stride_max_s:
            return None
        return self._measure(right, left, step, history, mount)

    def _measure(self, right: Step, left: Step, last: Step, history: History, mount: Floats) -> Stride:
        start, end = right.contact_s, last.contact_s
        first = max(history.find(start, last.index + 1) - 1, history.base)
        time_s = history.time(first, last.index + 1)
        quat = history.column("quat", first, last.index + 1)
        earth = history.column("earth", first, last.index + 1)
        inside, longest = k.stride_curves(time_s, quat, earth, mount, start, end, self._curves)
        record = np.zeros((), STRIDE_DTYPE)
        self._timing(record, right, left, last)
        rotation = self._angles(record)
        self._travel(record)
        expected = (end - start) / self.nominal_dt_s
        record["missing_pct"] = max(0.0, 100.0 * (1.0 - (inside + 0.5) / expected))
        record["reason"] = self._reason(record, longest)
        record["valid"] = record["reason"] == ""
        return Stride(
            record, rotation, self._curves[0].copy(), float((left.contact_s - start) / (end - start)), last.index
        )

    def _timing(self, record: NDArray[np.void], right: Step, left: Step, last: Step) -> None:
        duration = last.contact_s - right.contact_s
        contact_right, contact_left = right.toe_off_s - right.contact_s, left.toe_off_s - left.contact_s
        record["start_s"], record["duration_s"] = right.contact_s, duration
        record["cadence_spm"] = 120.0 / duration
        record["contact_right_ms"], record["contact_left_ms"] = 1e3 * contact_right, 1e3 * contact_left
        record["flight_ms"] = 500.0 * (duration - contact_right - contact_left)  # mean of the two flights
        record["balance_left_pct"] = 100.0 * contact_left / (contact_left + contact_right)

    def _angles(self, record: NDArray[np.void]) -> Floats:
        """Fill in the angles and the oscillation; returns the rotation curve in rad."""
        tilt, obliquity, heading = self._curves[:3]
        drift = float(LINE_WEIGHTS @ heading)
        rotation: Floats = heading - drift * PHASE
        rotation -= rotation.mean()
        record["tilt_deg"] = np.degrees(tilt.mean())
        record["tilt_min_deg"], record["tilt_max_deg"] = np.degrees(tilt.min()), np.degrees(tilt.max())
        record["obliquity_range_deg"] = np.degrees(np.ptp(obliquity))
        record["rotation_range_deg"] = np.degrees(np.ptp(rotation))
        duration = float(record["duration_s"])
        record["turn_deg_s"] = np.degrees(drift) / duration
        self._lean.append((float(np.sin(tilt).mean()), float((np.cos(tilt) * np.cos(obliquity)).mean())))
        forward, up = np.mean(self._lean, axis=0)
        record["lean_deg"] = np.degrees(np.arctan2(forward, up))
        spectrum = np.fft.rfft(self._curves[5])[1:9] / (2j * np.pi * np.arange(1, 9) / duration) ** 2
        height = np.fft.irfft(np.concatenate([[0], spectrum, np.zeros(PHASES // 2 - 8)]), PHASES)
        record["oscillation_mm"] = 1e3 * np.ptp(height)
        record["tilt_se_deg"] = record["pullback_left_deg"] = record["pullback_right_deg"] = np.nan
        record["pullback_se_deg"] = np.nan
        return rotation

    def _travel(self, record: NDArray[np.void]) -> None:
        """Pelvis heading against the axis of the horizontal acceleration that both steps share, in degrees."""
        x, y = _EVEN @ self._curves[3], _EVEN @ self._curves[4]
        xx, yy = float((abs(x) ** 2).sum()), float((abs(y) ** 2).sum())
        xy = float((x * y.conj()).real.sum())
        axis = 0.5 * np.arctan2(2 * xy, xx - yy)
        heading = float(self._curves[2].mean())
        record["travel_deg"] = np.degrees((heading - axis + np.pi / 2) % np.pi - np.pi / 2)

    def _reason(self, record: NDArray[np.void], longest_s: float) -> str:
        """Why the stride may not count, "" if it may."""
        p = self._params
        if longest_s > p.gap_max_s + 0.5e-3 and longest_s > 1.6 * self.nominal_dt_s:
            return "gap"
        if record["missing_pct"] > p.missing_max_pct:
            return "missing"
        if not self._like_own(self._curves[5]):
            return "odd"
        self._turns.append(float(record["turn_deg_s"]))
        if abs(sum(self._turns) / len(self._turns)) > p.turn_max_deg_s:
            self._turn_hold = p.turn_hold_strides
            return "turning"
        if self._turn_hold > 0:
            self._turn_hold -= 1
            return "turning"
        return ""

    def _like_own(self, vertical: Floats) -> bool:
        """Does the vertical acceleration (PHASES,) resemble the runner's own mean stride?"""
        wave = vertical - vertical.mean()
        size = float(np.sqrt(wave @ wave))
        own = float(np.sqrt(self._typical @ self._typical))
        if self._typical_count >= 5 and wave @ self._typical < self._params.waveform_min_corr * size * own:
            return False
        self._typical_count = min(self._typical_count + 1, self._params.waveform_memory)
        self._typical += (wave - self._typical) / self._typical_count
        return True
