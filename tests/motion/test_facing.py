"""A clip that is inside out or sideways, without hinges: nothing is judged, nothing is cued, and it is said why."""

from __future__ import annotations

from functools import cache

import pytest
from scipy.spatial.transform import Rotation

import untuck
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
    assert samples.quat is not None
    quat = (Rotation.from_quat(samples.quat, scalar_first=True) * turn.inv()).as_quat(scalar_first=True)
    return Samples(samples.time_s, turn.apply(samples.gyr_rad_s), turn.apply(samples.acc_m_s2), quat)


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
