"""The figures of a run, for HTML and PDF: over the run, mean stride, distribution, thirds, earlier sessions.

Each function draws one figure, with the style and the palette of figure_style.py. html.py and pdf.py arrange them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from untuck.model import BOTH, LEFT, RIGHT, Floats, judged
from untuck.report.figure_style import (
    Canvas,
    Drawn,
    Palette,
    least_span,
    legend,
    legend_above,
    new_figure,
    style_axes,
    time_axis,
)
from untuck.report.mean_stride import MeanStride
from untuck.report.metrics import SessionMetrics
from untuck.report.run_parts import THIRDS, RunPart
from untuck.run_results import Run
from untuck.session_commands import Lap
from untuck.vocabulary import RECOVERED, NotJudged, cued_faults, facts

MEAN_STRIDES = 8  # in the running mean
GAP_S = 2.0  # a longer time from one stride to the next is a pause


def through_the_run(run: Run, palette: Palette, width_in: float, into: Canvas = None) -> Drawn:
    """Tilt and pelvic lean of every stride over time, with baseline, findings, cues, laps, pauses and gaps."""
    figure = new_figure(width_in, 4.4 if width_in > 6 else 4.0, rows=2, gap_in=0.12, into=into)
    tilt, lean = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
    strides = run.strides
    shown = strides["valid"]
    for axes, name in ((tilt, "tilt_deg"), (lean, "lean_deg")):
        style_axes(axes, palette)
        _dots(axes, strides["start_s"][shown], strides[name][shown], palette.line)
        axes.plot(*_running_mean(strides, name), color=palette.line, lw=1.3)
        axes.set_ylim(*_limits(strides[name][shown]))
        least_span(axes, 4.0)
        _pauses(axes, strides, palette)
    _baseline_band(tilt, run, palette)
    _findings(tilt, run, palette)
    _cues(tilt, run, palette)
    for command in run.commands:
        if isinstance(command, Lap):
            tilt.axvline(command.time_s, color=palette.ink, lw=0.8, ls=(0, (3, 2)))
    tilt.set_ylabel("tilt above standing, deg", color=palette.ink)
    lean.set_ylabel("pelvic lean, deg", color=palette.ink)
    time_axis(lean, palette)
    return figure


def mean_stride(
    now: MeanStride, base: MeanStride | None, palette: Palette, width_in: float, into: Canvas = None
) -> Drawn:
    """Tilt, obliquity and rotation over each side's own stride, mean and SD, with those of the baseline strides."""
    wide = width_in > 6
    figure = new_figure(width_in, 2.5 if wide else 6.4, 1 if wide else 3, into=into)
    panels = figure.subplots(1, 3) if wide else figure.subplots(3, 1)
    percent = np.linspace(0, 100, now.right.shape[2])
    titles = ("tilt, deg", "obliquity, deg (stance side up)", "rotation, deg (that hip forward)")
    for k, (axes, title) in enumerate(zip(panels, titles, strict=True)):
        style_axes(axes, palette)
        axes.set_title(title, color=palette.ink)
        if base is not None:
            mean, sd = base.both(k)
            axes.fill_between(percent, mean - sd, mean + sd, color=palette.band, alpha=0.45, lw=0, label="baseline")
        for side, color, style in ((now.right, palette.right, "-"), (now.left, palette.left, (0, (4, 1.5)))):
            mean, sd = side[0, k], side[1, k]
            axes.plot(percent, mean, color=color, lw=1.5, ls=style, label="right" if side is now.right else "left")
            axes.fill_between(percent, mean - sd, mean + sd, color=color, alpha=0.10, lw=0)
        axes.set_xlabel("% of that side's own stride", color=palette.ink)
        axes.set_xlim(0, 100)
    legend_above(panels[0], palette)
    return figure


