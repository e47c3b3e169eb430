"""A run's summary: what a runner or coach wants to know at the end, as values, as JSON and as text.

Pure: the results of the pipeline and the counters of the decoder come in, a Summary comes out. Medians are over clean
strides. Wording that people read after a run lives here.
"""

from __future__ import annotations

import dataclasses
import json
import math
import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from untuck.model import BOTH, LEFT, RIGHT, Cue, Finding, Run

DISCLAIMER = "These are form cues, not medical advice."
SIDES = {LEFT: "left", BOTH: "", RIGHT: "right"}
MEDIANS = (
    "cadence_spm",
    "contact_left_ms",
    "contact_right_ms",
    "flight_ms",
    "balance_left_pct",
    "oscillation_mm",
    "tilt_deg",
    "lean_deg",
    "obliquity_range_deg",
    "rotation_range_deg",
    "pullback_left_deg",
    "pullback_right_deg",
)


@dataclass(frozen=True)
class Signal:
    """How well the data came through: counts of packets and samples, and how long the recording is in sensor time."""

    duration_s: float
    packets: int
    samples: int
    lost: int
    corrupt: int
    gaps: int
    resets: int
    restarts: int


@dataclass(frozen=True)
class Summary:
    """What a run came to.

    strides, clean_strides: counts; running_s: time in strides; medians: over clean strides, by STRIDE_DTYPE's names;
    baseline_tilt_deg: at this run's cadence, None without a baseline; held: cues not sounded, by reason; rejected:
    strides left out, by reason; calibration: how it was found, with its error in degrees (None: not known).
    """

    strides: int
    clean_strides: int
    running_s: float
    medians: dict[str, float | None]
    baseline_tilt_deg: float | None
    findings: tuple[Finding, ...]
    cues: tuple[Cue, ...]
    held: dict[str, int]
    rejected: dict[str, int]
    calibration: str
    calibration_error_deg: float | None
    signal: Signal
    warnings: tuple[str, ...]


def summarise(run: Run, signal: Signal) -> Summary:
    """The summary of a run. Shapes as in model.Run; nothing of the run is changed."""
    clean = run.strides[run.strides["valid"]]
    medians = {name: _median(clean[name]) for name in MEDIANS}
    return Summary(
        strides=len(run.strides),
        clean_strides=len(clean),
        running_s=float(run.strides["duration_s"].sum()),
        medians=medians,
        baseline_tilt_deg=_baseline_tilt(run, medians["cadence_spm"]),
        findings=run.findings,
        cues=run.cues,
        held=dict(Counter(cue.reason for cue in run.held_cues)),
        rejected=dict(Counter(str(reason) for reason in run.strides[~run.strides["valid"]]["reason"])),
        calibration=run.calibration.source,
        calibration_error_deg=_finite(run.calibration.error_deg),
        signal=signal,
        warnings=run.warnings,
    )


def to_json(summary: Summary, **more: Any) -> str:
    """One line of JSON with the fields of Summary, and `more` beside them; what is not finite is null."""
    return json.dumps(_plain({**dataclasses.asdict(summary), **more}), allow_nan=False)


def to_text(summary: Summary, title: str) -> str:
    """The summary as a person reads it, within 80 columns."""
    lines = [title, ""]
    if summary.strides:
        lines += _stride_lines(summary)
    else:
        lines.append("  No running strides were found.")
    lines += ["", "Findings", *_finding_lines(summary.findings)]
    lines += ["", "Cues", *_cue_lines(summary)]
    lines += ["", "Signal", *_signal_lines(summary)]
    if summary.warnings:
        lines += ["", "Warnings", *_wrapped(summary.warnings)]
    return "\n".join([*lines, "", DISCLAIMER])


def clock(time_s: float) -> str:
    """Sensor time as minutes and seconds, e.g. 1:05; -:-- for a time that is not known."""
    if not math.isfinite(time_s):
        return "-:--"
    minutes, seconds = divmod(round(time_s), 60)
    return f"{minutes}:{seconds:02d}"


def named(fault: str, side: int) -> str:
    """A fault with its side for people: "tuck", "right pullback"."""
    return f"{SIDES[side]} {fault}".strip()


def _stride_lines(summary: Summary) -> list[str]:
    m = {name: math.nan if value is None else value for name, value in summary.medians.items()}
    rejected = ", ".join(f"{count} {reason}" for reason, count in summary.rejected.items())
    baseline = summary.baseline_tilt_deg
    against = "no baseline" if baseline is None else f"baseline {baseline:.1f}, {m['tilt_deg'] - baseline:+.1f}"
    rows = [
        ("strides", f"{summary.strides}, {summary.clean_strides} clean" + (f" ({rejected})" if rejected else "")),
        ("running", clock(summary.running_s)),
        ("cadence", f"{m['cadence_spm']:.0f} steps/min"),
        ("contact", f"left {m['contact_left_ms']:.0f} ms, right {m['contact_right_ms']:.0f} ms"),
        ("flight", f"{m['flight_ms']:.0f} ms; balance {m['balance_left_pct']:.1f} % left"),
        ("bounce", f"{m['oscillation_mm']:.0f} mm (pelvis, up and down)"),
        ("tilt", f"{m['tilt_deg']:.1f} deg above standing ({against})"),
        ("pelvic lean", f"{m['lean_deg']:.1f} deg (of the pelvis: one sensor cannot see the trunk)"),
        (
            "rotation",
            f"{m['rotation_range_deg']:.1f} deg; obliquity {m['obliquity_range_deg']:.1f} deg within a stride",
        ),
    ]
    if baseline is not None:
        pulled = f"left {m['pullback_left_deg']:.1f} deg, right {m['pullback_right_deg']:.1f} deg against baseline"
        rows.append(("pullback", pulled))
    return [f"  {name:<13}{text}" for name, text in rows]


def _finding_lines(findings: tuple[Finding, ...]) -> list[str]:
    if not findings:
        return ["  none: good form throughout"]
    return [
        f"  {clock(f.start_s):>5} - {clock(f.end_s):<6}{named(f.fault, f.side):<16}{f.depth_deg:4.1f} deg"
        for f in findings
    ]


def _cue_lines(summary: Summary) -> list[str]:
    lines = [f"  {clock(cue.time_s):>5}  {named(cue.fault, cue.side)}" for cue in summary.cues] or ["  none"]
    if summary.held:
        reasons = ", ".join(f"{reason} {count}" for reason, count in summary.held.items())
        lines.append(f"  held back: {reasons}")
    return lines


def _signal_lines(summary: Summary) -> list[str]:
    s = summary.signal
    lines = [f"  {clock(s.duration_s)} recorded, {s.packets} packets, {s.lost} lost, {s.corrupt} damaged"]
    if s.gaps or s.resets or s.restarts:
        lines.append(f"  {s.gaps} gaps in the sensor's data, {s.resets} sensor resets, {s.restarts} clip restarts")
    error = "" if summary.calibration_error_deg is None else f", within about {summary.calibration_error_deg:.1f} deg"
    lines.append(f"  calibration: {summary.calibration}{error}")
    return lines


def _wrapped(texts: tuple[str, ...]) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(text, 76, initial_indent="  ", subsequent_indent="    ")]


def _baseline_tilt(run: Run, cadence_spm: float | None) -> float | None:
    if run.baseline is None or cadence_spm is None:
        return None
    nearest = int(np.argmin(np.abs(run.baseline.cadence_spm - cadence_spm)))
    return float(run.baseline.tilt_deg[nearest])


def _median(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return _finite(value)
    return value
