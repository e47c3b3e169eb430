"""The current state of a session as values for the live views, updated from the pipeline's events.

Pure: no terminal, no clock but the sensor's. Owns the words for the runner's next step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from untuck.events import (
    BaselineExtended,
    BaselineTaken,
    Calibrated,
    CommandTaken,
    CueDecided,
    Event,
    FindingChanged,
    MovingChanged,
    StrideMeasured,
    Warned,
)
from untuck.model import Baseline, Calibration, CalibrationProgress, Cue, Finding, Progress
from untuck.motion.params import Params
from untuck.session_commands import Lap, Mute, NewBaseline, SessionCommand
from untuck.vocabulary import Moving, not_judged_advice

UNJUDGED_STRIDES = 3  # in a row before the state says so


@dataclass
class LiveState:
    """The current state of a session; `take` updates it by an event, `take_progress` between events.

    cadence_spm, tilt_deg: of the last stride; against_deg: tilt minus baseline, mean over the strides that decide about
    a tuck, NaN while none is judged; lean_deg: of the pelvis; pullback_deg: left and right; tuck_least_deg: the
    smallest tuck that is found if it lasts, NaN before that is known; not_judged: why the last strides were not
    judged, "" while strides are; active: findings that last, by fault and side; over: those that ended, newest last.
    """

    params: Params = field(default_factory=Params)
    now_s: float = 0.0
    moving: str = Moving.STANDING
    calibration: Calibration | None = None
    baseline: Baseline | None = None
    strides: int = 0
    progress: Progress = field(default_factory=Progress)
    cadence_spm: float = math.nan
    tilt_deg: float = math.nan
    lean_deg: float = math.nan
    pullback_deg: tuple[float, float] = (math.nan, math.nan)
    muted: bool = False
    laps: int = 0
    against_deg: float = math.nan
    not_judged: str = ""
    tuck_least_deg: float = math.nan
    active: dict[tuple[str, int], Finding] = field(default_factory=dict)
    over: list[Finding] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _recent: list[float] = field(default_factory=list)
    _unjudged: int = 0  # strides in a row

    def begin(self, calibration: Calibration, baseline: Baseline | None) -> None:
        """Set the calibration and baseline that the session starts with."""
        if self.calibration is None and calibration.source != "nominal":
            self.calibration = calibration
        self.baseline = self.baseline or baseline

    def take(self, event: Event) -> None:
        """Update by an event."""
        self.now_s = event.time_s
        match event:
            case MovingChanged(moving=moving):
                self.moving = moving
            case Calibrated(calibration=calibration):
                self.calibration = calibration
            case BaselineTaken(baseline=baseline) | BaselineExtended(baseline=baseline):
                self.baseline = baseline
            case StrideMeasured(stride=stride):
                self._stride(stride)
            case FindingChanged(finding=finding):
                self._finding(finding)
            case CueDecided(cue=cue):
                self.cues.append(cue)
            case Warned(text=text):
                self.warnings.append(text)
            case CommandTaken(command=command):
                self._command(command)
            case _:
                pass

    def take_progress(self, progress: Progress) -> None:
        """Update by the progress of what has not ended yet."""
        self.progress = progress
        for finding in progress.active:
            if (finding.fault, finding.side) in self.active:
                self.active[finding.fault, finding.side] = finding

    @property
    def calibrating(self) -> bool:
        """Whether standing and hinges are awaited: at the beginning, and after the command to recalibrate."""
        return self.moving != Moving.RUNNING and (self.calibration is None or self.progress.search is not None)

    @property
    def share(self) -> float:
        """Progress (0..1) of the step that is under way: standing, hinges or baseline; NaN if none is."""
        p, search = self.params, self.progress.search
        if self.calibrating and search is not None:
            standing = search.standing_s / p.stand_s
            return standing if standing < 1.0 else search.hinges / p.hinge_count
        taking = self.baseline is None and self.moving == Moving.RUNNING
        return min(1.0, self.progress.gathered / p.baseline_strides) if taking else math.nan

    def ask(self) -> str:
        """The runner's next step, or how the form is, in a few words."""
        if self.calibrating:
            return self._ask_to_calibrate()
        if self.moving != Moving.RUNNING:
            return "run" if self.strides == 0 else "not running: nothing is judged"
        if self.baseline is None:
            return self._ask_for_baseline()
        if self.active:
            return "see findings"
        return f"not judged: {not_judged_advice(self.not_judged)}" if self.not_judged else "in good form"

    def _ask_to_calibrate(self) -> str:
        p, search = self.params, self.progress.search or CalibrationProgress()
        if search.standing_s >= p.stand_s:
            return f"hinge at the hips, slowly down and up: {search.hinges} of {p.hinge_count}"
        if search.standing_s >= 1.0:
            return f"stand still: {int(search.standing_s)} of {p.stand_s:.0f} s, then hinge three times at the hips"
        return f"stand still for {p.stand_s:.0f} s, then hinge three times at the hips"

    def _ask_for_baseline(self) -> str:
        p, done = self.params, self.progress.gathered
        if done == 0 and p.baseline_warmup_s > 0:
            return f"run easily: the baseline begins after {p.baseline_warmup_s:.0f} s"
        return f"run in good form: baseline {min(done, p.baseline_strides)} of {p.baseline_strides} strides"

    def _stride(self, stride: np.void) -> None:
        self.strides += 1
        self.cadence_spm, self.tilt_deg = float(stride["cadence_spm"]), float(stride["tilt_deg"])
        self.lean_deg = float(stride["lean_deg"])
        self.pullback_deg = (float(stride["pullback_left_deg"]), float(stride["pullback_right_deg"]))
        reason = str(stride["reason"])
        self._unjudged = self._unjudged + 1 if reason else 0
        if not reason or self._unjudged >= UNJUDGED_STRIDES:
            self.not_judged = reason
        if self.not_judged:  # nothing says what is usual here
            self._recent, self.against_deg = [], math.nan
        elif not reason:
            self.tuck_least_deg = float(stride["tuck_least_deg"])
            against_deg = self.tilt_deg - float(stride["tilt_usual_deg"])
            self._recent = [*self._recent, against_deg][-self.params.tuck_strides :]
            self.against_deg = fmean(self._recent)

    def _command(self, command: SessionCommand) -> None:
        match command:
            case Lap():
                self.laps += 1
            case Mute(on=on):
                self.muted = on
            case NewBaseline():
                self.baseline, self.against_deg = None, math.nan
            case _:
                pass

    def _finding(self, finding: Finding) -> None:
        if finding.active:
            self.active[finding.fault, finding.side] = finding
        else:
            self.active.pop((finding.fault, finding.side), None)
            self.over.append(finding)
