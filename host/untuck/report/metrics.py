"""The metrics of a session that are followed over time, and their comparison with earlier sessions.

Computed from summaries alone, so that months of sessions are read quickly. Owns which sessions a new one is compared
with, and how large a difference must be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from untuck.model import ENOUGH_JUDGED
from untuck.report.cue_effect import corrected_s, cued_once
from untuck.report.summary import Summary
from untuck.vocabulary import RECOVERED

WEEK_S = 7 * 86400.0
LAST_SESSIONS = 5  # compared with if the week before has none
CLEAR_ERRORS = 2.0  # least difference that counts, in standard errors
LEAST = {  # a smaller difference is irrelevant to a runner, even if it is significant
    "in_form_pct": 3.0,
    "against_deg": 0.3,
    "pullback_left_deg": 0.3,
    "pullback_right_deg": 0.3,
    "cues_per_10_min": 0.5,
    "correct_s": 2.0,
    "retention_pct": 3.0,
    "lean_against_deg": 0.5,
    "lumbar_against_deg": 0.5,
}


@dataclass(frozen=True)
class SessionMetrics:
    """The metrics of one session. None: unknown, for example in sessions of an older version.

    strides: clean ones; tilt_deg, tilt_sd_deg: median above standing, SD between strides; against_deg: tilt minus
    baseline; pullback_left_deg, pullback_right_deg: medians against baseline; in_form_pct: of judged strides; cues:
    sounded ones; cues_per_10_min: of running; correct_s: median time from a fault's first cue to its correction;
    retention_pct: in_form_pct of the last fifth minus that of the rest; silent_end: the last fifth was judged, and no
    cue sounded in it; judged: number of strides, None in sessions of versions that did not count them;
    trunk_lean_deg, lean_against_deg, lumbar_against_deg: of a second clip, median above standing, and against baseline.
    Where none was judged, all that speaks of form is None.
    """

    session: int
    started_unix_s: float
    running_s: float
    strides: int
    tilt_deg: float | None
    tilt_sd_deg: float | None
    against_deg: float | None
    pullback_left_deg: float | None
    pullback_right_deg: float | None
    in_form_pct: float | None
    cues: int
    cues_per_10_min: float | None
    correct_s: float | None
    retention_pct: float | None
    silent_end: bool
    judged: int | None = None
    trunk_lean_deg: float | None = None
    lean_against_deg: float | None = None
    lumbar_against_deg: float | None = None


def metrics_of(session: int, started_unix_s: float, summary: Summary) -> SessionMetrics:
    """The metrics of a session from its summary."""
    sounded = [cue for cue in summary.cues if cue.fault != RECOVERED] if summary.heard else []
    corrected = corrected_s(cued_once(summary.cue_log)) if summary.heard else []
    judged = None if summary.reliability is None else summary.reliability.judged
    form = summary.in_form_pct if judged else None
    parts = {part.name: part for part in summary.parts}
    before, last = parts.get("first four fifths"), parts.get("last fifth")
    retention = None
    if form is not None and before and last and before.in_form_pct is not None and last.in_form_pct is not None:
        retention = last.in_form_pct - before.in_form_pct
    return SessionMetrics(
        session=session,
        started_unix_s=started_unix_s,
        running_s=summary.running_s,
        strides=summary.clean_strides,
        tilt_deg=summary.medians.get("tilt_deg"),
        tilt_sd_deg=summary.spreads.get("tilt_deg"),
        against_deg=summary.against_deg,
        pullback_left_deg=summary.medians.get("pullback_left_deg"),
        pullback_right_deg=summary.medians.get("pullback_right_deg"),
        in_form_pct=form,
        cues=len(sounded),
        cues_per_10_min=600.0 * len(sounded) / summary.running_s if judged and summary.heard else None,
        correct_s=median(corrected) if corrected else None,
        retention_pct=retention,
        silent_end=last is not None
        and last.in_form_pct is not None
        and not any(cue.time_s >= last.start_s for cue in sounded),
        judged=judged,
        trunk_lean_deg=summary.medians.get("trunk_lean_deg"),
        lean_against_deg=None if summary.spine is None else summary.spine.lean_against_deg,
        lumbar_against_deg=None if summary.spine is None else summary.spine.lumbar_against_deg,
    )


@dataclass(frozen=True)
class Comparison:
    """A value compared with earlier sessions: their mean, SD (None for a single one) and count, and the verdict.

    verdict: "higher", "lower", "no clear difference", or "too few sessions".
    """

    now: float
    earlier: float
    sd: float | None
    count: int
    verdict: str


def to_compare(now: SessionMetrics, others: Sequence[SessionMetrics]) -> tuple[SessionMetrics, ...]:
    """The sessions of the seven days before `now`; if there are none, the last five."""
    before = sorted((p for p in others if p.started_unix_s < now.started_unix_s), key=lambda p: p.started_unix_s)
    week = [p for p in before if now.started_unix_s - p.started_unix_s <= WEEK_S]
    return tuple(week or before[-LAST_SESSIONS:])


def compare(now: SessionMetrics, earlier: Sequence[SessionMetrics], name: str) -> Comparison | None:
    """Compare a field of `now`, of those in LEAST, with earlier sessions; None if either is unknown.

    Sessions with fewer than ENOUGH_JUDGED strides say too little, and are left out.
    """
    value = getattr(now, name)
    known = [v for p in earlier if _says_enough(p) and (v := getattr(p, name)) is not None]
    if value is None or not known or not _says_enough(now):
        return None
    mean = fmean(known)
    if len(known) == 1:
        return Comparison(value, mean, None, 1, "too few sessions")
    sd = stdev(known)
    error = sd * math.sqrt(1 + 1 / len(known))  # of one more such session against their mean
    verdict = "no clear difference"
    if abs(value - mean) > max(CLEAR_ERRORS * error, LEAST[name]):
        verdict = "higher" if value > mean else "lower"
    return Comparison(value, mean, sd, len(known), verdict)


def _says_enough(session: SessionMetrics) -> bool:
    return session.judged is not None and session.judged >= ENOUGH_JUDGED
