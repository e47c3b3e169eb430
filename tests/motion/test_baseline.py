"""Rejection of baselines, with a warning: a tucked pelvis, or a sensor that is not worn upright."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import untuck
from untuck.model import Baseline
from untuck.motion.params import Params
from untuck.run_results import Run
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario
from untuck.simulate.trunk import simulate_pair
from untuck.store.codec import from_json, to_json

QUICK = Params(baseline_strides=30, warmup_strides=3)
PREFIX = (Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.0))


def run_at(*phases: Phase) -> Run:
    return untuck.analyse(simulate(Scenario(PREFIX + phases), seed=4).samples, params=QUICK)


def test_a_tucked_baseline_is_rejected_and_the_next_better_one_is_taken() -> None:
    run = run_at(Phase("run", 26.0, tuck_deg=8.0), Phase("run", 34.0))
    assert sum("Recorded tucked" in warning for warning in run.warnings) == 1
    assert run.baseline is not None
    assert run.baseline.tilt_deg.mean() > 3.0
    assert not any("your own way" in warning for warning in run.warnings)


def test_a_runner_who_continues_after_the_warning_keeps_this_baseline() -> None:
    run = run_at(Phase("run", 62.0, tuck_deg=9.0), Phase("run", 16.0, tuck_deg=15.0))
    assert sum("Recorded tucked" in warning for warning in run.warnings) == 1
    assert any("your own way" in warning for warning in run.warnings)
    assert run.baseline is not None
    assert run.baseline.tilt_deg.mean() < 0.0
    assert [finding.fault for finding in run.findings] == ["tuck"]


def test_tilt_far_below_standing_is_never_a_baseline() -> None:
    run = run_at(Phase("run", 70.0, tuck_deg=16.0))
    assert run.baseline is None
    assert sum("Recorded tucked" in warning for warning in run.warnings) >= 2
    assert np.median(run.strides["tilt_deg"][run.strides["valid"]]) < Params().baseline_own_tilt_deg


@pytest.mark.parametrize("turn", ["x", "z"])
def test_a_wrongly_worn_sensor_without_standing_gives_a_warning_and_no_findings(turn: str) -> None:
    running = simulate(Scenario((Phase("run", 40.0), Phase("run", 20.0, pullback_deg=6.0))), seed=4).samples
    worn = Rotation.from_euler(turn, 180.0 if turn == "z" else 90.0, degrees=True)
    run = untuck.analyse(
        untuck.Samples(running.time_s, worn.apply(running.gyr_rad_s), worn.apply(running.acc_m_s2)), params=QUICK
    )
    assert set(run.strides["reason"]) == {"mount"}
    assert sum("does not appear upright" in warning for warning in run.warnings) == 1
    assert run.baseline is None
    assert not run.findings


def test_lean_and_lumbar_extension_are_kept_and_older_baselines_are_read() -> None:
    pair = simulate_pair(Scenario((*PREFIX, Phase("run", 52))), seed=2)
    made = untuck.analyse(pair.pelvis.samples, trunk=pair.trunk).baseline
    assert made is not None
    same = from_json(Baseline, to_json(made))
    truth = pair.truth.lumbar_deg[(pair.truth.time_s > 25.0) & (pair.truth.time_s < 60.0)]
    assert same.lumbar_deg == pytest.approx([truth.mean()], abs=0.8)
    assert (same.lean_deg + same.lumbar_deg) == pytest.approx(same.tilt_deg, abs=0.5)  # medians do not add up quite
    older = {name: value for name, value in json.loads(to_json(made)).items() if "lean" not in name}
    older = {name: value for name, value in older.items() if "lumbar" not in name}
    assert np.isnan(from_json(Baseline, json.dumps(older)).lumbar_deg).tolist() == [True]
