"""Cue policy: which findings the runner hears, and when; silence means good form.

Reasons to hold a cue, in the order in which they are looked at:
- "not chosen": this fault is not among those to be cued;
- "muted", "block": the runner muted cues, the coach chose a block without them;
- "stale": data come so late that the cue would be about another stride;
- "silent end": the last part of a planned session is a test of what was retained;
- "fading": this finding is one of the share left out, which grows over sessions;
- "other cue": one sounds or has just sounded, or a graver fault goes first (tuck, pullback, rigid);
- "cooldown": the same cue sounded a short while ago;
- "cap": the same fault was cued so often in ten minutes that more would be nagging.
Every cue and every cue held back is decided here, with its finding; sound itself is made elsewhere.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from untuck.model import Cue, Finding, Run, SuppressedCue
from untuck.motion.params import Params

PRIORITY = ("tuck", "pullback", "rigid")  # held and arch are shown, not cued

Key = tuple[str, int, float]  # fault, side, start: one finding for as long as it lasts


@dataclass(frozen=True)
class CueEntry:
    """One line of the cue log: a cue, or one held back for `reason`, the finding behind it, and what came of it.

    depth_deg: of the finding when it was decided; correct_s: from then until the runner had corrected it; None where
    the finding ended otherwise (`ended`: "stopped", "not comparable") or lasted to the end ("").
    """

    fault: str
    side: int
    time_s: float
    sounded: bool
    reason: str
    depth_deg: float
    correct_s: float | None
    ended: str


def key_of(finding: Finding) -> Key:
    """What stays the same of a finding while it lasts."""
    return finding.fault, finding.side, finding.start_s


def cue_log(run: Run) -> tuple[CueEntry, ...]:
    """Every cue and held cue of a run in order of time, with what the runner did after it; chimes are no cues."""
    ends = {key_of(finding): finding for finding in run.findings}
    entries = []
    decided: list[Cue | SuppressedCue] = [*run.cues, *run.suppressed_cues]
    for cue in decided:
        if cue.finding is None or cue.fault == "recovered":
            continue
        end = ends.get(key_of(cue.finding), cue.finding)
        correct_s = end.end_s - cue.time_s if end.ended == "corrected" else None
        reason = cue.reason if isinstance(cue, SuppressedCue) else ""
        depth_deg = cue.finding.depth_deg
        entries.append(CueEntry(cue.fault, cue.side, cue.time_s, not reason, reason, depth_deg, correct_s, end.ended))
    return tuple(sorted(entries, key=lambda entry: entry.time_s))


class CuePolicy:
    """Decides on cues from the findings that are on; call `decide` once a stride, in order.

    muted, block, stale: switches that hold every cue while they are set.
    """

    def __init__(self, params: Params) -> None:
        self.params = params
        self.muted = self.block = self.stale = False
        self._first_s = math.nan
        self._last_s = -np.inf
        self._last_of: dict[tuple[str, int], float] = {}
        self._times: dict[str, deque[float]] = {fault: deque(maxlen=params.cue_cap) for fault in PRIORITY}
        self._told: set[tuple[Key, str]] = set()
        self._cued: set[Key] = set()
        self._chosen: dict[Key, bool] = {}  # findings that fading lets sound, or not

    def decide(self, on: list[Finding], ended: list[Finding], now_s: float) -> list[Cue | SuppressedCue]:
        """Cues and held cues at sensor time now_s, given the findings that are on and those that have just ended."""
        self._first_s = now_s if math.isnan(self._first_s) else self._first_s
        decided: list[Cue | SuppressedCue] = []
        if not on and not ended:
            return decided
        due = sorted((f for f in on if f.fault in PRIORITY), key=lambda f: PRIORITY.index(f.fault))
        for finding in due:
            reason = self._reason(finding, now_s, sounded=any(isinstance(d, Cue) for d in decided))
            if reason == "":
                decided.append(self._sound(finding, now_s))
            elif (key_of(finding), reason) not in self._told:
                self._told.add((key_of(finding), reason))
                decided.append(SuppressedCue(finding.fault, finding.side, now_s, reason, finding))
        corrected = [f for f in ended if key_of(f) in self._cued and f.ended == "corrected"]
        if self.params.cue_recovered and corrected and not due and not self._quiet(now_s):
            self._last_s = now_s
            decided.append(Cue("recovered", 0, now_s, corrected[0]))
        return decided

    def _sound(self, finding: Finding, now_s: float) -> Cue:
        self._last_s = self._last_of[(finding.fault, finding.side)] = now_s
        self._times[finding.fault].append(now_s)
        self._cued.add(key_of(finding))
        return Cue(finding.fault, finding.side, now_s, finding)

    def _quiet(self, now_s: float) -> str:
        """Why nothing at all may sound now, "" if something may."""
        if self.muted:
            return "muted"
        if self.block:
            return "block"
        if self.stale:
            return "stale"
        return "silent end" if now_s - self._first_s >= self.params.cue_silent_after_s else ""

    def _reason(self, finding: Finding, now_s: float, sounded: bool) -> str:
        """Why the cue must wait, "" if it may sound."""
        p = self.params
        if finding.fault not in p.cue_faults:
            return "not chosen"
        if quiet := self._quiet(now_s):
            return quiet
        if not self._chosen.setdefault(key_of(finding), self._next_sounds()):
            return "fading"
        if sounded or now_s - self._last_s < p.cue_gap_s:
            return "other cue"
        if now_s - self._last_of.get((finding.fault, finding.side), -np.inf) < p.cue_cooldown_s:
            return "cooldown"
        times = self._times[finding.fault]
        if len(times) == p.cue_cap and now_s - times[0] < p.cue_cap_s:
            return "cap"
        return ""

    def _next_sounds(self) -> bool:
        """Whether the next finding is among the share that is cued; the first one always is."""
        n, share = len(self._chosen), self.params.cue_share
        return math.ceil(round((n + 1) * share, 9)) > math.ceil(round(n * share, 9))
