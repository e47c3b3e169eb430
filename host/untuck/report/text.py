"""A run's summary as text for the terminal: first the answers, then the numbers, within 80 columns.

Pure: Summary and SessionMetrics in, text out. The answers come from sentences.py.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from untuck.model import Finding
from untuck.motion.form.cues import CueEntry
from untuck.report.metrics import SessionMetrics, metrics_of
from untuck.report.quality import left_out_words, standing_checks
from untuck.report.run_parts import THIRDS
from untuck.report.sentences import answers
from untuck.report.summary import DISCLAIMER, Summary
from untuck.vocabulary import clock, named

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
    lines += ["", "Findings", *_finding_lines(summary.findings)]
    lines += ["", "Cues" if summary.heard else "Cues that would have sounded live", *_cue_lines(summary)]
    lines += ["", "Data quality", *_signal_lines(summary)]
    if summary.warnings:
        lines += ["", "Warnings", *_wrapped(summary.warnings)]
    return "\n".join([*lines, "", DISCLAIMER])


def _third_lines(summary: Summary) -> list[str]:
    lines = [f"  {'':<13}{'tilt':>16}{'cadence':>12}{'in form':>9}"]
    for part in (part for part in summary.parts if part.name in THIRDS):
        m = {name: math.nan if value is None else value for name, value in part.means.items()}
        error = part.errors["tilt_deg"]
        tilt = f"{m['tilt_deg']:.1f}" + ("" if error is None else f" +- {error:.2f}") + " deg"
        form = "-" if part.in_form_pct is None else f"{part.in_form_pct:.0f} %"
        lines.append(f"  {part.name:<13}{tilt:>16}{m['cadence_spm']:>8.0f} spm{form:>9}")
    return lines


def _stride_lines(summary: Summary) -> list[str]:
    m = {name: math.nan if value is None else value for name, value in summary.medians.items()}
    sd = {name: "" if value is None else f" +- {value:.1f}" for name, value in summary.spreads.items()}
    left_out = left_out_words(summary)
    baseline = summary.baseline_tilt_deg
    against = "no baseline" if baseline is None else f"baseline {baseline:.1f}, {m['tilt_deg'] - baseline:+.1f}"
    rows = [
        ("strides", f"{summary.strides}, {summary.clean_strides} clean"),
        *([("not judged", left_out)] if left_out else []),
        ("running", clock(summary.running_s)),
        ("cadence", f"{m['cadence_spm']:.0f}{sd.get('cadence_spm', '')} steps/min"),
        ("contact", f"left {m['contact_left_ms']:.0f} ms, right {m['contact_right_ms']:.0f} ms"),
        ("flight", f"{m['flight_ms']:.0f} ms; balance {m['balance_left_pct']:.1f} % left"),
        ("oscillation", f"{m['oscillation_mm']:.0f} mm (pelvis, vertical)"),
        ("peak force", _both(m, "peak", "bw", "body weights", 2)),
        ("braking", _both(m, "braking", "m_s", "m/s a step", 2)),
        ("stiffness", _both(m, "stiffness", "bw_m", "body weights/m (vertical)", 0)),
        ("tilt", f"{m['tilt_deg']:.1f}{sd.get('tilt_deg', '')} deg above standing ({against})"),
        ("pelvic lean", f"{m['lean_deg']:.1f} deg (of the pelvis: one sensor cannot measure the trunk)"),
        (
            "rotation",
            f"{m['rotation_range_deg']:.1f} deg; obliquity {m['obliquity_range_deg']:.1f} deg within a stride",
        ),
    ]
    if baseline is not None:
        pulled = f"left {m['pullback_left_deg']:.1f} deg, right {m['pullback_right_deg']:.1f} deg against baseline"
        rows.append(("pullback", pulled))
    return [line for name, text in rows for line in _row(name, text)]


def _both(medians: dict[str, float], name: str, unit: str, words: str, digits: int) -> str:
    """Left and right of a measure, with the standard error of one stride for a runner of unknown build."""
    left, right, se = (medians[f"{name}_{part}_{unit}"] for part in ("left", "right", "se"))
    return f"left {left:.{digits}f}, right {right:.{digits}f} {words}, standard error {se:.{digits}f}"


def _row(name: str, text: str) -> list[str]:
    return textwrap.wrap(f"{name:<13}{text}", WIDTH, initial_indent="  ", subsequent_indent=" " * 15)


def _finding_lines(findings: tuple[Finding, ...]) -> list[str]:
    if not findings:
        return ["  none"]
    return [
        f"  {clock(f.start_s):>5} - {clock(f.end_s):<6}{named(f.fault, f.side):<16}{f.depth_deg:4.1f} deg"
        for f in findings
    ]


def _cue_lines(summary: Summary) -> list[str]:
    log = {(entry.fault, entry.side, entry.time_s): entry for entry in summary.cue_log if entry.sounded}
    lines = []
    for cue in summary.cues:
        entry = log.get((cue.fault, cue.side, cue.time_s))
        after = "" if entry is None or not summary.heard else _response(entry)
        lines.append(f"  {clock(cue.time_s):>5}  {named(cue.fault, cue.side):<16}{after}".rstrip())
    lines = lines or ["  none"]
    if summary.suppressed:
        reasons = ", ".join(f"{reason} {count}" for reason, count in summary.suppressed.items())
        lines += _wrapped((f"suppressed: {reasons}",))
    if summary.audio_delay_ms is not None:
        lines.append(f"  delay of the sound output: {summary.audio_delay_ms:.0f} ms, as measured before")
    return lines


def _response(entry: CueEntry) -> str:
    if entry.correct_s is not None:
        return f"corrected after {entry.correct_s:.0f} s"
    return f"not corrected: {entry.ended}" if entry.ended else "not ended"


def _signal_lines(summary: Summary) -> list[str]:
    s = summary.signal
    lines = [f"  {clock(s.duration_s)} recorded, {s.packets} packets, {s.lost} lost, {s.corrupt} damaged"]
    if s.gaps or s.resets or s.restarts:
        lines.append(f"  {s.gaps} gaps in the sensor's data, {s.resets} sensor resets, {s.restarts} clip restarts")
    error = "" if summary.calibration_error_deg is None else f", within about {summary.calibration_error_deg:.1f} deg"
    lines.append(f"  calibration: {summary.calibration}{error}")
    if summary.standings:
        lines.append(f"  standing: {standing_checks(summary)}")
    return lines


def _wrapped(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(text, 76, initial_indent="  ", subsequent_indent="    ")]
