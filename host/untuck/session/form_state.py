"""What the judge says of a runner's form at the newest stride: one value, from which banner, number and advice follow.

Pure: fed with the session's events and with the progress of its findings. Owns the states of form, and nothing of how
they look (readings.py).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from statistics import median
from typing import NamedTuple

import numpy as np

from untuck.model import BOTH, LEFT, RIGHT, Finding, Progress
from untuck.motion.params import Params
from untuck.session.live_state import UNJUDGED_STRIDES
from untuck.vocabulary import Fault, Moving, NotJudged, named, priority, yields


class State(IntEnum):
    """The one state of a runner, which everything in the window follows. Those from NOT_JUDGED on are of a stride."""

    WAITING = 0
    ENDED = 1
    NO_DATA = 2
    CALIBRATING = 3
    STANDING = 4
    WALKING = 5
    NOT_JUDGED = 6
    BASELINE = 7  # being taken
    GOOD = 8
    CHECKING = 9  # beyond what is usually found, but not for long enough to be a finding
    FAULT = 10
    COMING_BACK = 11  # the fault lasts and is being corrected


ACTIVITIES: dict[str, State] = {Moving.STANDING: State.STANDING, Moving.WALKING: State.WALKING}


@dataclass(frozen=True)
class Verdict:
    """The judge's word on a stride.

    fault, side: what the state is about, "" and BOTH in good form; now_deg: its depth now, worst_deg: at its worst,
    least_deg: the depth from which it is found in this runner, each NaN where unknown; others: further findings that
    last; against_deg: tilt against the usual one, the median of the last judged strides; reason: why the newest stride
    was not judged, of vocabulary.NotJudged, "" if it was; trunk: a second clip has shown the fault.
    """

    state: State = State.NOT_JUDGED
    fault: str = ""
    side: int = BOTH
    now_deg: float = math.nan
    worst_deg: float = math.nan
    least_deg: float = math.nan
    others: int = 0
    against_deg: float = math.nan
    reason: str = NotJudged.WARM_UP
    trunk: bool = False

    @property
    def name(self) -> str:
        """The fault with its side in words."""
        return named(self.fault, self.side, self.trunk)

    @property
    def about_tilt(self) -> bool:
        """Whether the state is about tilt against the usual one, as in good form; otherwise about the fault's depth."""
        return self.fault in ("", Fault.TUCK) or (self.fault == Fault.ARCH and not self.trunk)


class _Beyond(NamedTuple):
    """A fault whose depth is compared with the depth from which it is found, both in degrees."""

    fault: Fault
    side: int
    now_deg: float
    least_deg: float
    trunk: bool = False


_TRUNK_LEAST: dict[str, str] = {  # fields of a stride
    Fault.UPRIGHT: "trunk_lean_least_deg",
    Fault.ARCH: "lumbar_least_deg",
    Fault.BENT: "lumbar_least_deg",
}


def state_of(moving: str, calibrating: bool, verdict: Verdict) -> State:
    """The state of a runner whose data are live: the activity first, then the form. calibrating: while standing."""
    if calibrating and moving == Moving.STANDING:
        return State.CALIBRATING
    return verdict.state if moving == Moving.RUNNING else ACTIVITIES[moving]


