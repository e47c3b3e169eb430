"""The virtual IMU compared with motions whose accelerations are known in closed form, and with its own truth.

Tight tolerances for ideal sensors, the stated size of noise, and properties on random motions.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import cumulative_simpson
from scipy.spatial.transform import Rotation

import untuck
from untuck.errors import SamplesError
from untuck.model import GRAVITY_M_S2
from untuck.simulate.imu import Mount, Noise, fill_gaps, virtual_imu

RATE_HZ = 200.0
UPRIGHT = Rotation.from_rotvec([np.pi / 2, 0, 0])  # pelvis y up in an earth with z up
IDEAL = Noise.none()


def wxyz(rotation):
    return rotation.as_quat(scalar_first=True)


def standing(count=400):
    return wxyz(Rotation.concatenate([UPRIGHT] * count)), np.zeros((count, 3))


def swinging(seed=0, count=600, amplitude=0.25):
    """A smooth, random, bounded motion: sums of slow sines in every axis."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(count) / RATE_HZ
    hz, phase = rng.uniform(0.3, 3, (6, 3)), rng.uniform(0, 2 * np.pi, (6, 3))
    waves = np.sin(2 * np.pi * hz * time_s[:, None, None] + phase).mean(axis=2)
    quat = wxyz(Rotation.from_rotvec(amplitude * waves[:, :3]) * UPRIGHT)
    return quat, 0.1 * waves[:, 3:]


def angle_deg(a, b):
    difference = Rotation.from_quat(a, scalar_first=True).inv() * Rotation.from_quat(b, scalar_first=True)
    return np.degrees(difference.magnitude())


def test_standing_gives_gravity_upward_and_no_rate():
    samples, truth = untuck.virtual_imu(*standing(), RATE_HZ, noise=IDEAL)
    np.testing.assert_allclose(samples.acc_m_s2, np.tile([0, GRAVITY_M_S2, 0], (400, 1)), atol=1e-9)
    np.testing.assert_allclose(samples.gyr_rad_s, 0, atol=1e-9)
    np.testing.assert_allclose([truth.tilt_deg, truth.obliquity_deg], 0, atol=1e-9)
    assert len(samples) == 400


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gyro_integrates_back_to_the_truth(seed):
    samples, truth = virtual_imu(*swinging(seed), RATE_HZ, noise=IDEAL, lowpass_hz=None, output_rate_hz=1000.0)
    middle = 0.5 * (samples.gyr_rad_s[1:] + samples.gyr_rad_s[:-1])
    rotation, worst = Rotation.from_quat(truth.quat[0], scalar_first=True), 0.0
    for step, quat in zip(middle / 1000, truth.quat[1:], strict=True):
        rotation = rotation * Rotation.from_rotvec(step)
        worst = max(worst, angle_deg(wxyz(rotation), quat))
    assert worst < 0.01


def test_acceleration_integrates_back_to_the_path():
    quat, position = swinging(3)
    samples, truth = virtual_imu(quat, position, RATE_HZ, noise=IDEAL, lowpass_hz=None)
    earth = Rotation.from_quat(truth.quat, scalar_first=True).apply(samples.acc_m_s2) - [0, 0, GRAVITY_M_S2]
    speed = cumulative_simpson(earth, dx=1 / RATE_HZ, axis=0, initial=0)
    path = cumulative_simpson(speed, dx=1 / RATE_HZ, axis=0, initial=0)
    time_s = truth.time_s
    for axis in range(3):  # the integral lacks a start velocity and place
        offset = np.polyval(np.polyfit(time_s, path[:, axis] - position[:, axis], 1), time_s)
        np.testing.assert_allclose(path[:, axis] - offset, position[:, axis], atol=5e-4)


def test_circular_run_gives_centripetal_acceleration():
    """Running forward on a circle of 20 m to the left at 4 m/s: v^2/r towards the runner's left."""
    time_s = np.arange(1000) / RATE_HZ
    turned = 4.0 / 20.0 * time_s
    quat = wxyz(Rotation.from_rotvec(np.outer(turned, [0, 0, 1])) * UPRIGHT)
    position = 20.0 * np.stack([np.sin(turned), -np.cos(turned), 0 * turned], axis=1)
    samples, truth = virtual_imu(quat, position, RATE_HZ, noise=IDEAL, lowpass_hz=None)
    part = slice(20, -20)
    np.testing.assert_allclose(samples.acc_m_s2[part, 0], -(4.0**2) / 20.0, atol=1e-4)  # sensor x is to the right
    np.testing.assert_allclose(samples.gyr_rad_s[part, 1], 4.0 / 20.0, atol=1e-6)
    np.testing.assert_allclose(np.gradient(truth.rotation_deg, time_s), np.degrees(0.2), atol=1e-3)


