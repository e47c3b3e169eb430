"""Cue policy: which findings the runner hears, and when; silence means good form.

Decides on every cue and every suppressed cue, each with the finding behind it; the reasons to suppress one, and their
order, are in vocabulary.Suppression. Sound itself is made elsewhere.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from untuck.model import Cue, Finding, SuppressedCue
from untuck.motion.params import Params
from untuck.run_results import Run
from untuck.vocabulary import (
    RECOVERED,
    Ending,
    Fault,
    Suppression,
    cue_named,
    form_faults,
    priority,
    yields,
)

_WAITS = (Suppression.OTHER_CUE, Suppression.COOLDOWN)  # a cue that has sounded waits so for its repeat


@dataclass(frozen=True)
class CueEntry:
    """One line of the cue log: a cue, or one suppressed for `reason`, with its finding and the outcome.

    depth_deg: of the finding when it was decided; correct_s: from then until the runner had corrected it; None where
    the finding ended otherwise (`ended`, of vocabulary.Ending) or lasted to the end (""). finding_id: 0 in sessions of
    older versions.
    """

    fault: str
    side: int
    time_s: float
    sounded: bool
    reason: str
    depth_deg: float
    correct_s: float | None
    ended: str
    finding_id: int = 0

    @property
    def name(self) -> str:
        """The fault with its side in words."""
        return cue_named(self.fault, self.side)


def cue_log(run: Run) -> tuple[CueEntry, ...]:
    """Every cue and suppressed cue of a run in order of time, with the runner's response; chimes are no cues."""
    findings = {finding.id: finding for finding in run.findings}
    entries = []
    decided: list[Cue | SuppressedCue] = [*run.cues, *run.suppressed_cues]
    for cue in decided:
        if cue.finding_id == 0 or cue.fault == RECOVERED:
            continue
        finding = findings.get(cue.finding_id)
        ended = Ending.ONGOING if finding is None else finding.ended
        correct_s = finding.end_s - cue.time_s if finding is not None and ended == Ending.CORRECTED else None
        reason = cue.reason if isinstance(cue, SuppressedCue) else ""
        entries.append(
            CueEntry(
                fault=cue.fault,
                side=cue.side,
                time_s=cue.time_s,
                sounded=not reason,
                reason=reason,
                depth_deg=cue.depth_deg,
                correct_s=correct_s,
                ended=ended,
                finding_id=cue.finding_id,
            )
        )
    return tuple(sorted(entries, key=lambda entry: entry.time_s))


class CuePolicy:
    """Decides on cues from the active findings; call `decide` once a stride, in order.

    muted, block, stale: switches that suppress every cue while they are set; trunk: a second clip measures the trunk,
    so that its faults have cues; extended: it shows an arched back, perhaps not yet as a finding; doubtful: findings
    that may be a slip of the clip, which are cued once.
    """

    def __init__(self, params: Params) -> None:
        self.params = params
        self.muted = self.block = self.stale = self.trunk = self.extended = False
        self.doubtful: set[int] = set()
        self._first_s = math.nan
        self._last_s = -np.inf
        self._last_of: dict[tuple[str, int], float] = {}
        self._times: dict[str, deque[float]] = {}
        self._reported: set[tuple[int, str]] = set()  # finding and reason of suppressed cues: each is reported once
        self._cued: set[int] = set()
        self._chosen: dict[int, bool] = {}  # whether fading lets this finding sound

    def decide(self, active: list[Finding], ended: list[Finding], now_s: float) -> list[Cue | SuppressedCue]:
        """Cues and suppressed cues at sensor time now_s, given the active findings and those that have just ended."""
        self._first_s = now_s if math.isnan(self._first_s) else self._first_s
        decided: list[Cue | SuppressedCue] = []
        if not active and not ended:
            return decided
        with_cues = form_faults(self.trunk)
        due = sorted((f for f in active if f.fault in with_cues), key=lambda f: priority(f.fault))
        shown = {f.fault for f in active}
        for finding in due:
            reason = self._reason(finding, now_s, any(isinstance(d, Cue) for d in decided), shown)
            if reason == "":
                decided.append(self._sound(finding, now_s))
            elif (finding.id, reason) not in self._reported and not (finding.id in self._cued and reason in _WAITS):
                self._reported.add((finding.id, reason))
                decided.append(
                    SuppressedCue(
                        finding.fault, finding.side, now_s, reason, finding_id=finding.id, depth_deg=finding.depth_deg
                    )
                )
        corrected = [f for f in ended if f.id in self._cued and f.ended == Ending.CORRECTED]
        if self.params.cue_recovered and corrected and not due and not self._quiet(now_s):
            self._last_s = now_s
            decided.append(Cue(RECOVERED, 0, now_s, corrected[0].id, corrected[0].depth_deg))
        return decided

    def _sound(self, finding: Finding, now_s: float) -> Cue:
        self._last_s = self._last_of[(finding.fault, finding.side)] = now_s
        self._times_of(finding.fault).append(now_s)
        self._cued.add(finding.id)
        return Cue(finding.fault, finding.side, now_s, finding.id, finding.depth_deg)

    def _times_of(self, fault: str) -> deque[float]:
        return self._times.setdefault(fault, deque(maxlen=self.params.cue_cap))

    def _quiet(self, now_s: float) -> str:
        """Why nothing at all may sound now, "" if something may."""
        if self.muted:
            return Suppression.MUTED
        if self.block:
            return Suppression.BLOCK
        if self.stale:
            return Suppression.STALE
        return Suppression.SILENT_END if now_s - self._first_s >= self.params.cue_silent_after_s else ""

    def _reason(self, finding: Finding, now_s: float, sounded: bool, shown: set[str]) -> str:
        """Why the cue must wait, "" if it may sound; shown: the active faults."""
        p = self.params
        if finding.fault not in (*p.cue_faults, *p.cue_trunk_faults):
            return Suppression.NOT_CHOSEN
        if quiet := self._quiet(now_s):
            return quiet
        if finding.fault == Fault.TUCK and (Fault.ARCH in shown or self.extended):
            return Suppression.OVER_TIP
        if yields(finding.fault, shown):
            return Suppression.OTHER_CUE
        if finding.id in self.doubtful and finding.id in self._cued:
            return Suppression.DOUBT
        if not self._chosen.setdefault(finding.id, self._next_sounds()):
            return Suppression.FADING
        if sounded or now_s - self._last_s < p.cue_gap_s:
            return Suppression.OTHER_CUE
        if now_s - self._last_of.get((finding.fault, finding.side), -np.inf) < p.cue_cooldown_s:
            return Suppression.COOLDOWN
        times = self._times_of(finding.fault)
        if len(times) == p.cue_cap and now_s - times[0] < p.cue_cap_s:
            return Suppression.CAP
        return ""

    def _next_sounds(self) -> bool:
        """Whether the next finding is among the share that is cued; the first one always is."""
        n, share = len(self._chosen), self.params.cue_share
        return math.ceil(round((n + 1) * share, 9)) > math.ceil(round(n * share, 9))