class FormTracker:
    """Follows the verdict of one runner; `verdict` is of the newest stride."""

    def __init__(self) -> None:
        self.active: dict[tuple[str, int], Finding] = {}
        self._now: dict[int, tuple[float, bool]] = {}  # of the findings that last: depth now, and whether it eases
        self._below: deque[float] = deque(maxlen=Params.tuck_strides)
        self._spine: deque[tuple[float, float]] = deque(maxlen=Params.tuck_strides)  # less lean, more lumbar extension
        self.has_baseline = False
        self._stride: np.void | None = None  # the newest one
        self._unjudged = 0  # strides in a row

    @property
    def has_stride(self) -> bool:
        """Whether there is a stride since running began."""
        return self._stride is not None

    def stride(self, record: np.void) -> None:
        """Take in a stride, a STRIDE_DTYPE record."""
        self._stride = record
        compared = bool(record["valid"]) and not record["reason"]
        self._unjudged = 0 if compared else self._unjudged + 1
        if compared:
            self._below.append(float(record["tilt_usual_deg"] - record["tilt_deg"]))
        elif self._unjudged >= Params.forget_strides:
            self._below.clear()
        if record["trunk_reason"]:
            self._spine.clear()
        elif compared and not math.isnan(record["lumbar_usual_deg"]):
            less_lean_deg = record["trunk_lean_usual_deg"] - record["trunk_lean_deg"]
            self._spine.append((float(less_lean_deg), float(record["lumbar_deg"] - record["lumbar_usual_deg"])))

    def finding(self, finding: Finding) -> None:
        """Take in a finding that begins or has ended."""
        if finding.active:
            self.active[finding.fault, finding.side] = finding
        else:
            self.active.pop((finding.fault, finding.side), None)

    def progress(self, progress: Progress, has_baseline: bool) -> None:
        """Take in how deep the findings that last are, which of them ease, and whether there is a baseline."""
        self.has_baseline = has_baseline
        for finding in progress.active:
            if (finding.fault, finding.side) in self.active:
                self.active[finding.fault, finding.side] = finding
        rows = zip(progress.active, progress.now_deg, progress.easing, strict=False)
        self._now = {finding.id: (now_deg, easing) for finding, now_deg, easing in rows}

    def restart(self) -> None:
        """Running begins or ends: no stride is judged yet."""
        self._stride, self._unjudged = None, 0
        self._below.clear()
        self._spine.clear()

    def verdict(self, params: Params) -> Verdict:
        """The verdict on the newest stride. params: in use."""
        reason = NotJudged.WARM_UP if self._stride is None else str(self._stride["reason"])
        against_deg = -median(self._below) if self._below else math.nan
        if self.active and self._unjudged < UNJUDGED_STRIDES:
            return self._of_findings(reason, against_deg)
        if not self.has_baseline:
            gathering = reason in ("", NotJudged.BASELINE, NotJudged.WARM_UP)
            return Verdict(State.BASELINE if gathering else State.NOT_JUDGED, reason=reason)
        if reason or self._stride is None or not self._below:
            return Verdict(State.NOT_JUDGED, against_deg=against_deg, reason=reason or NotJudged.WARM_UP)
        beyond = self._furthest(against_deg, params)
        if beyond is None:
            return Verdict(State.GOOD, least_deg=self._least_deg(Fault.TUCK), against_deg=against_deg, reason="")
        return Verdict(
            state=State.CHECKING,
            fault=str(beyond.fault),
            side=beyond.side,
            now_deg=beyond.now_deg,
            least_deg=beyond.least_deg,
            against_deg=against_deg,
            reason="",
            trunk=beyond.trunk,
        )

    def _of_findings(self, reason: str, against_deg: float) -> Verdict:
        """Of the first one that does not ease in order of priority, otherwise of the first one; none that yields."""
        faults = {finding.fault for finding in self.active.values()}
        lasting = [finding for finding in self.active.values() if not yields(finding.fault, faults)]
        lasting.sort(key=lambda finding: priority(finding.fault))
        shown = next((finding for finding in lasting if not self._eases(finding)), lasting[0])
        now_deg = self._now.get(shown.id, (shown.depth_deg, False))[0]
        return Verdict(
            state=State.COMING_BACK if self._eases(shown) else State.FAULT,
            fault=str(shown.fault),
            side=shown.side,
            now_deg=now_deg,
            worst_deg=shown.depth_deg,
            least_deg=self._least_deg(shown.fault, shown.trunk),
            others=len(self.active) - 1,
            against_deg=-now_deg if shown.fault == Fault.TUCK else against_deg,
            reason=reason,
            trunk=shown.trunk,
        )

    def _eases(self, finding: Finding) -> bool:
        return self._now.get(finding.id, (0.0, False))[1]

    def _least_deg(self, fault: str, trunk: bool = False) -> float:
        """Depth from which a fault is found in this runner, as the newest stride has it."""
        name = _TRUNK_LEAST.get(fault, "") if trunk else f"{fault}_least_deg"
        known = self._stride is not None and name in (self._stride.dtype.names or ())
        return float(self._stride[name]) if known and self._stride is not None else math.nan

    def _furthest(self, against_deg: float, params: Params) -> _Beyond | None:
        """What is beyond its threshold though nothing is found."""
        assert self._stride is not None
        less_lean_deg, more_lumbar_deg = map(median, zip(*self._spine or [(math.nan, math.nan)], strict=True))
        tipped_deg = against_deg if self._stride["trunk_reason"] else math.nan  # with a trunk an arch is of the spine
        pullbacks = ((LEFT, "pullback_left_deg"), (RIGHT, "pullback_right_deg"))
        seen = (
            _Beyond(Fault.UPRIGHT, BOTH, less_lean_deg, self._least_deg(Fault.UPRIGHT, trunk=True), trunk=True),
            _Beyond(Fault.ARCH, BOTH, more_lumbar_deg, self._least_deg(Fault.ARCH, trunk=True), trunk=True),
            _Beyond(Fault.TUCK, BOTH, -against_deg, self._least_deg(Fault.TUCK)),
            *(
                _Beyond(Fault.PULLBACK, side, float(self._stride[name]), self._least_deg(Fault.PULLBACK))
                for side, name in pullbacks
            ),
            _Beyond(Fault.ARCH, BOTH, tipped_deg, params.arch_on_deg),
        )
        return next((each for each in seen if each.now_deg >= each.least_deg), None)
