"""The whole core on a simulated runner: invariance under chunking, rotation, mirroring and time shifts; errors."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from tests.exact import exact

import untuck
from untuck.errors import CalibrationError, SamplesError
from untuck.events import Event
from untuck.model import GRAVITY_M_S2
from untuck.motion.params import Params
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.simulate.runner import SimulatedRun, simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario

QUICK = Params(baseline_strides=35, warmup_strides=3)
PREFIX = (Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.0))


@cache
def short_run(side: int = 1) -> SimulatedRun:
    run = (Phase("run", 30.0), Phase("run", 12.0, tuck_deg=7.0), Phase("run", 12.0))
    pull = (Phase("run", 14.0, pullback_deg=5.0, side=side), Phase("stand", 3.0))
    return simulate(Scenario(PREFIX + run + pull), seed=3)


@cache
def short_result() -> Run:
    return untuck.analyse(short_run().samples, params=QUICK)


@cache
def default_result() -> tuple[SimulatedRun, Run]:
    simulated = simulate(None, seed=0)
    return simulated, untuck.analyse(simulated.samples)


def same(a: object, b: object) -> bool:
    """Equal to the bit, NaN equal to NaN."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.dtype.names:
            return a.shape == b.shape and all(same(a[n], b[n]) for n in a.dtype.names)
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return exact(a) == exact(b)


def assert_same_run(a: Run, b: Run) -> None:
    for name in ("time_s", "quat", "tilt_deg", "obliquity_deg", "rotation_deg", "contacts", "strides"):
        assert same(getattr(a, name), getattr(b, name)), name
    for name in ("findings", "cues", "suppressed_cues", "warnings"):
        assert repr(getattr(a, name)) == repr(getattr(b, name)), name


def stream(samples: Samples, cuts: list[int], params: Params) -> tuple[Run, list[Event]]:
    pipeline = untuck.Pipeline(params=params, keep_samples=True)
    events = []
    edges = [0, *sorted(cuts), len(samples)]
    for a, b in pairwise(edges):
        events += pipeline.push(samples[a:b])
    events += pipeline.finish()
    return pipeline.run(), events


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 6000), max_size=40))
def test_streaming_equals_batch_for_any_chunks(cuts: list[int]) -> None:
    samples = short_run().samples
    run, events = stream(samples, [c for c in cuts if c < len(samples)], QUICK)
    assert_same_run(run, short_result())
    assert [e.value for e in events if e.kind == "cue"] == list(short_result().cues)
    assert sum(e.kind == "stride" for e in events) == len(run.strides)


@pytest.mark.parametrize("chunk", [1, 5])
def test_streaming_equals_batch_in_packets(chunk: int) -> None:
    samples = short_run().samples
    run, _ = stream(samples, list(range(chunk, len(samples), chunk)), QUICK)
    assert_same_run(run, short_result())


def test_dropping_old_samples_changes_nothing() -> None:
    samples = short_run().samples
    pipeline = untuck.Pipeline(params=QUICK)
    for a in range(0, len(samples), 5):
        pipeline.push(samples[a : a + 5])
    pipeline.finish()
    run = pipeline.run()
    assert same(run.strides, short_result().strides)
    assert run.findings == short_result().findings
    kept, whole = len(run.time_s), short_result()
    assert 0 < kept < len(samples) and same(run.tilt_deg, whole.tilt_deg[-kept:])
    later = run.time_s > run.time_s[0] + 2.0  # before it, a stride and a moving mean are not complete
    assert np.abs(run.rotation_deg - whole.rotation_deg[-kept:])[later].max() < 1e-6


def turned(samples: Samples, sensor: Rotation) -> Samples:
    gyr, acc = sensor.apply(samples.gyr_rad_s), sensor.apply(samples.acc_m_s2)
    if samples.quat is None:
        return Samples(samples.time_s, gyr, acc, None, samples.acc_end_m_s2)
    quat = Rotation.from_quat(samples.quat, scalar_first=True) * sensor.inv()
    return Samples(samples.time_s, gyr, acc, quat.as_quat(scalar_first=True))


