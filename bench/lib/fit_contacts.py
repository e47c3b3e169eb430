"""`python -m bench.lib.fit_contacts`: fits the constants that time contact and toe-off, and reports their errors.

Ridge regression from seven measures of a step (contact_kernels.step_measures) to the intervals between body weight and
contact, and between body weight and toe-off. Every person has the same weight, and so has every recording of a person.
Few parameters are the point: with 13 people, whatever is fitted to differences between them must be few.

People are left out one by one, or in groups (`--left-out 4`), and evaluated with the constants fitted on the others:
what matters for a new runner is the mean error of each person and its spread between people. The measures were selected
from about 30 by leave-one-out errors, so that the reported errors are slightly optimistic.

The real accelerometer has no gyroscope, so that the motion of the pelvis's centre is not known. For such sensors a
linear model of the acceleration around a guessed contact and toe-off moves both until they converge. It is fitted to
shifts of jittered guesses, with a share of each person's mean subtracted (Laird and Ware 1982), on the accelerometer's
trials and on all runners with their rotation taken away.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.lib.contact_steps import EXTRA_CONDITION, REAL, DetectedStep, StepSet, all_step_sets
from bench.lib.contact_weights_text import Fit, module_text
from bench.lib.recordings import data_dir, has_data
from bench.lib.scoring import rms
from untuck.model import Floats
from untuck.motion.jit import callable_from_python
from untuck.motion.strides import contact_kernels, edge_kernels, kernels
from untuck.motion.strides.contact_kernels import FEATURES, GRID_MAX
from untuck.motion.strides.edge_kernels import EDGE_FEATURES
from untuck.motion.strides.timing_level import TimingLevel

step_time, time_step = callable_from_python(edge_kernels.step_time), callable_from_python(contact_kernels.time_step)
edge_features = callable_from_python(edge_kernels.edge_features)

REAL_WEIGHT = 6.0  # of the real accelerometer's one person, in people, for the hump
RIDGE = 2e-3  # for measures of SD one
EDGE_REAL_WEIGHT = 24.0  # the same as REAL_WEIGHT for sensors without gyroscope, of which he has the only one
SHARE = 0.8  # of a person's mean that is subtracted, without gyroscope
EDGE_RIDGE, EDGE_RIDGE_STRENGTH, EDGE_RIDGE_STEP = 0.05, 0.05 / 6, 0.05 / 100  # for g, log strength, seconds
JITTER_S, GUESSES = 0.03, 4  # largest shift of a guess; guesses for each step
TARGET = Path(__file__).resolve().parents[2] / "host" / "untuck" / "motion" / "strides" / "contact_weights.py"
EDGE_CONDITIONS = ("good 100 Hz", "bad 100 Hz", "flat", "slopes")
Errors = dict[str, dict[str, list[Floats]]]  # of contact and toe-off (n,2) in s, by condition and person


@dataclass(frozen=True, eq=False)
class Moments:
    """Means over one set of steps: products of features (n,n), with targets (n,2), features (n,), targets (2,)."""

    xx: Floats
    xy: Floats
    x: Floats
    y: Floats


@dataclass(frozen=True, eq=False)
class Sums:
    """The moments of one set: for the hump, the timing (None without gyroscope), and the timing without gyroscope."""

    person: str
    name: str
    hump: Moments
    timing: Moments | None
    edges: Moments | None


def measured(step: DetectedStep) -> tuple[int, Floats, Floats]:
    """What `step_measures` returns and writes for a step: kind, x (FEATURES + 1,), ends_s (2,) above body weight."""
    seen = step.time_s, step.quat, step.earth, step.forward, step.row
    x, ends_s = np.ones(FEATURES + 1), np.empty(2)
    kind = contact_kernels.step_measures(*seen, np.empty((3, len(step.quat))), np.empty((3, GRID_MAX)), x, ends_s)
    return kind, x, ends_s


def sums_of(unit: StepSet, rng: np.random.Generator) -> Sums:
    """The moments of a set of steps; rng draws the guesses."""
    rows = np.array([step.row for step in unit.steps])
    true_s = np.array([step.true_s for step in unit.steps])
    edges_s = rows[:, [kernels.STEP_UP_S, kernels.STEP_DOWN_S]]
    step_s = [step_time(row) for row in rows]
    hump_x = np.stack([np.ones(len(rows)), step_s, rows[:, kernels.STEP_PEAK_G], np.diff(edges_s)[:, 0]], axis=1)
    known = [(x, step.true_s - ends) for step in unit.steps for kind, x, ends in [measured(step)] if kind == 0]
    timing = _moments(np.array([x for x, _ in known]), np.array([y for _, y in known])) if known else None
    edges = _edge_moments(unit, rng) if unit.condition in EDGE_CONDITIONS else None
    return Sums(unit.person, unit.name, _moments(hump_x, edges_s - true_s), timing, edges)


def _edge_moments(unit: StepSet, rng: np.random.Generator) -> Moments:
    """Moments of the bins around jittered guesses, as a sensor without gyroscope sees them; targets are the shifts."""
    xs, shifts_s = [], []
    for step in unit.steps:
        quat = np.tile(step.quat[len(step.quat) // 2], (len(step.quat), 1))
        signals, out = np.empty((3, len(quat))), np.empty(2)
        seen = step.time_s, quat, step.earth, step.forward, step.row
        contact_kernels.step_measures(*seen, signals, np.empty((3, GRID_MAX)), np.ones(FEATURES + 1), out)
        for shift_s in rng.uniform(-JITTER_S, JITTER_S, (GUESSES, 2)):
            x = np.ones(EDGE_FEATURES + 1)
            edge_features(step.time_s, signals, step.row, step.true_s + shift_s, x)
            xs.append(x)
            shifts_s.append(-shift_s)
    return _moments(np.array(xs), np.array(shifts_s))


def _moments(x: Floats, y: Floats) -> Moments:
    return Moments(x.T @ x / len(x), x.T @ y / len(x), x.mean(axis=0), y.mean(axis=0))


def solve(
    sets: Iterable[tuple[str, Moments | None]],
    penalty: Floats | None,
    real_weight: float = REAL_WEIGHT,
    share: float = 0.0,
) -> Floats:
    """(2, n) coefficients from the moments of each person's sets, of which the constant feature is the last.

    penalty (n,); None is RIDGE times the variance of each feature. real_weight: of REAL, in people; share: of each
    person's mean that is subtracted.
    """
    people: dict[str, list[Moments]] = {}
    for person, known in sets:
        if known is not None:
            people.setdefault(person, []).append(known)
    taken, total, xx, xy, mean = 2 * share - share**2, 0.0, 0.0, 0.0, 0.0
    for person, each in people.items():
        weight = real_weight if person == REAL else 1.0
        x, y = np.mean([m.x for m in each], axis=0), np.mean([m.y for m in each], axis=0)
        xx = xx + weight * (np.mean([m.xx for m in each], axis=0) - taken * np.outer(x, x))
        xy = xy + weight * (np.mean([m.xy for m in each], axis=0) - taken * np.outer(x, y))
        mean, total = mean + weight * x, total + weight
    if penalty is None:
        penalty = RIDGE * np.maximum(np.diag(xx) / total - (mean / total) ** 2, 0.0)
    found: Floats = np.linalg.solve(xx / total + np.diag(penalty), xy / total)
    return found.T.copy()


def fit(sums: list[Sums]) -> Fit:
    """Lags of the hump, weights of the timing and of the timing without gyroscope."""
    lags = solve(((s.person, s.hump) for s in sums), np.array([0.0, 1e-6, 1e-6, 1e-6]))
    weights = solve(((s.person, s.timing) for s in sums), None)
    penalty = np.full(EDGE_FEATURES + 1, EDGE_RIDGE)
    penalty[-3:] = EDGE_RIDGE_STRENGTH, EDGE_RIDGE_STEP, 0.0
    edges = solve(((s.person, s.edges) for s in sums), penalty, EDGE_REAL_WEIGHT, SHARE)
    return Fit(lags, weights, edges)


def errors(units: Iterable[StepSet], made: Fit) -> Floats:
    """(n, 2) errors in s of contact and toe-off, with the level over steps as in the pipeline."""
    out = []
    for unit in units:
        level = TimingLevel()
        for step in unit.steps:
            found_s, guess_s, x = np.empty(2), np.empty(2), np.ones(FEATURES + 1)
            seen = step.time_s, step.quat, step.earth, step.forward, step.row
            scratch = np.empty((3, len(step.time_s))), np.empty((3, GRID_MAX))
            contact_kernels.hump_edges(step.row, made.lags, guess_s)
            time_step(*seen, made.lags, made.weights, made.edges, *scratch, x, found_s)
            timed, guess = ((float(pair[0]), float(pair[1])) for pair in (found_s, guess_s))
            out.append(np.array(level.steady(timed, guess)) - step.true_s)
    return np.array(out).reshape(-1, 2)


def left_out_errors(units: list[StepSet], left_out: int = 1, splits: int = 12, seed: int = 0) -> Errors:
    """Errors by condition and person, each with a fit without the person and left_out - 1 others, drawn by `seed`.

    The real accelerometer's trials are left out one by one.
    """
    rng = np.random.default_rng(seed)
    sums = [sums_of(unit, rng) for unit in units]
    people = list(dict.fromkeys(unit.name for unit in units if unit.person != REAL))
    groups = [[name] for name in dict.fromkeys(u.name for u in units) if left_out == 1 or name not in people]
    if left_out > 1:
        groups += [list(rng.permutation(people)[:left_out]) for _ in range(splits)]
    found: Errors = {}
    for group in groups:
        made = fit([s for s in sums if s.name not in group])
        for unit in units:
            if unit.name in group and unit.condition != EXTRA_CONDITION:
                found.setdefault(unit.condition, {}).setdefault(unit.person, []).append(errors([unit], made))
    return found


def person_biases_ms(people: dict[str, list[Floats]]) -> Floats:
    """(p,) mean error of contact duration of each person, every recording with the same weight."""
    return np.array([1e3 * np.mean([np.mean(e[:, 1] - e[:, 0]) for e in each]) for each in people.values()])


def report(title: str, people: dict[str, list[Floats]]) -> str:
    """One line in ms: contact and toe-off, then duration: RMSE; mean, SD and largest of people's mean errors."""
    (c, o) = 1e3 * np.concatenate([e for each in people.values() for e in each]).T
    bias = person_biases_ms(people)
    spread = f"{bias.std(ddof=1):4.1f}" if len(bias) > 1 else "   -"
    return (
        f"{title:12} {len(c):6}  contact {c.mean():5.1f} +/-{c.std():4.1f}  toe-off {o.mean():5.1f} +/-{o.std():4.1f}  "
        f"duration RMSE {rms(o - c):4.1f}  people {bias.mean():5.1f} +/-{spread}  worst {np.abs(bias).max():4.1f}"
    )


def main(arguments: list[str]) -> int:
    """Fit, report, and print or write the constants; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench.lib.fit_contacts", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name} instead of printing it")
    parser.add_argument("--left-out", type=int, default=1, help="people who are left out at once (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="of sensor errors and groups (default 0)")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    units = all_step_sets(options.seed)
    for condition, people in left_out_errors(units, options.left_out, seed=options.seed).items():
        print(report(condition, people))
    rng = np.random.default_rng(options.seed)
    made = fit([sums_of(unit, rng) for unit in units])
    if options.write:
        TARGET.write_text(module_text(made))
    else:
        print(module_text(made))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
