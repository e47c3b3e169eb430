"""A clip that is inside out or sideways, without hinges: nothing is judged, nothing is cued, and it is said why."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from bench.lib import gaits
from bench.lib.gait_counts import TURNED
from scipy.spatial.transform import Rotation

import untuck
from conftest import data_dir
from untuck.model import Calibration
from untuck.motion.mount.facing import FacingWatch
from untuck.motion.params import Params
from untuck.samples import Samples
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario

QUICK = Params(baseline_strides=20, baseline_warmup_s=0.0)
STAND, RUN = Phase("stand", 7.0), (Phase("run", 30.0), Phase("run", 15.0, pullback_deg=7.0, side=1))
TUCK = (Phase("run", 15.0), Phase("run", 15.0, tuck_deg=8.0))
WITHOUT = (STAND, *RUN, *TUCK)
WITH = (STAND, Phase("hinge", 3 * HINGE_S), Phase("stand", 3.0), *RUN, *TUCK)


@cache
def worn(plan: tuple[Phase, ...], yaw_deg: float) -> Samples:
    """The clip turned about the vertical."""
    samples = simulate(Scenario(plan), seed=4).samples
    turn = Rotation.from_euler("y", yaw_deg, degrees=True)
    quat = None
    if samples.quat is not None:
        quat = (Rotation.from_quat(samples.quat, scalar_first=True) * turn.inv()).as_quat(scalar_first=True)
    gyr, acc = turn.apply(samples.gyr_rad_s), turn.apply(samples.acc_m_s2)
    return Samples(samples.time_s, gyr, acc, quat, samples.acc_end_m_s2)


@pytest.mark.parametrize(("yaw_deg", "said"), [(180.0, "inside out"), (90.0, "sideways"), (-90.0, "sideways")])
def test_nothing_is_judged_with_a_turned_clip(yaw_deg: float, said: str) -> None:
    run = untuck.analyse(worn(WITHOUT, yaw_deg), params=QUICK)
    assert len(run.strides) > 50
    assert set(run.strides["reason"][8:]) == {"mount"}
    assert run.findings == ()
    assert run.cues == ()
    (warning,) = [text for text in run.warnings if said in text]
    assert "hinge three times" in warning


@pytest.mark.parametrize("yaw_deg", [0.0, 25.0, -25.0])
def test_a_clip_that_sits_a_little_askew_is_judged(yaw_deg: float) -> None:
    run = untuck.analyse(worn(WITHOUT, yaw_deg), params=QUICK)
    assert run.strides["valid"].mean() > 0.9
    assert {"tuck", "pullback"} <= {finding.fault for finding in run.findings}


@pytest.mark.parametrize("yaw_deg", [0.0, 90.0, 180.0])
def test_hinges_measure_any_way_of_wearing(yaw_deg: float) -> None:
    run = untuck.analyse(worn(WITH, yaw_deg), params=QUICK)
    assert run.strides["valid"].mean() > 0.9
    (pullback,) = [finding for finding in run.findings if finding.fault == "pullback"]
    assert pullback.side == 1


def test_a_later_calibration_ends_it() -> None:
    """After the warning the runner stops, stands, hinges, and runs on with the clip as it is."""
    plan = (STAND, Phase("run", 20.0), *WITH)
    run = untuck.analyse(worn(plan, 180.0), params=QUICK)
    began_s = run.time_s[0] + 7.0 + 20.0
    assert set(run.strides["reason"][(run.strides["start_s"] < began_s)][8:]) == {"mount"}
    assert run.calibration.source == "stand+hinges"
    later = run.strides[run.strides["start_s"] > began_s + 20.0]
    assert later["valid"].mean() > 0.85
    (pullback,) = [finding for finding in run.findings if finding.fault == "pullback"]
    assert pullback.side == 1


FIRM, WALKED = (0.1, 1.0), (-0.4, 1.0)  # overtones
AHEAD = ((1.0, 0.0),) * 8
SCATTERED = ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 0.5)) * 2


@pytest.mark.parametrize(
    ("directions", "sure", "overtone", "known"),
    [
        (AHEAD, True, FIRM, True),
        (AHEAD, False, FIRM, True),
        (AHEAD, True, WALKED, True),
        (AHEAD, False, WALKED, False),  # a walker with the clip inside out
        (AHEAD[:7], True, FIRM, False),
        (SCATTERED, True, FIRM, False),
        (((-1.0, 0.0),) * 8, True, FIRM, False),
    ],
)
def test_running_shows_the_sides_only_if_it_is_running_and_agrees(
    directions: tuple[tuple[float, float], ...], sure: bool, overtone: tuple[float, float], known: bool
) -> None:
    watch = FacingWatch()
    for direction in directions:
        watch.push(*direction, sure, overtone)
    assert watch.known == known
    watch.clear(zero_only=True)
    assert watch.known == known
    watch.clear()
    assert not watch.known


def test_what_shows_the_sides_is_part_of_the_run() -> None:
    assert untuck.analyse(worn(WITH, 0.0), params=QUICK).sides == "hinges"
    assert untuck.analyse(worn(WITHOUT, 0.0), params=QUICK).sides == "running"
    assert untuck.analyse(worn(WITHOUT, 180.0), params=QUICK).sides == ""


def test_without_evidence_of_the_sides_only_faults_without_a_side_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a runner whose direction of travel is never clear."""
    monkeypatch.setattr("untuck.motion.mount.facing._AGREEMENT_MIN", 1.1)
    run = untuck.analyse(worn(WITHOUT, 0.0), params=QUICK)
    assert run.sides == ""
    assert [finding.fault for finding in run.findings] == ["tuck"]
    assert {cue.fault for cue in run.cues} == {"tuck"}
    assert np.isnan(run.strides["pullback_left_deg"]).all()
    (warning,) = [text for text in run.warnings if "not named" in text]
    assert "Hinge three times" in warning
    hinged = untuck.analyse(worn(WITH, 0.0), params=QUICK)
    assert {"tuck", "pullback"} == {finding.fault for finding in hinged.findings}


def test_signs_that_nothing_shows_name_no_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("untuck.motion.mount.signs._AGREE_LEAST", 1.1)
    run = untuck.analyse(worn(WITHOUT, 0.0), params=QUICK)
    assert run.sides == ""
    assert not any(finding.side for finding in run.findings)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("turned", TURNED)
def test_natural_joggers_name_their_sides_without_hinges_and_never_with_a_turned_clip(turned: str) -> None:
    data_dir("natural", "natural.npz")
    sides = []
    for trial in gaits.natural_runs():
        mount: Calibration = gaits.calibrated(TURNED[turned] @ trial.calibration.sensor_to_pelvis, "stand")
        sides.append(untuck.analyse(trial.samples, calibration=mount).sides)
    if turned == "right":
        assert sides.count("running") >= 0.85 * len(sides), f"{sides.count('running')} of {len(sides)}"
    else:
        assert set(sides) == {""}


@pytest.mark.data
@pytest.mark.parametrize("turned", TURNED)
def test_walkers_that_are_taken_for_runners_name_no_side(turned: str) -> None:
    data_dir("worn", "worn.npz")
    for trial in (each for each in gaits.worn_trials("walk", 20.0) if "FastGait" in each.name):
        mount = gaits.calibrated(TURNED[turned] @ trial.calibration.sensor_to_pelvis, "stand")
        assert untuck.analyse(trial.samples, calibration=mount).sides == "", trial.name