def test_lever_arm_gives_centripetal_acceleration_at_the_clip():
    """Spinning on the spot at 2 rad/s, clip 0.1 m behind: w^2 r forward, which is sensor -z."""
    time_s = np.arange(1000) / RATE_HZ
    quat = wxyz(Rotation.from_rotvec(np.outer(2.0 * time_s, [0, 0, 1])) * UPRIGHT)
    samples, _ = virtual_imu(quat, np.zeros((1000, 3)), RATE_HZ, Mount(lever_m=(-0.1, 0, 0)), IDEAL, lowpass_hz=None)
    np.testing.assert_allclose(samples.acc_m_s2[20:-20, 2], -(2.0**2) * 0.1, atol=1e-4)


@pytest.mark.parametrize(
    "turn, name, value",
    [
        ([0, 0, -10], "tilt_deg", 10),  # about pelvis z (right), forward: anterior is positive
        ([-10, 0, 0], "obliquity_deg", 10),  # right side up
        ([0, 10, 0], "rotation_deg", 10),  # counter-clockwise: right hip forward
    ],
)
def test_signs_of_truth(turn, name, value):
    quat = wxyz(Rotation.concatenate([UPRIGHT * Rotation.from_rotvec(turn, degrees=True)] * 50))
    _, truth = virtual_imu(quat, np.zeros((50, 3)), RATE_HZ, noise=IDEAL)
    np.testing.assert_allclose(getattr(truth, name), value, atol=1e-6)


def test_y_up_recordings_are_turned():
    quat, position = swinging(4)
    turn = Rotation.from_rotvec([-np.pi / 2, 0, 0])  # z up to y up
    lab_quat = wxyz(turn * Rotation.from_quat(quat, scalar_first=True))
    lab_position = turn.apply(position)
    want, _ = virtual_imu(quat, position, RATE_HZ)
    for up_axis in (None, "y"):
        got, _ = virtual_imu(lab_quat, lab_position, RATE_HZ, up_axis=up_axis)
        np.testing.assert_allclose(got.acc_m_s2, want.acc_m_s2, atol=1 / 256)
        np.testing.assert_allclose(got.gyr_rad_s, want.gyr_rad_s, atol=1 / 512)
    as_z_up, _ = virtual_imu(lab_quat, lab_position, RATE_HZ, up_axis="z", noise=IDEAL)
    np.testing.assert_allclose(as_z_up.acc_m_s2.mean(axis=0)[1], 0, atol=2)  # gravity is along the given axis
    lying = wxyz(Rotation.from_rotvec([0, 0, 0.3]) * Rotation.concatenate([UPRIGHT * turn] * 50))
    assert virtual_imu(lying, np.zeros((50, 3)), RATE_HZ)[0].acc_m_s2[0, 1] > 9  # y along the lab's y counts as upright
    with pytest.raises(SamplesError, match="up_axis is 'x'"):
        virtual_imu(quat, position, RATE_HZ, up_axis="x")


def test_the_truth_contains_the_mount():
    mount = Mount(roll_deg=4, pitch_deg=-7, yaw_deg=12)
    samples, truth = virtual_imu(*standing(), RATE_HZ, mount, IDEAL)
    np.testing.assert_allclose(truth.sensor_to_pelvis @ samples.acc_m_s2[0], [0, GRAVITY_M_S2, 0], atol=1e-6)
    nominal = virtual_imu(*standing(), RATE_HZ, noise=IDEAL)[1].sensor_to_pelvis
    np.testing.assert_array_equal(nominal, [[0, 0, -1], [0, 1, 0], [1, 0, 0]])


