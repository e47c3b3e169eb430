"""Slips of the clip: a lasting step in tilt or obliquity that comes too suddenly for a change of form.

A jump between means of strides is looked at closely: its course, runner's own waveform taken off, is fitted by ramps of
the length of a slip and of the length of a change of form. What is called a slip, and for how long, is decided here.

About the pelvis's right axis a slip and a tuck are the same motion of the sensor; only how quickly it comes, and what
it does to obliquity beyond the runner's own scatter, tells them apart. A clip that creeps for minutes looks like a tuck
that does; `crept` says so.
"""

from __future__ import annotations

from collections import deque
from math import log
from typing import NamedTuple

import numpy as np

from untuck.model import Floats
from untuck.motion.history import History
from untuck.motion.params import Params
from untuck.motion.strides.kernels import pelvis_angles
from untuck.motion.strides.stride import Stride

_BEFORE, _BETWEEN, _AFTER = 6, 1, 2  # strides whose means are compared, and left out where the step falls
_LOOK_SHARE = 0.75  # of the size of a slip, from which a jump is looked at
_LASTING_SHARE = 0.75  # of that, in every stride after it
_SLIP_S = (0.25, 0.4, 0.55)  # from one place to the other
_FORM_S = (1.0, 1.4, 1.8, 2.4)  # the same for a runner who changes form within one to three strides
_ONSET_STEP_S = 0.05
_BEFORE_JUMP_S, _TAIL_S = 1.3, 0.3  # onsets are tried from so long before the jump, to so long before now
_BIN = 5  # samples
_WAVES = 4  # harmonics of the runner's own waveform
_SIDEWAYS_DEG = 2.0  # a slip tips the clip sideways as well, by about so much; a tuck does not (a judgement)
_USUAL_SIDEWAYS_DEG = 0.5  # how steps of obliquity scatter anyway, until the runner's own are known
_USUAL_WEIGHT, _SIDEWAYS_STRIDES = 10.0, 40  # counts as so many strides, beside so many of the runner's own
_TURN_DEG_S = 5.0  # who begins to turn leans
_BACK_STRIDES = 6
_CREEP_STRIDES = 30
_CREEP_SHARE = 0.4  # of the depth, that was there so many strides before: what comes within two had none


class Followed(NamedTuple):
    """What is kept of a stride: start and end in s, tilt and obliquity in degrees, turn rate in deg/s."""

    start_s: float
    end_s: float
    tilt_deg: float
    obliquity_deg: float
    turn_deg_s: float


class SlipWatch:
    """Follows strides while running; held: a slip has been seen, and standing has not yet set the zero anew.

    step_deg: size of the slip that was seen last.
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        self._recent: deque[Followed] = deque(maxlen=_BEFORE + _BETWEEN + _AFTER)
        self._below: deque[float] = deque(maxlen=_CREEP_STRIDES)
        self._sideways2: deque[float] = deque(maxlen=_SIDEWAYS_STRIDES)  # steps of obliquity that were none, squared
        self._level = (0.0, 0.0)
        self.held = False
        self.step_deg = 0.0

    def stop(self) -> None:
        """Running has ended; a slip stays one."""
        self._recent.clear()
        self._below.clear()

    def zeroed(self) -> None:
        """Standing has been measured: what was seen before is no more."""
        self.stop()
        self.held = False

    def push(self, stride: Stride, usual_tilt_deg: float, history: History, mount: Floats) -> str:
        """ "slip" if this stride shows that the clip has slipped, "doubt" if it may have, else "".

        usual_tilt_deg: of the baseline, NaN where unknown.
        """
        record = stride.record
        start_s, tilt_deg = float(record["start_s"]), float(record["tilt_deg"])
        if not record["valid"]:
            self._recent.clear()
            return ""
        end_s = start_s + float(record["duration_s"])
        if self._recent and start_s > self._recent[-1].end_s + 0.01:
            self._recent.clear()
        self._recent.append(Followed(start_s, end_s, tilt_deg, stride.obliquity_deg, float(record["turn_deg_s"])))
        self._below.append(usual_tilt_deg - tilt_deg)
        if self.held:
            self._see_back()
            return ""
        return self._judge(history, mount) if self._jumps(usual_tilt_deg) else ""

    def _see_back(self) -> None:
        """Whether tilt and obliquity are as before the slip: the clip is back, or it was a change of form."""
        last = list(self._recent)[-_BACK_STRIDES:]
        if len(last) == _BACK_STRIDES:
            off = max(abs(now - then) for now, then in zip(_means(last), self._level, strict=True))
            self.held = off > self._params.slip_back_deg

    def _jumps(self, usual_tilt_deg: float) -> bool:
        """Whether the last strides' level is far enough from that before, and not just back at the usual one."""
        strides = list(self._recent)
        if len(strides) < _BEFORE + _BETWEEN + _AFTER:
            return False
        before = _means(strides[:_BEFORE])
        after = _means(strides[-_AFTER:])
        steps = [max(abs(s.tilt_deg - before[0]), abs(s.obliquity_deg - before[1])) for s in strides[-_AFTER:]]
        least_deg = _LOOK_SHARE * self._params.slip_min_deg
        if sum(steps) < _AFTER * least_deg or min(steps) < _LASTING_SHARE * least_deg:
            self._sideways2.append((after[1] - before[1]) ** 2)
            return False
        nearer_deg = abs(before[0] - usual_tilt_deg) - abs(after[0] - usual_tilt_deg)
        if nearer_deg > _LASTING_SHARE * least_deg or _begins_to_turn(strides):
            self._recent.clear()
            return False
        return True

    def _judge(self, history: History, mount: Floats) -> str:
        """Whether the step is large enough, and comes rather like a slip than like a change of form.

        A step is judged once, while its beginning is in view; one that is still too small is looked at again.
        """
        p, strides = self._params, list(self._recent)
        self.step_deg, sudden = _step(strides, history, mount)
        sudden += self._tipped(_means(strides[-_AFTER:])[1] - _means(strides[:_BEFORE])[1])
        if self.step_deg < p.slip_min_deg:
            return ""
        self._recent.clear()
        self._level = _means(strides[:_BEFORE])
        self.held = sudden > p.slip_sudden
        if self.held:
            return "slip"
        return "doubt" if sudden > p.slip_doubt else ""

    def _tipped(self, step_deg: float) -> float:
        """How much likelier a step of obliquity is in a slip, which tips sideways as well, than without (a log)."""
        squares = _USUAL_WEIGHT * _USUAL_SIDEWAYS_DEG**2 + sum(self._sideways2)
        own = squares / (_USUAL_WEIGHT + len(self._sideways2))
        slipped = own + _SIDEWAYS_DEG**2
        return 0.5 * (step_deg**2 * (1.0 / own - 1.0 / slipped) - log(slipped / own))

    def crept(self) -> bool:
        """Whether tilt had come down slowly, over many strides, when it was found too low."""
        if len(self._below) < _CREEP_STRIDES:
            return False
        below = list(self._below)
        early, late = sum(below[:_BEFORE]) / _BEFORE, sum(below[-_BEFORE:]) / _BEFORE
        return late > 0.0 and early > _CREEP_SHARE * late


