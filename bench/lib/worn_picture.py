"""A picture of the clip's motion against the pelvis over the stride: recorded people and drawn ones, by axis."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from bench.lib.worn_data import AXES, WornTrial
from bench.lib.worn_fit import BANDS, MEASURED, describe_drawn, describe_trials
from untuck.simulate.clip_motion import clip_turn_deg, draw_clip_motion

COLOURS = ("#b3432b", "#2a6f97", "#3a8f4d", "#8a5a9e", "#c98a1b")
GREY = "#777777"
SHOWN, DRAWN = 5, 60


def draw(people: dict[str, list[WornTrial]], seed: int) -> Figure:
    """Rows: axes. Columns: recorded trials, as many drawn people over two strides, RMS by harmonic of both."""
    figure = Figure(figsize=(12, 8), layout="constrained")
    axes = figure.subplots(3, 3, width_ratios=(1, 1, 0.9))
    for colour, (person, trials) in zip(COLOURS, people.items(), strict=True):
        for k, trial in enumerate(trials):
            phase = 100 * (trial.phase - np.floor(trial.phase[0]))
            for row in range(3):
                label = person if k == 0 else None
                axes[row, 0].plot(phase, trial.turn_deg[:, row], color=colour, lw=1.1, label=label)
    phase = np.linspace(0.0, 2.5, 250)
    for k, colour in enumerate(COLOURS[:SHOWN]):
        rng = np.random.default_rng([seed, k])
        turn = clip_turn_deg(draw_clip_motion(rng, 1.0), phase, np.ones(len(phase)), rng)
        for row in range(3):
            axes[row, 1].plot(100 * phase, turn[:, row] - turn[:, row].mean(), color=colour, lw=1.1)
    _spectra(axes[:, 2], people, seed)
    for row, name in enumerate(AXES):
        limit = max(np.abs(a.get_ylim()).max() for a in axes[row, :2])
        for column in (0, 1):
            axes[row, column].set(
                ylim=(-limit, limit), xlim=(0, 350 if column == 0 else 250), ylabel=f"about {name} (deg)"
            )
            axes[row, column].axhline(0, color=GREY, lw=0.5)
        for one in axes[row]:
            one.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_title("recorded, five people, nine trials")
    axes[0, 1].set_title("model, five drawn people")
    axes[0, 2].set_title("RMS by harmonic of the stride")
    axes[0, 0].legend(frameon=False, ncols=5, fontsize=8, loc="lower right")
    for column in (0, 1):
        axes[2, column].set_xlabel("stride (%), 0 = middle of a right contact")
    return figure


def _spectra(axes: np.ndarray, people: dict[str, list[WornTrial]], seed: int) -> None:
    recorded = [describe_trials(trials) for trials in people.values()]
    trials = list(people.values())
    drawn = [describe_drawn(trials[k % len(trials)], MEASURED, seed + k) for k in range(DRAWN)]
    names = [f"{np.ceil(low):g}" if high - low <= 1 else f"{np.ceil(low):g}-{high - 0.5:g}" for low, high in BANDS]
    at = np.arange(len(BANDS))
    for row in range(3):
        real = np.array([d.bands[row] for d in recorded])
        made = np.array([d.bands[row] for d in drawn])
        low, high = np.percentile(made, [5, 95], axis=0)
        axes[row].fill_between(at, low, high, color=GREY, alpha=0.25, lw=0, label="model, 5-95 %")
        axes[row].plot(at, made.mean(axis=0), color="black", lw=1.5, label="model, mean")
        for colour, values in zip(COLOURS, real, strict=True):
            axes[row].plot(at, values, "o", color=colour, ms=4)
        axes[row].set_xticks(at, names)
        axes[row].set_ylabel("deg")
    axes[2].set_xlabel("harmonic (0: slower than half a stride)")
    axes[0].legend(frameon=False, fontsize=8)
