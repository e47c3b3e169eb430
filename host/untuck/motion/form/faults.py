"""Faults: a change that lasts over strides and differs from the baseline becomes a finding, with hysteresis.

Decides which strides may be compared with the baseline and passes them to every detector; rules are in detectors.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import count

from untuck.model import Baseline, Finding
from untuck.motion.form import detectors
from untuck.motion.form.baseline import bins_of, match, nearest
from untuck.motion.form.detectors import Compared, RecentStrides
from untuck.motion.form.latch import Latch
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride
from untuck.vocabulary import NotJudged


class FaultDetector:
    """Turns clean strides into findings against one baseline.

    ids: numbers for new findings, shared by all detectors of a run; warmed_up: steady running has just been seen.
    not_judged: why the last stride was not compared, "" if it was.
    """

    def __init__(
        self, params: Params, baseline: Baseline, ids: Iterator[int] | None = None, warmed_up: bool = False
    ) -> None:
        p = params
        numbers = count(1) if ids is None else ids
        self._params = p
        self._baseline = baseline
        self._bins = bins_of(baseline)
        self._detectors = [make(p, numbers) for make in detectors.DETECTORS]
        averages = {name: strides for each in self._detectors for name, strides in each.averages().items()}
        self._recent = RecentStrides(averages, max(each.strides for each in self._detectors))
        self._warmup = 0 if warmed_up else p.warmup_strides
        self.not_judged = ""
        self._not_judged_strides = 0
        self._contacts: deque[float] = deque(maxlen=p.baseline_contact_strides)

    def tune(self, params: Params) -> None:
        """Judge by other thresholds from the next stride on; an active finding lasts until they say off."""
        self._params = params

    @property
    def latches(self) -> tuple[Latch, ...]:
        """All latches, in order of their cues' priority."""
        return tuple(latch for each in self._detectors for latch in each.latches)

    def usual_tilt_deg(self, stride: Stride) -> float:
        """Tilt of the baseline at this stride's cadence."""
        return self._bins[nearest(self._bins, stride.record["cadence_spm"])].tilt_deg

    def stop(self, now_s: float) -> list[Finding]:
        """Running has ended: end the active findings; clean strides are needed before findings resume."""
        self._warmup = self._params.warmup_strides
        self._contacts.clear()
        return self._forget(now_s)

    def _forget(self, now_s: float) -> list[Finding]:
        self._recent.clear()
        for each in self._detectors:
            each.clear()
        return [finding for latch in self.latches if (finding := latch.end(now_s)) is not None]

    def push(self, stride: Stride) -> list[Finding]:
        """Findings that begin or end with this stride; fills in the stride's pullback and sets `not_judged`."""
        record = stride.record
        now_s = record["start_s"] + record["duration_s"]
        self._contacts.append(0.5 * (record["contact_left_ms"] + record["contact_right_ms"]))
        contact_ms = sum(self._contacts) / len(self._contacts)
        at = match(self._bins, record["cadence_spm"], contact_ms, self._params)
        self.not_judged = "" if record["valid"] else str(record["reason"])
        if not self.not_judged and at < 0:
            self.not_judged = NotJudged.SPEED
        if not self.not_judged and self._warmup > 0:
            self._warmup -= 1
            self.not_judged = NotJudged.WARM_UP
        if self.not_judged:
            self._not_judged_strides += 1
            return self._forget(now_s) if self._not_judged_strides == self._params.forget_strides else []
        self._not_judged_strides = 0
        self._recent.push(stride)
        seen = Compared(
            stride=stride,
            recent=self._recent,
            baseline=self._baseline,
            bin_number=at,
            own=self._bins[at],
            params=self._params,
            now_s=now_s,
        )
        changes = [change for each in self._detectors for change in each.push(seen)]
        return [change for change in changes if change is not None]
