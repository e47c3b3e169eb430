"""Cue policy: which findings the runner hears, and when; silence means good form.

One cue at a time, a pause between cues of a kind, a cap in ten minutes, tuck before pullback before rigid.
Every cue and every cue held back is decided here, with its reason; sound itself is made elsewhere.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from untuck.model import Cue, Finding, HeldCue
from untuck.motion.params import Params

PRIORITY = ("tuck", "pullback", "rigid")  # held and arch are shown, not cued


class CuePolicy:
    """Decides on cues from the findings that are on; call `decide` once a stride, in order."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._last_s = -np.inf
        self._last_of: dict[tuple[str, int], float] = {}
        self._times: dict[str, deque[float]] = {fault: deque(maxlen=params.cue_cap) for fault in PRIORITY}
        self._told: set[tuple[str, int, float, str]] = set()
        self._cued: set[tuple[str, int, float]] = set()

    def decide(self, on: list[Finding], ended: list[Finding], now_s: float) -> list[Cue | HeldCue]:
        """Cues and held cues at sensor time now_s, given the findings that are on and those that have just ended."""
        decided: list[Cue | HeldCue] = []
        due = sorted((f for f in on if f.fault in PRIORITY), key=lambda f: PRIORITY.index(f.fault))
        for finding in due:
            reason = self._reason(finding, now_s, sounded=any(isinstance(d, Cue) for d in decided))
            if reason == "":
                decided.append(self._sound(finding, now_s))
            elif (key := (finding.fault, finding.side, finding.start_s, reason)) not in self._told:
                self._told.add(key)
                decided.append(HeldCue(finding.fault, finding.side, now_s, reason))
        if self._params.cue_recovered and not due and any(self._was_cued(f) for f in ended):
            self._last_s = now_s
            decided.append(Cue("recovered", 0, now_s))
        return decided

    def _was_cued(self, finding: Finding) -> bool:
        return (finding.fault, finding.side, finding.start_s) in self._cued

    def _sound(self, finding: Finding, now_s: float) -> Cue:
        self._last_s = self._last_of[(finding.fault, finding.side)] = now_s
        self._times[finding.fault].append(now_s)
        self._cued.add((finding.fault, finding.side, finding.start_s))
        return Cue(finding.fault, finding.side, now_s)

    def _reason(self, finding: Finding, now_s: float, sounded: bool) -> str:
        """Why the cue must wait, "" if it may sound."""
        p = self._params
        if sounded or now_s - self._last_s < p.cue_gap_s:
            return "other cue"
        if now_s - self._last_of.get((finding.fault, finding.side), -np.inf) < p.cue_cooldown_s:
            return "cooldown"
        times = self._times[finding.fault]
        if len(times) == p.cue_cap and now_s - times[0] < p.cue_cap_s:
            return "cap"
        return ""
