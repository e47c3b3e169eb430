"""Strides judged: gathered into a baseline, watched for a slip of the clip, then findings and cues.

One stride at a time, in order; what comes of it is handed back as news for the pipeline to publish.
What the judgement rests on, and when it starts anew, lives here; rules are in the modules named after them.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan
from typing import Any

import numpy as np

from untuck.errors import BaselineError, TuckedBaselineError
from untuck.model import Baseline, Calibration, Cue, Finding
from untuck.motion.form.baseline import make_baseline
from untuck.motion.form.cues import CuePolicy
from untuck.motion.form.faults import FaultDetector
from untuck.motion.history import History
from untuck.motion.mount.slip import SlipWatch
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride

News = list[tuple[str, Any]]  # kind and value, as of model.Event
_SLIPPED = "check it, then stand still for 5 s. Until then tuck and pullback are held."
_DOUBT = (
    "Tilt changed suddenly: a quick change of form, or the clip has slipped, which can look the same. "
    "If your form did not change, check the clip and stand still for 5 s."
)
_MOUNT = (
    "The sensor does not sit as it should: by what it shows the pelvis is not upright, so that no angle and no fault "
    "can be judged. Clip it to the back of the waistband and stand still for 5 s."
)
_LOW = (
    "The pelvis still tips no further forward than in standing. This is taken as your own way of running, and faults "
    "are told against it: if you know a better form, take the baseline anew in that."
)
_CREPT = (
    "Tilt came down slowly before this tuck: tiredness, or a clip that slips slowly, which look the same. "
    "Stand still for 5 s when you can: that tells."
)


class Judge:
    """Judges strides against a baseline, which it gathers first where none is given."""

    def __init__(self, params: Params, baseline: Baseline | None) -> None:
        self._params = params
        self._given = baseline is not None
        self.baseline = baseline
        self._detector = None if baseline is None else FaultDetector(params, baseline)
        self.policy = CuePolicy(params)
        self._slip = SlipWatch(params)
        self._candidates: list[Stride] = []
        self._told_mount = False
        self._told_tucked = False  # a baseline was refused for its tilt: the runner knows
        self._gather_from_s = np.nan  # strides before this are warm-up

    @property
    def slipped(self) -> bool:
        """Whether the clip has slipped since standing was measured last."""
        return self._slip.held

    @property
    def gathered(self) -> int:
        """Strides gathered for a baseline so far."""
        return len(self._candidates)

    @property
    def on(self) -> tuple[Finding, ...]:
        """Findings that last, as deep as they have been so far."""
        latches = () if self._detector is None else self._detector.latches
        return tuple(latch.finding for latch in latches if latch.finding is not None)

    def push(self, stride: Stride, history: History, calibration: Calibration, now_s: float) -> News:
        """What a stride brings; fills in what the detectors measure, and why it does not count if a slip is why."""
        news = self._watch(stride, history, calibration, now_s)
        on: list[Finding] = []
        changes: list[Finding] = []
        if self._detector is not None:
            changes = self._detector.push(stride)
            why = "not comparable" if self._detector.held_back else "corrected"
            changes = [c if isnan(c.end_s) else replace(c, ended=why) for c in changes]
            latches = self._detector.latches
            on = [latch.finding for latch in latches if latch.finding is not None and not latch.easing]
        elif stride.record["valid"] or stride.record["reason"] == "accelerating":
            news += self._gather(stride, calibration.source != "nominal", now_s)
        news += [("finding", change) for change in changes]
        if any(c.fault == "tuck" and isnan(c.end_s) for c in changes) and self._slip.crept():
            news.append(("warning", _CREPT))
        ended = [c for c in changes if not isnan(c.end_s)]
        for cue in self.policy.decide(on, ended, now_s):
            news.append(("cue" if isinstance(cue, Cue) else "held", cue))
        return news

    def _watch(self, stride: Stride, history: History, calibration: Calibration, now_s: float) -> News:
        """Hold strides that a slip has spoilt; what was found or gathered before it is closed."""
        news: News = []
        usual_deg = nan if self._detector is None else self._detector.usual_tilt_deg(stride)
        seen = self._slip.push(stride, usual_deg, history, calibration.sensor_to_pelvis)
        if seen == "doubt":
            news = [("warning", _DOUBT)]
        elif seen == "slip":
            self._candidates.clear()
            by = f"by {self._slip.step_deg:.0f} deg at once, {now_s:.0f} s after the start"
            told = f"The clip seems to have slipped {by}: {_SLIPPED}"
            news = [*self.stop(now_s), ("slipped", self._slip.step_deg), ("warning", told)]
        if stride.record["reason"] == "mount" and not self._told_mount:
            self._told_mount = True
            news.append(("warning", _MOUNT))
        if self._slip.held and stride.record["valid"]:
            stride.record["valid"], stride.record["reason"] = False, "slip"
        return news

    def _gather(self, stride: Stride, standing_known: bool, now_s: float) -> News:
        """Collect clean strides until they make a baseline; those of getting up to speed take time, but no part."""
        if isnan(self._gather_from_s):
            self._gather_from_s = now_s + self._params.baseline_warmup_s
        if now_s < self._gather_from_s:
            return []
        self._candidates.append(stride)
        if len(self._candidates) < self._params.baseline_strides:
            return []
        strides = [s for s in self._candidates if s.record["valid"]]
        self._candidates = []
        p, least_deg = self._params, -np.inf
        if standing_known:  # else a tucked baseline cannot be told
            least_deg = p.baseline_own_tilt_deg if self._told_tucked else p.baseline_min_tilt_deg
        try:
            self.baseline = make_baseline(strides, p, least_deg)
        except BaselineError as error:
            self._told_tucked = self._told_tucked or isinstance(error, TuckedBaselineError)
            return [("refused", "baseline"), ("warning", str(error))]
        self._detector = FaultDetector(p, self.baseline, warmed_up=True)
        low = standing_known and self.baseline.tilt_deg.mean() <= p.baseline_min_tilt_deg
        return [("baseline", self.baseline), *([("warning", _LOW)] if low else [])]

    def stop(self, now_s: float) -> News:
        """Running has ended, or the clip has slipped: findings end."""
        self._slip.stop()
        if self._detector is None:
            return []
        return [("finding", replace(finding, ended="stopped")) for finding in self._detector.stop(now_s)]

    def rebase(self, now_s: float) -> News:
        """Take a new baseline from the next stride on, warmed up or not."""
        news = [] if self._detector is None else self.stop(now_s)
        self.baseline = self._detector = None
        self._given = False
        self._candidates.clear()
        self._gather_from_s = now_s
        return news

    def tune(self, params: Params) -> None:
        """Judge and cue by other thresholds from the next stride on."""
        self._params = self.policy.params = params
        if self._detector is not None:
            self._detector.tune(params)

    def stood(self) -> None:
        """Standing has been measured: a slip seen before is no more."""
        self._slip.zeroed()

    def calibrated(self, anew: bool, now_s: float) -> News:
        """The mount is another one; anew: not only its zero, so that a baseline taken with the old one is void."""
        self._candidates.clear()
        self._told_mount = False
        if not anew or self._given or self._detector is None:
            return []
        news = self.stop(now_s)
        self.baseline = self._detector = None
        self._told_tucked = False
        return [*news, ("warning", "Calibrated anew after running: the baseline is taken anew as well.")]
