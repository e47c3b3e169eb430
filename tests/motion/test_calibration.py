"""Calibration: error of the mount from hinges and its estimate, rejections with reasons, zeroing again, re-use."""

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from bench.lib.hinging import WAYS, Hinging, calibrate, heading_error_deg, hinging_samples
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from tests.exact import exact

import untuck
from untuck.errors import CalibrationError
from untuck.events import Event
from untuck.model import Calibration, StandingCheck
from untuck.motion.mount.calibration import check_calibration, compare, zero_again
from untuck.motion.mount.hinges import Hinge, combine_hinges
from untuck.motion.mount.standing import Pose, pose_of, stillness
from untuck.motion.params import Params
from untuck.samples import Samples
from untuck.simulate.imu import Mount
from untuck.simulate.runner import TYPICAL_MOUNT, SimulatedRun, simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario

STAND, HINGES = Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S)
RUN_S, STOP_S = 7.0 + 3 * HINGE_S + 2.0, 7.0 + 3 * HINGE_S + 22.0


def warnings_of(samples: Samples) -> list[str]:
    pipeline = untuck.Pipeline()
    return [e.value for e in pipeline.push(samples) + pipeline.finish() if e.kind == "warning"]


def events_of(samples: Samples, calibration: Calibration | None = None, params: Params | None = None) -> list[Event]:
    pipeline = untuck.Pipeline(calibration, params=params)
    return pipeline.push(samples) + pipeline.finish()


def turned(samples: Samples, sensor: Rotation, first: int = 0) -> Samples:
    """The same motion with the sensor rotated in its place, from sample `first` on."""
    gyr, acc = samples.gyr_rad_s.copy(), samples.acc_m_s2.copy()
    gyr[first:], acc[first:] = sensor.apply(gyr[first:]), sensor.apply(acc[first:])
    return Samples(samples.time_s, gyr, acc)


@cache
def errors(name: str) -> tuple[np.ndarray, np.ndarray, int]:
    """True and estimated errors of 24 clips with this way of hinging, and how many were not calibrated."""
    true, estimated, rejected = [], [], 0
    for seed in range(24):
        samples, mount = hinging_samples(WAYS[name], seed)
        found = calibrate(samples)
        if found is None:
            rejected += 1
            continue
        true.append(abs(heading_error_deg(found.sensor_to_pelvis, mount)))
        estimated.append(found.error_deg)
    return np.array(true), np.array(estimated), rejected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rms_deg", "at_most_rejected"),
    [("as asked", 1.2, 0), ("fast", 1.2, 0), ("backward first", 1.2, 0), ("askew, 3 deg, unequal", 4.0, 3)],
)
def test_the_heading_of_the_mount_is_found(name: str, rms_deg: float, at_most_rejected: int) -> None:
    true, _, rejected = errors(name)
    assert rejected <= at_most_rejected
    assert np.sqrt(np.mean(true**2)) < rms_deg


@pytest.mark.slow
def test_the_estimated_error_agrees_with_the_true_error() -> None:
    true = np.concatenate([errors(name)[0] for name in ("as asked", "fast", "askew, 3 deg, unequal")])
    estimated = np.concatenate([errors(name)[1] for name in ("as asked", "fast", "askew, 3 deg, unequal")])
    assert len(true) >= 68
    assert np.mean(true <= 2 * estimated) >= 0.90
    assert 0.55 <= np.mean(true <= estimated) <= 0.92
    assert np.median(errors("askew, 3 deg, unequal")[1]) > 1.4 * np.median(errors("as asked")[1])


@pytest.mark.parametrize(
    ("way", "says"),
    [
        (WAYS["too shallow"], r"reach only \d+ deg .*Bend forward"),
        (WAYS["two only"], r"Only 2 hip hinges .*Hinge three times"),
        (WAYS["restless standing"], r"Not still enough|No standing was found"),
        (Hinging(length_s=0.5), r"hinges take 0\.\d s each"),
        (Hinging(wiggle_deg=12.0), r"hinges twist: \d+ %"),
        (Hinging(aside_deg=20.0), r"hinges point up to \d+ deg off their mean.*hinge straight"),
        (Hinging(count=0), r"No hip hinges were found: hinge three times"),
    ],
)
def test_rejections_say_why_and_what_to_do(way: Hinging, says: str) -> None:
    samples, _ = hinging_samples(way, 4)
    assert calibrate(samples) is None
    assert re.search(says, " ".join(warnings_of(samples)))


