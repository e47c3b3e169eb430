"""Draws the plots of docs/gallery.md from a simulated run: `python tools/draw_gallery.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import untuck
from untuck.simulate.runner import Scenario, simulate

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
GOOD, FAULT, TRUTH = "#1f6fb2", "#d97706", "#c9d1d9"


def draw_run(run: untuck.Run, truth: list[tuple[str, int, float, float]]) -> Figure:
    """Tilt of each stride with the baseline band, true faults, findings and cues."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.subplots()
    strides = run.strides
    assert run.baseline is not None
    tilt_deg, usual_deg = strides["tilt_deg"], float(np.average(run.baseline.tilt_deg, weights=run.baseline.strides))
    for fault, side, start_s, end_s in truth:
        axes.axvspan(start_s, end_s, color=TRUTH, alpha=0.6, lw=0)
        name = {-1: "left ", 0: "", 1: "right "}[side] + fault
        place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "ha": "center"}
        at = ((start_s + end_s) / 2, 1.0)
        axes.annotate(f"simulated {name}", at, xytext=(0, -12), fontsize=9, color="#52606d", **place)
    axes.axhspan(usual_deg - 2.8, usual_deg + 2.8, color=GOOD, alpha=0.12, lw=0, label="band of the baseline")
    inside = np.zeros(len(strides), bool)
    for finding in run.findings:
        inside |= (strides["start_s"] >= finding.start_s) & (strides["start_s"] < finding.end_s)
    valid = strides["valid"]
    for where, color, label in ((valid & ~inside, GOOD, "stride in good form"), (valid & inside, FAULT, "finding")):
        axes.plot(strides["start_s"][where], tilt_deg[where], "o", ms=4.5, color=color, label=label)
    axes.plot(strides["start_s"][~valid], tilt_deg[~valid], "o", ms=3, color="#9aa5b1", label="not judged")
    low, high = axes.get_ylim()
    for cue in run.cues:
        color = GOOD if cue.fault == "recovered" else FAULT
        axes.axvline(cue.time_s, color=color, lw=1.2, ls="--")
        axes.annotate(cue.fault, (cue.time_s, low), xytext=(3, 4), textcoords="offset points", fontsize=9, color=color)
    axes.set(xlabel="time in s", ylabel="pelvic tilt in deg", ylim=(low, high + 0.12 * (high - low)))
    axes.margins(x=0.01)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def mean_rotation(run: untuck.Run, start_s: float, end_s: float) -> np.ndarray:
    """Mean rotation (100,) through the clean strides of a stretch, 0 to 100 % from right contact."""
    phase = np.linspace(0.0, 1.0, 100, endpoint=False)
    strides = run.strides[run.strides["valid"]]
    chosen = strides[(strides["start_s"] >= start_s) & (strides["start_s"] + strides["duration_s"] <= end_s)]
    curves = []
    for stride in chosen:
        first, last = np.searchsorted(run.time_s, stride["start_s"] + np.array([0.0, stride["duration_s"]]))
        at_s = stride["start_s"] + phase * stride["duration_s"]
        curves.append(np.interp(at_s, run.time_s[first:last], run.rotation_deg[first:last]))
    return np.asarray(np.mean(curves, axis=0))


def draw_pullback(run: untuck.Run) -> Figure:
    """Rotation through the stride, in the baseline and while the right hip is pulled back."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.subplots()
    finding = next(f for f in run.findings if f.fault == "pullback")
    assert run.baseline is not None
    usual = run.baseline.rotation_deg[int(np.argmax(run.baseline.strides))]
    percent = np.arange(100)
    fault = mean_rotation(run, finding.decided_s, finding.end_s)
    axes.plot(percent, usual, color=GOOD, lw=2.5, label="baseline")
    axes.plot(percent, fault, color=FAULT, lw=2.5, label=f"pullback found, {finding.depth_deg:.1f} deg deep")
    axes.fill_between(percent, usual, fault, where=fault < usual, color=FAULT, alpha=0.18, lw=0)
    axes.axhline(0.0, color="#9aa5b1", lw=0.8)
    axes.set(xlabel="stride in %, from right contact to right contact", ylabel="rotation in deg, right hip forward +")
    axes.set_xlim(0, 99)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def main() -> int:
    """Write the plots into docs/images."""
    simulated = simulate(Scenario.default(), seed=0)
    run = untuck.analyse(simulated.samples)
    truth = [(f.fault, f.side, f.start_s, f.end_s) for f in simulated.truth.faults]
    for name, figure in (("plot-run", draw_run(run, truth)), ("plot-pullback", draw_pullback(run))):
        figure.savefig(IMAGES / f"{name}.png", dpi=130, facecolor="white")
    return 0


if __name__ == "__main__":
    sys.exit(main())
