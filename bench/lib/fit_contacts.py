"""`python -m bench.lib.fit_contacts`: fits the constants that time contact and toe-off, and says how well they do.

Steps of all recorded runners, worn by good and bad clips at 50 to 200 Hz, and of the man with the real sacral
accelerometer, are fitted by ridge regression with a random level for each person. With so few people each one counts:
nobody is kept apart to judge, but each in turn is left out, and judged by what the others say.
How the constants of contact_weights.py come about lives here and nowhere else.

A step is shown to the regression at randomly shifted guesses of both instants, and it learns the shifts: so it learns
what happens at contact and toe-off, not only what is usual. With 8 people what differs between people cannot be
learnt; differences within a person (speed, slope) can. A level for each person (random effects, Laird and Ware 1982:
THETA of each person's mean is taken off) keeps the first from passing for the second.

Weights cannot serve a firm clip, a loose one and slopes at once, so a small network (fit_network.py) corrects what they
leave. That it takes a network, its size and decay, REAL_SHARE and REAL_LEVEL were chosen by leaving one out in turn,
from about 30 that were tried; with nobody left to judge the choice, the figures flatter a little.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import untuck
from bench.lib.alcantara import alcantara_samples
from bench.lib.course import BLEND_S
from bench.lib.cycles import EDGE_S
from bench.lib.fit_network import Network, learn
from bench.lib.recordings import DEV, JUDGE, TRIALS, data_dir, has_data, load_recording
from bench.lib.scoring import rms
from bench.lib.semisynthetic import make_recorded
from bench.lib.standing import PREFIX_S
from untuck.model import NOMINAL_MOUNT, Calibration, Floats, Samples
from untuck.motion.jit import callable_from_python
from untuck.motion.params import Params
from untuck.motion.strides import contact_kernels as ck
from untuck.motion.strides import kernels as k
from untuck.motion.strides.contacts import track_params

step_time, time_step = callable_from_python(ck.step_time), callable_from_python(ck.time_step)

WEARINGS = (("good", 100.0), ("bad", 100.0), ("good", 50.0), ("good", 200.0))
AGAIN, AGAIN_SEEDS = "bad again", (11, 12)  # bad clips, worn in other ways, to learn from
REAL = "Alcantara"
REAL_WEIGHT = 12.0  # one person, but the only one on slopes and with a real sensor
HUMP_WEIGHT = 6.0  # the same for the hump, where slopes would outweigh all else
REAL_SHARE = 4.0  # the same for the network
REAL_LEVEL = 2.0  # people that this one counts for where the mean error is set to zero
THETA = 0.8  # share of a person's mean that is taken off: levels differ by about 8 ms, residuals by 3
RIDGE = 0.05  # on accelerations in g; RIDGE, THETA, JITTER_S, and the weights of REAL, by leaving one out in turn
RIDGE_STRENGTH, RIDGE_STEP = RIDGE / 6, RIDGE / 100  # the same in units of log strength and of seconds
JITTER_S = 0.03  # guesses are up to so far off
GUESSES = 4
USUAL_LAG_S = 0.09  # of the hump, to find the true contact that belongs to it
SETTLE_S = 1.0
GAP_BEFORE_S, GAP_AFTER_S = 0.3, 0.15  # steps so near to missing markers are left out
TARGET = Path(__file__).resolve().parents[2] / "host" / "untuck" / "motion" / "strides" / "contact_weights.py"


@dataclass(frozen=True, eq=False)
class Seen:
    """One true step, contact and toe-off in s, and what the pipeline saw of it: the kernel's row, and samples."""

    true_s: Floats
    row: Floats
    time_s: Floats
    quat: Floats
    earth: Floats
    forward: Floats


@dataclass(frozen=True, eq=False)
class Unit:
    """Steps of one recording; person, and the name under which it may be left out."""

    person: str
    name: str
    wearing: str
    steps: list[Seen]


@dataclass(frozen=True, eq=False)
class Moments:
    """Means over a unit: products of features (n,n), with targets (n,2), features (n,), targets (2,)."""

    xx: Floats
    xy: Floats
    x: Floats
    y: Floats


@dataclass(frozen=True, eq=False)
class Fit:
    """lags (2, 4) of the hump; timing (2, FEATURES + 1); network, where it is fitted already."""

    lags: Floats
    timing: Floats
    network: Network | None = None