def test_a_rotated_clip_is_calibrated_with_a_warning() -> None:
    samples, mount = hinging_samples(WAYS["as asked"], 5)
    upright = calibrate(samples)
    assert upright is not None
    for sensor, says in (
        (Rotation.from_euler("z", 180, degrees=True), "upside down"),
        (Rotation.from_euler("z", 90, degrees=True), "on its side"),
        (Rotation.from_euler("x", 90, degrees=True), "lies flat"),
        (Rotation.from_euler("y", 180, degrees=True), "away from the middle of the back"),
    ):
        other = turned(samples, sensor)
        found = calibrate(other)
        assert found is not None
        assert found.sensor_to_pelvis == pytest.approx(upright.sensor_to_pelvis @ sensor.as_matrix().T, abs=0.005)
        assert says in " ".join(warnings_of(other))
        assert np.linalg.det(found.sensor_to_pelvis) == pytest.approx(1.0)
    assert abs(heading_error_deg(upright.sensor_to_pelvis, mount)) < 4.0


def test_backward_hinges_are_rejected() -> None:
    samples, _ = hinging_samples(Hinging(depth_deg=(18.0, 24.0)), 2)
    assert calibrate(samples) is not None
    backward = turned(samples, Rotation.from_euler("y", 180, degrees=True))
    assert calibrate(backward) is None
    assert "went backward" in " ".join(warnings_of(backward))


def test_a_clip_lying_on_a_table_is_not_standing() -> None:
    samples, mount = hinging_samples(WAYS["as asked"], 8)
    count = 800
    rng = np.random.default_rng(0)
    lying = np.tile([0.0, 0.0, 9.81], (count, 1)) + rng.normal(0, 0.01, (count, 3))
    time_s = np.concatenate([np.arange(count) / 100, 14.0 + samples.time_s])
    gyr = np.concatenate([rng.normal(0, 1e-3, (count, 3)), samples.gyr_rad_s])
    found = calibrate(Samples(time_s, gyr, np.concatenate([lying, samples.acc_m_s2])))
    assert found is not None
    assert abs(heading_error_deg(found.sensor_to_pelvis, mount)) < 3.0


def test_quality_is_measured() -> None:
    found = calibrate(hinging_samples(WAYS["as asked"], 1)[0])
    unsteady = calibrate(hinging_samples(WAYS["unsteady"], 1)[0])
    assert found is not None and unsteady is not None
    assert found.quality["hinges"] == 3
    assert 30 < found.quality["depth_deg"] < 52
    assert found.quality["outside_pct"] < 2 < unsteady.quality["outside_pct"]
    assert found.quality["stand_error_deg"] < 0.3
    assert found.error_deg < unsteady.error_deg


@given(
    st.lists(st.tuples(st.floats(-10, 10), st.floats(16, 80), st.floats(0, 5)), min_size=1, max_size=6),
    st.floats(-180, 180),
)
def test_the_combined_heading_rotates_with_the_hinges(rows: list[tuple[float, float, float]], turn_deg: float) -> None:
    def hinges(by_deg: float) -> list[Hinge]:
        return [Hinge(0, 1, 3.0, depth, by_deg + heading, curl, 0.0) for heading, depth, curl in rows]

    plain, far = combine_hinges(hinges(0.0), Params()), combine_hinges(hinges(turn_deg), Params())
    assert far.error_deg == pytest.approx(plain.error_deg)
    assert np.cos(np.radians(far.heading_deg - plain.heading_deg - turn_deg)) == pytest.approx(1.0)
    assert 0.5 < plain.error_deg < 40
    deeper = [replace(h, depth_deg=80.0) for h in hinges(0.0)]
    assert (
        combine_hinges([replace(h, depth_deg=20.0) for h in deeper], Params()).error_deg
        > combine_hinges(deeper, Params()).error_deg
    )


def pose(up: np.ndarray) -> Pose:
    return Pose(9.81 * up / np.linalg.norm(up), np.zeros(3), 0.1, 1.0, 0.05)


