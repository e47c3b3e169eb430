"""Walking, running and standing are distinguished: real walks on a waist belt, and simulated changes of gait.

The real walks are IPOL's (10 people, 60 walks with turns, 100 Hz on L5); the other scenarios are simulated.
"""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from bench.lib.accuracy_recordings import IPOL_TO_PELVIS, ipol_trials
from bench.lib.run_motion import BLEND_S
from bench.lib.semisynthetic import make_run
from bench.lib.standing import PREFIX_S

import untuck
from conftest import data_dir
from untuck.events import Event
from untuck.model import Baseline, Calibration
from untuck.samples import Samples
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario
from untuck.wire import SENSOR_ICM45686

PREFIX = (Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.0))
WORN = Calibration(IPOL_TO_PELVIS, np.zeros(3), source="nominal")


def events_of(
    samples: Samples, calibration: Calibration | None = None, baseline: Baseline | None = None
) -> list[Event]:
    pipeline = untuck.Pipeline(calibration, baseline)
    return pipeline.push(samples) + pipeline.finish()


def states(events: list[Event]) -> list[tuple[float, str]]:
    return [(event.time_s, event.value) for event in events if event.kind == "state"]


@cache
def some_baseline() -> Baseline:
    run = untuck.analyse(simulate(Scenario((*PREFIX, Phase("run", 60.0))), seed=0).samples)
    assert run.baseline is not None
    return run.baseline


@pytest.mark.data
def test_real_walks_are_not_running() -> None:
    data_dir("ipol_walk", "ipol_lowback_walk.npz")
    walks = 0
    for name, samples in ipol_trials():
        events = events_of(samples, WORN, some_baseline())
        found = {event.kind for event in events} & {"contact", "stride", "finding", "cue", "held"}
        assert not found, name
        assert {state for _, state in states(events)} <= {"walking", "standing"}, name
        walks += any(state == "walking" for _, state in states(events))
    assert walks == 60


@pytest.mark.data
def test_real_walks_at_110_percent_speed_are_not_running() -> None:
    data_dir("ipol_walk", "ipol_lowback_walk.npz")
    for name, samples in ipol_trials():
        brisk = Samples(samples.time_s / 1.1, samples.gyr_rad_s * 1.1, samples.acc_m_s2)
        events = events_of(brisk, WORN)
        assert not any(event.kind in ("contact", "stride") for event in events), name


CHANGES = (
    *PREFIX,
    Phase("walk", 20.0, speed_m_s=1.4),
    Phase("run", 20.0),
    Phase("stand", 10.0),
    Phase("run", 15.0),
    Phase("walk", 15.0, speed_m_s=1.6),
    Phase("run", 15.0, speed_m_s=2.4),
    Phase("walk", 8.0, speed_m_s=1.2),
    Phase("stand", 6.0),
)
IN_WORDS = {"stand": "standing", "hinge": "standing", "walk": "walking", "run": "running"}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_changes_of_gait_are_followed_within_three_seconds(seed: int, rate_hz: float) -> None:
    scenario = Scenario(CHANGES)
    found = [(0.0, "standing"), *states(events_of(simulate(scenario, rate_hz=rate_hz, seed=seed).samples))]
    spans = [(a, b, state) for (a, state), (b, _) in pairwise([*found, (scenario.duration_s, "")])]
    for start_s, phase in zip(scenario.starts_s(), scenario.phases, strict=True):
        settled_s, end_s = start_s + 3.0, start_s + phase.duration_s
        seen = {state for a, b, state in spans if b > settled_s and a < end_s and min(b, end_s) > max(a, settled_s)}
        assert seen <= {IN_WORDS[phase.kind]}, (start_s, phase.kind)
    assert not any(a[1] == "running" and b[1] == "running" for a, b in pairwise(found))
    assert len(found) <= 12  # 9 changes of gait, and short walking before standing


@pytest.mark.parametrize("seed", [4, 6, 10, 16, 23])
@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_a_slow_walk_is_no_standing(seed: int, rate_hz: float) -> None:
    """Most steps of a walk of 1.2 m/s are too small to be timed, and seconds pass between those that are."""
    scenario = Scenario((Phase("stand", 7.0), Phase("walk", 20.0, speed_m_s=1.2), Phase("stand", 6.0)))
    noise = untuck.Noise().on(SENSOR_ICM45686)
    found = states(events_of(simulate(scenario, seed=seed, rate_hz=rate_hz, noise=noise).samples))
    assert [state for _, state in found] == ["walking", "standing"]
    assert 27.0 < found[1][0] < 30.0


@pytest.mark.data
@pytest.mark.parametrize("runner", ["RBDS001", "RBDS010", "RBDS028"])
def test_breaks_of_a_recorded_runner(runner: str) -> None:
    data_dir("fukuchi", "fukuchi_T25.npz")
    samples, truth = make_run(runner, "T25", 8.0, controls=("breaks",), wearing="bad", seed=1)
    events = events_of(samples)
    for event in events:
        if event.kind == "contact":
            at_s = float(event.value["time_s"])
            assert any(start_s - BLEND_S < at_s < end_s + BLEND_S for start_s, end_s in truth.running)
    rests = [control for control in truth.controls if control.kind in ("stand", "walk")]
    assert len(rests) == 3
    word = dict(stand="standing", walk="walking")
    for rest in rests:
        said = [state for at_s, state in states(events) if at_s < rest.end_s - 3.0]
        assert said[-1] == word[rest.kind]
    running = [at_s for at_s, state in states(events) if state == "running"]
    assert len(running) == 4  # at the start and after each rest: running is not interrupted
    assert PREFIX_S < running[0] < PREFIX_S + 4.0


@pytest.mark.data
@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_gaps_are_not_taken_for_walking(rate_hz: float) -> None:
    data_dir("fukuchi", "fukuchi_T35.npz")
    samples, truth = make_run("RBDS018", "T35", 5.0, controls=("gaps",), wearing="bad", seed=4, rate_hz=rate_hz)
    after = [state for at_s, state in states(events_of(samples)) if at_s > truth.running[0, 0] + 4.0]
    assert sum(control.kind == "gap" for control in truth.controls) > 15
    assert after == []
