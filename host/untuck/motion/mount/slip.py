"""Slips of the clip: a lasting step in tilt or obliquity that is too sudden for a change of form.

A jump between the means of strides is examined closely: the angles through it, less the runner's own waveform, are
fitted by ramps as long as a slip and by ramps as long as a change of form, and the likelihoods are compared.

About the pelvis's right axis a slip and a tuck rotate the sensor in the same way, and a tuck may come as suddenly: only
a step of obliquity as well shows that the clip has moved. Without it the step is in doubt, which
is said, and judged as form. A clip that moves slowly over minutes cannot be distinguished from a slow tuck.
"""

from __future__ import annotations

from collections import deque
from math import log
from typing import NamedTuple

import numpy as np

from untuck.model import Floats
from untuck.motion.history import History
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride
from untuck.motion.strides.stride_kernels import pelvis_angles

# Numbers of the fit; the thresholds are in Params.
_ONSET_STEP_S = 0.05  # between onsets that are tried
_ONSET_FIRST_S, _ONSET_LAST_S = 1.3, 0.3  # first onset before the jump, last onset before the end
_BIN_SAMPLES = 5
_HARMONICS = 4  # of the runner's own waveform
_OBLIQUITY_STRIDES = 40  # whose scatter of obliquity is remembered


class StrideSummary(NamedTuple):
    """Start and end of a stride in s, mean tilt and obliquity in degrees, turn rate in deg/s."""

    start_s: float
    end_s: float
    tilt_deg: float
    obliquity_deg: float
    turn_deg_s: float


