"""The reference at the present pace: new paces are learnt, earlier baselines moved, faults kept out of both."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import untuck
from untuck.events import BaselineExtended
from untuck.model import Baseline, judged
from untuck.motion.form.baseline import bins_of, harmonics, joined
from untuck.motion.form.pullback import PullbackMeter, bump
from untuck.motion.form.reference import Usual
from untuck.motion.params import Params
from untuck.motion.pipeline import Pipeline
from untuck.motion.strides.phase_grid import PHASES
from untuck.motion.strides.stride import Stride
from untuck.samples import Samples
from untuck.session.profile_keeper import ProfileKeeper
from untuck.session.stored_profile import save_in_store
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario
from untuck.store.profiles import Profiles

PREFIX = (Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.0))
EASY, FAST = 2.8, 4.2


@cache
def samples_of(*phases: Phase) -> Samples:
    return simulate(Scenario(PREFIX + phases), seed=6).samples


@cache
def baseline_of(speed_m_s: float) -> Baseline:
    baseline = untuck.analyse(samples_of(Phase("run", 60.0, speed_m_s))).baseline
    assert baseline is not None
    return baseline


def test_a_new_pace_is_learnt_and_a_tuck_in_it_is_found() -> None:
    samples = samples_of(
        Phase("run", 55.0, EASY), Phase("run", 60.0, FAST), Phase("run", 25.0, FAST, tuck_deg=6.0), Phase("run", 15.0)
    )
    pipeline = Pipeline()
    events = [*pipeline.push(samples), *pipeline.finish()]
    extended = [event for event in events if isinstance(event, BaselineExtended)]
    assert len(extended) == 1
    assert len(extended[0].baseline.strides) == len(baseline_of(EASY).strides) + 1
    run = pipeline.run()
    assert [finding.fault for finding in run.findings] == ["tuck"]
    assert run.findings[0].depth_deg == pytest.approx(6.0, abs=1.5)
    assert {"speed", "baseline"} <= set(run.strides["reason"])
    assert run.baseline is not None
    assert run.baseline.tilt_deg[-1] == pytest.approx(extended[0].baseline.tilt_deg[-1], abs=0.5)


def test_a_tuck_does_not_become_part_of_a_new_pace() -> None:
    """A tuck begins when the new bin has just been made: the bin must not follow it down."""
    steady = untuck.analyse(samples_of(Phase("run", 55.0, EASY), Phase("run", 60.0, FAST))).baseline
    tucked = untuck.analyse(
        samples_of(Phase("run", 55.0, EASY), Phase("run", 22.0, FAST), Phase("run", 38.0, FAST, tuck_deg=6.0))
    ).baseline
    assert steady is not None and tucked is not None
    assert tucked.tilt_deg[-1] == pytest.approx(steady.tilt_deg[-1], abs=1.0)


@pytest.mark.parametrize("stands_deg", [-3.0, 3.0])
def test_an_earlier_baseline_is_moved_by_how_one_stands_today(stands_deg: float) -> None:
    earlier = baseline_of(EASY)
    moved = replace(earlier, tilt_deg=earlier.tilt_deg + stands_deg)
    samples = samples_of(Phase("run", 60.0, EASY), Phase("run", 25.0, EASY, tuck_deg=6.0))
    run = untuck.analyse(samples, baseline=moved)
    assert [finding.fault for finding in run.findings] == ["tuck"]
    assert run.findings[0].start_s > run.strides["start_s"][0] + 50.0
    assert sum("earlier baseline" in text for text in run.warnings) == 1
    assert run.baseline is not None
    assert run.baseline.tilt_deg == pytest.approx(earlier.tilt_deg, abs=0.6)
    assert not any("earlier baseline" in text for text in untuck.analyse(samples, baseline=earlier).warnings)


def test_a_deep_tuck_from_the_start_is_found_against_an_earlier_baseline() -> None:
    run = untuck.analyse(samples_of(Phase("run", 60.0, EASY, tuck_deg=7.0)), baseline=baseline_of(EASY))
    assert [finding.fault for finding in run.findings] == ["tuck"]


def test_what_nobody_tucks_is_a_clip_that_has_moved() -> None:
    """Tilt 13 deg below the baseline: nothing is judged, it is said why, and it ends when tilt is back."""
    samples = samples_of(
        Phase("run", 60.0, EASY), Phase("run", 25.0, EASY, tuck_deg=13.0), Phase("run", 30.0, EASY), Phase("stand", 3.0)
    )
    run = untuck.analyse(samples)
    assert sum("the clip has moved" in text for text in run.warnings) == 1
    moved = run.strides["start_s"][run.strides["reason"] == "slip"]
    assert len(moved) >= 15
    assert run.strides["reason"][-1] == ""
    assert all(finding.end_s <= moved[0] + 2.0 for finding in run.findings)


def test_every_stride_says_why_it_was_not_judged() -> None:
    strides = untuck.analyse(samples_of(Phase("run", 55.0, EASY), Phase("run", 60.0, FAST))).strides
    assert set(strides["reason"][~strides["valid"]]) <= {"accelerating", "odd", "turning"}
    compared = judged(strides)
    assert np.isfinite(strides["tilt_usual_deg"][compared]).all()
    assert np.isfinite(strides["tuck_least_deg"][compared]).all()
    assert set(strides["reason"][~compared]) >= {"baseline", "speed"}


def test_pullback_is_read_against_the_rotation_that_is_in_use_now() -> None:
    """Today's curve takes the place of an earlier one in a bin with as many strides."""
    baseline = baseline_of(EASY)
    stride = Stride({}, np.zeros((3, PHASES)), harmonics(np.radians(baseline.rotation_deg[0])), 0.5, 0.0, (1.0, 0.0))
    usual = Usual(0, bins_of(baseline)[0], 5.0, 0.0, 1.0)
    meter, params = PullbackMeter(Params()), Params()
    other = replace(baseline, rotation_deg=baseline.rotation_deg - 5.0 * bump(0.7, 0.5))
    before = [meter.push(stride, other, usual, params) for _ in range(params.pullback_strides)][-1]
    now = meter.push(stride, baseline, usual, params)
    assert before.right_deg == pytest.approx(5.0, abs=1.0)
    assert now.right_deg == pytest.approx(0.0, abs=0.1)


async def test_the_profile_keeps_a_new_pace() -> None:
    baseline = joined([baseline_of(EASY), baseline_of(FAST)])
    keeper = ProfileKeeper(save_in_store("Ada", None), print)
    assert keeper.on_event(BaselineExtended(100.0, baseline)) is False
    await keeper.finish()
    kept = Profiles().open("Ada").baseline
    assert kept is not None and kept.cadence_spm == pytest.approx(baseline.cadence_spm)