def _means(strides: list[Followed]) -> tuple[float, float]:
    """Mean tilt and obliquity of strides in degrees."""
    tilt_deg = obliquity_deg = 0.0
    for _, _, tilt, obliquity, _ in strides:
        tilt_deg += tilt
        obliquity_deg += obliquity
    return tilt_deg / len(strides), obliquity_deg / len(strides)


def _step(strides: list[Followed], history: History, mount: Floats) -> tuple[float, float]:
    """Size of the last strides' step in degrees, and how much likelier it is a slip than a change of form (a log)."""
    time_s, course = _course(strides, history, mount)
    before, after = _means(strides[:_BEFORE]), _means(strides[-_AFTER:])
    change = np.array([after[0] - before[0], after[1] - before[1]])
    along = course @ (change / np.linalg.norm(change))
    onsets = np.arange(strides[_BEFORE - 1].end_s - _BEFORE_JUMP_S, time_s[-1] - _TAIL_S, _ONSET_STEP_S)
    slip, size_deg = _best_ramp(time_s, along, onsets, _SLIP_S)
    form, _ = _best_ramp(time_s, along, onsets, _FORM_S)
    return size_deg, float(0.5 * len(time_s) * np.log(form / slip))


def _begins_to_turn(strides: list[Followed]) -> bool:
    before = sum(stride.turn_deg_s for stride in strides[:_BEFORE]) / _BEFORE
    after = sum(stride.turn_deg_s for stride in strides[_BEFORE:]) / (_BETWEEN + _AFTER)
    return abs(after - before) > _TURN_DEG_S


def _course(strides: list[Followed], history: History, mount: Floats) -> tuple[Floats, Floats]:
    """Times (n,) and tilt and obliquity (n,2) in degrees through the strides, less the mean wave of the first ones."""
    first = history.find(strides[0].start_s, history.end)
    last = history.find(strides[-1].end_s, history.end)
    time_s = history.time(first, last)
    angles = np.empty((len(time_s), 3))
    pelvis_angles(history.column("quat", first, last), 0, len(time_s), mount, angles)
    edges = np.array([stride.start_s for stride in strides] + [strides[-1].end_s])
    phase = np.interp(time_s, edges, np.arange(len(edges)))
    turns = 2 * np.pi * np.outer(phase, np.arange(1, _WAVES + 1))
    waves = np.column_stack([np.ones(len(phase)), np.cos(turns), np.sin(turns)])
    quiet = phase < _BEFORE
    own, _, _, _ = np.linalg.lstsq(waves[quiet], angles[quiet, :2], rcond=None)
    course = np.degrees(angles[:, :2] - waves @ own)
    bins = len(time_s) // _BIN
    return (
        time_s[: bins * _BIN].reshape(bins, _BIN).mean(axis=1),
        course[: bins * _BIN].reshape(bins, _BIN, 2).mean(axis=1),
    )


def _best_ramp(time_s: Floats, course: Floats, onsets: Floats, lengths_s: tuple[float, ...]) -> tuple[float, float]:
    """Smallest sum of squares that a smooth ramp leaves of the course (n,), and that ramp's height."""
    best, height = np.inf, 0.0
    centred = course - course.mean()
    total = float(centred @ centred)
    for length_s in lengths_s:
        u = np.clip((time_s - onsets[:, None]) / length_s, 0.0, 1.0)
        ramps = u**3 * (10 - 15 * u + 6 * u**2)
        ramps -= ramps.mean(axis=1, keepdims=True)
        power = (ramps**2).sum(axis=1) + 1e-12
        along = ramps @ centred
        left = total - along**2 / power
        at = int(np.argmin(left))
        if left[at] < best:
            best, height = float(left[at]), float(along[at] / power[at])
    return max(best, 1e-12), height