def seen_steps(samples: Samples, calibration: Calibration | None, true_s: Floats) -> list[Seen]:
    """The true steps (n,2) that the step detector saw too, with what it saw."""
    run = untuck.analyse(samples, calibration=calibration)
    params = track_params(Params())
    earth, rows = np.empty((len(samples), 3)), np.empty((len(samples), k.STEP_COLUMNS))
    state = np.zeros(k.TRACK_STATE_SIZE)
    seen_by = samples.time_s, samples.acc_m_s2, run.quat, earth
    rows = rows[: k.track_chunk(params, state, 0, len(samples), *seen_by, 0, 0, rows)]
    seen = []
    for contact_s, toe_off_s in true_s:
        row = rows[np.argmin(np.abs(rows[:, k.STEP_UP_S] - USUAL_LAG_S - contact_s))]
        if abs(row[k.STEP_UP_S] - USUAL_LAG_S - contact_s) > USUAL_LAG_S or not row[k.STEP_PREV_UP_S] > 0:
            continue
        first = int(np.searchsorted(samples.time_s, row[k.STEP_DOWN_S] - ck.LOOK_BACK_S))
        part = slice(first, int(row[k.STEP_INDEX]) + 1)
        forward = np.ascontiguousarray(run.calibration.sensor_to_pelvis[0])
        true = np.array([contact_s, toe_off_s])
        seen.append(Seen(true, row.copy(), samples.time_s[part], run.quat[part], earth[part], forward))
    return seen


def treadmill_unit(runner: str, trial: str, clip: str, rate_hz: float, seed: int) -> Unit:
    """A recorded runner in the wearing of a virtual clip."""
    samples, truth = make_recorded(runner, trial, clip, seed, rate_hz)
    recording = load_recording(runner, trial)
    shift_s = PREFIX_S - BLEND_S - EDGE_S
    from_s, to_s = truth.running[0, 0] + SETTLE_S, samples.time_s[-1] - 2 * GAP_AFTER_S
    true_s = []
    for contact in truth.contacts:
        ends = contact["time_s"] - shift_s - GAP_BEFORE_S, contact["toe_off_s"] - shift_s + GAP_AFTER_S
        frames = slice(*(max(0, int(end_s * recording.rate_hz)) for end_s in ends))
        if from_s < contact["time_s"] and contact["toe_off_s"] < to_s and recording.usable[frames].all():
            true_s.append((contact["time_s"], contact["toe_off_s"]))
    steps = seen_steps(samples, None, np.array(true_s).reshape(-1, 2))
    return Unit(runner, runner, f"{clip} {rate_hz:.0f} Hz", steps)


def real_units() -> list[Unit]:
    """The trials of the real sacral accelerometer, flat and slopes, each of which may be left out."""
    calibration = Calibration(NOMINAL_MOUNT, np.zeros(3), source="nominal")
    with np.load(data_dir() / "alcantara" / "alcantara.npz") as file:
        slopes = file["slope_deg"]
    units = []
    for row, slope_deg in enumerate(slopes):
        samples, contacts, start_s = alcantara_samples(row)
        true_s = np.stack([contacts["time_s"], contacts["toe_off_s"]], axis=1)
        inside = (true_s[:, 0] > start_s + SETTLE_S) & (true_s[:, 1] < samples.time_s[-1] - 2 * GAP_AFTER_S)
        steps = seen_steps(samples, calibration, true_s[inside])
        units.append(Unit(REAL, f"{REAL} {row}", "flat" if slope_deg == 0 else "slopes", steps))
    return units


def moments(unit: Unit, rng: np.random.Generator) -> tuple[Moments, Moments]:
    """Of the hump's lags, and of shifts from jittered guesses."""
    rows = np.array([step.row for step in unit.steps])
    up_s, down_s = rows[:, k.STEP_UP_S], rows[:, k.STEP_DOWN_S]
    step_s = [step_time(row) for row in rows]
    lag_x = np.stack([np.ones(len(rows)), step_s, rows[:, k.STEP_PEAK_G], down_s - up_s], axis=1)
    lag_y = np.stack([up_s, down_s], axis=1) - np.array([step.true_s for step in unit.steps])
    xs, ys = [], []
    for step in unit.steps:
        shift_s = rng.uniform(-JITTER_S, JITTER_S, (GUESSES, 2))
        x = np.ones((GUESSES, ck.FEATURES + 1))
        guesses_s, out = step.true_s + shift_s, x[:, : ck.FEATURES]
        signals = np.empty((2, len(step.time_s)))
        ck.step_features(step.time_s, step.quat, step.earth, step.forward, step.row, guesses_s, signals, out)
        xs.append(x)
        ys.append(-shift_s)
    return _moments(lag_x, lag_y), _moments(np.concatenate(xs), np.concatenate(ys))


def _moments(x: Floats, y: Floats) -> Moments:
    return Moments(x.T @ x / len(x), x.T @ y / len(x), x.mean(axis=0), y.mean(axis=0))


