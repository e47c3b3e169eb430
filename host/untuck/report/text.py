"""A run's summary as text for the terminal: first the answers, then the numbers, within 80 columns.

Pure: Summary and SessionMetrics in, text out. The answers come from sentences.py.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from untuck.report.cue_effect import response_words
from untuck.report.metrics import SessionMetrics, metrics_of
from untuck.report.numbers import number, with_error
from untuck.report.quality import left_out_words, received, standing_checks
from untuck.report.run_parts import THIRDS
from untuck.report.sentences import answers
from untuck.report.spine_words import calibration_words
from untuck.report.spine_words import rows as spine_rows
from untuck.report.summary import DISCLAIMER, TRUNK, Signal, Summary, why_not_judged, zero_words
from untuck.vocabulary import clock

WIDTH = 78


def to_text(
    summary: Summary, title: str, now: SessionMetrics | None = None, earlier: Sequence[SessionMetrics] = ()
) -> str:
    """The summary as text, within 80 columns. now, earlier: this session's metrics and those to compare with."""
    lines = [title, ""]
    for question, answer in answers(summary, now or metrics_of(0, 0.0, summary), earlier):
        lines += textwrap.wrap(f"{question} {answer}", WIDTH, initial_indent="  ", subsequent_indent="    ")
    lines += ["", "Strides (median +- SD)"]
    lines += _stride_lines(summary) if summary.strides else ["  No running strides were found."]
    if summary.parts:
        lines += ["", "Thirds of the run", *_third_lines(summary)]
    lines += ["", "Findings", *_finding_lines(summary)]
    lines += ["", "Cues" if summary.heard else "Cues that would have sounded live", *_cue_lines(summary)]
    lines += ["", "Data quality", *_signal_lines(summary)]
    if summary.warnings:
        lines += ["", "Warnings", *_wrapped(summary.warnings)]
    return "\n".join([*lines, "", DISCLAIMER])


def _third_lines(summary: Summary) -> list[str]:
    trunk = summary.spine is not None
    head = f"{'trunk lean':>13}{'lumbar':>13}" if trunk else ""
    lines = [f"  {'':<13}{'tilt':>16}{head}{'cadence':>12}{'in form':>9}"]
    for part in (part for part in summary.parts if part.name in THIRDS):
        tilt = with_error(part.means["tilt_deg"], part.errors["tilt_deg"], 1, "deg")
        cadence = number(part.means["cadence_spm"], 0, "spm")
        names = ("trunk_lean_deg", "lumbar_deg") if trunk else ()
        more = "".join(f"{with_error(part.means.get(name), part.errors.get(name), 1):>13}" for name in names)
        lines.append(f"  {part.name:<13}{tilt:>16}{more}{cadence:>12}{number(part.in_form_pct, 0, '%'):>9}")
    return lines


def _stride_lines(summary: Summary) -> list[str]:
    m, sd = summary.medians, summary.spreads
    unjudged = why_not_judged(summary)
    count = "none" if unjudged or summary.reliability is None else str(summary.reliability.judged)
    left_out = left_out_words(summary)
    against = "no baseline"
    if summary.baseline_tilt_deg is not None:
        against = f"baseline {number(summary.baseline_tilt_deg, 1)}"
    if summary.against_deg is not None:
        against += f"; mean against it {with_error(summary.against_deg, summary.against_se_deg, 1)}"
    rows = [
        ("strides", f"{summary.strides}, {summary.clean_strides} clean"),
        ("judged", count + (f"; not judged: {left_out}" if left_out else "")),
        ("running", clock(summary.running_s)),
        ("tilt", f"{with_error(m['tilt_deg'], sd.get('tilt_deg'), 1, 'deg')} {zero_words(summary)} ({against})"),
        ("cadence", with_error(m["cadence_spm"], sd.get("cadence_spm"), 1, "steps/min")),
        ("contact", _pair(m, "contact", "ms", "ms")),
        ("flight", f"{number(m['flight_ms'], 0, 'ms')}; balance {number(m['balance_left_pct'], 1, '%')} left"),
        ("oscillation", f"{number(m['oscillation_mm'], 0, 'mm')} (pelvis, vertical)"),
        ("peak force", _both(m, "peak", "bw", "body weights", 2)),
        ("braking", _both(m, "braking", "m_s", "m/s a step", 2)),
        ("stiffness", _both(m, "stiffness", "bw_m", "body weights/m (vertical)", 0)),
        (
            "rotation",
            f"{number(m['rotation_range_deg'], 1, 'deg')}; obliquity {number(m['obliquity_range_deg'], 1, 'deg')}"
            " within a stride",
        ),
        ("pelvic lean", f"{number(m['pelvic_lean_deg'], 1, 'deg')}" + (f". {TRUNK}" if summary.spine is None else "")),
    ]
    if summary.spine is not None:
        rows += spine_rows(summary, summary.spine)
    if m["pullback_left_deg"] is not None:
        rows.append(("pullback", f"{_pair(m, 'pullback', 'deg', 'deg', 1)} against baseline"))
    return [line for name, text in rows for line in _row(name, text)]


