"""`python -m bench.lib.fit_contacts`: fits the constants that time contact and toe-off, and reports their errors.

The steps of contact_steps.py are fitted by ridge regression with a random level for each person. There are too few
people to hold some out, so each is left out in turn and evaluated with the constants fitted on the others.

The regression sees each step at randomly shifted guesses of both instants, and its targets are the shifts. It so learns
the signal at contact and toe-off, not only the usual duration. Differences between 8 people cannot be learnt;
differences within a person (speed, slope) can. A random effect for each person (Laird and Ware 1982: the share THETA of
each person's mean is subtracted) separates the two.

A linear model cannot fit a firmly worn clip, a loose one and slopes at once, so a small network (fit_network.py)
corrects its residuals. The network's use, size and decay, REAL_SHARE and REAL_LEVEL were selected by the leave-one-out
errors from about 30 variants. Nobody was held out for that selection, so the reported errors are slightly optimistic.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.lib.contact_steps import EXTRA_CONDITION, REAL, DetectedStep, StepSet, all_step_sets
from bench.lib.contact_weights_text import Fit, module_text
from bench.lib.fit_network import Network, fit_network
from bench.lib.recordings import data_dir, has_data
from bench.lib.scoring import rms
from untuck.model import Floats
from untuck.motion.jit import callable_from_python
from untuck.motion.strides import contact_kernels, kernels

step_time, time_step = callable_from_python(contact_kernels.step_time), callable_from_python(contact_kernels.time_step)

REAL_WEIGHT = 12.0  # of the real accelerometer's one person, the only one on slopes
HUMP_WEIGHT = 6.0  # the same for the hump, where slopes would dominate the fit
REAL_SHARE = 4.0  # the same for the network
REAL_LEVEL = 2.0  # the same, in people, where the mean error is set to zero
THETA = 0.8  # share of a person's mean that is subtracted: levels differ by about 8 ms, residuals by 3
RIDGE = 0.05  # for accelerations in g; RIDGE, THETA, JITTER_S and REAL's weights were selected by leave-one-out errors
RIDGE_STRENGTH, RIDGE_STEP = RIDGE / 6, RIDGE / 100  # for log strength and for seconds
JITTER_S = 0.03  # largest shift of a guess
GUESSES = 4
TARGET = Path(__file__).resolve().parents[2] / "host" / "untuck" / "motion" / "strides" / "contact_weights.py"


@dataclass(frozen=True, eq=False)
class Moments:
    """Means over a set: products of features (n,n), with targets (n,2), features (n,), targets (2,)."""

    xx: Floats
    xy: Floats
    x: Floats
    y: Floats


def moments(unit: StepSet, rng: np.random.Generator) -> tuple[Moments, Moments]:
    """Moments of a set of steps, for the hump's lags and for shifts from jittered guesses."""
    rows = np.array([step.row for step in unit.steps])
    up_s, down_s = rows[:, kernels.STEP_UP_S], rows[:, kernels.STEP_DOWN_S]
    step_s = [step_time(row) for row in rows]
    lag_x = np.stack([np.ones(len(rows)), step_s, rows[:, kernels.STEP_PEAK_G], down_s - up_s], axis=1)
    lag_y = np.stack([up_s, down_s], axis=1) - np.array([step.true_s for step in unit.steps])
    xs, ys = [], []
    for step in unit.steps:
        shift_s = rng.uniform(-JITTER_S, JITTER_S, (GUESSES, 2))
        x = np.ones((GUESSES, contact_kernels.FEATURES + 1))
        guesses_s, out = step.true_s + shift_s, x[:, : contact_kernels.FEATURES]
        signals = np.empty((2, len(step.time_s)))
        contact_kernels.step_features(
            step.time_s, step.quat, step.earth, step.forward, step.row, guesses_s, signals, out
        )
        xs.append(x)
        ys.append(-shift_s)
    return _moments(lag_x, lag_y), _moments(np.concatenate(xs), np.concatenate(ys))


def _moments(x: Floats, y: Floats) -> Moments:
    return Moments(x.T @ x / len(x), x.T @ y / len(x), x.mean(axis=0), y.mean(axis=0))


def solve(people: dict[str, list[Moments]], penalty: Floats, real_weight: float = REAL_WEIGHT) -> Floats:
    """(n,2) coefficients; every person but the real one has weight 1, and sets of one person share it equally."""
    taken = 2 * THETA - THETA**2
    xx, xy, total = 0.0 * np.diag(penalty), np.zeros((len(penalty), 2)), 0.0
    for person, units in people.items():
        weight = real_weight if person == REAL else 1.0
        x, y = np.mean([m.x for m in units], axis=0), np.mean([m.y for m in units], axis=0)
        xx += weight * (np.mean([m.xx for m in units], axis=0) - taken * np.outer(x, x))
        xy += weight * (np.mean([m.xy for m in units], axis=0) - taken * np.outer(x, y))
        total += weight
    return np.linalg.solve(xx / total + np.diag(penalty), xy / total)


def penalties() -> Floats:
    """(FEATURES + 1,) ridge penalties of the timing's weights, in their units; the constant has none."""
    bins = np.full(contact_kernels.FEATURES - 2, RIDGE)
    return np.concatenate([bins, [RIDGE_STRENGTH, RIDGE_STEP, 0.0]])


def by_person(units: Iterable[StepSet]) -> dict[str, list[StepSet]]:
    """The sets of each person."""
    people: dict[str, list[StepSet]] = {}
    for unit in units:
        people.setdefault(unit.person, []).append(unit)
    return people