@settings(max_examples=6, deadline=None)
@given(st.floats(-40, 40), st.floats(-15, 15), st.floats(-20, 20))
def test_rotating_the_sensor_does_not_change_the_angles(yaw_deg: float, pitch_deg: float, roll_deg: float) -> None:
    run = untuck.analyse(
        turned(short_run().samples, Rotation.from_euler("YXZ", [yaw_deg, pitch_deg, roll_deg], degrees=True)),
        params=QUICK,
    )
    want = short_result()
    assert len(run.strides) == len(want.strides)
    for name in ("tilt_deg", "rotation_range_deg", "obliquity_range_deg"):
        assert run.strides[name] == pytest.approx(want.strides[name], abs=0.05)
    assert [(f.fault, f.side) for f in run.findings] == [(f.fault, f.side) for f in want.findings]


def test_mirrored_motion_swaps_left_and_right_only() -> None:
    samples = short_run().samples
    flip = np.array([-1.0, 1.0, 1.0])  # sensor x points right
    mirrored = Samples(samples.time_s, -samples.gyr_rad_s * flip, samples.acc_m_s2 * flip)
    plain = untuck.analyse(Samples(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2), params=QUICK)
    run = untuck.analyse(mirrored, params=QUICK)
    assert (run.contacts["side"] == -plain.contacts["side"]).all()
    assert run.contacts["time_s"] == pytest.approx(plain.contacts["time_s"], abs=1e-4)
    assert {(f.fault, f.side) for f in plain.findings} == {("tuck", 0), ("pullback", 1)}
    assert {(f.fault, f.side) for f in run.findings} == {("tuck", 0), ("pullback", -1)}


@settings(max_examples=5, deadline=None)
@given(st.floats(-1e5, 1e6))
def test_time_shift_only_shifts_time(shift_s: float) -> None:
    samples = short_run().samples
    moved = Samples(samples.time_s + shift_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat)
    run = untuck.analyse(moved, params=QUICK)
    want = short_result()
    assert run.strides["start_s"] - shift_s == pytest.approx(want.strides["start_s"], abs=1e-4)
    assert run.strides["tilt_deg"] == pytest.approx(want.strides["tilt_deg"], abs=1e-3)
    assert [(f.fault, f.side) for f in run.findings] == [(f.fault, f.side) for f in want.findings]


def test_faults_of_the_scenario_are_found_and_cued() -> None:
    simulated, run = default_result()
    assert run.calibration.source == "stand+hinges"
    assert run.warnings == ()
    assert abs(len(run.strides) - simulated.truth.strides) <= 1
    assert [(f.fault, f.side) for f in run.findings] == [(f.fault, f.side) for f in simulated.truth.faults]
    for found, true in zip(run.findings, simulated.truth.faults, strict=True):
        assert 0 < found.decided_s - true.start_s < 12
        assert 0 < found.end_s - true.end_s < 12
        assert found.depth_deg == pytest.approx(true.depth_deg, abs=1.5)
    assert [c.fault for c in run.cues] == ["tuck", "recovered", "pullback", "recovered"]


def test_left_pullback_is_distinguished_from_right() -> None:
    run = untuck.analyse(short_run(side=-1).samples, params=QUICK)
    assert {(f.fault, f.side) for f in run.findings} == {("tuck", 0), ("pullback", -1)}


def test_tilt_is_close_to_the_truth() -> None:
    simulated, run = default_result()
    truth = simulated.truth
    errors = []
    for stride in run.strides:
        inside = (truth.time_s >= stride["start_s"]) & (truth.time_s < stride["start_s"] + stride["duration_s"])
        errors.append(stride["tilt_deg"] - truth.tilt_deg[inside].mean())
    assert np.sqrt(np.mean(np.square(errors))) < 0.5


def test_walking_is_not_running() -> None:
    scenario = Scenario((*PREFIX, Phase("walk", 60.0, speed_m_s=1.4), Phase("stand", 3.0)))
    run = untuck.analyse(simulate(scenario, seed=1).samples)
    assert len(run.strides) == 0
    assert len(run.contacts) == 0
    assert run.findings == ()


