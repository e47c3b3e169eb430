"""Walking is never taken for running, and running is found: recorded people, stretched to other speeds, and noise.

The pendulum and the spring separate them; a fast walk is as forceful as a jog.
"""

from functools import cache

import numpy as np
import pytest
from bench.lib import gaits
from bench.lib.gait_counts import TURNED, count_strides
from bench.lib.gaits import GaitTrial, WornMotion
from bench.lib.recordings import DEV
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.exact import exact

import untuck
from conftest import data_dir
from untuck.model import GRAVITY_M_S2, NOMINAL_MOUNT, Floats
from untuck.motion.mount.calibration import nominal
from untuck.motion.strides import gait_kernels as gk
from untuck.motion.strides import kernels as k
from untuck.samples import Samples
from untuck.simulate.imu import Noise
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import Phase, Scenario

ROUGH = Noise(gyr_bias_dps=0.5, acc_offset_mg=20.0, impact_g=3.0, jitter_ms=0.2)


@cache
def motions() -> tuple[WornMotion, ...]:
    data_dir("worn", "worn.npz")
    return tuple(gaits.worn_motions())


def with_impacts(motion: WornMotion, seconds: float, stretch: float = 1.0) -> Samples:
    longer, stride_s = gaits.repeated(motion, seconds)
    at_s = np.arange(0.2, seconds * stretch, stride_s * stretch / 2)
    return gaits.worn_samples(longer, stretch, ROUGH, contact_times_s=at_s)


def strides_of(samples: Samples, mount: Floats) -> int:
    return len(untuck.analyse(samples, calibration=gaits.calibrated(mount)).strides)


@pytest.mark.data
@pytest.mark.parametrize("impacts", [False, True])
def test_fast_walks_with_a_worn_sensor_are_not_running(impacts: bool) -> None:
    walks = [motion for motion in motions() if "FastGait" in motion.name]
    assert len(walks) == 10
    for motion in walks:
        assert motion.speed_m_s > 1.9
        samples = with_impacts(motion, 15.0) if impacts else gaits.worn_samples(gaits.repeated(motion, 15.0)[0])
        assert strides_of(samples, motion.mount) == 0, motion.name


@settings(max_examples=15)
@given(speed_m_s=st.floats(0.8, 2.5), person=st.integers(0, 4), choice=st.integers(0, 99))
def test_walks_at_any_speed_are_not_running(speed_m_s: float, person: int, choice: int) -> None:
    own = sorted({motion.person for motion in motions()})[person]
    near = [m for m in motions() if m.person == own and m.kind == "walk" and 0.8 < m.speed_m_s / speed_m_s < 1.25]
    if not near:
        return
    motion = near[choice % len(near)]
    samples = gaits.worn_samples(gaits.repeated(motion, 12.0)[0], stretch=motion.speed_m_s / speed_m_s)
    assert strides_of(samples, motion.mount) == 0, motion.name


@pytest.mark.data
def test_a_fast_walk_gives_no_baseline() -> None:
    motion = next(m for m in motions() if m.name == "P09_S01_FastGait_02")
    samples = gaits.worn_samples(gaits.repeated(motion, 90.0)[0])
    assert untuck.analyse(samples, calibration=gaits.calibrated(motion.mount)).baseline is None


@pytest.mark.data
@pytest.mark.parametrize("name", ["D03_SA09", "D03_SA19", "D03_SA23", "D03_SE12"])
def test_joggers_with_little_flight_are_found(name: str) -> None:
    data_dir("natural", "natural.npz")
    count = count_strides(next(trial for trial in gaits.natural_runs() if trial.name == name))
    assert count.true > 90
    assert count.found >= 0.97 * count.true


@settings(max_examples=15)
@given(
    runner=st.sampled_from(DEV),
    trial=st.sampled_from(["T25", "T35", "T45"]),
    speed_m_s=st.floats(2.0, 6.0),
    by_time=st.floats(0.0, 1.0),
)
@example(runner="RBDS024", trial="T25", speed_m_s=2.0, by_time=1.0)
@example(runner="RBDS001", trial="T45", speed_m_s=6.0, by_time=1.0)
def test_running_is_found_at_any_speed(runner: str, trial: str, speed_m_s: float, by_time: float) -> None:
    data_dir("fukuchi", "fukuchi_T25.npz")
    faster = speed_m_s / {"T25": 2.5, "T35": 3.5, "T45": 4.5}[trial]
    if not 0.75 < faster < 1.4:
        return
    count = count_strides(gaits.stretched_run(runner, trial, faster**-by_time, faster ** (1 - by_time)))
    assert count.true > 20
    assert count.found >= count.true - 1


def changing() -> GaitTrial:
    """P01 walks, runs, walks fast, runs and walks."""
    own = {motion.name.split("_", 2)[2]: motion for motion in motions() if motion.person == "P01"}
    order = ("Gait_01", "Running_01", "FastGait_01", "Running_01", "Gait_01")
    return gaits.joined([own[name] for name in order], 12.0)


@pytest.mark.data
def test_walk_run_walk_again() -> None:
    trial = changing()
    run = untuck.analyse(trial.samples, calibration=trial.calibration)
    count = count_strides(trial)
    assert count.true >= 20
    assert count.found == count.true
    first, last = trial.strides[:, 0].min() - 2.0, trial.strides.sum(axis=1).max() + 2.0
    assert ((run.strides["start_s"] > first) & (run.strides["start_s"] < last)).all()
    middle = trial.strides[np.argmax(np.diff(trial.strides[:, 0]))].sum() + 2.0  # the fast walk begins
    assert not ((run.strides["start_s"] > middle) & (run.strides["start_s"] < middle + 7.0)).any()