def fit(units: list[StepSet], sums: dict[int, tuple[Moments, Moments]]) -> Fit:
    """Lags and timing from these sets; the constants are set so that people's mean errors average to zero."""
    people = by_person(units)
    lags = solve(
        {p: [sums[id(u)][0] for u in us] for p, us in people.items()}, np.array([0.0, 1e-6, 1e-6, 1e-6]), HUMP_WEIGHT
    ).T.copy()
    timing = solve({p: [sums[id(u)][1] for u in us] for p, us in people.items()}, penalties()).T.copy()
    made = Fit(lags, timing)
    lags[:, 0] += mean_errors(people, made, 1.0)[:, 0]
    for _ in range(3):
        timing[:, -1] -= 0.7 * mean_errors(people, made, REAL_LEVEL)[:, 1]  # the result moves slightly more
    made = Fit(lags, timing, fitted_network(people, made))
    made.network.skip[:, -1] -= mean_errors(people, made, REAL_LEVEL)[:, 1]
    return made


def mean_errors(people: dict[str, list[StepSet]], made: Fit, real_level: float) -> Floats:
    """(2, 2) in s as in `errors`, averaged over people; treadmill runners at 100 Hz."""
    left_out = ("50", "200", EXTRA_CONDITION)
    each = []
    for units in people.values():
        used = [u for u in units if not any(name in u.condition for name in left_out)]
        each.append(errors(used, made).mean(axis=0))
    levels = [real_level if person == REAL else 1.0 for person in people]
    means: Floats = np.average(each, axis=0, weights=levels)
    return means


def fitted_network(people: dict[str, list[StepSet]], made: Fit) -> Network:
    """The network that corrects the linear model of `made`, which has none yet."""
    xs, ys, persons, shares = [], [], [], []
    for number, (person, units) in enumerate(people.items()):
        for unit in units:
            known = [(x[:-1], step.true_s - fine_s) for step, _, fine_s, x in timed_steps(unit, made) if x is not None]
            xs.append(np.array([x for x, _ in known]))
            ys.append(np.array([y for _, y in known]))
            persons.append(np.full(len(known), number))
            shares.append(np.full(len(known), (REAL_SHARE if person == REAL else 1.0) / len(units) / len(known)))
    x, y, share = np.concatenate(xs), np.concatenate(ys), np.concatenate(shares)
    return fit_network(x, y, np.concatenate(persons), share / share.sum(), THETA)


def timed_steps(unit: StepSet, made: Fit) -> Iterator[tuple[DetectedStep, Floats, Floats, Floats | None]]:
    """Each step, its instants (2,) in s by the hump alone and timed, and the network's features; None if not timed."""
    for step in unit.steps:
        guess_s, fine_s = np.empty(2), np.empty(2)
        contact_kernels.hump_edges(step.row, made.lags, guess_s)
        seen = step.time_s, step.quat, step.earth, step.forward, step.row
        signals, x = np.empty((2, len(step.time_s))), np.ones(contact_kernels.FEATURES + 1)
        timed = time_step(*seen, made.lags, made.timing, signals, x, fine_s)
        if timed and made.network:
            fine_s += made.network.correction_s(x)
        yield step, guess_s, fine_s, x if timed else None


def errors(units: Iterable[StepSet], made: Fit) -> Floats:
    """(n, 2, 2) errors in s of contact and toe-off, by the hump alone and timed."""
    out = []
    for unit in units:
        for step, guess_s, fine_s, _ in timed_steps(unit, made):
            out.append(np.stack([guess_s - step.true_s, fine_s - step.true_s], axis=1))
    return np.array(out).reshape(-1, 2, 2)


def report(title: str, errors_s: Floats) -> str:
    """One line: mean and SD of contact and toe-off, RMSE of duration, in ms, by the hump alone and timed."""
    parts = []
    for how, e in zip(("hump alone", "timed"), np.moveaxis(1e3 * errors_s, 2, 0), strict=True):
        (c, o), d = e.T, e[:, 1] - e[:, 0]
        parts.append(
            f"{how:10} contact {c.mean():5.1f} +/-{c.std():4.1f}  toe-off {o.mean():5.1f} +/-{o.std():4.1f}  "
            f"duration RMSE {rms(d):4.1f}"
        )
    return f"{title:26} {len(errors_s):5}  " + "  |  ".join(parts)


def leave_one_out_errors(seed: int) -> dict[str, Floats]:
    """Errors (n,2,2) as in `errors`, by condition, each with a fit that leaves out the person, or the real trial."""
    units = all_step_sets(seed)
    rng = np.random.default_rng(seed)
    sums = {id(unit): moments(unit, rng) for unit in units}
    errors_of: dict[str, list[Floats]] = {}
    for name in dict.fromkeys(unit.name for unit in units):
        made = fit([u for u in units if u.name != name], sums)
        for unit in (u for u in units if u.name == name and u.condition != EXTRA_CONDITION):
            errors_of.setdefault(unit.condition, []).append(errors([unit], made))
    return {condition: np.concatenate(parts) for condition, parts in errors_of.items()}


def main(arguments: list[str]) -> int:
    """Fit, report, and print or write the constants; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench.lib.fit_contacts", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name} instead of printing it")
    parser.add_argument("--seed", type=int, default=0, help="of sensor errors and guesses (default 0)")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    for condition, errors_s in leave_one_out_errors(options.seed).items():
        print(report(f"left out, {condition}", errors_s))
    units = all_step_sets(options.seed)
    rng = np.random.default_rng(options.seed)
    made = fit(units, {id(unit): moments(unit, rng) for unit in units})
    if options.write:
        TARGET.write_text(module_text(made))
    else:
        print(module_text(made))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
