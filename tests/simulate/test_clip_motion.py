"""The motion of a worn clip against the pelvis: sizes as measured, still at rest, and what the sensor makes of it."""

from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import untuck
from untuck.errors import SamplesError
from untuck.model import CONTACT_DTYPE, LEFT, RIGHT
from untuck.simulate.clip_motion import clip_turn_deg, draw_clip_motion, stride_phase
from untuck.simulate.imu import Mount, Noise, virtual_imu

RATE_HZ = 100.0
STRIDE_S = 0.7
TIME_S = np.arange(0.0, 28.0, 1 / RATE_HZ)  # 40 strides
MEASURED_SD_DEG = np.array([2.79, 1.46, 2.40])  # of five people, each axis, mean over people
MEASURED_RANGE_DEG = np.array([9.2, 5.6, 9.1])
MEASURED_CHANGE_DEG = np.array([0.34, 0.74, 0.61])  # of one stride against the next, SD / sqrt 2


def contacts(*starts_s: float, first: int = RIGHT) -> np.ndarray:
    made = np.zeros(len(starts_s), CONTACT_DTYPE)
    made["time_s"] = starts_s
    made["toe_off_s"] = made["time_s"] + 0.2
    made["side"] = [first, -first] * (len(starts_s) // 2) + [first] * (len(starts_s) % 2)
    return made


@cache
def people(count: int, **more: bool) -> np.ndarray:
    """(count, N, 3) turns of as many people."""
    phase, running = TIME_S / STRIDE_S, np.ones(len(TIME_S))
    rngs = [np.random.default_rng(seed) for seed in range(count)]
    return np.stack([clip_turn_deg(draw_clip_motion(rng, share=1.0), phase, running, rng, **more) for rng in rngs])


def test_a_drawn_clip_turns_as_much_as_a_real_one_about_every_axis():
    turns = people(60).reshape(60, 20, -1, 3)  # in pieces of 2 strides, as long as a trial
    assert turns.std(axis=2).mean(axis=(0, 1)) == pytest.approx(MEASURED_SD_DEG, rel=0.2)
    assert np.ptp(turns, axis=2).mean(axis=(0, 1)) == pytest.approx(MEASURED_RANGE_DEG, rel=0.3)


def test_neighbouring_strides_differ_as_much_as_real_ones():
    stride = round(STRIDE_S * RATE_HZ)
    turns = people(60)
    change = (turns[:, stride:] - turns[:, :-stride]).std(axis=1) / np.sqrt(2)
    assert np.sqrt((change**2).mean(axis=0)) == pytest.approx(MEASURED_CHANGE_DEG, rel=0.35)
    repeated = people(3, strides_vary=False)
    assert np.abs(repeated[:, stride:] - repeated[:, :-stride]).max() < 1e-9
    assert repeated.std(axis=1).min() > 0.3


def test_people_differ_and_a_seed_repeats():
    a, b = people(2)
    assert np.abs(a - b).max() > 1.0
    assert np.array_equal(a, people(1)[0])


def test_the_clip_is_still_at_rest():
    rng = np.random.default_rng(0)
    running = (TIME_S > 10.0).astype(float)
    turn = clip_turn_deg(draw_clip_motion(rng), TIME_S / STRIDE_S, running, rng)
    assert not turn[running == 0].any() and turn[running == 1].std(axis=0).min() > 0.3


@pytest.mark.parametrize("side", [RIGHT, LEFT])
def test_phase_is_whole_in_the_middle_of_right_contacts_also_after_a_break_and_where_one_is_missing(side):
    before, after = np.arange(1.0, 6.0, 0.35), np.arange(20.0, 26.0, 0.35)
    made = contacts(*before, *after, first=side)
    made = np.delete(made, 4)
    phase = stride_phase(TIME_S, made)
    at_middle = np.interp((made["time_s"] + made["toe_off_s"]) / 2, TIME_S, phase)
    from_right = at_middle - np.where(made["side"] == RIGHT, 0.0, 0.5)
    assert np.abs(from_right - np.rint(from_right)).max() < 0.01
    rate = np.diff(phase) * RATE_HZ * STRIDE_S
    assert rate.min() > 0.9 and rate.max() < 1.1


def test_the_sensor_measures_the_turn_about_the_pelvis_axes():
    upright = Rotation.from_euler("x", 90, degrees=True)
    quat = np.tile(upright.as_quat(scalar_first=True), (400, 1))
    time_s = np.arange(400) / RATE_HZ
    for axis, (sensor_axis, sign) in enumerate(((2, -1), (1, 1), (0, 1))):  # forward is -z, up y, right x of the clip
        turn = np.zeros((400, 3))
        turn[:, axis] = 3.0 * np.sin(2 * np.pi * time_s)
        ideal = Noise.none()
        samples, truth = virtual_imu(quat, np.zeros((400, 3)), RATE_HZ, Mount(), ideal, clip_turn_deg=turn)
        want = np.zeros((400, 3))
        want[:, sensor_axis] = sign * np.radians(3.0) * 2 * np.pi * np.cos(2 * np.pi * time_s)
        assert samples.gyr_rad_s == pytest.approx(want, abs=1e-3)
        assert np.abs(truth.tilt_deg).max() < 1e-9  # the pelvis itself does not move


def test_turns_of_a_wrong_shape_are_rejected():
    quat, place = np.tile([1.0, 0, 0, 0], (50, 1)), np.zeros((50, 3))
    for wrong in (np.zeros((49, 3)), np.zeros(50), np.full((50, 3), np.nan)):
        with pytest.raises(SamplesError, match="clip_turn_deg"):
            untuck.virtual_imu(quat, place, RATE_HZ, clip_turn_deg=wrong)
