"""The figures of a run, for HTML and PDF: over the run, mean stride, distribution, thirds, earlier sessions.

Each function draws one figure, with the style and the palette of figure_style.py. html.py and pdf.py arrange them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from untuck.model import judged
from untuck.report.figure_style import (
    Canvas,
    Drawn,
    Palette,
    least_span,
    legend,
    legend_above,
    new_figure,
    style_axes,
)
from untuck.report.mean_stride import MeanStride
from untuck.report.metrics import SessionMetrics
from untuck.report.run_parts import THIRDS, RunPart
from untuck.report.run_traces import (
    limits,
)
from untuck.run_results import Run


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
    low, high = limits(tilt_deg)
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


def thirds_height_in(parts: Sequence[RunPart]) -> float:
    """The height of the figure of the thirds, in inches."""
    return 5.0 if _have_trunk(parts) else 3.4


def _have_trunk(parts: Sequence[RunPart]) -> bool:
    return any(part.means.get("trunk_lean_deg") is not None for part in parts)


def thirds(parts: Sequence[RunPart], palette: Palette, width_in: float, into: Canvas = None) -> Drawn:
    """Tilt, cadence, contact time and pullback in each third, means with standard errors.

    With a second clip trunk lean and lumbar extension as well.
    """
    shown = [part for part in parts if part.name in THIRDS]
    rows: list[tuple[str, float, tuple[str, ...]]] = [  # title, least height of the axis, values
        ("tilt, deg", 2.0, ("tilt_deg",)),
        ("cadence, steps/min", 6.0, ("cadence_spm",)),
        ("contact, ms", 20.0, ("contact_left_ms", "contact_right_ms")),
        ("pullback, deg", 2.0, ("pullback_left_deg", "pullback_right_deg")),
    ]
    if _have_trunk(shown):
        rows += [("trunk lean, deg", 2.0, ("trunk_lean_deg",)), ("lumbar, deg", 2.0, ("lumbar_deg",))]
    count = len(rows) // 2
    figure = new_figure(width_in, thirds_height_in(parts), rows=count, gap_in=0.5, into=into)
    figure.subplots_adjust(wspace=0.42)  # labels such as 168.65
    panels = figure.subplots(count, 2).ravel()
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


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _within(strides: NDArray[np.void], run: Run, faults: Sequence[str]) -> NDArray[np.bool_]:
    inside = np.zeros(len(strides), bool)
    for finding in run.findings:
        if finding.fault in faults:
            inside |= (strides["start_s"] >= finding.start_s) & ~(strides["start_s"] >= finding.end_s)  # NaN: lasts
    return inside