def _pair(medians: dict[str, float | None], name: str, suffix: str, unit: str, places: int = 0) -> str:
    """Left and right of a measure."""
    left, right = (number(medians[f"{name}_{side}_{suffix}"], places, unit) for side in ("left", "right"))
    return f"left {left}, right {right}"


def _both(medians: dict[str, float | None], name: str, unit: str, words: str, places: int) -> str:
    """Left and right of a measure, with the standard error of one stride for a runner of unknown build."""
    left, right, se = (number(medians[f"{name}_{part}_{unit}"], places) for part in ("left", "right", "se"))
    return f"left {left}, right {right} {words}, standard error {se}"


def _row(name: str, text: str) -> list[str]:
    return textwrap.wrap(f"{name:<13}{text}", WIDTH, initial_indent="  ", subsequent_indent=" " * 15)


def _finding_lines(summary: Summary) -> list[str]:
    if not summary.findings:
        return ["  none: no stride was judged" if why_not_judged(summary) else "  none"]
    return [
        f"  {clock(f.start_s):>5} - {clock(f.end_s):<6}{f.name:<16}{number(f.depth_deg, 1):>4} deg"
        for f in summary.findings
    ]


def _cue_lines(summary: Summary) -> list[str]:
    log = {(entry.fault, entry.side, entry.time_s): entry for entry in summary.cue_log if entry.sounded}
    lines = []
    for cue in summary.cues:
        entry = log.get((cue.fault, cue.side, cue.time_s))
        after = "" if entry is None or not summary.heard else response_words(entry)
        lines.append(f"  {clock(cue.time_s):>5}  {cue.name:<16}{after}".rstrip())
    lines = lines or ["  none"]
    if summary.suppressed:
        reasons = ", ".join(f"{reason} {count}" for reason, count in summary.suppressed.items())
        lines += _wrapped((f"suppressed: {reasons}",))
    if summary.audio_delay_ms is not None:
        lines.append(f"  delay of the sound output: {summary.audio_delay_ms:.0f} ms, as measured before")
    return lines


def _signal_lines(summary: Summary) -> list[str]:
    lines = [f"  {clock(summary.signal.duration_s)} recorded, {received(summary.signal)}", *_gaps(summary.signal)]
    if summary.trunk is not None:
        lines += [f"  of the second clip: {received(summary.trunk)}", *_gaps(summary.trunk)]
    error = "" if summary.calibration_error_deg is None else f", within about {summary.calibration_error_deg:.1f} deg"
    lines.append(f"  calibration: {summary.calibration}{error}")
    if summary.spine is not None:
        lines.append(f"  calibration of the second clip: {calibration_words(summary.spine)}")
    if summary.standings:
        lines.append(f"  standing: {standing_checks(summary)}")
    return lines


def _gaps(s: Signal) -> list[str]:
    """The line of a clip's gaps, none without any."""
    if not (s.gaps or s.resets or s.restarts):
        return []
    return [f"  {s.gaps} gaps in the sensor's data, {s.resets} sensor resets, {s.restarts} clip restarts"]


def _wrapped(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(text, 76, initial_indent="  ", subsequent_indent="    ")]
