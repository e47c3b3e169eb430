"""Steps of the gyro's bias (a sensor reset, a knock) in running, standing, walking and BROAD, and their scores.

The error that a step causes is the angle between the verticals that one filter estimates with and without it. So no
truth is needed, and a filter's other errors do not hide or add to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

import untuck
from bench.lib.accuracy_recordings import ipol_trials
from bench.lib.orientation_runs import MOTION_HZ, ZEROED, Run, measured, treadmill
from bench.lib.recordings import data_dir, load_recording
from bench.lib.standing import stand
from untuck.events import Warned
from untuck.model import Floats
from untuck.samples import Samples

STEPS_DEG_S = (0.5, 1.0, 2.0)
KINDS = ("running", "standing", "walking", "BROAD")
BACK_DEG = 1.0  # an error below this counts as recovered
RUN_S = 90.0  # running and standing
EARLIEST_S, AFTER_S = 20.0, 45.0  # before and after the step, in a recording that is long enough
SHORT_EARLIEST_S, SHORT_AFTER_S = 7.0, 14.0  # of trials of 22-37 s
STEPS_EACH = 2  # of each size in a recording
PERSON_TRIAL = "-2"  # of IPOL: one trial of each person


REPORTED_S = 30.0  # within which a step shall be reported


@dataclass(frozen=True)
class StepScore:
    """worst_deg: largest error after the step; back_s: until the error stays below BACK_DEG, or inf."""

    worst_deg: float
    back_s: float


def motions(kind: str, runners: tuple[str, ...], trials: tuple[str, ...], seed: int) -> Iterator[tuple[str, Run]]:
    """Recordings of a kind of motion, by name of runner or trial; `trials` are the two digits of BROAD's."""
    if kind == "running":
        for runner in runners:
            yield runner, treadmill(load_recording(runner, "T35"), RUN_S, 100.0, ZEROED, seed + _number(runner))
    elif kind == "standing":
        for runner in runners:
            pose = stand(int(RUN_S * MOTION_HZ), MOTION_HZ, 1.0, np.random.default_rng(seed + _number(runner)))
            yield runner, measured(pose, np.zeros(len(pose)), 100.0, ZEROED, seed + _number(runner))
    elif kind == "walking":
        for name, samples in ipol_trials():
            if name.endswith(PERSON_TRIAL):
                yield name, Run(samples, np.empty((0, 4)), np.full(len(samples), np.nan))
    else:
        for path in sorted((data_dir() / "broad").glob("*.npz")):
            if path.stem[:2] in trials:
                with np.load(path) as file:
                    gyr, acc, rate_hz = file["gyr_rad_s"], file["acc_m_s2"], float(file["rate_hz"])
                samples = Samples(np.arange(len(gyr)) / rate_hz, gyr, acc)
                yield path.stem, Run(samples, np.empty((0, 4)), np.full(len(gyr), np.nan))


def _number(runner: str) -> int:
    return int(runner.removeprefix("RBDS"))


def with_bias_step(run: Run, step_deg_s: float, rng: np.random.Generator) -> tuple[Run, float]:
    """The run with a step of the gyro's bias about a random axis at a random time, and that time in s."""
    s = run.samples
    length_s = float(s.time_s[-1] - s.time_s[0])
    long = length_s > EARLIEST_S + AFTER_S + 5.0
    earliest_s, after_s = (EARLIEST_S, AFTER_S) if long else (SHORT_EARLIEST_S, SHORT_AFTER_S)
    at_s = float(s.time_s[0] + rng.uniform(earliest_s, length_s - after_s))
    axis = rng.normal(size=3)
    step = np.radians(step_deg_s) * axis / np.linalg.norm(axis)
    gyr = s.gyr_rad_s + np.where(s.time_s[:, None] >= at_s, step, 0.0)
    return replace(run, samples=Samples(s.time_s, gyr, s.acc_m_s2, s.quat, s.acc_end_m_s2)), at_s


def vertical(quat: Floats) -> Floats:
    """(N,3) the vertical in sensor coordinates."""
    w, x, y, z = np.moveaxis(quat, -1, 0)
    return np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)


def error_deg(quat: Floats, reference: Floats) -> Floats:
    """(N,) angle between the verticals of two orientations."""
    return np.degrees(2 * np.arcsin(0.5 * np.linalg.norm(vertical(quat) - vertical(reference), axis=1).clip(0, 2)))


def score(estimate: Callable[[Run], Floats], run: Run, stepped: Run, at_s: float) -> StepScore:
    """Score of one filter for one step."""
    after = run.samples.time_s >= at_s
    error = error_deg(estimate(stepped), estimate(run))[after]
    beyond = np.flatnonzero(error > BACK_DEG)
    time_s = run.samples.time_s[after]
    if not len(beyond):
        return StepScore(float(error.max()), 0.0)
    back_s = np.inf if beyond[-1] == len(error) - 1 else float(time_s[beyond[-1] + 1] - at_s)
    return StepScore(float(error.max()), back_s)


def scores(
    estimates: dict[str, Callable[[Run], Floats]],
    kind: str,
    step_deg_s: float,
    groups: dict[str, tuple[tuple[str, ...], tuple[str, ...]]],
    seed: int,
) -> dict[tuple[str, str], list[StepScore]]:
    """Scores by filter and group; `groups` gives each group's runners and BROAD's trials. Two steps per recording."""
    found: dict[tuple[str, str], list[StepScore]] = {(name, group): [] for name in estimates for group in groups}
    for group, (runners, trials) in groups.items():
        for recording, run in motions(kind, runners, trials, seed):
            for again in range(STEPS_EACH):
                stepped, at_s = with_bias_step(
                    run, step_deg_s, np.random.default_rng([seed, again, *map(ord, recording)])
                )
                for name, estimate in estimates.items():
                    found[name, group].append(score(estimate, run, stepped, at_s))
    return found


def reported(kind: str, runners: tuple[str, ...], step_deg_s: float, seed: int) -> tuple[int, int, int]:
    """Steps that the pipeline reports within REPORTED_S, all steps, and reports before a step or in recordings without.

    The steps are those of `scores`.
    """
    found = count = false = 0
    for recording, run in motions(kind, runners, (), seed):
        false += len(_reports_s(run.samples))
        for again in range(STEPS_EACH):
            rng = np.random.default_rng([seed, again, *map(ord, recording)])
            stepped, at_s = with_bias_step(run, step_deg_s, rng)
            delays_s = [report_s - at_s for report_s in _reports_s(stepped.samples)]
            found += any(0.0 < delay_s <= REPORTED_S for delay_s in delays_s)
            false += sum(delay_s <= 0.0 for delay_s in delays_s)
            count += 1
    return found, count, false


def _reports_s(samples: Samples) -> list[float]:
    """Times at which the pipeline warned of a change of the gyro's bias."""
    events = untuck.Pipeline().push(samples)
    return [event.time_s for event in events if isinstance(event, Warned) and "gyro changed" in event.text]