def distribution(run: Run, palette: Palette, width_in: float, into: Canvas = None) -> Drawn:
    """Histogram of stride tilt against what the baseline lets expect, strides in a tuck apart, with the tuck threshold.

    Where no stride was judged it is tilt above standing, of the clean strides.
    """
    figure = new_figure(width_in, 2.6, into=into)
    axes = figure.subplots()
    style_axes(axes, palette)
    compared = run.strides[judged(run.strides)]
    strides = compared if len(compared) else run.strides[run.strides["valid"]]
    tilt_deg = strides["tilt_deg"] - (strides["tilt_usual_deg"] if len(compared) else 0.0)
    low, high = _limits(tilt_deg)
    tucked = _within(strides, run, ("tuck",))
    axes.hist(
        [tilt_deg[~tucked], tilt_deg[tucked]],
        bins=np.arange(np.floor(low * 2) / 2, high + 0.5, 0.25).tolist(),
        stacked=True,
        color=[palette.line, palette.fault],
        label=["strides", "in a tuck"],
        alpha=0.85,
    )
    if len(compared):
        least_deg = float(np.nanmedian(compared["tuck_least_deg"]))
        axes.axvline(0.0, color=palette.ink, lw=1.2, label="baseline")
        axes.axvline(-least_deg, color=palette.ink, lw=1.0, ls=(0, (3, 2)), label="found from here on, if it lasts")
    against = "against the baseline at that pace" if len(compared) else "above standing"
    axes.set_xlabel(f"stride tilt {against}, deg", color=palette.ink)
    axes.set_ylabel("strides", color=palette.ink, labelpad=2)
    axes.set_ylim(top=1.5 * axes.get_ylim()[1])  # room for the legend
    legend(axes, palette)
    return figure


def thirds(parts: Sequence[RunPart], palette: Palette, width_in: float, into: Canvas = None) -> Drawn:
    """Tilt, cadence, contact time and pullback in each third, means with standard errors."""
    figure = new_figure(width_in, 3.4, rows=2, gap_in=0.5, into=into)
    figure.subplots_adjust(wspace=0.42)  # labels such as 168.65
    panels = figure.subplots(2, 2).ravel()
    shown = [part for part in parts if part.name in THIRDS]
    rows: tuple[tuple[str, float, tuple[str, ...]], ...] = (  # title, least height of the axis, values
        ("tilt, deg", 2.0, ("tilt_deg",)),
        ("cadence, steps/min", 6.0, ("cadence_spm",)),
        ("contact, ms", 20.0, ("contact_left_ms", "contact_right_ms")),
        ("pullback, deg", 2.0, ("pullback_left_deg", "pullback_right_deg")),
    )
    looks = {"left": (palette.left, -0.06), "right": (palette.right, 0.06)}
    for axes, (title, height, names) in zip(panels, rows, strict=True):
        style_axes(axes, palette)
        axes.set_title(title, color=palette.ink)
        for name in names:
            side = name.split("_")[1]
            color, shift = looks.get(side, (palette.line, 0.0))
            mean = np.array([_number(part.means[name]) for part in shown])
            error = np.nan_to_num(np.array([_number(part.errors[name]) for part in shown]))
            x = np.arange(len(shown)) + shift
            axes.errorbar(x, mean, error, fmt="o-", ms=4, lw=1.2, capsize=3, color=color, label=side)
        axes.set_xticks(range(len(shown)), [part.name.split()[0] for part in shown])
        axes.set_xlim(-0.4, len(shown) - 0.6)
        axes.margins(y=0.25)
        least_span(axes, height)
    legend_above(panels[0], palette, panels[2])
    return figure


def against_sessions(
    now: SessionMetrics, earlier: Sequence[SessionMetrics], palette: Palette, width_in: float, into: Canvas = None
) -> Drawn:
    """Tilt against baseline, with the SD of strides, and share in good form, of earlier sessions and this one."""
    figure = new_figure(width_in, 2.6, into=into)
    tilt, form = figure.subplots(1, 2)
    sessions = [*earlier, now]
    labels = [str(p.session) for p in sessions]
    off = np.array([_number(p.against_deg) for p in sessions])
    sd = np.array([_number(p.tilt_sd_deg) for p in sessions])
    colors = [palette.quiet] * len(earlier) + [palette.line]
    for k, color in enumerate(colors):
        tilt.errorbar(k, off[k], np.nan_to_num(sd[k]), fmt="o", ms=5, capsize=3, color=color)
        form.bar(k, _number(sessions[k].in_form_pct), color=color, width=0.7)
    tilt.axhline(0.0, color=palette.ink, lw=0.8)
    for axes, title in ((tilt, "tilt against baseline, deg"), (form, "in good form, %")):
        style_axes(axes, palette)
        axes.set_title(title, color=palette.ink)
        axes.set_xticks(range(len(sessions)), labels)
        axes.set_xlabel("session", color=palette.ink)
    form.set_ylim(0, 100)
    return figure


