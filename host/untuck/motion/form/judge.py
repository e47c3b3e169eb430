"""Strides judged: gathered into a baseline, watched for a slip of the clip, then turned into findings and cues.

One stride at a time, in order; the results are events for the pipeline to publish. Decides what the judgement rests on
and when it starts again; the rules are in the modules named after them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from math import isnan, nan

import numpy as np

from untuck.errors import BaselineError, TuckedBaselineError
from untuck.events import (
    BaselineExtended,
    BaselineTaken,
    CueDecided,
    CueSuppressed,
    Event,
    FindingChanged,
    Rejected,
    Slipped,
    Warned,
)
from untuck.model import Baseline, Calibration, CalibrationProgress, Cue, Finding, Progress
from untuck.motion.form.baseline import make_baseline
from untuck.motion.form.cues import CuePolicy
from untuck.motion.form.faults import FaultDetector
from untuck.motion.history import History
from untuck.motion.mount.facing import FacingWatch, lift_g
from untuck.motion.mount.slip import SlipWatch
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride
from untuck.vocabulary import Ending, Fault, NotJudged, Sides

_SLIPPED = "check it, then stand still for 5 s. Until then tuck and pullback are not judged."
_DOUBT = (
    "Tilt changed suddenly: either a quick change of form, or the clip has slipped; both look the same. "
    "If your form did not change, check the clip and stand still for 5 s."
)
_MOUNT = (
    "The pelvis does not appear upright, so the sensor is not mounted as expected, and no angle or fault "
    "can be judged. Clip it to the back of the waistband and stand still for 5 s."
)
_DOUBT_S = 12.0  # from a sudden step of tilt to the tuck that it becomes
_INSIDE_OUT_DEG = 135.0
_INSIDE_OUT = (
    "The clip seems to be inside out: seen from running, its front is behind. Left and right would be exchanged, so "
    "nothing is judged. Turn it round, or hinge three times: hinges measure how it sits."
)
_TURNED = (
    "The clip seems to be turned sideways: seen from running, its front is not ahead. So nothing is judged. Put it on "
    "the middle of the back, or hinge three times: hinges measure how it sits."
)
_NO_SIDES = (
    "Left and right are not named: no hinges were found, and this running does not show for certain which way the "
    "clip faces. Hinge three times before the run."
)
_SIDES_WAIT = 16  # judged strides without known sides, until it is said
_LOW = (
    "The pelvis still tips no further forward than in standing. This is kept as your own way of running, and faults "
    "are judged against it. If you know a better form, take a new baseline in that."
)
_CREPT = (
    "Tilt decreased slowly before this tuck: fatigue, a slope, or a clip that slips slowly; they look the same. "
    "Stand still for 5 s when you can: that shows whether the clip has moved."
)
_TOO_DEEP = (
    "Tilt is further below your baseline than anybody tucks: the clip has moved. Nothing is judged until you put it "
    "back and stand still for 5 s."
)
_OFFSET = (
    "From the start, your pelvis tips {:.1f} deg {} than in your earlier baseline. People stand differently by as "
    "much, so the baseline is moved by that. If you run differently on purpose, take a new baseline."
)
_LITTLE = (
    "In your baseline the pelvis tips only {:.1f} deg further forward than in standing; in most runners it is 3 to 9 "
    "deg. You may have tucked while it was recorded. It is kept. For another one, let the belt tip forward and take a "
    "new baseline."
)


class Judge:
    """Judges strides against a baseline, which it gathers first where none is given."""

    def __init__(self, params: Params, baseline: Baseline | None) -> None:
        self._params = params
        self._given = baseline is not None
        self._ids = count(1)
        self._chance_s: list[float] = []
        self.baseline = baseline
        self._detector = None if baseline is None else FaultDetector(params, baseline, self._ids, self._chance_s)
        self.policy = CuePolicy(params)
        self._slip = SlipWatch(params)
        self._facing = FacingWatch()
        self._candidates: list[Stride] = []
        self._hinged = False
        self._sideless = 0  # judged strides without known sides
        self.signs_shown = True  # gyro and acceleration agree; of a foreign recording this may not be known
        self._warned_mount = self._told_offset = False
        self._rejected_tucked = False  # a baseline was rejected for its tilt, and the runner was told so
        self._doubted_s = -np.inf  # when a step of tilt was last in doubt
        self._gather_from_s = np.nan  # strides before this are warm-up

    @property
    def slipped(self) -> bool:
        """Whether the clip has slipped since standing was last measured."""
        return self._slip.held

    @property
    def sides(self) -> str:
        """What shows which side is left, one of vocabulary.Sides."""
        if self._facing.turned_deg != 0.0:
            return Sides.UNKNOWN
        if self._hinged:
            return Sides.HINGES
        return Sides.RUNNING if self._facing.known and self.signs_shown else Sides.UNKNOWN

    @property
    def chance_s(self) -> tuple[float, ...]:
        """When a mirrored test found something, in s: what chance alone does."""
        return tuple(self._chance_s)

    @property
    def gathered(self) -> int:
        """Strides gathered for a baseline so far."""
        return len(self._candidates)

    def progress(self, search: CalibrationProgress | None) -> Progress:
        """Strides gathered, and the findings that last, beside the search for a calibration."""
        latches = () if self._detector is None else self._detector.latches
        lasting = [(latch.finding, latch.now_deg, latch.easing) for latch in latches if latch.finding is not None]
        return Progress(
            search=search,
            gathered=self.gathered,
            active=tuple(finding for finding, _, _ in lasting),
            now_deg=tuple(now_deg for _, now_deg, _ in lasting),
            easing=tuple(easing for _, _, easing in lasting),
        )

    def push(self, stride: Stride, history: History, calibration: Calibration, now_s: float) -> list[Event]:
        """The events of a stride; fills in what the detectors measure, and a slip as the reason not to count."""
        self._hinged = calibration.source == "stand+hinges"
        events = self._watch_slips(stride, history, calibration, now_s)
        active: list[Finding] = []
        changes: list[Finding] = []
        if self._detector is not None:
            changes = self._detector.push(stride, self.sides != Sides.UNKNOWN)
            ending = Ending.NOT_COMPARABLE if self._detector.not_judged else Ending.CORRECTED
            changes = [each if each.active or each.ended else replace(each, ended=ending) for each in changes]
            latches = self._detector.latches
            active = [latch.finding for latch in latches if latch.finding is not None and not latch.easing]
            events += [*self._follow(stride, now_s), *self._tell_sides(now_s)]
        elif stride.record["valid"] or stride.record["reason"] == NotJudged.ACCELERATING:
            events += self._gather(stride, calibration.source != "nominal", now_s)
            gathered = NotJudged.WARM_UP if now_s < self._gather_from_s else NotJudged.BASELINE
            stride.record["reason"] = stride.record["reason"] or gathered
        events += [FindingChanged(now_s, change) for change in changes]
        if any(change.fault == Fault.TUCK and change.active and change.slow for change in changes):
            events.append(Warned(now_s, _CREPT))
        for change in changes:
            if change.fault == Fault.TUCK and change.active and now_s - self._doubted_s < _DOUBT_S:
                self.policy.doubtful.add(change.id)
        if self._detector is not None:
            self.policy.trunk, self.policy.extended = self._detector.spine.measured, self._detector.spine.extended
        ended = [change for change in changes if not change.active]
        for cue in self.policy.decide(active, ended, now_s):
            events.append(CueDecided(now_s, cue) if isinstance(cue, Cue) else CueSuppressed(now_s, cue))
        return events

    def _follow(self, stride: Stride, now_s: float) -> list[Event]:
        """What comparing a stride has shown besides findings: why it was not judged, a moved clip, a new pace."""
        assert self._detector is not None
        record, reference = stride.record, self._detector.reference
        record["reason"] = record["reason"] or self._detector.not_judged
        events: list[Event] = []
        if self._detector.too_deep and not self._slip.held:
            self._slip.hold(self._detector.usual_tilt_deg(stride))
            events += [*self.stop(now_s), Warned(now_s, _TOO_DEEP)]
        if reference.baseline is not self.baseline:
            self.baseline = reference.baseline
            if reference.extended:
                events.append(BaselineExtended(now_s, self.baseline))
        if not self._told_offset and abs(reference.offset_deg) >= self._params.offset_told_deg:
            self._told_offset = True
            way = "further forward" if reference.offset_deg > 0.0 else "less far forward"
            events.append(Warned(now_s, _OFFSET.format(abs(reference.offset_deg), way)))
        return events

    def _tell_sides(self, now_s: float) -> list[Event]:
        """Say it once, where faults of a side are not judged for long."""
        assert self._detector is not None
        if self.sides != Sides.UNKNOWN or self._detector.not_judged:
            return []
        self._sideless += 1
        return [Warned(now_s, _NO_SIDES)] if self._sideless == _SIDES_WAIT else []

    def _watch_slips(self, stride: Stride, history: History, calibration: Calibration, now_s: float) -> list[Event]:
        """Exclude strides that a slip has spoilt; findings and strides gathered before it are closed."""
        events: list[Event] = []
        usual_deg = nan if self._detector is None else self._detector.usual_tilt_deg(stride)
        seen = self._slip.push(stride, usual_deg, history, calibration.sensor_to_pelvis)
        if seen == "doubt":
            self._doubted_s = now_s
            events = [Warned(now_s, _DOUBT)]
        elif seen == "slip":
            self._candidates.clear()
            by = f"by {self._slip.step_deg:.0f} deg at once, {now_s:.0f} s after the start"
            warning = Warned(now_s, f"The clip seems to have slipped {by}: {_SLIPPED}")
            events = [*self.stop(now_s), Slipped(now_s, self._slip.step_deg), warning]
        events += self._watch_mount(stride, now_s)
        if self._slip.held and stride.record["valid"]:
            stride.record["valid"], stride.record["reason"] = False, NotJudged.SLIP
        return events

    def _watch_mount(self, stride: Stride, now_s: float) -> list[Event]:
        """Exclude strides while the clip lies, or faces, as the mount says that it does not; said once."""
        events: list[Event] = []
        was_turned = self._facing.turned_deg != 0.0
        sure = lift_g(stride.record) >= self._params.lift_sure_g
        if self._facing.push(*stride.facing, sure, stride.overtone) and stride.record["valid"]:
            stride.record["valid"], stride.record["reason"] = False, NotJudged.MOUNT
        if self._facing.turned_deg != 0.0 and not was_turned:
            self._candidates.clear()
            events = self.stop(now_s)
        if stride.record["reason"] == NotJudged.MOUNT and not self._warned_mount:
            self._warned_mount = True
            turned_deg = abs(self._facing.turned_deg)
            text = _MOUNT if turned_deg == 0.0 else _INSIDE_OUT if turned_deg > _INSIDE_OUT_DEG else _TURNED
            events.append(Warned(now_s, text))
        return events

    def _gather(self, stride: Stride, standing_known: bool, now_s: float) -> list[Event]:
        """Collect clean strides until they make a baseline; strides of getting up to speed are counted, not used."""
        if isnan(self._gather_from_s):
            self._gather_from_s = now_s + self._params.baseline_warmup_s
        if now_s < self._gather_from_s:
            return []
        self._candidates.append(stride)
        if len(self._candidates) < self._params.baseline_strides:
            return []
        strides = [each for each in self._candidates if each.record["valid"]]
        self._candidates = []
        p, least_deg = self._params, -np.inf
        if standing_known:  # otherwise a tucked baseline cannot be recognised
            least_deg = p.baseline_own_tilt_deg if self._rejected_tucked else p.baseline_min_tilt_deg
        try:
            self.baseline = make_baseline(strides, p, least_deg)
        except BaselineError as error:
            self._rejected_tucked = self._rejected_tucked or isinstance(error, TuckedBaselineError)
            return [Rejected(now_s, "baseline"), Warned(now_s, str(error))]
        self._detector = FaultDetector(p, self.baseline, self._ids, self._chance_s, taken_today=True)
        low = standing_known and self.baseline.tilt_deg.mean() <= p.baseline_min_tilt_deg
        tilt_deg = float(np.average(self.baseline.tilt_deg, weights=self.baseline.strides))
        events: list[Event] = [BaselineTaken(now_s, self.baseline)]
        if low:
            events.append(Warned(now_s, _LOW))
        elif standing_known and tilt_deg < p.baseline_usual_tilt_deg:
            events.append(Warned(now_s, _LITTLE.format(tilt_deg)))
        return events

    def stop(self, now_s: float) -> list[Event]:
        """Running has ended, or the clip has slipped: findings end."""
        self._slip.stop()
        if self._detector is None:
            return []
        ended = self._detector.stop(now_s)
        return [FindingChanged(now_s, replace(finding, ended=Ending.STOPPED)) for finding in ended]

    def rebase(self, now_s: float) -> list[Event]:
        """Take a new baseline from the next stride on, warmed up or not."""
        events = [] if self._detector is None else self.stop(now_s)
        self.baseline = self._detector = None
        self._given = False
        self._candidates.clear()
        self._gather_from_s = now_s
        return events

    def tune(self, params: Params) -> None:
        """Judge and cue by other thresholds from the next stride on."""
        self._params = self.policy.params = params
        if self._detector is not None:
            self._detector.tune(params)

    def stood(self) -> None:
        """Standing has been measured: an earlier slip no longer matters."""
        self._slip.zeroed()

    def calibrated(self, zero_only: bool, now_s: float) -> list[Event]:
        """The mount has changed: a baseline taken in this session is void, unless only the zero was set again."""
        self._candidates.clear()
        self._warned_mount = False
        self._facing.clear(zero_only)
        if self._detector is not None and self._given:
            self._detector.reference.renew()
        if zero_only or self._given or self._detector is None:
            return []
        events = self.stop(now_s)
        self.baseline = self._detector = None
        self._rejected_tucked = False
        return [*events, Warned(now_s, "Recalibrated after running: a new baseline is taken.")]
