"""`python -m bench plots`: pictures of a run with a tuck and a pullback, and of the rotation in that pullback.

A recorded runner with a badly worn clip, analysed as any recording; injected faults are shown beside findings.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import untuck
from bench.lib.accuracy_cases import PREFIX_S
from bench.lib.injections import InjectedFault
from bench.lib.recordings import data_dir, has_data
from bench.lib.semisynthetic import RunTruth, make_run
from untuck.model import LEFT, RIGHT, Floats
from untuck.run_results import Run

MINUTES = 3.6
PHASES = np.linspace(0.0, 1.0, 101)
COLOURS = {"tuck": "#b3432b", "pullback": "#2a6f97"}
GREY, BAND = "#777777", "#e8e4da"


def a_run(runner: str, trial: str, seed: int) -> tuple[Run, RunTruth]:
    """A run with a tuck of 5 deg and a left pullback of 4 deg, analysed."""
    tuck = InjectedFault("tuck", 0, 5.0, PREFIX_S + 80.0, PREFIX_S + 110.0)
    pull = InjectedFault("pullback", LEFT, 4.0, PREFIX_S + 150.0, PREFIX_S + 190.0, 70.0, 18.0)
    samples, truth = make_run(runner, trial, MINUTES, (tuck, pull), wearing="bad", seed=seed)
    return untuck.analyse(samples), truth


def tilt_picture(run: Run, truth: RunTruth, title: str) -> Figure:
    """Tilt over the run: stride means with their error, truth, the baseline's band, injected faults and findings."""
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    axes = figure.subplots()
    strides, true = run.strides, truth.strides
    if run.baseline is not None:
        base_deg = float(run.baseline.tilt_deg.mean())
        axes.axhspan(base_deg - 2.8, base_deg + 2.8, color=BAND, zorder=0, label="baseline +/-2.8 deg")
    axes.fill_between(
        strides["start_s"],
        strides["tilt_deg"] - strides["tilt_se_deg"],
        strides["tilt_deg"] + strides["tilt_se_deg"],
        color=GREY,
        alpha=0.25,
        lw=0,
        label="its standard error",
    )
    axes.plot(strides["start_s"], strides["tilt_deg"], color="black", lw=1.2, label="tilt, stride mean")
    axes.plot(true["start_s"], true["tilt_deg"], color="#3a8f4d", lw=1.0, ls="--", label="truth")
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.22 * (high - low), high + 0.12 * (high - low))
    _mark_faults(axes, run, truth)
    axes.set(xlabel="time (s)", ylabel="anterior tilt above standing (deg)", title=title)
    axes.legend(loc="upper right", frameon=False, ncols=4)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _mark_faults(axes: Axes, run: Run, truth: RunTruth) -> None:
    """Bars at the bottom: injected faults above, findings below, with a mark at each decision."""
    low, high = axes.get_ylim()
    rows = (("injected", low + 0.12 * (high - low)), ("found", low + 0.04 * (high - low)))
    for (what, level), faults in zip(rows, (truth.faults, run.findings), strict=True):
        axes.text(float(run.strides["start_s"][0]), level, what, va="center", fontsize=9)
        for fault in faults:
            name = {LEFT: "left ", RIGHT: "right "}.get(fault.side, "") + fault.fault
            colour = COLOURS.get(fault.fault, GREY)
            end_s = fault.end_s if np.isfinite(fault.end_s) else float(run.time_s[-1])
            axes.plot([fault.start_s, end_s], [level, level], color=colour, lw=7, solid_capstyle="butt")
            axes.text(
                fault.start_s + 1.0, level, f"{name} {fault.depth_deg:.1f} deg", va="center", color="w", fontsize=8
            )
    for finding in run.findings:
        axes.plot([finding.decided_s], [rows[1][1] + 0.03 * (high - low)], marker="v", color="black", ms=5)


def rotation_curves(run: Run, from_s: float, to_s: float, side: int) -> NDArray[np.float64]:
    """(n, 101) rotation in degrees over 0-100 % of that side's strides, each less its mean."""
    starts = run.contacts["time_s"][run.contacts["side"] == side]
    starts = starts[(starts >= from_s) & (starts < to_s)]
    lengths = np.diff(starts)
    whole = lengths < 1.2
    at_s = starts[:-1][whole, None] + lengths[whole, None] * PHASES
    curves: Floats = np.interp(at_s, run.time_s, run.rotation_deg)
    return curves - curves.mean(axis=1, keepdims=True)


def stride_picture(run: Run, truth: RunTruth, title: str) -> Figure:
    """Mean rotation over the left stride, with SD, in the baseline and in the pullback, and the injected change."""
    fault = next(f for f in truth.faults if f.fault == "pullback")
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    axes = figure.subplots()
    spans = (
        ("baseline", GREY, PREFIX_S + 20.0, PREFIX_S + 75.0),
        ("pullback", COLOURS["pullback"], fault.start_s + 3, fault.end_s),
    )
    means = {}
    for name, colour, from_s, to_s in spans:
        curves = fault.side * rotation_curves(run, from_s, to_s, fault.side)
        means[name], sd = curves.mean(axis=0), curves.std(axis=0)
        axes.fill_between(100 * PHASES, means[name] - sd, means[name] + sd, color=colour, alpha=0.2, lw=0)
        axes.plot(100 * PHASES, means[name], color=colour, lw=2, label=f"{name}, {len(curves)} strides +/- SD")
    change = means["pullback"] - means["baseline"]
    u = (100 * PHASES - fault.phase_pct) / fault.width_pct
    bump = np.where(abs(u) < 1, -fault.depth_deg * np.cos(np.pi / 2 * np.clip(u, -1, 1)) ** 2, 0.0)
    axes.plot(100 * PHASES, change, color="black", lw=1.5, label="their difference")
    axes.plot(100 * PHASES, bump - bump.mean(), color="#3a8f4d", ls="--", lw=1.5, label="injected")
    axes.axhline(0, color=GREY, lw=0.6)
    axes.set(xlabel="left stride (%)", ylabel="left hip forward (deg)", title=title, xlim=(0, 100))
    axes.legend(frameon=False, ncols=2)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def main(arguments: list[str]) -> int:
    """Write both pictures; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench plots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/plots"), help="folder (default build/plots)")
    parser.add_argument("--runner", default="RBDS010", help="a recorded runner (default RBDS010, a held-out one)")
    parser.add_argument("--trial", default="T35", help="T25, T35 or T45: 2.5, 3.5, 4.5 m/s")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    run, truth = a_run(options.runner, options.trial, options.seed)
    what = f"{options.runner} {options.trial}, recorded motion, faults added, bad clip"
    options.out.mkdir(parents=True, exist_ok=True)
    for name, picture in (("tilt", tilt_picture), ("stride", stride_picture)):
        path = options.out / f"{name}.png"
        picture(run, truth, what).savefig(path, dpi=110)
        print(path)
    return 0