def solve(people: dict[str, list[Moments]], penalty: Floats, real_weight: float = REAL_WEIGHT) -> Floats:
    """(n,2) coefficients, every person of the same weight but the real one, units within a person likewise."""
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
    """(FEATURES + 1,) of the timing's weights, in their own units; the constant is free."""
    bins = np.full(ck.FEATURES - 2, RIDGE)
    return np.concatenate([bins, [RIDGE_STRENGTH, RIDGE_STEP, 0.0]])


def by_person(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    """Units of each person."""
    people: dict[str, list[Unit]] = {}
    for unit in units:
        people.setdefault(unit.person, []).append(unit)
    return people


def fit(units: list[Unit], sums: dict[int, tuple[Moments, Moments]]) -> Fit:
    """Lags and timing from these units; the constants are set so that people's mean errors average to zero."""
    people = by_person(units)
    lags = solve(
        {p: [sums[id(u)][0] for u in us] for p, us in people.items()}, np.array([0.0, 1e-6, 1e-6, 1e-6]), HUMP_WEIGHT
    ).T.copy()
    timing = solve({p: [sums[id(u)][1] for u in us] for p, us in people.items()}, penalties()).T.copy()
    made = Fit(lags, timing)
    lags[:, 0] += mean_errors(people, made, 1.0)[:, 0]
    for _ in range(3):
        timing[:, -1] -= 0.7 * mean_errors(people, made, REAL_LEVEL)[:, 1]  # the result moves a little more
    made = Fit(lags, timing, learned(people, made))
    made.network.straight[:, -1] -= mean_errors(people, made, REAL_LEVEL)[:, 1]
    return made


def mean_errors(people: dict[str, list[Unit]], made: Fit, real_level: float) -> Floats:
    """(2, 2) in s as `errors`, averaged over people; treadmill runners as judged at 100 Hz."""
    left_out = ("50", "200", AGAIN)
    each = []
    for units in people.values():
        told = [u for u in units if not any(name in u.wearing for name in left_out)]
        each.append(errors(told, made).mean(axis=0))
    levels = [real_level if person == REAL else 1.0 for person in people]
    means: Floats = np.average(each, axis=0, weights=levels)
    return means


def learned(people: dict[str, list[Unit]], made: Fit) -> Network:
    """The network that corrects what the weights of `made` say, so far without one."""
    xs, ys, persons, shares = [], [], [], []
    for number, (person, units) in enumerate(people.items()):
        for unit in units:
            shown = [(x[:-1], step.true_s - fine_s) for step, _, fine_s, x in found(unit, made) if x is not None]
            xs.append(np.array([x for x, _ in shown]))
            ys.append(np.array([y for _, y in shown]))
            persons.append(np.full(len(shown), number))
            shares.append(np.full(len(shown), (REAL_SHARE if person == REAL else 1.0) / len(units) / len(shown)))
    x, y, share = np.concatenate(xs), np.concatenate(ys), np.concatenate(shares)
    return learn(x, y, np.concatenate(persons), share / share.sum(), THETA)


def found(unit: Unit, made: Fit) -> Iterator[tuple[Seen, Floats, Floats, Floats | None]]:
    """Each step with its instants (2,) in s by the hump alone and timed, and what the network sees, if it is asked."""
    for step in unit.steps:
        guess_s, fine_s = np.empty(2), np.empty(2)
        ck.hump_edges(step.row, made.lags, guess_s)
        seen = step.time_s, step.quat, step.earth, step.forward, step.row
        signals, x = np.empty((2, len(step.time_s))), np.ones(ck.FEATURES + 1)
        timed = time_step(*seen, made.lags, made.timing, signals, x, fine_s)
        if timed and made.network:
            fine_s += made.network.correction_s(x)
        yield step, guess_s, fine_s, x if timed else None


def errors(units: Iterable[Unit], made: Fit) -> Floats:
    """(n, 2, 2) errors in s: contact and toe-off; by the hump alone and timed."""
    out = []
    for unit in units:
        for step, guess_s, fine_s, _ in found(unit, made):
            out.append(np.stack([guess_s - step.true_s, fine_s - step.true_s], axis=1))
    return np.array(out).reshape(-1, 2, 2)


def report(title: str, errors_s: Floats) -> str:
    """One line: mean and SD of contact and toe-off, RMSE of duration, in ms; hump alone, then timed."""
    parts = []
    for how, e in zip(("hump alone", "timed"), np.moveaxis(1e3 * errors_s, 2, 0), strict=True):
        (c, o), d = e.T, e[:, 1] - e[:, 0]
        parts.append(
            f"{how:10} contact {c.mean():5.1f} +/-{c.std():4.1f}  toe-off {o.mean():5.1f} +/-{o.std():4.1f}  "
            f"duration RMSE {rms(d):4.1f}"
        )
    return f"{title:26} {len(errors_s):5}  " + "  |  ".join(parts)


def module_text(made: Fit) -> str:
    """contact_weights.py as it is to be."""

    def row(values: Floats, digits: int) -> str:
        return "(" + ", ".join(f"{value:.{digits}f}" for value in values) + ")"

    ends = np.cumsum([ck.CONTACT_BINS, ck.CONTACT_BINS, ck.TOE_OFF_BINS, ck.TOE_OFF_BINS])
    names = ("vertical about contact", "fore-aft about contact", "vertical about toe-off", "fore-aft about toe-off")
    lines = [
        '"""The constants that time contact and toe-off, fitted by `python -m bench.lib.fit_contacts --write`.',
        "",
        "Fitted on all recorded runners and the real sacral accelerometer; not to be edited.",
        '"""',
        "",
        "import numpy as np",
        "",
        "# Lag of the hump's edges in s: constant, per s of step time, per g of hump height, per s of hump length.",
        "LAGS = np.array(",
        "    (",
        f"        {row(made.lags[0], 4)},  # contact",
        f"        {row(made.lags[1], 4)},  # toe-off",
        "    )",
        ")",
        "",
        "# Offset in ms from a guess, per g in each bin, per unit of log strength, per s of step time; constant.",
        "# fmt: off",
    ]

    def block(name: str, titles: Iterable[str], values: Floats, digits: int) -> None:
        lines.append(f"{name} = (")
        for title, weights in zip(titles, values, strict=True):
            lines.append(f"    (  # {title}")
            for part_name, part in zip(names, np.split(weights[: ends[-1]], ends[:-1]), strict=True):
                lines.append(f"        {row(part, digits)[1:-1]},  # {part_name}")
            lines.extend([f"        {row(weights[ends[-1] :], digits)[1:-1]},", "    ),"])
        lines.append(")")

    events = ("contact", "toe-off")
    block("_TIMING_MS", events, 1e3 * made.timing, 2)
    network = made.network
    assert network is not None
    lines.append(
        "# What hidden units add up before their tanh, and ms of offset from where the guess came to rest, likewise."
    )
    block("_HIDDEN", (f"unit {number}" for number in range(len(network.hidden))), network.hidden, 3)
    block("_STRAIGHT_MS", events, 1e3 * network.straight, 2)
    lines.append("_BENT_MS = (  # contact and toe-off, per hidden unit")
    lines += [f"    {row(weights, 2)}," for weights in 1e3 * network.bent.T]
    lines += [")", "# fmt: on", "TIMING = np.array(_TIMING_MS) / 1e3"]
    lines += [
        "HIDDEN = np.array(_HIDDEN)",
        "STRAIGHT = np.array(_STRAIGHT_MS) / 1e3",
        "BENT = np.array(_BENT_MS).T.copy() / 1e3",
    ]
    return "\n".join([*lines, ""])


def all_units(seed: int) -> list[Unit]:
    """Every runner at every speed in every wearing, and the real accelerometer's trials."""
    many = [
        treadmill_unit(runner, trial, clip, rate_hz, seed)
        for clip, rate_hz in WEARINGS
        for runner in DEV + JUDGE
        for trial in TRIALS
    ]
    many += [
        replace(treadmill_unit(runner, trial, "bad", 100.0, seed + again), wearing=AGAIN)
        for again in AGAIN_SEEDS
        for runner in DEV + JUDGE
        for trial in TRIALS
    ]
    return [unit for unit in many if unit.steps] + real_units()


def judged_by_others(seed: int) -> dict[str, Floats]:
    """Errors (n,2,2) as of `errors` where the person, or the real trial, had no part in the fit, by wearing."""
    units = all_units(seed)
    rng = np.random.default_rng(seed)
    sums = {id(unit): moments(unit, rng) for unit in units}
    judged: dict[str, list[Floats]] = {}
    for name in dict.fromkeys(unit.name for unit in units):
        made = fit([u for u in units if u.name != name], sums)
        for unit in (u for u in units if u.name == name and u.wearing != AGAIN):
            judged.setdefault(unit.wearing, []).append(errors([unit], made))
    return {wearing: np.concatenate(parts) for wearing, parts in judged.items()}


def main(arguments: list[str]) -> int:
    """Fit, report, and print or write the constants; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench.lib.fit_contacts", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name} instead of printing it")
    parser.add_argument("--seed", type=int, default=0, help="of sensor errors and guesses (default 0)")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    for wearing, errors_s in judged_by_others(options.seed).items():
        print(report(f"left out, {wearing}", errors_s))
    units = all_units(options.seed)
    rng = np.random.default_rng(options.seed)
    made = fit(units, {id(unit): moments(unit, rng) for unit in units})
    if options.write:
        TARGET.write_text(module_text(made))
    else:
        print(module_text(made))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
