"""Faults: a change that lasts over strides and differs from the baseline becomes a finding, with hysteresis.

Decides which strides may be compared with the baseline and passes them to every detector; rules are in detectors.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from untuck.model import Baseline, Finding
from untuck.motion.form import detectors
from untuck.motion.form.detectors import Compared, Detector, RecentStrides, TuckDetector
from untuck.motion.form.latch import Latch
from untuck.motion.form.reference import Reference
from untuck.motion.form.spine import SpineDetector
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride
from untuck.vocabulary import Ending, NotJudged


class FaultDetector:
    """Turns clean strides into findings against one baseline.

    ids: numbers for new findings, shared by all detectors of a run; taken_today: the baseline has just been taken.
    not_judged: why the last stride was not compared, "" if it was; chance_s gets the times at which a mirrored test
    finds something.
    """

    def __init__(
        self,
        params: Params,
        baseline: Baseline,
        ids: Iterator[int] | None = None,
        chance_s: list[float] | None = None,
        taken_today: bool = False,
    ) -> None:
        p = params
        numbers = count(1) if ids is None else ids
        self._params = p
        self.reference = Reference(p, baseline, taken_today)
        self._chance_s: list[float] = [] if chance_s is None else chance_s
        self._tuck = TuckDetector(p, numbers)
        self._spine = SpineDetector(p, numbers, taken_today, len(baseline.strides))
        others = [make(p, numbers) for make in detectors.OTHERS]
        self._detectors: list[Detector] = [self._tuck, *others, self._spine]
        averages = {name: strides for each in self._detectors for name, strides in each.averages().items()}
        self._recent = RecentStrides(averages, max(each.strides for each in self._detectors))
        self._warmup = 0 if taken_today else p.warmup_strides
        self.not_judged = ""
        self._not_judged_strides = 0

    def tune(self, params: Params) -> None:
        """Judge by other thresholds from the next stride on; an active finding lasts until they say off."""
        self._params = params

    @property
    def latches(self) -> tuple[Latch, ...]:
        """All latches, in order of their cues' priority."""
        return tuple(latch for each in self._detectors for latch in each.latches)

    @property
    def too_deep(self) -> bool:
        """Whether tilt is further below its reference than anybody tucks."""
        return self._tuck.too_deep

    @property
    def spine(self) -> SpineDetector:
        """What a second clip shows; its `measured` is false without one."""
        return self._spine

    def usual_tilt_deg(self, stride: Stride) -> float:
        """Tilt of the baseline at this stride's cadence."""
        return self.reference.tilt_near(stride.record["cadence_spm"])

    def stop(self, now_s: float) -> list[Finding]:
        """Running has ended: end the active findings; clean strides are needed before findings resume."""
        self._warmup = self._params.warmup_strides
        self.reference.restart()
        return self._forget(now_s)

    def _forget(self, now_s: float) -> list[Finding]:
        self._recent.clear()
        for each in self._detectors:
            each.clear()
        return [finding for latch in self.latches if (finding := latch.end(now_s)) is not None]

    def push(self, stride: Stride, sides_known: bool = True) -> list[Finding]:
        """Findings that begin or end with this stride; fills in the stride's pullback and sets `not_judged`.

        sides_known: otherwise rules that name a side are left out.
        """
        record = stride.record
        now_s = record["start_s"] + record["duration_s"]
        self.not_judged = "" if record["valid"] else str(record["reason"])
        usual = None
        if not self.not_judged:
            usual = self.reference.usual(stride, self._is_doubtful())
            self.not_judged = self.reference.held
        if not self.not_judged and self._warmup > 0:
            self._warmup -= 1
            self.not_judged = NotJudged.WARM_UP
        if usual is None or self.not_judged:
            self._not_judged_strides += 1
            return self._forget(now_s) if self._not_judged_strides == self._params.forget_strides else []
        self._not_judged_strides = 0
        self._recent.push(stride)
        seen = Compared(
            stride=stride,
            recent=self._recent,
            baseline=self.reference.baseline,
            usual=usual,
            wander_deg=self.reference.wander_deg,
            chance_s=self._chance_s,
            params=self._params,
            now_s=now_s,
        )
        changes: list[Finding | None] = []
        for each in self._detectors:
            if sides_known or not each.sided:
                changes += each.push(seen)
            else:
                each.clear()
                ended = [latch.end(now_s) for latch in each.latches]
                changes += [replace(finding, ended=Ending.NOT_COMPARABLE) for finding in ended if finding is not None]
        return [change for change in changes if change is not None]

    def _is_doubtful(self) -> bool:
        """Whether a fault may be under way, so that the strides must not become a reference."""
        if any(latch.finding is not None or latch.counting for latch in self.latches):
            return True
        return self._tuck.doubtful