def test_slip_turns_the_clip_and_not_the_pelvis():
    mount = Mount(slip_s=1.0, slip_pitch_deg=-6)
    samples, truth = virtual_imu(*standing(), RATE_HZ, mount, IDEAL)
    np.testing.assert_allclose(truth.tilt_deg, 0, atol=1e-6)
    lean = np.degrees(np.arctan2(samples.acc_m_s2[:, 2], samples.acc_m_s2[:, 1]))
    np.testing.assert_allclose(lean[[0, -1]], [0, 6], atol=1e-3)  # pelvis x is -z of the sensor: up moves into +z


def test_wobble_moves_the_clip_only_when_shaken():
    still, _ = virtual_imu(*standing(), RATE_HZ, Mount(wobble_deg_per_g=2, wobble_mm_per_g=3), IDEAL)
    np.testing.assert_allclose(still.acc_m_s2[:, 1], GRAVITY_M_S2, atol=1e-9)
    quat, position = standing(1000)
    position[:, 2] = 0.05 * np.sin(2 * np.pi * 2.5 * np.arange(1000) / RATE_HZ)  # 1.26 g at 2.5 Hz
    _, rigid = virtual_imu(quat, position, RATE_HZ, noise=IDEAL)
    _, loose = virtual_imu(quat, position, RATE_HZ, Mount(wobble_deg_per_g=2), IDEAL)
    assert 2.0 < angle_deg(rigid.quat, loose.quat).max() < 3.5  # 2.5 deg of steady load, a little more near resonance


def test_noise_has_its_stated_size():
    noise = Noise(gyr_bias_dps=0.5, acc_offset_mg=20, quat_error_deg=1.5, quantise=False)
    samples, truth = virtual_imu(*standing(20_000), RATE_HZ, noise=noise, seed=5)
    gyr_dps = np.degrees(samples.gyr_rad_s)
    np.testing.assert_allclose(np.abs(gyr_dps.mean(axis=0)), 0.5, atol=0.03)
    np.testing.assert_allclose(gyr_dps.std(axis=0), noise.gyr_noise_dps, rtol=0.05)
    offset = samples.acc_m_s2.mean(axis=0) - [0, GRAVITY_M_S2, 0]
    np.testing.assert_allclose(np.abs(offset[[0, 2]]), 0.02 * GRAVITY_M_S2, atol=0.002)
    error = (
        Rotation.from_quat(samples.quat, scalar_first=True) * Rotation.from_quat(truth.quat, scalar_first=True).inv()
    )
    inclination = np.degrees(2 * np.arccos(np.hypot(*error.as_quat(scalar_first=True)[:, [0, 3]].T).clip(-1, 1)))
    assert 1.0 < np.sqrt((inclination**2).mean()) < 2.0


def test_quantised_and_clipped_to_the_wire():
    quat, position = standing(1000)
    position[:, 2] = 0.5 * np.sin(2 * np.pi * 3 * np.arange(1000) / RATE_HZ)  # 18 g
    samples, _ = virtual_imu(quat, position, RATE_HZ)
    for values, scale in ((samples.acc_m_s2, 256), (samples.gyr_rad_s, 512), (samples.quat, 16384)):
        np.testing.assert_array_equal(values * scale, np.rint(values * scale))
    assert samples.acc_m_s2.max() == pytest.approx(8 * GRAVITY_M_S2, abs=1 / 256)


def test_impacts_ring_after_the_given_contacts():
    quat, position = standing(1000)
    noise = Noise(impact_g=2.0, acc_noise_mg=0, quantise=False)
    struck, truth = virtual_imu(quat, position, RATE_HZ, noise=noise, contact_times_s=[1.0, 3.0])
    calm, _ = virtual_imu(quat, position, RATE_HZ, noise=Noise(acc_noise_mg=0, quantise=False))
    ring = np.abs(struck.acc_m_s2 - calm.acc_m_s2)[:, 1]
    assert ring[:200].max() == 0 and ring[200:215].max() > 0.7 * GRAVITY_M_S2 and ring[300:600].max() == 0
    np.testing.assert_array_equal(truth.contact_times_s, [1.0, 3.0])


def test_equal_seeds_give_equal_samples():
    motion = swinging(6)
    a, _ = virtual_imu(*motion, RATE_HZ, seed=1)
    b, _ = virtual_imu(*motion, RATE_HZ, seed=1)
    c, _ = virtual_imu(*motion, RATE_HZ, seed=2)
    np.testing.assert_array_equal(a.acc_m_s2, b.acc_m_s2)
    np.testing.assert_array_equal(a.quat, b.quat)
    assert (a.acc_m_s2 != c.acc_m_s2).any()


