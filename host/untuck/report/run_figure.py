"""The figure over a run, for its page and its PDF: tilt of every stride over time, below it lean, with a second clip
the lumbar spine as well.

It has the style and the palette of figure_style.py; the other figures are in figures.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from untuck.model import BOTH, LEFT, RIGHT, Floats
from untuck.report.figure_style import Canvas, Drawn, Palette, least_span, new_figure, style_axes, time_axis
from untuck.report.run_traces import (
    baseline_curve,
    baseline_taken,
    block_means,
    finding_spans,
    limits,
    pauses,
    running_mean,
)
from untuck.report.spine import trunk_gaps
from untuck.run_results import Run
from untuck.session_commands import Lap
from untuck.vocabulary import RECOVERED, Fault, facts


class Panel(NamedTuple):
    """A value over the run: its field of STRIDE_DTYPE, label and relative height.

    error: field of its standard error; usual, least: of what it is compared with, and of the smallest change that is
    found; each "" for none. faults: those that it is about; None: all that are not of the spine.
    """

    field: str
    label: str
    height: float
    error: str = ""
    usual: str = ""
    least: str = ""
    faults: tuple[str, ...] | None = ()


TILT = Panel(
    field="tilt_deg",
    label="tilt above standing, deg",
    height=2.2,
    usual="tilt_usual_deg",
    least="tuck_least_deg",
    faults=None,
)
PELVIC_LEAN = Panel("pelvic_lean_deg", "pelvic lean, deg", 1.0)
SPINE_PANELS = (
    Panel(
        field="trunk_lean_deg",
        label="trunk lean, deg",
        height=1.4,
        error="trunk_lean_se_deg",
        usual="trunk_lean_usual_deg",
        least="trunk_lean_least_deg",
        faults=(Fault.UPRIGHT, Fault.BENT),
    ),
    Panel(
        field="lumbar_deg",
        label="lumbar, deg",
        height=1.4,
        error="lumbar_se_deg",
        usual="lumbar_usual_deg",
        least="lumbar_least_deg",
        faults=(Fault.ARCH, Fault.BENT),
    ),
)


def run_height_in(run: Run, width_in: float) -> float:
    """The height of the figure over the run, in inches."""
    return (4.4 if width_in > 6 else 4.0) + (1.2 if run.trunk is not None else 0.0)


def through_the_run(run: Run, palette: Palette, width_in: float, into: Canvas = None) -> Drawn:
    """Tilt and pelvic lean of every stride over time, with baseline, findings, cues, laps, pauses and gaps.

    With a second clip trunk lean and lumbar extension in place of pelvic lean, with error bars.
    """
    lower = SPINE_PANELS if run.trunk is not None else (PELVIC_LEAN,)
    panels = (TILT, *lower)
    figure = new_figure(width_in, run_height_in(run, width_in), rows=len(panels), gap_in=0.12, into=into)
    drawn = figure.subplots(len(panels), 1, sharex=True, height_ratios=[panel.height for panel in panels])
    for axes, panel in zip(drawn, panels, strict=True):
        _over_time(axes, panel, run, palette)
    _cues(drawn[0], run, palette)
    for command in run.commands:
        if isinstance(command, Lap):
            drawn[0].axvline(command.time_s, color=palette.ink, lw=0.8, ls=(0, (3, 2)))
    time_axis(drawn[-1], palette)
    if len(lower) > 1:
        figure.align_ylabels(drawn)
    return figure


def _over_time(axes: Axes, panel: Panel, run: Run, palette: Palette) -> None:
    """One value of every stride over time, with what it is compared with and the findings that are about it."""
    strides, shown = run.strides, run.strides["valid"]
    style_axes(axes, palette)
    _dots(axes, strides["start_s"][shown], strides[panel.field][shown], palette.line)
    axes.plot(*running_mean(strides, panel.field), color=palette.line, lw=1.3)
    axes.set_ylim(*limits(strides[panel.field][shown]))
    least_span(axes, 4.0)
    _pauses(axes, pauses(strides), palette)
    if panel.error:
        _pauses(axes, [(gap.start_s, gap.end_s) for gap in trunk_gaps(strides)], palette)
    if panel.error:
        times, means, errors = block_means(strides, panel.field, panel.error)
        axes.errorbar(times, means, errors, fmt="none", ecolor=palette.ink, elinewidth=1.0, capsize=2)
    if panel.usual:
        _baseline_band(axes, panel, run, palette)
    _findings(axes, panel, run, palette)
    axes.set_ylabel(panel.label, color=palette.ink)


def _dots(axes: Axes, x: Floats, y: Floats, color: str) -> None:
    """Thousands of dots as one path with round ends: a tenth of the size of separate markers."""
    points = np.full((3 * len(x), 2), np.nan)
    points[0::3, 0] = points[1::3, 0] = x
    points[0::3, 1], points[1::3, 1] = y, y + 1e-3
    axes.plot(points[:, 0], points[:, 1], color=color, lw=1.8, alpha=0.3, solid_capstyle="round")


def _pauses(axes: Axes, spans_s: list[tuple[float, float]], palette: Palette) -> None:
    for start_s, end_s in spans_s:
        axes.axvspan(start_s, end_s, color=palette.pause, alpha=0.45, lw=0)


def _baseline_band(axes: Axes, panel: Panel, run: Run, palette: Palette) -> None:
    """What each stride was compared with, and the changes too small to be found; the baseline's own strides."""
    usual, least = baseline_curve(run, panel.usual, panel.least)
    if np.isfinite(usual).any():
        start_s = run.strides["start_s"]
        axes.fill_between(start_s, usual - least, usual + least, color=palette.band, alpha=0.4, lw=0)
        axes.plot(start_s, usual, color=palette.ink, lw=0.8)
    taken = baseline_taken(run, panel.field)
    if taken is not None:
        span_s, value_deg = taken
        axes.plot(span_s, (value_deg, value_deg), color=palette.ink, lw=1.6)


def _colour(palette: Palette, fault: str, side: int) -> str:
    colour: str = getattr(palette, facts(fault).colour(side))
    return colour


def _findings(axes: Axes, panel: Panel, run: Run, palette: Palette) -> None:
    """Shade the findings that a panel is about; with a second clip with their names, as several have one colour."""
    trunk = run.trunk is not None
    for finding, end_s in finding_spans(run):
        if panel.faults is None and trunk and facts(finding.fault).trunk_cued:
            continue
        if panel.faults is not None and finding.fault not in panel.faults:
            continue
        color = _colour(palette, finding.fault, finding.side)
        axes.axvspan(finding.start_s, end_s, color=color, alpha=0.22, lw=0)
        if trunk:
            at_top = panel.faults is not None  # below the cues of the other panel
            axes.text(
                finding.start_s,
                0.97 if at_top else 0.03,
                f" {finding.name}",
                color=palette.ink,
                fontsize=7.5,
                va="top" if at_top else "bottom",
                transform=axes.get_xaxis_transform(),
                clip_on=True,
            )


_MARKS = {LEFT: "<", RIGHT: ">", BOTH: "v"}


def _cues(axes: Axes, run: Run, palette: Palette) -> None:
    """Triangles along the top edge where a cue sounded, pointing to its side."""
    top = axes.get_xaxis_transform()
    for cue in run.cues:
        if cue.fault != RECOVERED:
            mark, color = _MARKS[cue.side], _colour(palette, cue.fault, cue.side)
            axes.plot(cue.time_s, 0.95, mark, ms=6, color=color, transform=top, clip_on=False)