@pytest.mark.data
@pytest.mark.parametrize("chunk", [1, 7, 50])
def test_chunks_do_not_change_the_gait(chunk: int) -> None:
    trial = changing()
    samples = trial.samples[1000:2600]
    whole = untuck.Pipeline(trial.calibration)
    parts = untuck.Pipeline(trial.calibration)
    expected = whole.push(samples) + whole.finish()
    found = [event for i in range(0, len(samples), chunk) for event in parts.push(samples[i : i + chunk])]
    assert exact(found + parts.finish()) == exact(expected)
    assert {event.value for event in expected if event.kind == "state"} == {"walking", "running"}


@pytest.mark.data
@pytest.mark.parametrize("turned", TURNED)
def test_without_a_known_heading_runners_are_found_and_real_walks_are_not_running(turned: str) -> None:
    data_dir("fukuchi", "fukuchi_T25.npz")
    for runner in DEV[:2]:
        trial = gaits.stretched_run(runner, "T35", 1.0, 1.0)
        mount = TURNED[turned] @ trial.calibration.sensor_to_pelvis
        run = untuck.analyse(trial.samples, calibration=gaits.calibrated(mount, "stand"))
        assert len(run.contacts) > 1.8 * len(trial.strides)
    for trial in list(gaits.ipol_walks())[::6]:
        mount = TURNED[turned] @ trial.calibration.sensor_to_pelvis
        assert len(untuck.analyse(trial.samples, calibration=gaits.calibrated(mount, "stand")).contacts) == 0


def measured(time_s: Floats, lag: float, turn_rad: float = 0.0) -> Floats:
    """Height and forward velocity of a step of 0.4 s, forward velocity later by `lag` of a step."""
    angle = 2 * np.pi * time_s / 0.4
    up, velocity_angle = np.cos(angle), angle - 2 * np.pi * lag
    fore = np.cos(velocity_angle + np.pi / 2)  # velocity's derivative; height is minus up
    earth = np.stack([np.cos(turn_rad) * -fore, np.sin(turn_rad) * -fore, up], axis=1) * GRAVITY_M_S2 + 0.7
    half = turn_rad / 2
    quat = np.tile([np.cos(half), 0.0, 0.0, np.sin(half)], (len(time_s), 1))
    upright = np.array([0.5**0.5, 0.5**0.5, 0.0, 0.0])  # y up
    w, x, y, z = quat.T
    quat = np.stack([w, x, y, z], axis=1) * upright[0] + np.stack([-x, w, z, -y], axis=1) * upright[1]
    row = np.zeros(k.STEP_COLUMNS)
    row[[k.STEP_PREV_UP_S, k.STEP_UP_S]] = 1.0, 1.4
    out = np.full(gk.GAIT_NUMBERS, np.nan)
    assert gk.measure_gait(time_s, quat, earth, len(time_s), np.eye(3), row, np.empty(gk.SUMS), out)
    return out


@pytest.mark.parametrize(("lag", "spring"), [(0.0, 1.0), (0.25, 0.0), (0.5, -1.0), (0.125, 0.5**0.5)])
@pytest.mark.parametrize("turn_rad", [0.0, 2.0])
def test_the_correlation_of_height_and_velocity(lag: float, spring: float, turn_rad: float) -> None:
    found = measured(np.arange(0.0, 2.0, 0.01), lag, turn_rad)
    assert found == pytest.approx([spring, 1.0, spring, 0.0], abs=1e-9)


@pytest.mark.parametrize("lost", [slice(112, 118), slice(130, 135)])
def test_lost_samples_and_jitter_do_not_change_the_correlation(lost: slice) -> None:
    time_s = np.arange(0.0, 2.0, 0.01) + np.random.default_rng(0).uniform(-0.004, 0.004, 200)
    found = measured(np.delete(time_s, lost), 0.1)
    assert found[gk.GAIT_SPRING] == pytest.approx(np.cos(0.2 * np.pi), abs=1e-9)
    assert found[gk.GAIT_LIFT_G] == pytest.approx(1.0, abs=1e-9)


def test_too_few_samples_measure_nothing() -> None:
    row = np.zeros(k.STEP_COLUMNS)
    row[[k.STEP_PREV_UP_S, k.STEP_UP_S]] = 1.0, 1.4
    time_s, out = np.arange(0.0, 2.0, 0.06), np.zeros(gk.GAIT_NUMBERS)
    quat, earth = np.tile([1.0, 0, 0, 0], (len(time_s), 1)), np.ones((len(time_s), 3))
    assert not gk.measure_gait(time_s, quat, earth, len(time_s), NOMINAL_MOUNT, row, np.empty(gk.SUMS), out)
    row[k.STEP_PREV_UP_S] = np.nan
    assert not gk.measure_gait(time_s, quat, earth, len(time_s), NOMINAL_MOUNT, row, np.empty(gk.SUMS), out)
    assert (out == 0.0).all()


def test_a_gap_as_long_as_the_limit_is_treated_alike_on_every_clock() -> None:
    samples = simulate(Scenario((Phase("run", 12.0),)), rate_hz=200.0, seed=0).samples
    kept = np.ones(len(samples), bool)
    kept[1:60] = False  # 0.3 s
    time_s, gyr, acc = samples.time_s[kept], samples.gyr_rad_s[kept], samples.acc_m_s2[kept]
    tilts = [untuck.analyse(Samples(time_s + at_s, gyr, acc), calibration=nominal()).tilt_deg for at_s in (0.0, 1.0)]
    assert tilts[0] == pytest.approx(tilts[1], abs=1e-9)
