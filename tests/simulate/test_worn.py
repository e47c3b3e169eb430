"""The model of a worn clip beside the people that it is fitted on, and their own motion analysed, against markers."""

from __future__ import annotations

import numpy as np
import pytest
from bench.lib.recordings import DEV, TRIALS, load_recording
from bench.lib.worn_causes import between_trials, driven_by_acceleration
from bench.lib.worn_data import MIDDLE_AFTER_LOWEST, find_phase, running_trials, worn_trials
from bench.lib.worn_fit import MEASURED, describe_drawn, describe_trials, fit_sizes
from bench.lib.worn_joined import join_run, score_joined

import untuck
from conftest import data_dir
from untuck.model import RIGHT

pytestmark = pytest.mark.data


@pytest.fixture(autouse=True)
def _recordings() -> None:
    data_dir("worn", "worn.npz")


def test_the_sizes_in_the_code_are_those_of_the_recordings() -> None:
    fitted = fit_sizes(running_trials())
    for name in ("personal", "varying_mean", "varying_first", "spread"):
        assert np.array(getattr(MEASURED, name)) == pytest.approx(np.array(getattr(fitted, name)), abs=0.006), name
    for stored, found in zip(MEASURED.shared, fitted.shared, strict=True):
        assert stored.keys() == found.keys()
        assert np.array(list(stored.values())) == pytest.approx(np.array(list(found.values())), abs=0.006)


def test_drawn_people_resemble_the_recorded_ones_about_every_axis() -> None:
    people = list(running_trials().values())
    recorded = [describe_trials(trials) for trials in people]
    drawn = [describe_drawn(people[seed % 5], MEASURED, seed) for seed in range(40)]
    for what, near in (("sd", 0.2), ("range", 0.25), ("varying", 0.3)):
        real, made = (np.mean([getattr(d, what) for d in group], axis=0) for group in (recorded, drawn))
        assert made == pytest.approx(real, rel=near), what
    strongest = [int(np.mean([d.bands[axis] for d in drawn], axis=0).argmax()) for axis in range(3)]
    assert (
        strongest
        == [int(np.mean([d.bands[axis] for d in recorded], axis=0).argmax()) for axis in range(3)]
        == [1, 1, 2]
    )


def test_the_phase_found_without_feet_is_that_of_the_force_plate() -> None:
    """Side and middle of contact from the pelvis's height and obliquity alone, in pieces as short as the trials."""
    data_dir("fukuchi", "fukuchi_T35.npz")
    off = []
    for runner in DEV:
        for trial in TRIALS:
            recording = load_recording(runner, trial)
            time_s = np.arange(len(recording.pose)) / recording.rate_hz
            right = recording.contacts[recording.contacts["side"] == RIGHT]
            middle_s = (right["time_s"] + right["toe_off_s"]) / 2
            for start_s in (3.0, 15.0):
                rows = (time_s >= start_s) & (time_s < start_s + 2)
                pose = recording.pose[rows]
                phase = find_phase(time_s[rows], pose[:, 5], -np.degrees(pose[:, 2]), (1.2, 1.75))
                at = np.interp(middle_s[(middle_s > start_s) & (middle_s < start_s + 2)], time_s[rows], phase)
                off.append(np.median(at - np.rint(at)))
    assert len(off) == 42
    assert abs(np.mean(off)) < 0.004 and np.abs(off).max() < 3 * MIDDLE_AFTER_LOWEST  # a wrong side would be 0.5


@pytest.mark.slow
def test_recorded_people_with_a_worn_sensor_are_found_running_with_the_correct_side() -> None:
    for trials in running_trials().values():
        joined = join_run(trials, 30.0, True, 0)
        score = score_joined(joined, untuck.analyse(joined.samples))
        assert score.strides > 0.9 * score.contacts / 2 and score.missed == 0
        assert score.right_side == score.contacts
        assert score.middle_sd_ms < 12.0


def test_a_joined_run_moves_against_the_pelvis_as_its_trials_do() -> None:
    trials = running_trials()["P07"]
    assert len(worn_trials()) == 77
    worn, rigid = (join_run(trials, 20.0, kind, 0) for kind in (True, False))
    np.testing.assert_array_equal(worn.tilt_deg, rigid.tilt_deg)
    difference = np.degrees(worn.samples.gyr_rad_s - rigid.samples.gyr_rad_s)
    assert np.abs(difference[worn.samples.time_s < 15]).max() < 1e-6  # standing and hinges
    assert difference[worn.samples.time_s > 25].std(axis=0).min() > 5.0


def test_the_variation_of_a_clip_is_white_from_stride_to_stride_and_not_driven_by_acceleration() -> None:
    real, predicted = between_trials(trial for trial in worn_trials() if trial.pace != "Running")
    assert real == pytest.approx(predicted, rel=0.4)
    assert max(share.max() for share in driven_by_acceleration(running_trials()).values()) < 0.15