class SlipWatch:
    """Follows strides while running; held: a slip was detected, and standing has not set the zero again.

    step_deg: size of the last step that was examined.
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        self._before, self._after = params.slip_before_strides, params.slip_after_strides
        self._recent: deque[StrideSummary] = deque(maxlen=self._before + params.slip_between_strides + self._after)
        self._obliquity_steps2: deque[float] = deque(maxlen=_OBLIQUITY_STRIDES)  # squared, of strides without a slip
        self._level_before = (0.0, 0.0)
        self.held = False
        self.step_deg = 0.0

    def stop(self) -> None:
        """Running has ended; a detected slip remains."""
        self._recent.clear()

    def hold(self, usual_tilt_deg: float) -> None:
        """The clip has moved, as tilt shows; it is back when tilt is as usual and obliquity as in the last strides."""
        self.held = True
        count = max(1, len(self._recent))
        self._level_before = (usual_tilt_deg, sum(stride.obliquity_deg for stride in self._recent) / count)

    def zeroed(self) -> None:
        """Standing has set the zero again: a slip before it no longer matters."""
        self.stop()
        self.held = False

    def push(self, stride: Stride, usual_tilt_deg: float, history: History, mount: Floats) -> str:
        """ "slip" if this stride shows that the clip has slipped, "doubt" if it may have, otherwise "".

        usual_tilt_deg: tilt of the baseline, NaN where unknown.
        """
        record = stride.record
        start_s, tilt_deg = float(record["start_s"]), float(record["tilt_deg"])
        if not record["valid"]:
            self._recent.clear()
            return ""
        end_s = start_s + float(record["duration_s"])
        if self._recent and start_s > self._recent[-1].end_s + 0.01:
            self._recent.clear()
        self._recent.append(StrideSummary(start_s, end_s, tilt_deg, stride.obliquity_deg, float(record["turn_deg_s"])))
        if self.held:
            self._check_return()
            return ""
        return self._judge(history, mount) if self._has_jump(usual_tilt_deg) else ""

    def _check_return(self) -> None:
        """End the slip if tilt and obliquity are as before: the clip is back, or the runner had changed form."""
        last = list(self._recent)[-self._params.slip_back_strides :]
        if len(last) == self._params.slip_back_strides:
            off = max(abs(now - then) for now, then in zip(_means(last), self._level_before, strict=True))
            self.held = off > self._params.slip_back_deg

    def _has_jump(self, usual_tilt_deg: float) -> bool:
        """Whether the last strides differ enough from those before, other than by a return to the usual tilt."""
        p, strides = self._params, list(self._recent)
        if len(strides) < (self._recent.maxlen or 0):
            return False
        last = strides[-self._after :]
        before, after = _means(strides[: self._before]), _means(last)
        steps = [max(abs(s.tilt_deg - before[0]), abs(s.obliquity_deg - before[1])) for s in last]
        least_deg = p.slip_jump_share * p.slip_min_deg
        if sum(steps) < self._after * least_deg or min(steps) < p.slip_lasting_share * least_deg:
            self._obliquity_steps2.append((after[1] - before[1]) ** 2)
            return False
        nearer_deg = abs(before[0] - usual_tilt_deg) - abs(after[0] - usual_tilt_deg)
        if nearer_deg > p.slip_lasting_share * least_deg or self._begins_to_turn(strides):
            self._recent.clear()
            return False
        return True

    def _judge(self, history: History, mount: Floats) -> str:
        """Whether the step is large enough and its course resembles a slip more than a change of form.

        A step is tested once, while its beginning is in the window. One that is too small is examined again later.
        """
        p, strides = self._params, list(self._recent)
        before, after = _means(strides[: self._before]), _means(strides[-self._after :])
        self.step_deg, sudden = self._fit_step(strides, before, after, history, mount)
        evidence = min(sudden, p.slip_timing_most) + self._obliquity_evidence(after[1] - before[1])
        if self.step_deg < p.slip_min_deg:
            return ""
        self._recent.clear()
        self._level_before = before
        self.held = evidence > p.slip_sudden
        if self.held:
            return "slip"
        return "doubt" if evidence > p.slip_doubt else ""

    def _obliquity_evidence(self, step_deg: float) -> float:
        """Log likelihood ratio of a step of obliquity with a slip, which also tips the clip sideways, and without."""
        p = self._params
        weight = p.slip_obliquity_usual_strides
        squares = weight * p.slip_obliquity_usual_deg**2 + sum(self._obliquity_steps2)
        own = squares / (weight + len(self._obliquity_steps2))
        slipped = own + p.slip_obliquity_deg**2
        return 0.5 * (step_deg**2 * (1.0 / own - 1.0 / slipped) - log(slipped / own))

    def _begins_to_turn(self, strides: list[StrideSummary]) -> bool:
        """Whether the runner enters or leaves a bend, where people lean."""
        count = self._before
        before = sum(stride.turn_deg_s for stride in strides[:count]) / count
        after = sum(stride.turn_deg_s for stride in strides[count:]) / (len(strides) - count)
        return abs(after - before) > self._params.slip_turn_deg_s

    def _fit_step(
        self,
        strides: list[StrideSummary],
        before: tuple[float, float],
        after: tuple[float, float],
        history: History,
        mount: Floats,
    ) -> tuple[float, float]:
        """Size of the step in degrees, and log likelihood ratio of a slip and a change of form."""
        time_s, angles_deg = _residual_angles(strides, self._before, history, mount)
        change = np.array([after[0] - before[0], after[1] - before[1]])
        along = angles_deg @ (change / np.linalg.norm(change))
        jump_s = strides[self._before - 1].end_s
        onsets = np.arange(jump_s - _ONSET_FIRST_S, time_s[-1] - _ONSET_LAST_S, _ONSET_STEP_S)
        slip, size_deg = _best_ramp(time_s, along, onsets, self._params.slip_ramps_s)
        form, _ = _best_ramp(time_s, along, onsets, self._params.form_ramps_s)
        return size_deg, float(0.5 * len(time_s) * np.log(form / slip))


def _means(strides: list[StrideSummary]) -> tuple[float, float]:
    """Mean tilt and obliquity of strides in degrees."""
    tilt_deg = obliquity_deg = 0.0
    for _, _, tilt, obliquity, _ in strides:
        tilt_deg += tilt
        obliquity_deg += obliquity
    return tilt_deg / len(strides), obliquity_deg / len(strides)


def _residual_angles(
    strides: list[StrideSummary], before: int, history: History, mount: Floats
) -> tuple[Floats, Floats]:
    """Times (n,), and tilt and obliquity (n,2) in degrees less the mean waveform of the first `before` strides."""
    first = history.find(strides[0].start_s, history.end)
    last = history.find(strides[-1].end_s, history.end)
    time_s = history.time(first, last)
    angles = np.empty((len(time_s), 3))
    pelvis_angles(history.column("quat", first, last), 0, len(time_s), mount, angles)
    edges = np.array([stride.start_s for stride in strides] + [strides[-1].end_s])
    phase = np.interp(time_s, edges, np.arange(len(edges)))
    turns = 2 * np.pi * np.outer(phase, np.arange(1, _HARMONICS + 1))
    waves = np.column_stack([np.ones(len(phase)), np.cos(turns), np.sin(turns)])
    quiet = phase < before
    own, _, _, _ = np.linalg.lstsq(waves[quiet], angles[quiet, :2], rcond=None)
    residual_deg = np.degrees(angles[:, :2] - waves @ own)
    bins = len(time_s) // _BIN_SAMPLES
    return (
        time_s[: bins * _BIN_SAMPLES].reshape(bins, _BIN_SAMPLES).mean(axis=1),
        residual_deg[: bins * _BIN_SAMPLES].reshape(bins, _BIN_SAMPLES, 2).mean(axis=1),
    )


def _best_ramp(time_s: Floats, angle: Floats, onsets: Floats, lengths_s: tuple[float, ...]) -> tuple[float, float]:
    """Smallest residual sum of squares of a smooth ramp fitted to angle (n,), and the height of that ramp."""
    best, height = np.inf, 0.0
    centred = angle - angle.mean()
    total = float(centred @ centred)
    for length_s in lengths_s:
        u = np.clip((time_s - onsets[:, None]) / length_s, 0.0, 1.0)
        ramps = u**3 * (10 - 15 * u + 6 * u**2)
        ramps -= ramps.mean(axis=1, keepdims=True)
        power = (ramps**2).sum(axis=1) + 1e-12
        along = ramps @ centred
        left = total - along**2 / power
        row = int(np.argmin(left))
        if left[row] < best:
            best, height = float(left[row]), float(along[row] / power[row])
    return max(best, 1e-12), height