def test_time_stamps_jitter_and_still_increase():
    samples, truth = virtual_imu(*swinging(7), RATE_HZ, noise=Noise(jitter_ms=2.0))
    assert np.abs(samples.time_s - truth.time_s).max() > 1e-3
    assert (np.diff(samples.time_s) > 0).all()


def test_output_rate():
    quat, position = swinging(8)
    samples, truth = virtual_imu(quat, position, RATE_HZ, noise=IDEAL, output_rate_hz=100.0, lowpass_hz=None)
    full, _ = virtual_imu(quat, position, RATE_HZ, noise=IDEAL, lowpass_hz=None)
    np.testing.assert_allclose(np.diff(samples.time_s), 0.01)
    np.testing.assert_allclose(samples.acc_m_s2, full.acc_m_s2[::2], atol=1e-9)
    assert len(truth.tilt_deg) == len(samples) == 300


def test_gaps_are_rejected_with_advice_and_can_be_filled():
    quat, position = swinging(9)
    whole, _ = virtual_imu(quat, position, RATE_HZ, noise=IDEAL)
    holed = quat.copy()
    holed[100:108] = np.nan
    with pytest.raises(SamplesError, match=r"sample 100 \(8 such rows\).*fill_gaps"):
        virtual_imu(holed, position, RATE_HZ)
    wrong = position.copy()
    wrong[300:306] += 1.0
    marked = np.zeros(600, bool)
    marked[300:306] = True
    filled, _ = virtual_imu(*fill_gaps(holed, wrong, marked), RATE_HZ, noise=IDEAL)
    np.testing.assert_allclose(filled.acc_m_s2, whole.acc_m_s2, atol=0.15)


@pytest.mark.parametrize(
    "quat, position, rate_hz, match",
    [
        (np.ones((50, 3)), np.zeros((50, 3)), 100, "shape"),
        (np.ones((50, 4)), np.zeros((49, 3)), 100, "shape"),
        (np.ones((5, 4)), np.zeros((5, 3)), 100, "too few"),
        (np.ones((50, 4)), np.zeros((50, 3)), 0, "rate_hz"),
        (np.zeros((50, 4)), np.zeros((50, 3)), 100, "zero at sample"),
    ],
)
def test_bad_input_is_rejected(quat, position, rate_hz, match):
    with pytest.raises(SamplesError, match=match):
        virtual_imu(quat, position, rate_hz)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(heading=st.floats(-np.pi, np.pi), seed=st.integers(0, 1000))
def test_heading_of_the_earth_leaves_samples_unchanged(heading, seed):
    quat, position = swinging(seed, count=200)
    turn = Rotation.from_rotvec([0, 0, heading])
    noise = Noise(quantise=False)
    a, truth_a = virtual_imu(quat, position, RATE_HZ, noise=noise, seed=seed)
    turned = wxyz(turn * Rotation.from_quat(quat, scalar_first=True))
    b, truth_b = virtual_imu(turned, turn.apply(position) + np.array([3.0, -2.0, 5.0]), RATE_HZ, noise=noise, seed=seed)
    np.testing.assert_allclose(b.acc_m_s2, a.acc_m_s2, atol=1e-6)
    np.testing.assert_allclose(b.gyr_rad_s, a.gyr_rad_s, atol=1e-8)
    np.testing.assert_allclose(angle_deg(a.quat, b.quat), 0, atol=1e-5)
    np.testing.assert_allclose(truth_b.tilt_deg, truth_a.tilt_deg, atol=1e-8)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(-15, 15)] * 3), st.integers(0, 1000))
def test_rotating_the_clip_rotates_the_samples(angles, seed):
    mount = Mount(*angles)
    nominal, truth = virtual_imu(*swinging(seed, count=200), RATE_HZ, noise=IDEAL)
    askew, askew_truth = virtual_imu(*swinging(seed, count=200), RATE_HZ, mount, IDEAL)
    pelvis_acc = nominal.acc_m_s2 @ truth.sensor_to_pelvis.T
    np.testing.assert_allclose(askew.acc_m_s2 @ askew_truth.sensor_to_pelvis.T, pelvis_acc, atol=1e-6)
    np.testing.assert_allclose(askew_truth.tilt_deg, truth.tilt_deg, atol=1e-9)
