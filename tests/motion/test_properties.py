"""Invariance for random recordings under chunks, headings, mounts, mirroring and clocks; damage is reported.

Recordings are drawn by hypothesis: phases, gaps, jitter of stamps, rate, with or without the chip's quaternion. Each is
some twenty seconds long, so that a hundred of them are analysed in the time that one long one takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from tests.exact import exact

import untuck
from untuck.errors import SamplesError, UntuckError
from untuck.events import Event
from untuck.model import Calibration, Floats
from untuck.motion.decode import Decoder
from untuck.motion.mount.calibration import nominal
from untuck.motion.params import Params
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.session_commands import SessionCommand, from_text
from untuck.simulate.packets import pack
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario
from untuck.wire import GYR_SCALE

QUICK = Params(baseline_strides=8, baseline_warmup_s=0.0, warmup_strides=2, tuck_strides=3, pullback_strides=4)
CUT = ("quat", "tilt_deg", "obliquity_deg", "rotation_deg", "contacts", "strides")
FAULT_PLANS = {
    "calibrate": (Phase("stand", 6.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.0), Phase("run", 9.0)),
    "faults": (Phase("run", 13.0), Phase("run", 8.0, tuck_deg=8.0), Phase("run", 8.0, pullback_deg=6.0, side=-1)),
    "pauses": (Phase("run", 6.0), Phase("stand", 7.0), Phase("walk", 5.0, speed_m_s=1.4), Phase("run", 8.0)),
}


@cache
def recorded(scenario: str, rate_hz: int, seed: int) -> Samples:
    return simulate(Scenario(FAULT_PLANS[scenario]), seed=seed, rate_hz=rate_hz).samples


@st.composite
def recordings(draw: st.DrawFn) -> Samples:
    """Samples of a short scenario, with or without chip, jitter of stamps, lost samples."""
    samples = recorded(
        draw(st.sampled_from(sorted(FAULT_PLANS))), draw(st.sampled_from([50, 100, 200])), draw(st.integers(0, 1))
    )
    kept = np.ones(len(samples), bool)
    for first, count in draw(st.lists(st.tuples(st.integers(0, len(samples)), st.integers(1, 90)), max_size=3)):
        kept[first : first + count] = False
    kept[-2:] = True
    rng = np.random.default_rng(draw(st.integers(0, 3)))
    jitter_s = draw(st.sampled_from([0.0, 3e-4])) * rng.uniform(-1.0, 1.0, len(samples))
    chip = samples.quat if draw(st.booleans()) else None
    return Samples(
        (samples.time_s + jitter_s)[kept],
        samples.gyr_rad_s[kept],
        samples.acc_m_s2[kept],
        None if chip is None else chip[kept],
    )


def streamed(samples: Samples, edges: list[int], keep: bool, commands: list[SessionCommand]) -> tuple[Run, list[Event]]:
    """Results and events of a recording pushed in chunks that end at `edges`."""
    pipeline = untuck.Pipeline(params=QUICK, keep_samples=keep)
    for command in commands:
        pipeline.command(command)
    events: list[Event] = []
    for a, b in pairwise([0, *edges, len(samples)]):
        events += pipeline.push(samples[a:b])
    events += pipeline.finish()
    return pipeline.run(), events


def assert_equal(one: Run, other: Run, names: tuple[str, ...]) -> None:
    for name in names:
        a, b = getattr(one, name), getattr(other, name)
        assert a.tobytes() == b.tobytes(), name
    for name in ("findings", "cues", "suppressed_cues", "warnings", "commands"):
        assert repr(getattr(one, name)) == repr(getattr(other, name)), name


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(recordings(), st.data())
def test_chunks_change_no_result_and_no_event(samples: Samples, data: st.DataObject) -> None:
    end_s = float(samples.time_s[-1])
    kinds = st.sampled_from([("lap", ""), ("zero", ""), ("baseline", ""), ("threshold", "tuck_on_deg=3.5")])
    asked = data.draw(st.lists(st.tuples(st.floats(0.1, end_s), kinds), max_size=2))
    commands = [from_text(kind, value, time_s) for time_s, (kind, value) in asked]
    whole, at_once = streamed(samples, [], True, commands)
    size = data.draw(st.one_of(st.integers(2, 12), st.integers(13, 700)))
    even = list(range(size, len(samples), size))
    cuts = data.draw(st.one_of(st.just(even), st.lists(st.integers(0, len(samples)), max_size=25).map(sorted)))
    parts, events = streamed(samples, cuts, True, commands)
    assert_equal(parts, whole, CUT)
    assert exact(events) == exact(at_once)
    live, events = streamed(samples, cuts, False, commands)  # forgets old samples
    assert_equal(live, whole, ("contacts", "strides"))
    assert exact(events) == exact(at_once)


def turned(samples: Samples, sensor: Rotation, earth: Rotation) -> Samples:
    """The same motion in a sensor rotated by `sensor`, whose chip has another zero of heading."""
    chip = None
    if samples.quat is not None:
        chip = (earth * Rotation.from_quat(samples.quat, scalar_first=True) * sensor.inv()).as_quat(scalar_first=True)
    return Samples(samples.time_s, sensor.apply(samples.gyr_rad_s), sensor.apply(samples.acc_m_s2), chip)


def turned_mount(sensor: Rotation) -> Calibration:
    """The nominal mount for a sensor rotated by `sensor`."""
    return replace(nominal(), sensor_to_pelvis=nominal().sensor_to_pelvis @ sensor.as_matrix().T)


def difference_deg(one: Floats, other: Floats) -> float:
    return float(np.abs(one - other).max(initial=0.0))


@settings(max_examples=12, deadline=None)
@given(recordings(), st.integers(0, 2**32 - 1), st.floats(-180.0, 180.0))
def test_mount_and_heading_do_not_change_the_angles(samples: Samples, seed: int, heading_deg: float) -> None:
    # Exact apart from rounding, because no step of the filter prefers an axis. Rounding is 1e-16 of a rotation and
    # grows by feedback over thousands of samples to some 1e-9 deg; the tolerance is a thousand times that.
    sensor = Rotation.random(random_state=seed)
    earth = Rotation.from_euler("z", heading_deg, degrees=True)
    plain = untuck.analyse(samples, calibration=nominal(), params=QUICK)
    other = untuck.analyse(turned(samples, sensor, earth), calibration=turned_mount(sensor), params=QUICK)
    assert difference_deg(other.tilt_deg, plain.tilt_deg) < 1e-6
    assert difference_deg(other.obliquity_deg, plain.obliquity_deg) < 1e-6
    assert len(other.strides) == len(plain.strides)
    for name in ("start_s", "tilt_deg", "rotation_range_deg", "oscillation_mm", "contact_left_ms"):
        assert difference_deg(other.strides[name], plain.strides[name]) < 1e-5, name
    assert [(f.fault, f.side) for f in other.findings] == [(f.fault, f.side) for f in plain.findings]


def mirrored(samples: Samples) -> Samples:
    """The same motion with left and right exchanged: sensor x points to the other side."""
    flip = np.array([-1.0, 1.0, 1.0])
    chip = None if samples.quat is None else samples.quat * np.array([1.0, 1.0, -1.0, -1.0])
    return Samples(samples.time_s, -samples.gyr_rad_s * flip, samples.acc_m_s2 * flip, chip)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(recordings())
def test_mirrored_motion_swaps_the_sides_only(samples: Samples) -> None:
    plain = untuck.analyse(samples, calibration=nominal(), params=QUICK)
    other = untuck.analyse(mirrored(samples), calibration=nominal(), params=QUICK)
    assert (other.tilt_deg == plain.tilt_deg).all()  # a sign is exact
    assert (other.obliquity_deg == -plain.obliquity_deg).all()
    assert (other.contacts["side"] == -plain.contacts["side"]).all()
    for name in ("time_s", "toe_off_s"):
        assert (other.contacts[name] == plain.contacts[name]).all(), name
    assert abs(len(other.strides) - len(plain.strides)) <= 3  # one less or more each time running begins


@settings(max_examples=12, deadline=None)
@given(recordings(), st.floats(-1e6, 1e6))
def test_a_shifted_clock_shifts_times_only(samples: Samples, shift_s: float) -> None:
    moved = Samples(samples.time_s + shift_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat)
    plain = untuck.analyse(samples, calibration=nominal(), params=QUICK)
    other = untuck.analyse(moved, calibration=nominal(), params=QUICK)
    # stamps at 1e6 s are rounded to 1e-10 s, a difference of two to 2e-10 of 10 ms: 2e-8 of every rate
    assert difference_deg(other.tilt_deg, plain.tilt_deg) < 1e-4
    assert len(other.strides) == len(plain.strides)
    assert difference_deg(other.strides["start_s"] - shift_s, plain.strides["start_s"]) < 1e-6
    for name in ("tilt_deg", "contact_left_ms", "rotation_range_deg"):
        assert difference_deg(other.strides[name], plain.strides[name]) < 1e-3, name
    assert (other.strides["reason"] == plain.strides["reason"]).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32 - 100))
def test_a_clip_that_restarts_or_starts_late_gives_the_same_strides(cut: int, boot_s: int) -> None:
    samples = recorded("faults", 100, 0)
    packets = list(pack(samples, 100))
    plain = Decoder().push(packets)
    late = Decoder().push(pack(replace_time(samples, boot_s), 100))
    assert late.time_s - boot_s == pytest.approx(plain.time_s, abs=2e-6)
    assert late.gyr_rad_s.tobytes() == plain.gyr_rad_s.tobytes()
    decoder = Decoder()  # the clip's clock and sequence begin at zero again in the middle
    half = len(packets) // 2 + cut
    again = [*packets[:half], *pack(samples[5 * half :], 100, stream_id=99)]
    both = decoder.push(again)
    assert (np.diff(both.time_s) > 0).all() and decoder.restarts == 1
    assert len(both) == len(plain)


def replace_time(samples: Samples, shift_s: float) -> Samples:
    return Samples(samples.time_s + shift_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat)


NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 9.80665, 78.4532, -78.4532, 1e-300, 1e4, -1e4, 127.996]), st.floats(-1e4, 1e4, width=32)
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Floats, Floats, Floats, Floats | None]:
    """Finite arrays as of a broken or another sensor: stuck, saturated, noisy, at uneven times."""
    count = draw(st.integers(0, 1500))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    steps_s = np.full(count, draw(st.sampled_from([0.001, 0.01, 0.02])))
    gaps = rng.random(count) < draw(st.sampled_from([0.0, 0.01, 0.2]))
    steps_s[gaps] = 10.0 ** rng.uniform(-5.0, draw(st.sampled_from([0.0, 6.0])), int(gaps.sum()))
    kinds: dict[str, Callable[[float, int], Floats]] = {
        "stuck": lambda limit, width: np.tile(
            [np.clip(draw(NUMBERS), -limit, limit) for _ in range(width)], (count, 1)
        ),
        "noise": lambda limit, width: rng.uniform(-limit, limit, (count, width)),
        "saturated": lambda limit, width: limit * np.sign(rng.normal(size=(count, width))),
        "spikes": lambda limit, width: limit * (rng.random((count, width)) < 0.02),
    }
    gyr = kinds[draw(st.sampled_from(sorted(kinds)))](32767 / GYR_SCALE, 3)
    acc = kinds[draw(st.sampled_from(sorted(kinds)))](draw(st.sampled_from([20.0, 128.0, 1e4])), 3)
    chip = draw(st.sampled_from([None, *sorted(kinds)]))
    return np.cumsum(steps_s), gyr, acc, None if chip is None else kinds[chip](1.9, 4)


@settings(max_examples=40, deadline=None)
@given(damaged())
def test_damaged_samples_give_an_error_or_no_finding_and_never_a_hang(
    arrays: tuple[Floats, Floats, Floats, Floats | None],
) -> None:
    try:
        run = untuck.analyse(Samples(*arrays), calibration=nominal(), params=QUICK)
    except UntuckError as error:
        assert len(str(error)) > 20
        return
    assert np.isfinite(run.quat).all()
    assert np.linalg.norm(run.quat, axis=1) == pytest.approx(1.0, abs=1e-4)  # at up to 90 random rotations a second
    for name in ("tilt_deg", "obliquity_deg", "rotation_deg"):
        assert np.isfinite(getattr(run, name)).all(), name
    assert [f for f in run.findings if f.fault != "rigid"] == []
    assert run.warnings != ()


@pytest.mark.quaternion
@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["time_s", "gyr_rad_s", "acc_m_s2", "quat"]),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e200]),
    st.integers(0, 199),
)
def test_values_that_are_not_measurements_are_rejected_with_name_and_number(name: str, value: float, row: int) -> None:
    samples = recorded("faults", 100, 0)[:200]
    assert samples.quat is not None
    fields = {each: getattr(samples, each).copy() for each in ("time_s", "gyr_rad_s", "acc_m_s2", "quat")}
    fields[name][row] = value
    with pytest.raises(SamplesError, match=rf"{name} .*sample {row}\b"):
        Samples(**fields)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 400), st.integers(1, 400), st.floats(0.0, 50.0))
def test_time_that_runs_backward_is_rejected_without_changing_the_state(first: int, count: int, back_s: float) -> None:
    samples = recorded("faults", 100, 0)
    pipeline = untuck.Pipeline(params=QUICK, keep_samples=True)
    pipeline.push(samples[:1000])
    part = samples[first : first + count]
    early = replace_time(replace_time(part, -float(part.time_s[0])), float(samples.time_s[999]) - back_s)  # to the bit
    with pytest.raises(SamplesError, match="in order of time"):
        pipeline.push(early)
    assert pipeline.push(samples[:0]) == []
    pipeline.push(samples[1000:])
    pipeline.finish()
    assert_equal(pipeline.run(), untuck.analyse(samples, params=QUICK), CUT)


@pytest.mark.quaternion
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s: Samples(s.time_s * 1e3, s.gyr_rad_s, s.acc_m_s2), "check that time_s is in seconds"),
        (lambda s: Samples(s.time_s + 1.7e12, s.gyr_rad_s, s.acc_m_s2), "pass seconds"),
        (lambda s: Samples(s.time_s, np.degrees(s.gyr_rad_s), s.acc_m_s2), "rad/s"),
        (lambda s: s[::4], "resample"),
        (lambda s: Samples(s.time_s, s.gyr_rad_s, s.acc_m_s2, 16384 * s.quat), "unit quaternions"),
        (lambda s: Samples(["half past two"] * len(s), s.gyr_rad_s, s.acc_m_s2), "plain numbers"),
    ],
)
def test_another_unit_or_rate_gives_an_error_or_a_warning(change: Callable[[Samples], Samples], expected: str) -> None:
    with pytest.raises(SamplesError, match=expected):
        untuck.analyse(change(recorded("faults", 100, 0)))


def test_a_recording_that_begins_in_the_run_does_not_blame_the_sensor() -> None:
    """ "Gravity 13 % wrong: calibrate or replace the sensor" was said of exact data without standing."""
    samples = untuck.example()
    run = untuck.analyse(samples[4000:])
    assert run.warnings and not any("% wrong" in warning for warning in run.warnings)


def test_acceleration_in_g_gives_an_error_or_a_warning() -> None:
    samples = recorded("calibrate", 100, 0)
    run = untuck.analyse(Samples(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2 / 9.80665))
    assert any("90 % wrong" in warning and "m/s^2" in warning for warning in run.warnings)
    assert len(run.strides) == 0
