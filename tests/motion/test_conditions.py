"""Outside the laboratory: a track, lost packets and jitter take few strides away, and faults are found there too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bench.lib.condition_cases import CONDITIONS, ConditionCase
from bench.lib.condition_counts import count
from bench.lib.scoring import tilt_errors

import untuck
from conftest import data_dir
from untuck.simulate.runner import Phase, Scenario, simulate

pytestmark = [pytest.mark.data, pytest.mark.slow]

LEAST_JUDGED = {
    "steady": 0.97,
    "400 m track": 0.95,
    "1 % of packets lost": 0.95,
    "5 % of packets lost": 0.85,
    "stamps with 4.5 ms jitter": 0.95,
}

HARDEST = "5 % of packets lost"  # without a quaternion tilt errs by 1 deg there, and one tuck of three is missed


def has_quaternion() -> bool:
    """Whether the sensor that tests simulate has one: not with --sensor icm45686."""
    return simulate(Scenario((Phase("stand", 1.0),))).samples.quat is not None


def case(name: str, kind: str, trial: str) -> ConditionCase:
    return ConditionCase(name=name, kind=kind, runner="RBDS020", trial=trial, minutes=4.0, wearing="bad", seed=1)


@pytest.fixture(autouse=True)
def _recordings() -> None:
    data_dir("fukuchi", "fukuchi_T35.npz")


def test_every_condition_has_a_limit() -> None:
    assert {each.name for each in CONDITIONS if each.sided} == set(LEAST_JUDGED)


@pytest.mark.parametrize("kind", ["tuck", "pullback"])
@pytest.mark.parametrize("name", LEAST_JUDGED)
def test_strides_are_judged_and_faults_are_found(name: str, kind: str) -> None:
    counts = count(case(name, kind, "T45"))
    assert counts.judged >= LEAST_JUDGED[name] * counts.strides
    assert counts.hits[kind] == (3, 3) or (name, has_quaternion(), counts.hits[kind]) == (HARDEST, False, (2, 3))
    assert (counts.false, counts.wrong) == (0, 0)


@pytest.mark.parametrize(("name", "least_judged", "most_deg"), [("1 %", 0.95, 0.8), ("5 %", 0.85, 1.3)])
def test_without_a_quaternion_lost_packets_cost_little(name: str, least_judged: float, most_deg: float) -> None:
    """Earlier strides bridge the gaps; by the mean rate the errors were 1.6 and 3.1 deg, and half was not judged."""
    samples, truth = case(f"{name} of packets lost", "clean", "T45").make()
    run = untuck.analyse(replace(samples, quat=None))
    errors_deg, _ = tilt_errors(run.strides["start_s"], run.strides["tilt_deg"], truth)
    assert run.strides["valid"].sum() >= least_judged * len(truth.strides)
    assert np.sqrt(np.mean(errors_deg**2)) <= most_deg
    assert not run.findings


@pytest.mark.parametrize("name", [each.name for each in CONDITIONS if not each.sided])
def test_with_a_turned_clip_nothing_is_judged(name: str) -> None:
    counts = count(case(name, "pullback", "T35"))
    assert counts.judged <= 10, "until the clip's direction is known"
    assert (counts.false, counts.cues) == (0, 0)