def _dots(axes: Axes, x: Floats, y: Floats, color: str) -> None:
    """Thousands of dots as one path with round ends: a tenth of the size of separate markers."""
    points = np.full((3 * len(x), 2), np.nan)
    points[0::3, 0] = points[1::3, 0] = x
    points[0::3, 1], points[1::3, 1] = y, y + 1e-3
    axes.plot(points[:, 0], points[:, 1], color=color, lw=1.8, alpha=0.3, solid_capstyle="round")


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _within(strides: NDArray[np.void], run: Run, faults: Sequence[str]) -> NDArray[np.bool_]:
    inside = np.zeros(len(strides), bool)
    for finding in run.findings:
        if finding.fault in faults:
            inside |= (strides["start_s"] >= finding.start_s) & ~(strides["start_s"] >= finding.end_s)  # NaN: lasts
    return inside


def _limits(values: Floats) -> tuple[float, float]:
    """The range of values without outliers, with room above for the marks of cues."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return -1.0, 1.0
    low, high = np.percentile(known, [0.2, 99.8])
    room = max(1.0, high - low)
    return float(low - 0.12 * room), float(high + 0.25 * room)


def _running_mean(strides: NDArray[np.void], name: str) -> tuple[Floats, Floats]:
    """Times in s and mean over MEAN_STRIDES clean strides; NaN at pauses, so that the line is interrupted there."""
    clean = strides[strides["valid"]]
    if len(clean) < MEAN_STRIDES:
        return np.empty(0), np.empty(0)
    kernel = np.full(MEAN_STRIDES, 1 / MEAN_STRIDES)
    value = np.convolve(clean[name], kernel, "valid")
    start_s = np.convolve(clean["start_s"], kernel, "valid")
    value[1:][np.diff(start_s) > GAP_S] = np.nan
    return start_s, value


def _pauses(axes: Axes, strides: NDArray[np.void], palette: Palette) -> None:
    """Shade the times without strides: pauses and missing samples."""
    ends = strides["start_s"] + strides["duration_s"]
    for at in np.flatnonzero(strides["start_s"][1:] - ends[:-1] > GAP_S):
        axes.axvspan(ends[at], strides["start_s"][at + 1], color=palette.pause, alpha=0.45, lw=0)


def _baseline_band(axes: Axes, run: Run, palette: Palette) -> None:
    """What each stride was compared with, and the changes too small to be found; the baseline's own strides."""
    compared = judged(run.strides)
    if compared.any():
        usual, least = (np.where(compared, run.strides[name], np.nan) for name in ("tilt_usual_deg", "tuck_least_deg"))
        start_s = run.strides["start_s"]
        axes.fill_between(start_s, usual - least, usual + least, color=palette.band, alpha=0.4, lw=0)
        axes.plot(start_s, usual, color=palette.ink, lw=0.8)
    taken = run.strides[run.strides["reason"] == NotJudged.BASELINE]
    if run.baseline is not None and len(taken):
        span_s = taken["start_s"][0], taken["start_s"][-1] + taken["duration_s"][-1]
        axes.plot(span_s, (float(np.median(taken["tilt_deg"])),) * 2, color=palette.ink, lw=1.6)


def _colour(palette: Palette, fault: str, side: int) -> str:
    colour: str = getattr(palette, facts(fault).colour(side))
    return colour


def _findings(axes: Axes, run: Run, palette: Palette) -> None:
    last_s = float(run.strides["start_s"][-1] + run.strides["duration_s"][-1]) if len(run.strides) else 0.0
    for finding in run.findings:
        if finding.fault in cued_faults():
            color = _colour(palette, finding.fault, finding.side)
            end_s = finding.end_s if np.isfinite(finding.end_s) else last_s
            axes.axvspan(finding.start_s, end_s, color=color, alpha=0.22, lw=0)


_MARKS = {LEFT: "<", RIGHT: ">", BOTH: "v"}


def _cues(axes: Axes, run: Run, palette: Palette) -> None:
    """Triangles along the top edge where a cue sounded, pointing to its side."""
    top = axes.get_xaxis_transform()
    for cue in run.cues:
        if cue.fault != RECOVERED:
            mark, color = _MARKS[cue.side], _colour(palette, cue.fault, cue.side)
            axes.plot(cue.time_s, 0.95, mark, ms=6, color=color, transform=top, clip_on=False)
