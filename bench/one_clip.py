"""`python -m bench one_clip --bvh FOLDER`: does a sensor on the pelvis show changes of the trunk's lean?

Runs of actors in seven manners (bench/lib/actor_runs.py says which and where they are from). A ridge regression learns
lean from what the pelvis does. Within a manner: of other runs in the same manner. New manner: of all the others, as a
runner's change of posture would be new to it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bench.lib.actor_runs import ActorRun, load
from bench.lib.figures import Figure, table
from untuck.model import Floats

TILT = ("tilt_deg",)
GAIT = ("cadence_spm", "oscillation_m", "fore_real", "fore_imag", "tilt_real", "tilt_imag", "obliquity_deg", "sideways")
INPUTS = {"pelvic tilt": TILT, "gait without tilt": GAIT, "tilt and gait": TILT + GAIT}
FOLDS = 5
RIDGE = 1.0


def figures(runs: list[ActorRun]) -> Iterator[Figure]:
    """RMSE of lean within a manner and in a new one, each beside the SD that is to be explained."""
    manners = np.array([run.manner for run in runs])
    lean = np.array([run.values["lean_deg"] for run in runs])
    names = sorted(set(manners))
    own = sum((manners == name) * lean[manners == name].mean() for name in names)
    fold = np.random.default_rng(0).integers(0, FOLDS, len(runs))
    means = np.array([lean[manners == name].mean() for name in names])
    others = np.array([lean[manners != name].mean() for name in names])
    within, between = "Lean within a manner", "Mean lean of a manner that was not learnt from"
    known = [_figure(within, "SD between runs", lean - own, len(runs))]
    new = [_figure(between, "taken as the mean of the others", others - means, len(names))]
    for text, inputs in INPUTS.items():
        columns = np.array([[run.values[name] for name in inputs] for run in runs])
        centred = columns - sum((manners == n)[:, None] * columns[manners == n].mean(axis=0) for n in names)
        found = np.zeros(len(runs))
        for k in range(FOLDS):
            found[fold == k] = _ridge(centred[fold != k], (lean - own)[fold != k])(centred[fold == k])
        known.append(_figure(within, f"from {text}", found - (lean - own), len(runs)))
        means_found = [_ridge(columns[manners != n], lean[manners != n])(columns[manners == n]).mean() for n in names]
        new.append(_figure(between, f"from {text}", np.array(means_found) - means, len(names)))
    yield from (*known, *new)
    roll, pitch = (np.array([run.values[f"chest_{name}_deg"] for run in runs]) for name in ("roll", "pitch"))
    share = {"all": 100.0 * float((roll > pitch).mean())}
    yield Figure("Once per stride", "trunk bends more than it tips", "%", share, {"all": len(runs)})


def _figure(section: str, name: str, errors: Floats, count: int) -> Figure:
    return Figure(section, name, "deg", {"all": float(np.sqrt((errors**2).mean()))}, {"all": count})


def _ridge(columns: Floats, values: Floats) -> Callable[[Floats], Floats]:
    middle, spread, mean = columns.mean(axis=0), columns.std(axis=0), values.mean()
    scaled = (columns - middle) / spread
    weights = np.linalg.solve(scaled.T @ scaled + RIDGE * np.eye(len(middle)), scaled.T @ (values - mean))
    return lambda new: (new - middle) / spread @ weights + mean


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m bench one_clip", description=__doc__)
    parser.add_argument("--bvh", type=Path, required=True, metavar="FOLDER", help="the runs, as BVH files")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args(arguments)
    found = list(figures(load(options.bvh)))
    print(json.dumps({"figures": [figure.to_json() for figure in found]}) if options.json else table(found))
    return 0