@pytest.mark.quaternion  # it carries tilt across a gap
def test_a_short_gap_costs_precision_and_a_long_one_the_stride() -> None:
    scenario = Scenario((*PREFIX, Phase("run", 60.0)), gaps=((30.0, 0.1), (40.0, 0.25), (50.0, 0.6)))
    run = untuck.analyse(simulate(scenario, seed=2).samples, params=QUICK)
    strides = run.strides
    ends_s = strides["start_s"] + strides["duration_s"]

    def around(gap_s: float) -> np.ndarray:
        return strides[(strides["start_s"] <= gap_s) & (ends_s > gap_s)]

    (short,) = around(30.05)
    assert short["valid"]
    whole = strides[strides["missing_pct"] == 0.0]
    assert short["tilt_se_deg"] > 1.2 * np.median(whole["tilt_se_deg"])
    assert abs(short["tilt_deg"] - np.median(whole["tilt_deg"])) < 1.0
    assert not around(40.1)["valid"].any()
    assert strides["valid"].sum() > 40
    assert run.findings == ()


def test_a_pelvis_tipped_far_forward_is_shown_and_not_cued() -> None:
    plan = (*PREFIX, Phase("run", 40.0), Phase("run", 30.0, tuck_deg=-8.0), Phase("run", 20.0))
    run = untuck.analyse(simulate(Scenario(plan), seed=3).samples, params=QUICK)
    (found,) = run.findings
    assert (found.fault, found.side, found.ended) == ("arch", 0, "corrected")
    began_s = sum(phase.duration_s for phase in plan[:-2])
    assert began_s < found.start_s < began_s + 8.0
    assert 6.0 < found.depth_deg < 10.0
    assert run.cues == ()


def test_errors_of_bad_input_say_what_to_do() -> None:
    samples = short_run().samples
    with pytest.raises(SamplesError, match="empty"):
        untuck.analyse(samples[:0])
    with pytest.raises(CalibrationError, match=r"too short.*stand still"):
        untuck.analyse(samples[:300])
    broken = samples.acc_m_s2.copy()
    broken[17, 1] = np.nan
    with pytest.raises(SamplesError, match="sample 17"):
        Samples(samples.time_s, samples.gyr_rad_s, broken)
    with pytest.raises(SamplesError, match="does not increase at sample 1"):
        Samples(samples.time_s[::-1], samples.gyr_rad_s, samples.acc_m_s2)
    pipeline = untuck.Pipeline()
    pipeline.push(samples[:100])
    with pytest.raises(SamplesError, match="in order of time"):
        pipeline.push(samples[50:150])


@pytest.mark.parametrize(("limit_g", "warned"), [(2.0, True), (3.0, True), (8.0, False), (np.inf, False)])
def test_an_accelerometer_range_too_small_for_running_gives_a_warning(limit_g: float, warned: bool) -> None:
    samples = short_run().samples
    limit = limit_g * GRAVITY_M_S2
    cut = Samples(samples.time_s, samples.gyr_rad_s, np.clip(samples.acc_m_s2, -limit, limit), samples.quat)
    warnings = [text for text in untuck.analyse(cut, params=QUICK).warnings if "ends at" in text]
    assert len(warnings) == warned and all(f"{limit_g:.0f} g" in text for text in warnings)


def test_a_gyro_range_too_small_for_running_gives_a_warning() -> None:
    samples = short_run().samples
    cut = Samples(samples.time_s, np.clip(samples.gyr_rad_s, -2.1, 2.1), samples.acc_m_s2, samples.quat)
    assert np.abs(samples.gyr_rad_s).max() > 2.5
    assert any("gyro's range ends at 120 deg/s" in text for text in untuck.analyse(cut, params=QUICK).warnings)


def test_a_rate_too_low_gives_a_warning_live() -> None:
    samples = short_run().samples[::4]  # 25 Hz
    pipeline = untuck.Pipeline(params=QUICK)
    events = [event for a in range(0, 400, 5) for event in pipeline.push(samples[a : a + 5])]
    warned = [event for event in events if event.kind == "warning" and "Hz are needed" in event.value]
    assert len(warned) == 1 and warned[0].time_s < samples.time_s[0] + 5.0


def test_without_standing_it_warns_and_still_counts() -> None:
    samples = short_run().samples
    run = untuck.analyse(samples[2400:], params=QUICK)
    assert run.calibration.source == "nominal"
    assert any("Stand still" in w for w in run.warnings)
    assert len(run.strides) > 40


@pytest.mark.parametrize("value", [0.0, 9.81, 1e4])
def test_constant_input_gives_no_strides(value: float) -> None:
    time_s = np.arange(3000) / 100.0
    run = untuck.analyse(Samples(time_s, np.zeros((3000, 3)), np.full((3000, 3), value)))
    assert len(run.strides) == 0
    assert np.isfinite(run.quat).all()
