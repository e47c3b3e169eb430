"""A lasting change of the gyro's bias is reported once, in running and in standing; what returns is not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import untuck
from untuck.events import Event, StrideMeasured, Warned
from untuck.model import Floats
from untuck.motion.orientation.bias_watch import BiasChange, BiasWatch
from untuck.samples import Samples

QUAT = np.array([0.5, 0.5, 0.5, 0.5])  # sensor y is up


def watched(bias_deg_s: Floats, se_deg_s: float = 0.05) -> list[BiasChange]:
    """The changes found in estimates (n,3), two a second."""
    watch = BiasWatch()
    found = [
        watch.push(0.5 * k, np.radians(bias), np.radians(se_deg_s) ** 2 * np.eye(3), QUAT)
        for k, bias in enumerate(bias_deg_s)
    ]
    return [change for change in found if change is not None]


def estimates(moved: Floats, axis: tuple[float, float, float] = (1.0, 0.0, 0.0)) -> Floats:
    """(n,3) estimates that moved (n,) from a constant along an axis."""
    noise = np.random.default_rng(3).normal(0, 0.02, (len(moved), 3))
    return np.array([0.3, -0.2, 0.1]) + np.outer(moved, axis) + noise


TIME_S = 0.5 * np.arange(240)


def test_a_change_that_stays_is_found_once_with_its_time_and_size() -> None:
    moved = 1.0 * np.clip((TIME_S - 60.0) / 5.0, 0, 1)
    (change,) = watched(estimates(moved))
    assert np.degrees(change.size_rad_s) == pytest.approx(1.0, abs=0.1)
    assert 55.0 <= change.from_s <= 58.0 and 63.0 <= change.until_s <= 66.0


@pytest.mark.parametrize(
    ("what", "moved"),
    [
        ("a change of speed for 7 s", 1.0 * ((TIME_S > 60) & (TIME_S < 67))),
        ("slow drift", TIME_S / 120.0),
        ("a wandering estimate", 0.6 * np.sin(TIME_S / 5.0)),
        ("a small change", 0.2 * (TIME_S > 60)),
    ],
)
def test_what_is_no_lasting_change_is_not_reported(what: str, moved: Floats) -> None:
    assert watched(estimates(moved)) == [], what


def test_a_bias_about_the_vertical_and_one_within_the_error_are_not_reported() -> None:
    moved = 1.0 * (TIME_S > 60)
    assert watched(estimates(moved, axis=(0.0, 1.0, 0.0))) == []
    assert watched(estimates(moved), se_deg_s=0.4) == []


def with_step(samples: Samples, at_s: float, step_deg_s: float) -> Samples:
    step_rad_s = np.radians(step_deg_s) * np.array([0.7, -0.5, 0.51])
    moved = np.where(samples.time_s[:, None] >= at_s, step_rad_s, 0.0)
    return Samples(samples.time_s, samples.gyr_rad_s + moved, samples.acc_m_s2)


def events_of(samples: Samples, chunk: int = 1000) -> list[Event]:
    pipeline = untuck.Pipeline()
    parts = [samples[first : first + chunk] for first in range(0, len(samples), chunk)]
    return [event for part in parts for event in pipeline.push(part)] + pipeline.finish()


def reports(events: list[Event]) -> list[Warned]:
    return [event for event in events if isinstance(event, Warned) and "gyro changed" in event.text]


def tilt_se_deg(events: list[Event], first_s: float, end_s: float) -> float:
    """The largest standard error of tilt of strides that end in a time."""
    strides = [event.stride for event in events if isinstance(event, StrideMeasured)]
    return float(max(s["tilt_se_deg"] for s in strides if first_s <= s["start_s"] + s["duration_s"] < end_s))


def test_a_step_in_running_is_reported_and_strides_after_it_have_a_larger_error() -> None:
    clean = untuck.example()
    assert reports(events_of(clean)) == []
    events = events_of(with_step(clean, 95.0, 1.0))
    (warning,) = reports(events)
    assert 100.0 < warning.time_s < 120.0 and "deg/s at about 1:3" in warning.text
    assert tilt_se_deg(events, 97.5, 105.0) > 2.0 * tilt_se_deg(events_of(clean), 97.5, 105.0)


def test_a_step_while_standing_is_reported() -> None:
    rng = np.random.default_rng(4)
    time_s = np.arange(0.0, 70.0, 0.01)
    still = Samples(time_s, rng.normal(0, 0.002, (7000, 3)), np.array([0, 9.80665, 0]) + rng.normal(0, 0.02, (7000, 3)))
    assert reports(events_of(still)) == []
    (warning,) = reports(events_of(with_step(still, 40.0, 1.0)))
    assert warning.time_s < 55.0


def test_the_report_does_not_depend_on_chunks() -> None:
    samples = with_step(untuck.example(), 95.0, 1.0)
    found = [reports(events_of(samples, chunk)) for chunk in (14400, 977, 10)]
    assert found[0] and all(one == other for one, other in pairwise(found))