@given(st.floats(-14, 14), st.floats(-14, 14))
def test_zeroing_again_sets_the_vertical_and_keeps_the_heading(pitch_deg: float, roll_deg: float) -> None:
    mount = Mount(4.0, 6.0, 9.0).sensor_to_pelvis()
    old = Calibration(mount, np.zeros(3), error_deg=1.0)
    up = mount.T @ Rotation.from_euler("zx", [pitch_deg, roll_deg], degrees=True).as_matrix() @ [0.0, 1.0, 0.0]
    new = zero_again(old, pose(up))
    assert new.sensor_to_pelvis @ up == pytest.approx([0, 1, 0], abs=1e-9)
    assert new.sensor_to_pelvis @ new.sensor_to_pelvis.T == pytest.approx(np.eye(3), abs=1e-9)
    turned_by = Rotation.from_matrix(new.sensor_to_pelvis @ old.sensor_to_pelvis.T).as_rotvec()
    assert abs(turned_by[1]) < 1e-9  # nothing about the vertical
    assert np.degrees(np.linalg.norm(turned_by)) == pytest.approx(compare(old, pose(up), 0.0).difference_deg, abs=1e-4)
    assert new.error_deg >= 1.0


def test_standing_measures_the_change() -> None:
    mount = Mount().sensor_to_pelvis()
    tipped = Rotation.from_euler("z", -5.0, degrees=True).as_matrix()  # pelvis tips forward: clockwise about z (right)
    standing = compare(Calibration(mount, np.zeros(3)), pose(mount.T @ tipped.T @ [0.0, 1.0, 0.0]), 3.0)
    assert standing.tilt_deg == pytest.approx(5.0)
    assert standing.obliquity_deg == pytest.approx(0.0, abs=1e-9)
    assert standing.difference_deg == pytest.approx(5.0)


def test_stillness_detects_rotation_shaking_and_wrong_gravity() -> None:
    rng = np.random.default_rng(1)
    gyr, acc = rng.normal(0, 0.002, (500, 3)), np.tile([0.0, 9.81, 0.0], (500, 1)) + rng.normal(0, 0.02, (500, 3))
    assert stillness(gyr, acc).excess(Params()) < 1
    assert pose_of(gyr, acc).up == pytest.approx([0, 1, 0], abs=0.001)
    for turn, shake, gain in ((0.1, 0.0, 1.0), (0.0, 0.3, 1.0), (0.0, 0.0, 1.2)):
        spoilt_gyr, spoilt_acc = gyr.copy(), acc * gain
        spoilt_gyr[250, 1] += turn
        spoilt_acc[250, 1] += shake
        assert stillness(spoilt_gyr, spoilt_acc).excess(Params()) > 1


@cache
def stopping_run(slip_deg: float = 0.0) -> SimulatedRun:
    """A run with a stop midway, just after which the clip slips about the pelvis's right axis."""
    run = Phase("run", 20.0)
    mount = replace(TYPICAL_MOUNT, slip_s=STOP_S + 1.9, slip_pitch_deg=slip_deg)
    scenario = Scenario((STAND, HINGES, Phase("stand", 2.0), run, Phase("stand", 10.0), run))
    return simulate(scenario, seed=4, mount=mount)


def standings(events: list[Event]) -> list[StandingCheck]:
    return [event.value for event in events if event.kind == "standing"]


def test_standing_again_in_the_same_place_changes_nothing() -> None:
    events = events_of(stopping_run().samples)
    assert [e.kind for e in events].count("calibrated") == 1
    (again,) = standings(events)
    assert again.difference_deg < 1.0 and not again.zeroed
    assert STOP_S + 5 < again.time_s < STOP_S + 9


