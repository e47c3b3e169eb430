"""Semi-synthetic runs agree with their truth and resemble the recordings that they are made of."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from bench.lib.accuracy_cases import pullbacks, tucks
from bench.lib.injections import InjectedFault
from bench.lib.recordings import DEV, JUDGE, RUNNERS, angles_to_quat, load_recording, quat_to_angles
from bench.lib.run_motion import MOTION_HZ, chained_motion, whole_recording
from bench.lib.scoring import score_contacts, stride_means
from bench.lib.semisynthetic import WEARINGS, make_run, trials_of
from bench.lib.standing import PREFIX_S
from bench.lib.stride_chain import chain

from conftest import data_dir
from untuck.model import GRAVITY_M_S2, LEFT, RIGHT


@pytest.fixture(autouse=True)
def _recordings() -> None:
    data_dir("fukuchi", "fukuchi_T35.npz")


def test_no_runner_is_both_dev_and_judge() -> None:
    assert not set(DEV) & set(JUDGE)
    assert len(set(RUNNERS)) == len(RUNNERS) == 13
    assert (len(DEV), len(JUDGE)) == (7, 6)


def test_angles_and_quaternions_are_inverse() -> None:
    angles = np.random.default_rng(0).uniform(-0.6, 0.6, (50, 3))
    np.testing.assert_allclose(quat_to_angles(angles_to_quat(angles)), angles, atol=1e-12)


def test_equal_arguments_give_equal_runs_and_another_seed_another_run() -> None:
    first, _ = make_run("RBDS001", minutes=1.0, wearing="bad", seed=3)
    again, _ = make_run("RBDS001", minutes=1.0, wearing="bad", seed=3)
    other, _ = make_run("RBDS001", minutes=1.0, wearing="bad", seed=4)
    assert np.array_equal(first.acc_m_s2, again.acc_m_s2)
    assert not np.array_equal(first.acc_m_s2[:1000], other.acc_m_s2[:1000])


@pytest.mark.parametrize("runner", ["RBDS001", "RBDS018", "RBDS024", "RBDS04"])
def test_seams_are_not_visible_in_acceleration(runner: str) -> None:
    """A chained run is as smooth as the recording: peaks, spread and jerk within 5 %."""
    recording = load_recording(runner, "T35")
    strung = chain([recording], [120.0], MOTION_HZ, np.random.default_rng(1)).pose
    real = whole_recording(recording).pose
    for axis in range(6):
        strung_acc, real_acc = np.diff(strung[:, axis], 2), np.diff(real[:, axis], 2)
        inner, real_inner = strung_acc[20:-20], real_acc[20:-20]
        assert np.abs(inner).max() < 1.05 * np.abs(real_inner).max()
        assert np.std(inner) == pytest.approx(np.std(real_inner), rel=0.05)
        assert np.std(np.diff(inner)) < 1.05 * np.std(np.diff(real_inner))


def test_strides_vary_as_recorded_and_do_not_repeat() -> None:
    recording = load_recording("RBDS012", "T35")
    made = chain([recording], [180.0], MOTION_HZ, np.random.default_rng(2))
    lengths = np.diff(made.contacts["time_s"][made.contacts["side"] == RIGHT])
    real = np.diff(recording.contacts["time_s"][recording.contacts["side"] == RIGHT])
    assert lengths.mean() == pytest.approx(real.mean(), rel=0.01)
    assert 0.8 * real.std() < lengths.std() < 2.0 * real.std()
    assert len(np.unique(np.round(lengths, 6))) > 0.95 * len(lengths)
    assert (made.contacts["side"][1:] != made.contacts["side"][:-1]).all()
    assert (made.contacts["toe_off_s"] > made.contacts["time_s"]).all()


@pytest.mark.parametrize("runner", ["RBDS001", "RBDS08", "RBDS022"])
def test_means_of_ten_strides_vary_at_least_as_in_the_recording(runner: str) -> None:
    """Detectors average strides: too little variation of the averages would make them look better."""
    recording = load_recording(runner, "T35")

    def spread_deg(pose: np.ndarray, rate_hz: float, contacts: np.ndarray) -> float:
        right = contacts["time_s"][contacts["side"] == RIGHT]
        time_s = np.arange(len(pose)) / rate_hz
        tilt = stride_means(time_s, np.degrees(pose[:, 1]), right[:-1], np.diff(right))
        return float(np.std(np.convolve(tilt, np.ones(10) / 10, "valid")))

    real = spread_deg(recording.pose, recording.rate_hz, recording.contacts)
    strung = [
        spread_deg(made.pose, MOTION_HZ, made.contacts)
        for made in (chain([recording], [200.0], MOTION_HZ, np.random.default_rng(k)) for k in range(3))
    ]
    assert np.mean(strung) > 0.9 * real


def test_truth_of_a_tuck_is_the_injected_one() -> None:
    fault = InjectedFault("tuck", 0, 6.0, 60.0, 75.0)
    _, clean = make_run("RBDS08", minutes=1.5, seed=5)
    _, tucked = make_run("RBDS08", minutes=1.5, faults=[fault], seed=5)
    change = tucked.strides["tilt_deg"] - clean.strides["tilt_deg"]
    start_s = clean.strides["start_s"]
    inside = (start_s > 63) & (start_s < 74)
    assert change[inside] == pytest.approx(-6.0, abs=0.1)
    assert change[start_s < 59] == pytest.approx(0.0, abs=1e-9)
    assert change[start_s > 78] == pytest.approx(0.0, abs=1e-9)
    assert np.array_equal(tucked.strides["in_fault"], (start_s >= 60) & (start_s < 75))


@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_a_pullback_moves_this_hip_backward_at_its_phase(side: int) -> None:
    fault = InjectedFault("pullback", side, 4.0, 50.0, 70.0, phase_pct=70.0, width_pct=18.0)
    _, clean = make_run("RBDS014", minutes=1.2, seed=6)
    _, pulled = make_run("RBDS014", minutes=1.2, faults=[fault], seed=6)
    bump = (pulled.rotation_deg - clean.rotation_deg) * side  # counter-clockwise takes the right hip forward
    starts = clean.contacts["time_s"][clean.contacts["side"] == side]
    starts = starts[(starts > 51) & (starts < 68)]
    length_s = float(np.median(np.diff(starts)))
    worst = [
        clean.time_s[(part := np.flatnonzero((clean.time_s >= s) & (clean.time_s < s + length_s)))][
            np.argmin(bump[part])
        ]
        - s
        for s in starts
    ]
    assert np.median(worst) / length_s == pytest.approx(0.70, abs=0.03)
    assert bump.max() < 0.05
    depth = [-bump[(clean.time_s >= s) & (clean.time_s < s + length_s)].min() for s in starts]
    assert np.mean(depth) == pytest.approx(4.0, abs=0.4)


def test_a_worn_clip_turns_about_every_axis_and_is_otherwise_the_bad_one() -> None:
    """The bad clip turns about two axes only, and about the vertical, where pullbacks are judged, by exactly 0."""
    motion = chained_motion([load_recording("RBDS022", "T35")], 30.0, False, 0, np.random.default_rng(3))
    turns = [WEARINGS["worn"].turn_deg(motion, np.random.default_rng(seed)) for seed in range(12)]
    running = motion.running > 0.999
    sizes = np.array([turn[running].std(axis=0) for turn in turns if turn is not None])
    assert len(sizes) == 12
    assert sizes.mean(axis=0) == pytest.approx([0.7 * 2.8, 0.7 * 1.5, 0.7 * 2.4], rel=0.3)
    restless = WEARINGS["restless"].turn_deg(motion, np.random.default_rng(0))
    assert restless is not None and turns[0] is not None and restless.std() > turns[0].std()  # the same person
    worn, worn_truth = make_run("RBDS022", minutes=1.0, wearing="worn", seed=7)
    bad, bad_truth = make_run("RBDS022", minutes=1.0, wearing="bad", seed=7)
    np.testing.assert_array_equal(worn_truth.sensor_to_pelvis, bad_truth.sensor_to_pelvis)
    np.testing.assert_array_equal(worn.time_s, bad.time_s)
    still = worn.time_s < PREFIX_S - 3
    assert np.abs(worn.gyr_rad_s - bad.gyr_rad_s)[still].max() < np.radians(3.0)  # the bad one springs a little there
    assert np.degrees(np.abs(worn.gyr_rad_s - bad.gyr_rad_s)[worn.time_s > PREFIX_S + 5]).max() > 20.0


def test_standing_and_running_have_the_right_gravity() -> None:
    samples, truth = make_run("RBDS022", minutes=1.0, wearing=WEARINGS["ideal"], seed=7)
    still = samples.time_s < 5
    assert np.linalg.norm(samples.acc_m_s2[still], axis=1) == pytest.approx(GRAVITY_M_S2, abs=0.05)
    assert np.degrees(np.abs(samples.gyr_rad_s[still])).max() < 2.0
    assert np.abs(truth.tilt_deg[still]).max() < 0.6
    running = (samples.time_s > PREFIX_S + 10) & (samples.time_s < samples.time_s[-1] - 1)
    upward = np.linalg.norm(samples.acc_m_s2[running], axis=1)
    assert upward.max() > 2 * GRAVITY_M_S2  # foot on the ground
    assert np.percentile(upward, 10) < 0.6 * GRAVITY_M_S2  # in flight


def test_controls_have_their_effect() -> None:
    _, turning = make_run("RBDS001", minutes=3.0, controls=["turns"], seed=8)
    assert np.ptp(turning.rotation_deg) > 60
    gappy, truth = make_run("RBDS001", minutes=3.0, controls=["gaps"], seed=8)
    holes_s = np.diff(gappy.time_s)
    assert (holes_s > 0.019).sum() == len([c for c in truth.controls if c.kind == "gap" and c.size > 0.02])
    assert holes_s.max() < 0.33
    _, broken = make_run("RBDS001", minutes=5.0, controls=["breaks"], seed=8)
    assert len(broken.running) == 3
    assert {c.kind for c in broken.controls} == {"stand", "walk"}
    _, paced = make_run("RBDS001", ("T25", "T35", "T45"), 5.0, controls=["speed"], seed=8)
    assert np.ptp(stride_means_of_length(paced.strides["duration_s"])) > 0.06
    with pytest.raises(KeyError, match="unknown"):
        make_run("RBDS001", minutes=1.0, controls=["hail"])


def stride_means_of_length(duration_s: np.ndarray) -> np.ndarray:
    """Mean stride time of each ten strides."""
    return duration_s[: len(duration_s) // 10 * 10].reshape(-1, 10).mean(axis=1)


def test_a_slip_rotates_the_clip_and_not_the_pelvis() -> None:
    steady, truth = make_run("RBDS012", minutes=2.0, wearing="ideal", seed=9)
    slipped, slipped_truth = make_run("RBDS012", minutes=2.0, wearing="ideal", controls=["slip"], seed=9)
    (slip,) = slipped_truth.controls
    after = slipped.time_s > slip.end_s + 2
    tip = np.degrees(np.arctan2(slipped.acc_m_s2[after, 2].mean(), slipped.acc_m_s2[after, 1].mean()))
    before = np.degrees(np.arctan2(steady.acc_m_s2[after, 2].mean(), steady.acc_m_s2[after, 1].mean()))
    assert abs(tip - before) == pytest.approx(abs(slip.size), abs=1.0)
    np.testing.assert_allclose(slipped_truth.tilt_deg, truth.tilt_deg, atol=1e-9)


def test_fault_plans_have_every_depth_and_side_and_enough_time_between() -> None:
    rng = np.random.default_rng(0)
    assert {f.depth_deg for f in tucks(10.0, rng)} == {4.0, 5.0, 6.0, 8.0}
    made = pullbacks(10.0, rng)
    assert {f.side for f in made} == {LEFT, RIGHT}
    assert all(later.start_s - fault.end_s > 20 for fault, later in pairwise(made))
    assert made[-1].end_s < PREFIX_S + 600


def test_truth_scored_against_itself_is_perfect_and_shifted_truth_is_not() -> None:
    contacts = load_recording("RBDS001", "T35").contacts
    perfect = score_contacts(contacts, contacts, 1.0, 28.0)
    assert perfect.missed == perfect.extra == 0
    assert perfect.right_side == perfect.sided == perfect.true > 60
    assert max(map(abs, perfect.contact_ms)) == 0
    late = contacts.copy()
    late["time_s"] += 0.02
    assert np.mean(score_contacts(late, contacts, 1.0, 28.0).contact_ms) == pytest.approx(20.0)
    assert score_contacts(contacts[::2], contacts, 1.0, 28.0).missed > 30
    time_s = np.arange(0, 10, 0.01)
    assert stride_means(time_s, time_s, np.array([2.0]), np.array([1.0])) == pytest.approx([2.5])


def test_recordings_with_few_strides_are_left_out() -> None:
    """The runner with 17 % marker gaps has too few complete strides at 2.5 m/s."""
    assert trials_of("RBDS016") == ("T35", "T45")
    assert trials_of("RBDS001") == ("T25", "T35", "T45")
