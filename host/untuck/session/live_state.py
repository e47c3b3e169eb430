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
    Rejected,
    StrideMeasured,
    TrunkCalibrated,
    TrunkChanged,
    Warned,
)
from untuck.model import Baseline, Calibration, CalibrationProgress, Cue, Finding, Progress
from untuck.motion.params import Params
from untuck.session_commands import Lap, Mute, NewBaseline, SessionCommand
from untuck.vocabulary import Moving, NoTrunk, no_trunk_advice, not_judged_advice

UNJUDGED_STRIDES = 3  # in a row before the state says so
SWAPPED = "the clips seem to be swapped: exchange them, stand still for 5 s, hinge"


@dataclass
class LiveState:
    """The current state of a session; `take` updates it by an event, `take_progress` between events.

    cadence_spm, tilt_deg, pelvic_lean_deg: of the last stride; against_deg: tilt minus baseline, mean over the strides
    that decide about a tuck, NaN while none is judged; pullback_deg: left and right; tuck_least_deg: the smallest tuck
    that is found if it lasts, NaN before that is known; not_judged: why the last strides were not judged, "" while
    strides are; active: findings that last, by fault and side; over: those that ended, newest last.

    Of a second clip: trunk: whether its samples come, None without one; trunk_calibration: as calibration; swapped: the
    clips seem to be worn in each other's place; trunk_lean_deg, lumbar_deg: of the last stride, NaN where unknown;
    trunk_reason: why the last strides have none, of vocabulary.NoTrunk, "" if they do.
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
    pelvic_lean_deg: float = math.nan
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
    trunk: bool | None = None
    trunk_calibration: Calibration | None = None
    swapped: bool = False
    trunk_lean_deg: float = math.nan
    lumbar_deg: float = math.nan
    trunk_reason: str = ""
    _recent: list[float] = field(default_factory=list)
    _unjudged: int = 0  # strides in a row
    _without_trunk: int = 0

    def begin(
        self, calibration: Calibration, baseline: Baseline | None, trunk_calibration: Calibration | None = None
    ) -> None:
        """Set the calibrations and the baseline that the session starts with; trunk_calibration: None for one clip."""
        if trunk_calibration is not None and self.trunk is None:
            self.trunk = False
            if trunk_calibration.source != "nominal":
                self.trunk_calibration = trunk_calibration
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
            case TrunkCalibrated(calibration=calibration, zero_only=zero_only):
                self.trunk_calibration = calibration
                self.swapped = self.swapped and zero_only
            case TrunkChanged(present=present):
                self.trunk, self.trunk_reason, self._without_trunk = present, "", 0
                if not present:
                    self.trunk_lean_deg = self.lumbar_deg = math.nan
            case Rejected(what="places"):
                self.swapped = True
            case StrideMeasured(stride=stride):
                self._stride(stride)
                if self.trunk is not None:
                    self._trunk_of(stride)
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
        return self.moving != Moving.RUNNING and (self._pelvis_awaits or self._trunk_awaits)

    @property
    def _pelvis_awaits(self) -> bool:
        return self.calibration is None or self.progress.search is not None

    @property
    def _trunk_awaits(self) -> bool:
        """Whether hinges of the second clip are awaited; one that sends nothing is not waited for."""
        return self.trunk is True and self.progress.trunk_search is not None

    @property
    def trunk_problem(self) -> str:
        """Why a second clip shows nothing just now, with what to do; "" while it does, or without one."""
        if self.trunk is None:
            return ""
        if not self.trunk:
            return no_trunk_advice(NoTrunk.ABSENT)
        if self.swapped:
            return SWAPPED
        return no_trunk_advice(self.trunk_reason) if self.trunk_reason else ""

    @property
    def share(self) -> float:
        """Progress (0..1) of the step that is under way: standing, hinges or baseline; NaN if none is."""
        p, search = self.params, self._least_search()
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
            return self._ask_to_run() if self.strides == 0 else "not running: nothing is judged"
        if self.baseline is None:
            return self._ask_for_baseline()
        if self.active:
            return "see findings"
        return f"not judged: {not_judged_advice(self.not_judged)}" if self.not_judged else "in good form"

    def _least_search(self) -> CalibrationProgress | None:
        """The search of the clip that is behind, None if there is none."""
        searches = [self.progress.search, self.progress.trunk_search if self._trunk_awaits else None]
        found = [each for each in searches if each is not None]
        return min(found, key=lambda each: (each.standing_s, each.hinges), default=None)

    def _ask_to_calibrate(self) -> str:
        p, search = self.params, self._least_search() or CalibrationProgress()
        if search.standing_s >= p.stand_s:
            return f"hinge at the hips, slowly down and up: {self._hinges()}"
        if search.standing_s >= 1.0:
            return f"stand still: {int(search.standing_s)} of {p.stand_s:.0f} s, then hinge three times at the hips"
        return f"stand still for {p.stand_s:.0f} s, then hinge three times at the hips"

    def _hinges(self) -> str:
        """Good hinges so far, of each clip where they differ."""
        count, pelvis, trunk = self.params.hinge_count, self.progress.search, self.progress.trunk_search
        seen = f"{pelvis.hinges if pelvis is not None else count} of {count}"
        if not self._trunk_awaits or trunk is None or (pelvis is not None and trunk.hinges == pelvis.hinges):
            return seen
        return f"belt {seen}, upper back {trunk.hinges} of {count}; keep the back straight"

    def _ask_to_run(self) -> str:
        """The next step, with how well both clips are calibrated where there are two."""
        both = (self.calibration, self.trunk_calibration) if self.trunk else ()
        errors_deg = [each.error_deg for each in both if each is not None and math.isfinite(each.error_deg)]
        if len(errors_deg) < 2:
            return "run"
        return f"run; directions within {errors_deg[0]:.1f} deg (belt) and {errors_deg[1]:.1f} deg (upper back)"

    def _ask_for_baseline(self) -> str:
        p, done = self.params, self.progress.gathered
        if done == 0 and p.baseline_warmup_s > 0:
            return f"run easily: the baseline begins after {p.baseline_warmup_s:.0f} s"
        return f"run in good form: baseline {min(done, p.baseline_strides)} of {p.baseline_strides} strides"

    def _stride(self, stride: np.void) -> None:
        self.strides += 1
        self.cadence_spm, self.tilt_deg = float(stride["cadence_spm"]), float(stride["tilt_deg"])
        self.pelvic_lean_deg = float(stride["pelvic_lean_deg"])
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

    def _trunk_of(self, stride: np.void) -> None:
        self.trunk_lean_deg, self.lumbar_deg = float(stride["trunk_lean_deg"]), float(stride["lumbar_deg"])
        reason = str(stride["trunk_reason"])
        self._without_trunk = self._without_trunk + 1 if reason else 0
        if not reason or self._without_trunk >= UNJUDGED_STRIDES:
            self.trunk_reason = reason

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
