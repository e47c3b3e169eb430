"""The trend as an HTML page: one figure for each measure, with sessions as dots and weeks as means with errors.

Frame and style are those of a run's page (html.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape

import numpy as np

from untuck.report.figure_style import Drawn, Palette, least_span, new_figure, style_axes, styled
from untuck.report.html import ONE_CLIP, TWO_CLIPS, document, table
from untuck.report.metrics import LEAST, SessionMetrics
from untuck.report.svg import THEMED, svg
from untuck.report.trend import (
    DAY_S,
    MEASURES,
    OF_TRUNK,
    Measure,
    Week,
    change,
    shown_measures,
    unjudged_sessions,
    weeks_of,
)

WIDTH_IN = 4.3


def to_html(sessions: Sequence[SessionMetrics], title: str, subtitle: str) -> str:
    """The page as text, UTF-8. The page without sessions says so."""
    weeks = weeks_of(sessions)
    if not weeks:
        return document(title, f"<h1>{escape(title)}</h1><p>No session with strides yet.</p>")
    unjudged, measures = unjudged_sessions(sessions), shown_measures(sessions)
    cards = "".join(_card(sessions, weeks, measure) for measure in measures)
    boxes = []
    with styled():
        for measure in measures:
            if any(week.means[measure.field] is not None for week in weeks):
                drawn = svg(over_weeks(sessions, weeks, measure, THEMED), measure.field.replace("_", ""), measure.name)
                boxes.append(f"<section><h2>{escape(_titled(measure))}</h2><figure>{drawn}</figure></section>")
    body = [
        f"<h1>{escape(title)}</h1><p class='sub'>{escape(subtitle)}</p>",
        *([f"<p>{escape(unjudged)}</p>"] if unjudged else []),
        f"<div class='cards'>{cards}</div><p class='note'>Mean of the newest week, and the change from the first "
        "quarter of the sessions to the last ± standard error.</p>",
        f"<div class='pair'>{''.join(boxes)}</div><p class='note'>Dots: sessions. Line: mean of each week ± standard "
        "error. The last fifth of a run tests form without cues.</p>",
        "<h2>Weeks</h2>" + _weeks_table(weeks, measures),
    ]
    return document(title, "".join(body), TWO_CLIPS if len(measures) == len(MEASURES) else ONE_CLIP)


def _card(sessions: Sequence[SessionMetrics], weeks: Sequence[Week], measure: Measure) -> str:
    known = [week.means[measure.field] for week in weeks if week.means[measure.field] is not None]
    value = "-" if not known else f"{(known[-1] or 0.0) + 0.0:.{measure.places}f}<small> {measure.unit}</small>"
    name = f"{measure.name[0].upper()}{measure.name[1:]}"
    return (
        f"<div class='card'><span>{escape(name)}</span><b>{value}</b>"
        f"<span>{escape(change(sessions, measure)).replace('+-', '±')}</span></div>"
    )


def over_weeks(sessions: Sequence[SessionMetrics], weeks: Sequence[Week], measure: Measure, palette: Palette) -> Drawn:
    """One measure over the weeks."""
    figure = new_figure(WIDTH_IN, 1.9)
    axes = figure.subplots()
    style_axes(axes, palette)
    first_s = weeks[0].start_unix_s
    dots = [
        ((p.started_unix_s - first_s) / (7 * DAY_S), v)
        for p in sessions
        if (v := getattr(p, measure.field)) is not None
    ]
    axes.plot(*zip(*dots, strict=True), "o", ms=3.2, color=palette.quiet, alpha=0.7)
    known = [(k + 0.5, week) for k, week in enumerate(weeks) if week.means[measure.field] is not None]
    x = np.array([k for k, _ in known])
    mean = np.array([week.means[measure.field] for _, week in known], float)
    error = np.nan_to_num(np.array([week.errors[measure.field] for _, week in known], float))
    color = {"pullback_left_deg": palette.left, "pullback_right_deg": palette.right}.get(measure.field, palette.line)
    axes.errorbar(x, mean, error, fmt="o-", ms=4.5, lw=1.5, capsize=3, color=color)
    if measure.field in ("against_deg", "retention_pct", *OF_TRUNK):
        axes.axhline(0.0, color=palette.ink, lw=0.8)
    step = -(-len(weeks) // 5)
    ticks = range(0, len(weeks), step)
    axes.set_xticks(list(ticks), [_day(weeks[k].start_unix_s) for k in ticks])
    axes.set_xlim(-0.2, len(weeks) + 0.2)
    axes.margins(y=0.15)
    least_span(axes, 4.0 * LEAST[measure.field])
    return figure


def _titled(measure: Measure) -> str:
    return f"{measure.name[0].upper()}{measure.name[1:]}" + (f", {measure.unit}" if measure.unit else "")


def _weeks_table(weeks: Sequence[Week], measures: Sequence[Measure]) -> str:
    rows = []
    for week in weeks:
        cells = [_day(week.start_unix_s), str(week.sessions), f"{week.running_s / 60:.0f} min"]
        for measure in measures:
            mean, error = week.means[measure.field], week.errors[measure.field]
            spread = "" if error is None else f" ± {error:.{measure.places}f}"
            cells.append("" if mean is None else f"{round(mean, measure.places) + 0.0:.{measure.places}f}{spread}")
        rows.append(cells)
    head = ["week of", "sessions", "running", *(_titled(measure) for measure in measures)]
    return table(head, rows, numbers=range(1, len(head)))


def _day(unix_s: float) -> str:
    return time.strftime("%d %b", time.localtime(unix_s))
