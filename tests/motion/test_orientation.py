"""The orientation filter: causal, exact in chunks, accurate at rest and in motion, clear errors for bad input."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import untuck
from untuck.errors import SamplesError
from untuck.model import Floats
from untuck.motion.orientation import layout as at
from untuck.motion.orientation.filter import OrientationParams, OrientationState, step
from untuck.samples import Samples

GRAVITY_M_S2 = 9.80665


def swinging(rate_hz: float, seconds: float = 30.0) -> tuple[Samples, Floats]:
    """A sensor that swings about a fixed place: samples, and its true orientation (N,4)."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    angles = np.column_stack([0.6 * np.sin(1.3 * time_s), 0.4 * np.sin(2.1 * time_s + 0.5), 0.5 * np.sin(0.7 * time_s)])
    truth = Rotation.from_euler("xyz", angles)
    between = truth[:-1].inv() * truth[1:]
    gyr = between.as_rotvec() * rate_hz
    gyr = np.vstack([gyr[:1], 0.5 * (gyr[1:] + gyr[:-1]), gyr[-1:]])
    acc = truth.inv().apply([0.0, 0.0, GRAVITY_M_S2])
    return Samples(time_s, gyr, acc), truth.as_quat(scalar_first=True)


def shaken(rate_hz: float, seconds: float) -> tuple[Samples, Floats]:
    """A sensor that pitches and rolls as on a running pelvis: samples, and its true orientation (N,4)."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    swing = 2 * np.pi * 1.4 * time_s
    angles = np.column_stack([0.12 * np.sin(swing), 0.1 * np.sin(2 * swing + 0.4), 0.15 * np.sin(swing + 1.0)])
    truth = Rotation.from_euler("xyz", angles)
    between = (truth[:-1].inv() * truth[1:]).as_rotvec() * rate_hz
    gyr = np.vstack([between[:1], 0.5 * (between[1:] + between[:-1]), between[-1:]])
    force = np.outer(8.0 * np.sin(2 * swing), [0.2, 0.0, 1.0]) + np.array([0.0, 0.0, GRAVITY_M_S2])
    return Samples(time_s, gyr, truth.inv().apply(force)), truth.as_quat(scalar_first=True)


def inclination_deg(quat: Floats, truth: Floats) -> Floats:
    """Angle (N,) in degrees between two verticals, each seen by the sensor."""
    up = [0.0, 0.0, 1.0]
    one = Rotation.from_quat(quat, scalar_first=True).inv().apply(up)
    two = Rotation.from_quat(truth, scalar_first=True).inv().apply(up)
    return np.degrees(np.arccos(np.clip((one * two).sum(axis=1), -1.0, 1.0)))


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 285.7, 1000.0])
def test_a_swinging_sensor_is_followed_from_the_first_second_on(rate_hz: float) -> None:
    samples, truth = swinging(rate_hz)
    quat = untuck.estimate_orientation(samples.gyr_rad_s, samples.acc_m_s2, rate_hz)
    assert quat.shape == (len(samples), 4)
    assert np.linalg.norm(quat, axis=1) == pytest.approx(1.0, abs=1e-9)
    error = inclination_deg(quat, truth)
    assert error[0] < 0.5
    assert error[int(2 * rate_hz) :].max() < 1.0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=30))
def test_chunks_change_nothing(cuts: list[int]) -> None:
    samples, _ = swinging(100.0)
    whole = step(OrientationParams(), OrientationState(), samples)
    state = OrientationState()
    edges = [0, *sorted(cuts), len(samples)]
    parts = [step(OrientationParams(), state, samples[a:b]) for a, b in pairwise(edges)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_it_is_causal() -> None:
    samples, _ = swinging(100.0)
    whole = untuck.estimate_orientation(samples.gyr_rad_s, samples.acc_m_s2, 100.0)
    first = untuck.estimate_orientation(samples.gyr_rad_s[:700], samples.acc_m_s2[:700], 100.0)
    assert first.tobytes() == whole[:700].tobytes()


def test_a_gap_is_bridged_by_the_chip() -> None:
    samples, truth = swinging(100.0)
    kept = np.ones(len(samples), dtype=bool)
    kept[1500:1530] = False
    cut = Samples(samples.time_s[kept], samples.gyr_rad_s[kept], samples.acc_m_s2[kept], truth[kept])
    error = inclination_deg(step(OrientationParams(), OrientationState(), cut), truth[kept])
    assert error[1500:].max() < 1.5


def test_gyro_bias_is_learnt_while_standing() -> None:
    still = np.zeros((6000, 3)) + np.radians([0.5, -0.4, 0.3])
    quat = untuck.estimate_orientation(still, np.tile([0.0, GRAVITY_M_S2, 0.0], (6000, 1)), 100.0)
    up = Rotation.from_quat(quat[-1], scalar_first=True).apply([0.0, 1.0, 0.0])
    assert np.degrees(np.arccos(np.clip(up[2], -1, 1))) < 0.1


@pytest.mark.parametrize("rate_hz", [0.0, 20.0, 5000.0, float("nan")])
def test_rates_out_of_range_are_rejected(rate_hz: float) -> None:
    with pytest.raises(SamplesError, match="50"):
        untuck.estimate_orientation(np.zeros((10, 3)), np.ones((10, 3)), rate_hz)


def test_bad_input_is_rejected() -> None:
    with pytest.raises(SamplesError, match="not finite at sample 4"):
        acc = np.ones((10, 3))
        acc[4, 0] = np.inf
        untuck.estimate_orientation(np.zeros((10, 3)), acc, 100.0)
    with pytest.raises(SamplesError, match="shape"):
        untuck.estimate_orientation(np.zeros((10, 3)), np.ones((9, 3)), 100.0)


@pytest.mark.parametrize("acc", [(0.0, 0.0, 0.0), (78.4, 78.4, 78.4), (0.0, 0.0, -9.8)])
def test_odd_but_finite_input_gives_unit_quaternions(acc: tuple[float, float, float]) -> None:
    quat = untuck.estimate_orientation(np.full((500, 3), 35.0), np.tile(acc, (500, 1)), 100.0)
    assert np.isfinite(quat).all()
    assert np.linalg.norm(quat, axis=1) == pytest.approx(1.0, abs=1e-6)


def test_jitter_of_time_stamps_does_not_make_tilt_drift() -> None:
    samples, _ = shaken(100.0, 60.0)
    rng = np.random.default_rng(5)
    late_s = np.clip(rng.normal(0.0, 2e-4, len(samples)), -9e-4, 9e-4)
    jittered = Samples(samples.time_s + late_s, samples.gyr_rad_s, samples.acc_m_s2)
    moved = inclination_deg(
        step(OrientationParams(), OrientationState(), jittered), step(OrientationParams(), OrientationState(), samples)
    )
    assert moved[200:].max() < 0.03  # without smoothing, these stamps move it by 0.17 deg


def test_irregular_sampling_is_not_smoothed() -> None:
    even, truth = swinging(1000.0)
    rng = np.random.default_rng(6)
    kept = np.flatnonzero(rng.random(len(even)) < 0.15)  # 150 Hz on average, steps of 1 to 40 ms
    kept = kept[np.diff(kept, prepend=kept[0] - 1) > 0]
    part = Samples(even.time_s[kept], even.gyr_rad_s[kept], even.acc_m_s2[kept])
    error = inclination_deg(step(OrientationParams(), OrientationState(), part), truth[kept])
    assert error[300:].max() < 1.0


def test_dropped_samples_do_not_shift_the_clock() -> None:
    samples, _ = swinging(100.0)
    kept = np.ones(len(samples), bool)
    kept[501::97] = False
    part = Samples(samples.time_s[kept], samples.gyr_rad_s[kept], samples.acc_m_s2[kept])
    state = OrientationState()
    step(OrientationParams(), state, part)
    assert state.values[at.TIME_S] == pytest.approx(samples.time_s[-1], abs=1e-6)
    assert state.values[at.PERIOD_S] == pytest.approx(0.01, abs=1e-6)


def with_bias_step(samples: Samples, at_s: float, step_deg_s: float) -> Samples:
    """The samples with a step of the gyro's bias, about an axis that is horizontal and vertical in turn."""
    step_rad_s = np.radians(step_deg_s) * np.array([0.6, -0.7, 0.38])
    return Samples(
        samples.time_s, samples.gyr_rad_s + np.where(samples.time_s[:, None] >= at_s, step_rad_s, 0.0), samples.acc_m_s2
    )