@pytest.mark.parametrize("slip_deg", [-6.0, 6.0])
def test_a_slip_is_zeroed_at_the_next_standing(slip_deg: float) -> None:
    samples, slipped = stopping_run().samples, stopping_run(slip_deg).samples
    events = events_of(slipped)
    (again,) = standings(events)
    assert again.zeroed
    assert abs(again.tilt_deg) == pytest.approx(6.0, abs=0.7)
    assert "zero was set again" in " ".join(e.value for e in events if e.kind == "warning")
    plain, run = untuck.analyse(samples), untuck.analyse(slipped)
    after = run.strides["start_s"] > STOP_S
    assert after.sum() > 20
    assert run.strides["tilt_deg"][after].mean() == pytest.approx(
        plain.strides["tilt_deg"][plain.strides["start_s"] > STOP_S].mean(), abs=0.7
    )
    for a, b in ((RUN_S + 5, STOP_S - 3), (STOP_S + 15, STOP_S + 27)):  # traces follow the mount that held then
        part = (samples.time_s > a) & (samples.time_s < b)
        assert run.tilt_deg[part].mean() == pytest.approx(plain.tilt_deg[part].mean(), abs=0.7)


def test_sitting_down_does_not_set_the_zero() -> None:
    samples = stopping_run().samples
    first = int(np.searchsorted(samples.time_s, STOP_S + 1.8))
    events = events_of(turned(samples, Rotation.from_euler("x", 25, degrees=True), first))
    (again,) = standings(events)
    assert again.difference_deg == pytest.approx(25, abs=2) and not again.zeroed
    assert "calibrate again" in " ".join(e.value for e in events if e.kind == "warning")


@cache
def old_calibration() -> Calibration:
    found = calibrate(stopping_run().samples)
    assert found is not None
    return found


@cache
def without_hinges() -> Samples:
    """Standing, ten seconds lost, running."""
    whole = stopping_run().samples
    rows = np.flatnonzero((whole.time_s < 6.9) | ((whole.time_s > RUN_S - 1.0) & (whole.time_s < STOP_S)))
    return Samples(whole.time_s[rows], whole.gyr_rad_s[rows], whole.acc_m_s2[rows])


@pytest.mark.parametrize(
    ("off_deg", "zeroed", "says"),
    [
        (0.0, False, ""),
        (4.0, True, "slightly differently"),
        (10.0, True, "calibrate again"),
        (30.0, False, "calibrate again"),
    ],
)
def test_an_old_calibration_is_checked_at_the_first_standing(off_deg: float, zeroed: bool, says: str) -> None:
    samples = turned(without_hinges(), Rotation.from_euler("x", off_deg, degrees=True))
    assert check_calibration(old_calibration(), samples) == pytest.approx(off_deg, abs=1.0)
    events = events_of(samples, old_calibration())
    assert standings(events)[0].zeroed == zeroed
    warnings = " ".join(e.value for e in events if e.kind == "warning")
    assert says in warnings and (says or "clip sits" not in warnings)
    if zeroed:
        new = next(e.value for e in events if e.kind == "calibrated")
        assert new.error_deg > old_calibration().error_deg
        strides = [e.value["tilt_deg"] for e in events if e.kind == "stride"]
        plain = untuck.analyse(without_hinges(), calibration=old_calibration()).strides["tilt_deg"]
        assert np.mean(strides) == pytest.approx(np.mean(plain), abs=0.5)


def test_an_old_calibration_that_no_longer_fits_is_replaced_by_hinges() -> None:
    samples = turned(stopping_run().samples, Rotation.from_euler("x", 12, degrees=True))
    run = untuck.analyse(samples, calibration=old_calibration())
    fresh = calibrate(samples)
    assert fresh is not None
    assert run.calibration.sensor_to_pelvis == pytest.approx(fresh.sensor_to_pelvis, abs=1e-9)


def test_checking_needs_standing() -> None:
    samples = stopping_run().samples
    running = samples[int(100 * (RUN_S + 2)) : int(100 * (STOP_S - 2))]
    with pytest.raises(CalibrationError, match="Stand still for 5 s"):
        check_calibration(old_calibration(), running)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, 5000), max_size=25))
def test_standing_and_zero_do_not_depend_on_chunks(cuts: list[int]) -> None:
    samples = stopping_run(-6.0).samples
    pipeline = untuck.Pipeline()
    edges = [0, *sorted(c for c in cuts if c < len(samples)), len(samples)]
    events = [e for a, b in pairwise(edges) for e in pipeline.push(samples[a:b])]
    events += pipeline.finish()
    want = events_of(samples)
    assert standings(events) == standings(want)
    assert exact([e for e in events if e.kind == "calibrated"]) == exact([e for e in want if e.kind == "calibrated"])
