"""What the page shows of a run that is over: sentences, facts and charts, as one plain value.

Sentences are those of the report, numbers those of its summary; the computer's page has more of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from untuck.outside_text import printable
from untuck.phone.app import charts
from untuck.report.metrics import SessionMetrics, metrics_of
from untuck.report.numbers import UNKNOWN, number
from untuck.report.page import Report, mean_strides
from untuck.report.quality import rows
from untuck.report.run_parts import THIRDS
from untuck.report.sentences import answers
from untuck.report.summary import DISCLAIMER, Summary
from untuck.run_results import Run
from untuck.vocabulary import NotJudged, clock

_QUALITY = ("Lost", "Calibration", "Standing")  # rows of quality.py that a runner can act on


def review(
    run: Run,
    summary: Summary,
    title: str,
    now: SessionMetrics | None = None,
    earlier: Sequence[SessionMetrics] = (),
) -> dict[str, Any]:
    """The review as a plain value: {title, sentences, facts, charts}, all of it plain text but the charts' svg.

    sentences: pairs of question and answer, then of "" and a warning; facts: pairs of label and value; charts: {name,
    title, svg, text}, up to three. now, earlier: this session's metrics and those to compare with, as
    metrics.to_compare gives them.
    """
    metrics = now or metrics_of(0, 0.0, summary)
    own_baseline = bool((run.strides["reason"] == NotJudged.BASELINE).any())
    report = Report(
        title=title,
        subtitle="",
        run=run,
        summary=summary,
        now=metrics,
        earlier=tuple(earlier),
        own_baseline=own_baseline,
    )
    sentences = [list(pair) for pair in answers(summary, metrics, earlier)]
    return {
        "title": printable(title),
        "sentences": [*sentences, *(["", text] for text in (*summary.warnings, DISCLAIMER))],
        "facts": [[label, value] for label, value in facts(report) if value != UNKNOWN],
        "charts": [vars(chart) for chart in drawn(report)],
    }


def drawn(report: Report) -> list[charts.Chart]:
    """The charts of what was measured in the run."""
    now, base = mean_strides(report)
    found = (
        charts.tilt(report.run, report.summary),
        None if now is None else charts.mean_stride(now, base),
        charts.pullback(report.run, report.summary),
    )
    return [chart for chart in found if chart is not None]


def facts(report: Report) -> list[tuple[str, str]]:
    """Labels and values, the values with units; UNKNOWN for what is not known."""
    summary, now = report.summary, report.now
    medians = summary.medians
    return [
        ("Running", f"{clock(summary.running_s)}, {summary.strides} strides"),
        ("In good form", _form(now)),
        ("By thirds of the run", _thirds(summary)),
        ("Tilt against baseline", _spread(now.against_deg, summary.against_se_deg, "deg", signed=True)),
        *((f"{side.capitalize()} pullback", _pullback(summary, side)) for side in ("left", "right")),
        ("Cues", _cues(now)),
        ("Corrected after", number(now.correct_s, 0, "s")),
        ("Cadence", number(medians["cadence_spm"], 0, "steps/min")),
        ("Ground contact", _sides(medians, "contact", "ms")),
        ("Pelvic oscillation", number(medians["oscillation_mm"], 0, "mm")),
        *((label, value) for label, value in rows(summary, None) if label in _QUALITY),
    ]


def _form(now: SessionMetrics) -> str:
    return UNKNOWN if not now.judged else f"{number(now.in_form_pct, 0, '%')} of {now.judged} judged strides"


def _thirds(summary: Summary) -> str:
    shares = [number(part.in_form_pct) for part in summary.parts if part.name in THIRDS]
    return UNKNOWN if len(shares) < len(THIRDS) or UNKNOWN in shares else f"{', '.join(shares)} %"


def _pullback(summary: Summary, side: str) -> str:
    name = f"pullback_{side}_deg"
    return _spread(summary.medians[name], summary.spreads[name], "deg", signed=True)


def _cues(now: SessionMetrics) -> str:
    rate = number(now.cues_per_10_min, 1)
    return UNKNOWN if rate == UNKNOWN else f"{now.cues}, {rate} in 10 min"


def _sides(medians: dict[str, float | None], name: str, unit: str) -> str:
    left, right = (number(medians[f"{name}_{side}_{unit}"], 0) for side in ("left", "right"))
    return UNKNOWN if UNKNOWN in (left, right) else f"left {left}, right {right} {unit}"


def _spread(value: float | None, spread: float | None, unit: str, *, signed: bool = False) -> str:
    """A value with one decimal and its spread or error."""
    shown = number(value, 1, signed=signed)
    if shown == UNKNOWN:
        return UNKNOWN
    return f"{shown} {unit}" if number(spread, 1) == UNKNOWN else f"{shown} ± {number(spread, 1)} {unit}"
