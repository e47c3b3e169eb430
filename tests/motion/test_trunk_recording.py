"""The recording of a second clip as others make it: other rates, axes, clocks and lengths, samples lost, no hinges.

Either lean and lumbar extension are right, or a reason says why they are not known; never wrong figures without one.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import untuck
from untuck.errors import SamplesError
from untuck.model import Floats
from untuck.motion.trunk.offset import clock_offset, is_sure
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.simulate.runner import Phase, Scenario
from untuck.simulate.trunk import SHIRT, STRAP, SimulatedPair, TrunkClip, simulate_pair

HINGES_S = (7.0, 18.5)
STAND = Phase("stand", 7), Phase("hinge", 10.5), Phase("stand", 2.5)
RIGHT_DEG = 0.7  # RMSE of a stride's lean, and of lumbar extension
NOT_BRIDGED_DEG = 0.85  # the same after gaps of 0.3 s in which no quaternion has followed the rotation
LONG_S = 90.0  # of running, enough to be found at a time that is minutes off
SETTLED_S = 28.0  # before, the runner gets up to speed, which tips the vertical that acceleration shows


@cache
def pair(rate_hz: int = 100, clip: TrunkClip = STRAP, run_s: float = 30.0, seed: int = 41) -> SimulatedPair:
    return simulate_pair(Scenario((*STAND, Phase("run", run_s))), seed, rate_hz, clip)


def analysed(trunk: Samples, pelvis_hz: int = 100, run_s: float = 30.0) -> Run:
    return untuck.analyse(pair(pelvis_hz, run_s=run_s).pelvis.samples, trunk=trunk)


def chosen(samples: Samples, kept: np.ndarray, with_quat: bool = True) -> Samples:
    arrays = (samples.time_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat if with_quat else None)
    return Samples(*(None if each is None else each[kept] for each in arrays), acc_end_m_s2=samples.acc_end_m_s2)


def rotated(samples: Samples, rotation: Rotation) -> Samples:
    """The same motion by a sensor whose axes are called otherwise, or that is worn otherwise."""
    gyr, acc = rotation.apply(samples.gyr_rad_s), rotation.apply(samples.acc_m_s2)
    return Samples(samples.time_s, gyr, acc, acc_end_m_s2=samples.acc_end_m_s2)


def without_hinges(samples: Samples) -> Samples:
    return chosen(samples, (samples.time_s < HINGES_S[0]) | (samples.time_s > HINGES_S[1]))


def rmse_deg(run: Run, run_s: float = 30.0) -> Floats:
    """(2,) of lean and lumbar extension, over the strides that have them."""
    truth, errors = pair(run_s=run_s).truth, []
    strides = run.strides[run.strides["valid"] & (run.strides["start_s"] > SETTLED_S)]
    for row in strides[strides["trunk_reason"] == ""]:
        first, last = np.searchsorted(truth.time_s, [row["start_s"], row["start_s"] + row["duration_s"]])
        true = truth.lean_deg[first:last].mean(), truth.lumbar_deg[first:last].mean()
        errors.append(np.array([row["trunk_lean_deg"], row["lumbar_deg"]]) - true)
    assert len(errors) >= 15
    root: Floats = np.sqrt((np.array(errors) ** 2).mean(axis=0))
    return root


def reasons(run: Run) -> set[str]:
    return set(run.strides["trunk_reason"][run.strides["valid"]])


@pytest.mark.parametrize(("trunk_hz", "pelvis_hz"), [(50, 100), (60, 100), (250, 100), (1000, 100), (500, 50)])
def test_each_clip_may_have_its_own_rate(trunk_hz: int, pelvis_hz: int) -> None:
    run = analysed(pair(trunk_hz).trunk, pelvis_hz)
    assert rmse_deg(run).max() < RIGHT_DEG and reasons(run) == {""}


@settings(max_examples=8, deadline=None)
@given(vector=st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda v: np.dot(v, v) > 0.1))
def test_hinges_show_any_axes_and_any_way_of_wearing(vector: tuple[float, ...]) -> None:
    run = analysed(rotated(pair().trunk, Rotation.from_quat(vector)))
    assert rmse_deg(run).max() < RIGHT_DEG and reasons(run) == {""}


@settings(max_examples=8, deadline=None)
@given(yaw_deg=st.floats(-180, 180))
def test_without_hinges_lean_is_about_right_or_not_measured(yaw_deg: float) -> None:
    turned = rotated(pair().trunk, Rotation.from_euler("y", yaw_deg, degrees=True))
    run = analysed(without_hinges(turned))
    assert any("Upper back: The hinges" in text or "hinge" in text for text in run.warnings)
    if reasons(run) == {""}:
        assert abs(yaw_deg) < 60.0 and rmse_deg(run)[0] < 6.0
    if abs(yaw_deg) < 10.0:
        assert rmse_deg(run).max() < 1.0
    if abs(yaw_deg) > 75.0:
        assert reasons(run) == {"trunk mount"}
        assert any("faces another way" in text for text in run.warnings)


@pytest.mark.parametrize("offset_s", [-2.4, -0.5, -0.1, 0.1, 0.3, 1.5])
def test_a_clock_that_differs_is_corrected_and_said(offset_s: float) -> None:
    trunk = pair().trunk
    run = analysed(Samples(trunk.time_s + offset_s, trunk.gyr_rad_s, trunk.acc_m_s2))
    assert rmse_deg(run).max() < RIGHT_DEG and reasons(run) == {""}
    moved = [text for text in run.warnings if "samples were moved" in text]
    assert len(moved) == 1 and float(moved[0].split(" ms")[0].split()[-1]) == pytest.approx(1e3 * offset_s, abs=5.0)


@pytest.mark.parametrize("clip", [STRAP, SHIRT], ids=["strap", "shirt"])
def test_clocks_that_agree_are_left_alone(clip: TrunkClip) -> None:
    assert not is_sure(clock_offset(pair().pelvis.samples, pair(clip=clip).trunk))


def test_steps_that_repeat_exactly_show_no_offset() -> None:
    looped = []
    for samples in (pair().pelvis.samples, pair().trunk):
        rows = np.concatenate([np.arange(2500), np.tile(np.arange(2500, 2575), 40)])
        looped.append(Samples(0.01 * np.arange(len(rows)), samples.gyr_rad_s[rows], samples.acc_m_s2[rows]))
    found = clock_offset(looped[0], looped[1])
    assert found.windows >= 2 and not is_sure(found)


@pytest.mark.parametrize("offset_s", [-60.0, -5.0, 3.1, 4.0, 10.0, 100.0])
def test_clocks_that_are_seconds_apart_are_joined_by_what_no_other_step_fits(offset_s: float) -> None:
    """Within 3 s another step fits nearly as well: it would be taken for milliseconds."""
    trunk = pair(run_s=LONG_S).trunk
    run = analysed(Samples(trunk.time_s + offset_s, trunk.gyr_rad_s, trunk.acc_m_s2), run_s=LONG_S)
    assert rmse_deg(run, LONG_S).max() < RIGHT_DEG and reasons(run) == {""}
    (moved,) = [text for text in run.warnings if "samples were moved" in text]
    assert float(moved.split(" s off")[0].split()[-1]) == pytest.approx(offset_s, abs=0.02)


def test_the_same_recording_twice_is_refused() -> None:
    with pytest.raises(SamplesError, match="Upper back: it is the recording of the pelvis"):
        analysed(pair().pelvis.samples)


def test_a_recording_of_another_run_is_left_out() -> None:
    """In another cadence, as all natural running is, 7 % off."""
    trunk = pair(run_s=LONG_S).trunk
    run = analysed(Samples(1.07 * trunk.time_s, trunk.gyr_rad_s / 1.07, trunk.acc_m_s2), run_s=LONG_S)
    assert reasons(run) == {"no trunk"} and any("of another run" in text for text in run.warnings)


def test_steps_that_fit_at_several_times_are_said_to_prove_nothing() -> None:
    """Simulated runners step alike, which no two runs of people do."""
    run = analysed(pair(run_s=LONG_S, seed=42).trunk, run_s=LONG_S)
    assert any("as well at other times" in text for text in run.warnings)


def test_a_trunk_of_another_length_is_said() -> None:
    trunk = pair().trunk
    run = analysed(trunk[: len(trunk) * 2 // 3])
    assert any("lean is judged only where there are both" in text for text in run.warnings)


def test_what_is_no_recording_is_named() -> None:
    with pytest.raises(TypeError, match=r"untuck\.load"):
        untuck.analyse(pair().pelvis.samples, trunk="trunk.csv")  # type: ignore[arg-type]


def test_clocks_without_common_time_are_named() -> None:
    trunk = pair().trunk
    run = analysed(Samples(trunk.time_s + 1.7e9, trunk.gyr_rad_s, trunk.acc_m_s2))
    assert reasons(run) == {"no trunk"} and any("no time in common" in text for text in run.warnings)
    assert run.trunk is None


def test_an_empty_recording_of_the_trunk_leaves_the_pelvis() -> None:
    run = analysed(pair().trunk[:0])
    assert reasons(run) == {"no trunk"} and any("upper back is empty" in text for text in run.warnings)


def test_a_trunk_that_begins_earlier_or_ends_earlier() -> None:
    trunk = pair().trunk
    run = untuck.analyse(pair().pelvis.samples[150:], trunk=trunk)
    assert reasons(run) == {""} and rmse_deg(run).max() < RIGHT_DEG
    short = analysed(chosen(trunk, trunk.time_s < 44.0))
    assert reasons(short) == {"", "no trunk"} and rmse_deg(short).max() < RIGHT_DEG
    assert set(short.strides["trunk_reason"][short.strides["start_s"] > 45.0]) == {"no trunk"}


@pytest.mark.parametrize("from_s", [4.0, 19.0])
def test_a_trunk_that_begins_too_late_for_standing_is_not_measured(from_s: float) -> None:
    trunk = pair().trunk
    run = analysed(chosen(trunk, trunk.time_s > from_s))
    assert reasons(run) == {"trunk zero"}
    assert any(text.startswith("Upper back: ") and "tand still" in text for text in run.warnings)


@pytest.mark.parametrize(("every", "lost"), [(300, 5), (400, 30), (50, 1)])
def test_lost_samples_leave_lean_right(every: int, lost: int) -> None:
    trunk = pair().trunk
    run = analysed(chosen(trunk, np.arange(len(trunk)) % every >= lost))
    most_deg = NOT_BRIDGED_DEG if trunk.quat is None and lost > 5 else RIGHT_DEG
    assert rmse_deg(run).max() < most_deg and reasons(run) <= {"", "no trunk", "trunk gap"}


@pytest.mark.parametrize(("lost", "with_quat"), [(2, False), (5, True)])
def test_a_gap_every_second_leaves_the_trunk_unmeasured(lost: int, with_quat: bool) -> None:
    trunk = pair().trunk
    run = analysed(chosen(trunk, np.arange(len(trunk)) % 100 >= lost, with_quat))
    measured = run.strides[run.strides["trunk_reason"] == ""]
    assert reasons(run) <= {"", "trunk gap", "trunk mount"} and "trunk gap" in reasons(run)
    assert np.isfinite(measured["trunk_lean_se_deg"]).all() and len(measured) < 0.2 * len(run.strides)


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_the_standard_error_allows_for_samples_that_are_lost_at_random(share: float) -> None:
    trunk = pair().trunk
    run = analysed(chosen(trunk, np.random.default_rng(3).random(len(trunk)) > share, with_quat=False))
    measured = run.strides[run.strides["trunk_reason"] == ""]
    assert rmse_deg(run)[0] < 3.0 * np.median(measured["trunk_lean_se_deg"])


def test_signs_and_gravity_of_the_trunk_are_checked_as_the_pelvis_s_are() -> None:
    trunk = pair().trunk
    reversed_gyro = Samples(trunk.time_s, -trunk.gyr_rad_s, trunk.acc_m_s2)
    with pytest.raises(SamplesError, match="Upper back: while the sensor turns, gravity turns the wrong way"):
        analysed(reversed_gyro)
    linear = Samples(trunk.time_s, trunk.gyr_rad_s, trunk.acc_m_s2 - trunk.acc_m_s2[:400].mean(axis=0))
    with pytest.raises(SamplesError, match="Upper back: acceleration averages only"):
        analysed(linear)
    with pytest.raises(SamplesError, match="Upper back: The sample rate is"):
        analysed(chosen(trunk, np.arange(len(trunk)) % 4 == 0))