@pytest.mark.parametrize("step_deg_s", [0.5, 1.0, 2.0])
def test_a_step_of_the_gyro_bias_is_recovered_from_and_reported(step_deg_s: float) -> None:
    samples, truth = shaken(100.0, 70.0)
    state = OrientationState()
    stepped = with_bias_step(samples, 30.0, step_deg_s)
    errors_deg, variances = [], []
    for first in range(0, len(samples), 10):
        quat = step(OrientationParams(), state, stepped[first : first + 10])
        errors_deg.append(inclination_deg(quat, truth[first : first + 10]).max())
        variances.append(state.tilt_variance)
        if first < 3000:
            assert state.recoveries == 0
    after_deg, se_deg = np.array(errors_deg[300:]), np.degrees(np.sqrt(variances[300:]))
    assert after_deg.max() < 3.2 * step_deg_s + 0.5  # VQF: 3.0 to 3.2 s times the step; before: up to 90 deg
    assert after_deg[150:].max() < 1.0  # within 15 s
    assert state.recoveries > 0 or step_deg_s < 1.0  # a small step is followed without one
    assert (after_deg[60:] < 3.0 * se_deg[60:]).all()  # from 6 s on the variance includes the error


@pytest.mark.parametrize("step_deg_s", [1.0, 2.5])
def test_a_step_of_the_gyro_bias_in_standing_is_taken_over(step_deg_s: float) -> None:
    rng = np.random.default_rng(3)
    still = Samples(
        np.arange(6000) / 100.0,
        rng.normal(0.0, 2e-3, (6000, 3)),
        np.array([0.0, GRAVITY_M_S2, 0.0]) + rng.normal(0.0, 0.02, (6000, 3)),
    )
    quat = step(OrientationParams(), OrientationState(), with_bias_step(still, 30.0, step_deg_s))
    up = Rotation.from_quat(quat, scalar_first=True).apply([0.0, 1.0, 0.0])
    assert np.degrees(np.arccos(np.clip(up[:, 2], -1, 1))).max() < 1.0
