"""A run as one picture: tilt with its findings and cues, pullback of both hips, and with two clips lean and lower back.

matplotlib's Figure without pyplot: no display, no global state. Only `Run.plot` uses it; pages are drawn by
report/figures.py.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from untuck.model import Finding, Floats, judged
from untuck.run_results import Run
from untuck.vocabulary import PALETTES, RECOVERED, Fault, NotJudged, clock, facts

_COLOURS = PALETTES["light"]
_INK, _QUIET, _GRID, _LINE = "#1d2430", "#6a7384", "#e3e7ee", "#0b5fa5"
_PAUSE_S = 2.0  # lines break where no stride was measured for longer
_BESIDE = 0.06  # of the run: labels of findings that begin closer stand below each other
_MEAN_STRIDES = 8  # strides in the running mean, two dozen steps


def plot_run(run: Run, figure: Figure | None = None) -> Figure:
    """Draw a run into `figure`, or into a new one, and return it."""
    two = run.trunk is not None
    drawn = figure or Figure(figsize=(10.0, 7.4 if two else 5.6), layout="constrained")
    panels = drawn.subplots(3 if two else 2, 1, sharex=True, height_ratios=(3, 2, 2) if two else (3, 2))
    tilt, pullback, *others = panels
    for axes in panels:
        _dress(axes)
    _draw_findings(run, tilt, pullback, *others)
    _draw_tilt(run, tilt)
    _draw_cues(run, tilt)
    _legend(tilt)
    _draw_pullback(run, pullback)
    for axes in others:
        _draw_trunk(run, axes)
    if len(run.strides):
        first, last = run.strides["start_s"][0], run.strides["start_s"][-1] + run.strides["duration_s"][-1]
        room = 0.02 * (last - first)
        tilt.set_xlim(first - room, last + room)
    panels[-1].set_xlabel("time, min:s", color=_INK)
    drawn.align_ylabels()
    return drawn


def _draw_tilt(run: Run, axes: Axes) -> None:
    strides, valid, compared = run.strides, run.strides["valid"], judged(run.strides)
    clean = strides[valid]
    axes.set_title("Pelvic tilt above standing", color=_INK, loc="left", fontsize=10)
    axes.set_ylabel("deg, forward +", color=_INK)
    x, low, high, mean = _broken(
        clean, clean["tilt_min_deg"], clean["tilt_max_deg"], _running_mean(clean["tilt_deg"], clean["start_s"])
    )
    axes.fill_between(x, low, high, color=_LINE, alpha=0.10, lw=0, label="range within a stride")
    axes.plot(clean["start_s"], clean["tilt_deg"], ".", ms=5.5, color=_LINE, alpha=0.5, mew=0, label="stride mean")
    axes.plot(x, mean, color=_LINE, lw=1.6, label=f"mean of {_MEAN_STRIDES} strides")
    left_out = strides[~compared & (strides["reason"] != NotJudged.BASELINE)]
    if len(left_out):
        axes.plot(left_out["start_s"], left_out["tilt_deg"], "x", ms=3.5, color=_QUIET, alpha=0.7, label="not judged")
    if compared.any():
        usual_deg = np.where(compared, strides["tilt_usual_deg"], np.nan)
        axes.plot(*_broken(strides, usual_deg), color=_INK, lw=0.9, ls=(0, (5, 3)), label="baseline at that pace")
    if len(clean):
        lowest, highest = np.percentile(clean["tilt_min_deg"], 1), np.percentile(clean["tilt_max_deg"], 99)
        room = 0.08 * (highest - lowest) + 0.2
        axes.set_ylim(lowest - room, highest + 2.4 * room)  # room for labels and cues above


def _draw_pullback(run: Run, axes: Axes) -> None:
    clean = run.strides[run.strides["valid"]]
    axes.set_title("Pullback against baseline", color=_INK, loc="left", fontsize=10)
    axes.set_ylabel("deg, backward +", color=_INK)
    x, left, right = _broken(clean, clean["pullback_left_deg"], clean["pullback_right_deg"])
    axes.axhline(0.0, color=_INK, lw=0.9, ls=(0, (5, 3)))
    axes.plot(x, left, color=_COLOURS["left"], lw=1.6, ls=(0, (5, 1.2)), label="left")
    axes.plot(x, right, color=_COLOURS["right"], lw=1.6, label="right")
    known = np.concatenate([left[np.isfinite(left)], right[np.isfinite(right)], [-0.5, 1.0]])
    axes.set_ylim(1.15 * known.min(), 1.15 * known.max())
    if not np.isfinite(left).any():
        axes.text(0.5, 0.5, "not measured: it needs a baseline", transform=axes.transAxes, ha="center", color=_QUIET)
    _legend(axes)


def _draw_trunk(run: Run, axes: Axes) -> None:
    """Running means of the strides in which the second clip measures."""
    clean = run.strides[run.strides["valid"] & (run.strides["trunk_reason"] == "")]
    axes.set_title(
        "Lean of the trunk, and extension of the lower back (tilt minus lean)", color=_INK, loc="left", fontsize=10
    )
    axes.set_ylabel("deg, forward, arched +", color=_INK)
    means = [_running_mean(clean[name], clean["start_s"]) for name in ("trunk_lean_deg", "lumbar_deg")]
    x, lean, lumbar = _broken(clean, *means)
    axes.axhline(0.0, color=_INK, lw=0.9, ls=(0, (5, 3)))
    axes.plot(x, lean, color=_LINE, lw=1.6, label="lean")
    axes.plot(x, lumbar, color=_INK, lw=1.6, ls=(0, (5, 1.2)), label="lower back")
    known = np.concatenate([lean[np.isfinite(lean)], lumbar[np.isfinite(lumbar)], [-1.0, 1.0]])
    axes.set_ylim(1.1 * known.min(), known.max() + 0.3 * (known.max() - known.min()))  # room for labels above
    if len(clean) == 0:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=_QUIET)
    _legend(axes)


def _draw_findings(run: Run, tilt: Axes, pullback: Axes, trunk: Axes | None = None) -> None:
    """Shade findings in all panels, and name each at the top of the panel that it concerns."""
    last_s = float(run.time_s[-1]) if len(run.time_s) else np.inf
    named: list[tuple[Axes, float]] = []
    for finding in run.findings:
        end_s = finding.end_s if np.isfinite(finding.end_s) else last_s
        colour = _colour(finding.fault, finding.side)
        own = pullback if finding.fault == Fault.PULLBACK else tilt
        if trunk is not None and facts(finding.fault).trunk_cued:
            own = trunk
        for axes in (tilt, pullback, *([trunk] if trunk is not None else [])):
            axes.axvspan(finding.start_s, end_s, color=colour, alpha=0.16 if axes is own else 0.05, lw=0)
        beside_s = _BESIDE * last_s
        above = sum(each is own and abs(start_s - finding.start_s) < beside_s for each, start_s in named)
        named.append((own, finding.start_s))
        own.annotate(
            _label(finding),
            (finding.start_s, 1.0),
            (3, -3 - 10 * above),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            color=colour,
            fontsize=8.5,
            annotation_clip=True,
        )


def _draw_cues(run: Run, axes: Axes) -> None:
    """Triangles along the top edge: filled where a cue sounded, hollow where it said that the fault was corrected."""
    top = axes.get_xaxis_transform()
    for cue in run.cues:
        recovered = cue.fault == RECOVERED
        colour = _QUIET if recovered else _colour(cue.fault, cue.side)
        axes.plot(
            cue.time_s,
            0.87,
            "^" if recovered else "v",
            ms=7,
            color=colour,
            transform=top,
            mfc="white" if recovered else colour,
        )
    for label, mark, fill in (("cue", "v", _INK), ("cue: corrected", "^", "white")):
        if run.cues:
            axes.plot([], [], mark, ms=6, color=_INK if fill == _INK else _QUIET, mfc=fill, label=label)


def _label(finding: Finding) -> str:
    depth = f" {finding.depth_deg:.1f}°" if facts(finding.fault).degrees else ""
    return f"{finding.name}{depth}"


def _colour(fault: str, side: int) -> str:
    return _COLOURS[facts(fault).colour(side)]


def _broken(strides: NDArray[np.void], *values: Floats) -> list[Floats]:
    """start_s and values with a NaN put in at every pause, so that lines break there."""
    pauses = np.flatnonzero(np.diff(strides["start_s"]) > _PAUSE_S) + 1
    return [np.insert(each, pauses, np.nan) for each in (strides["start_s"].copy(), *values)]


def _running_mean(values: Floats, start_s: Floats) -> Floats:
    """Mean over the last _MEAN_STRIDES strides, centred; NaN where fewer surround it or a pause lies between."""
    mean = np.full(len(values), np.nan)
    if len(values) >= _MEAN_STRIDES:
        first = _MEAN_STRIDES // 2
        means = np.convolve(values, np.full(_MEAN_STRIDES, 1 / _MEAN_STRIDES), "valid")
        span_s = start_s[_MEAN_STRIDES - 1 :] - start_s[: len(means)]
        mean[first : first + len(means)] = np.where(span_s < _MEAN_STRIDES * 1.0 + _PAUSE_S, means, np.nan)
    return mean


def _dress(axes: Axes) -> None:
    axes.grid(True, color=_GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_QUIET, length=2.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 3, 6, 10]))
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(_QUIET)


def _legend(axes: Axes) -> None:
    axes.legend(
        frameon=False,
        labelcolor=_INK,
        fontsize=8,
        ncols=4,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.1,
        handlelength=1.6,
        columnspacing=1.2,
    )
