"""The trend over weeks: metrics grouped by calendar week, as text with sparklines, and the values of the trend page.

Means and their standard errors are over sessions, with equal weight. A change is reported only if the first and the
last sessions differ by more than their scatter. trend_page.py draws the page.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from untuck.model import LEFT, RIGHT
from untuck.report.metrics import CLEAR_ERRORS, LEAST, SessionMetrics
from untuck.report.numbers import counted
from untuck.vocabulary import Fault, named

DAY_S = 86400.0
BARS = "▁▂▃▄▅▆▇█"
FEW = 3  # least number of sessions at either end for a change


@dataclass(frozen=True)
class Measure:
    """A field of SessionMetrics that is followed: its name, unit, decimal places, and the better direction."""

    field: str
    name: str
    unit: str
    places: int
    better: int  # +1 higher, -1 lower, 0 neither


MEASURES = (
    Measure("in_form_pct", "in good form", "%", 0, 1),
    Measure("against_deg", "tilt against baseline", "deg", 1, 0),
    Measure("pullback_left_deg", named(Fault.PULLBACK, LEFT), "deg", 1, -1),
    Measure("pullback_right_deg", named(Fault.PULLBACK, RIGHT), "deg", 1, -1),
    Measure("cues_per_10_min", "cues in 10 min", "", 1, -1),
    Measure("correct_s", "time to correction", "s", 0, -1),
    Measure("retention_pct", "last fifth minus rest", "%", 0, 1),
    Measure("lean_against_deg", "lean against baseline", "deg", 1, 0),
    Measure("lumbar_against_deg", "arch against baseline", "deg", 1, 0),
)
OF_TRUNK = ("lean_against_deg", "lumbar_against_deg")  # shown only where a session had a second clip


def shown_measures(sessions: Sequence[SessionMetrics]) -> tuple[Measure, ...]:
    """The measures of these sessions: those of the trunk only if it was measured."""
    trunk = any(getattr(session, name) is not None for session in sessions for name in OF_TRUNK)
    return tuple(measure for measure in MEASURES if trunk or measure.field not in OF_TRUNK)


@dataclass(frozen=True)
class Week:
    """A calendar week: its Monday in unix seconds, number of sessions, means and standard errors by field."""

    start_unix_s: float
    sessions: int
    running_s: float
    means: dict[str, float | None]
    errors: dict[str, float | None]


def weeks_of(sessions: Sequence[SessionMetrics]) -> list[Week]:
    """Every week from the first session to the last, including empty ones."""
    if not sessions:
        return []
    starts = [_monday(p.started_unix_s) for p in sessions]
    weeks, at = [], min(starts)
    while at <= max(starts):
        weeks.append(_week(at, [p for p, start in zip(sessions, starts, strict=True) if start == at]))
        at = _monday(at + 7.5 * DAY_S)  # correct also across a change to summer time
    return weeks


def change(sessions: Sequence[SessionMetrics], measure: Measure) -> str:
    """The change from the first quarter of the sessions to the last, as text."""
    known = [v for p in sessions if (v := getattr(p, measure.field)) is not None]
    count = max(FEW, len(known) // 4)
    if len(known) < 2 * count:
        return "too few sessions"
    first, last = known[:count], known[-count:]
    moved = fmean(last) - fmean(first)
    error = math.hypot(stdev(first), stdev(last)) / math.sqrt(count)
    places = measure.places
    text = f"{round(moved, places) + 0.0:+.{places}f} +- {error:.{places}f} {measure.unit}".rstrip()
    if abs(moved) <= max(CLEAR_ERRORS * error, LEAST[measure.field]):
        return f"no clear change ({text})"
    if measure.better == 0:
        return f"changed ({text})"
    return f"{'better' if moved * measure.better > 0 else 'worse'} ({text})"


def to_text(sessions: Sequence[SessionMetrics], title: str) -> str:
    """The trend as text, within 80 columns."""
    weeks = weeks_of(sessions)
    if not weeks:
        return f"{title}\n\n  No session with strides yet: `untuck run` records one."
    first, last = _day(weeks[0].start_unix_s), _day(weeks[-1].start_unix_s)
    hours, minutes = divmod(round(sum(week.running_s for week in weeks) / 60), 60)
    running = f"{hours} h {minutes} min"
    span = f"week of {first}" if first == last else f"weeks of {first} to {last}"
    lines = [title, "", f"  {counted(len(sessions), 'session')}, {running} of running, {span}", ""]
    unjudged = unjudged_sessions(sessions)
    judged = [p for p in sessions if p.in_form_pct is not None]
    if unjudged:
        lines += [f"  {unjudged}", ""]
    if judged:
        lines.append(f"  {'':<23}{'by week':<{len(weeks) + 2}}{'first':>7}{'last':>8}")
    for measure in MEASURES:
        values = [week.means[measure.field] for week in weeks]
        known = [v for v in values if v is not None]
        if known:
            numbers = "".join(f"{v:>8.{measure.places}f}" for v in (known[0], known[-1]))
            lines.append(f"  {measure.name:<23}{sparkline(values)}  {numbers} {measure.unit}".rstrip())
            lines.append(f"  {'':<23}{change(sessions, measure)}")
    if judged:
        silent = sum(p.silent_end for p in judged)
        lines += ["", f"  In {silent} of {len(judged)} judged sessions the last fifth of the run was without cues."]
    return "\n".join(lines)


def unjudged_sessions(sessions: Sequence[SessionMetrics]) -> str:
    """How many sessions say nothing about form, "" if all do."""
    count = sum(session.in_form_pct is None for session in sessions)
    return (
        f"Not judged: {count} of {counted(len(sessions), 'session')}, which says nothing about form." if count else ""
    )


def sparkline(values: Sequence[float | None]) -> str:
    """One bar a value, lowest to highest of them; a blank where there is none."""
    known = [v for v in values if v is not None]
    if not known:
        return " " * len(values)
    low, span = min(known), (max(known) - min(known)) or 1.0
    return "".join(" " if v is None else BARS[round((v - low) / span * (len(BARS) - 1))] for v in values)


def _week(start_unix_s: float, sessions: Sequence[SessionMetrics]) -> Week:
    means: dict[str, float | None] = {}
    errors: dict[str, float | None] = {}
    for measure in MEASURES:
        known = [v for p in sessions if (v := getattr(p, measure.field)) is not None]
        means[measure.field] = fmean(known) if known else None
        errors[measure.field] = stdev(known) / math.sqrt(len(known)) if len(known) > 1 else None
    return Week(start_unix_s, len(sessions), sum(p.running_s for p in sessions), means, errors)


def _monday(unix_s: float) -> float:
    """Midnight at the start of the week, local time."""
    t = time.localtime(unix_s)
    return time.mktime((t.tm_year, t.tm_mon, t.tm_mday - t.tm_wday, 0, 0, 0, 0, 0, -1))


def _day(unix_s: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(unix_s))
