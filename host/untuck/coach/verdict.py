"""What the judge says of a runner's form at the newest stride: one value, from which banner, number and advice follow.

Pure: fed with the session's events and with the progress of its findings. Owns the states of form, and nothing of how
they look (readings.py).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from statistics import median

import numpy as np

from untuck.model import BOTH, LEFT, RIGHT, Finding, Progress
from untuck.motion.params import Params
from untuck.session.live_state import UNJUDGED_STRIDES
from untuck.vocabulary import Fault, NotJudged, priority


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


@dataclass(frozen=True)
class Verdict:
    """The judge's word on a stride.

    fault, side: what the state is about, "" and BOTH in good form; now_deg: its depth now, worst_deg: at its worst,
    least_deg: the depth from which it is found in this runner, each NaN where unknown; others: further findings that
    last; against_deg: tilt against the usual one, the median of the last judged strides; reason: why the newest stride
    was not judged, of vocabulary.NotJudged, "" if it was.
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


class FormTracker:
    """Follows the verdict of one runner; `verdict` is of the newest stride."""

    def __init__(self) -> None:
        self.active: dict[tuple[str, int], Finding] = {}
        self._now: dict[int, tuple[float, bool]] = {}  # of the findings that last: depth now, and whether it eases
        self._below: deque[float] = deque(maxlen=Params.tuck_strides)
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
        fault, side, now_deg, least_deg = self._furthest(against_deg, params)
        beyond = bool(fault)
        return Verdict(
            state=State.CHECKING if beyond else State.GOOD,
            fault=fault,
            side=side,
            now_deg=now_deg,
            least_deg=least_deg if beyond else float(self._stride["tuck_least_deg"]),
            against_deg=against_deg,
            reason="",
        )

    def _of_findings(self, reason: str, against_deg: float) -> Verdict:
        """Of the first one that does not ease in order of priority, otherwise of the first one."""
        lasting = sorted(self.active.values(), key=lambda finding: priority(finding.fault))
        shown = next((finding for finding in lasting if not self._eases(finding)), lasting[0])
        now_deg = self._now.get(shown.id, (shown.depth_deg, False))[0]
        return Verdict(
            state=State.COMING_BACK if self._eases(shown) else State.FAULT,
            fault=str(shown.fault),
            side=shown.side,
            now_deg=now_deg,
            worst_deg=shown.depth_deg,
            least_deg=self._least_deg(shown.fault),
            others=len(lasting) - 1,
            against_deg=-now_deg if shown.fault == Fault.TUCK else against_deg,
            reason=reason,
        )

    def _eases(self, finding: Finding) -> bool:
        return self._now.get(finding.id, (0.0, False))[1]

    def _least_deg(self, fault: str) -> float:
        name = f"{fault}_least_deg"
        known = self._stride is not None and name in (self._stride.dtype.names or ())
        return float(self._stride[name]) if known and self._stride is not None else math.nan

    def _furthest(self, against_deg: float, params: Params) -> tuple[str, int, float, float]:
        """Fault, side, depth and threshold of what is beyond its threshold though nothing is found; "" for nothing."""
        assert self._stride is not None
        tuck_deg, pullback_deg = self._least_deg(Fault.TUCK), self._least_deg(Fault.PULLBACK)
        seen: Iterable[tuple[str, int, float, float]] = (
            (str(Fault.TUCK), BOTH, -against_deg, tuck_deg),
            (str(Fault.PULLBACK), LEFT, float(self._stride["pullback_left_deg"]), pullback_deg),
            (str(Fault.PULLBACK), RIGHT, float(self._stride["pullback_right_deg"]), pullback_deg),
            (str(Fault.ARCH), BOTH, against_deg, params.arch_on_deg),
        )
        return next((row for row in seen if row[2] >= row[3]), ("", BOTH, math.nan, math.nan))
