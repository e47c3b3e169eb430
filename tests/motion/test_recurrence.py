"""A gap is filled with the rotation of earlier strides, where motion repeats itself; nothing is made up elsewhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import untuck
from untuck.model import Floats
from untuck.motion.orientation.recurrence import LONGEST_S, Filling, fill
from untuck.samples import Samples
from untuck.simulate.runner import Phase, Scenario, simulate

RATE_HZ = 100.0


def strides(time_s: Floats, period_s: float, phases: Floats) -> Floats:
    """Rates that repeat with the period: three harmonics on each axis, up to 6 rad/s."""
    harmonics = np.array([3.0, 2.0, 1.0])
    angles = 2.0 * np.pi * np.outer(time_s, [1.0, 2.0, 3.0]) / period_s
    return np.sin(angles[:, None, :] + phases) @ harmonics


def turned(rates: Floats, duration_s: float) -> Rotation:
    rotation = Rotation.identity()
    for rate in rates:
        rotation *= Rotation.from_rotvec(rate * duration_s / len(rates))
    return rotation


def error_deg(filling: Filling, rates: Floats, gap_s: float) -> float:
    """The angle between the filling's rotation and that of the rates (k,3) at both ends and in the gap."""
    truth = turned(0.5 * (rates[:-1] + rates[1:]), gap_s)
    return float(np.degrees((truth.inv() * turned(filling.rates, gap_s)).magnitude()))


@given(
    period_s=st.floats(0.6, 1.1),
    rate_hz=st.sampled_from([50.0, 60.0, 100.0, 148.0, 200.0, 1000.0]),
    gap_s=st.floats(0.05, 0.3),
    seed=st.integers(0, 99),
    lost_before=st.sets(st.integers(0, 80), max_size=6),
)
def test_a_gap_in_strides_is_filled_with_an_earlier_one(
    period_s: float, rate_hz: float, gap_s: float, seed: int, lost_before: set[int]
) -> None:
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(10.0 * rate_hz)) / rate_hz
    gyr = strides(time_s, period_s, rng.uniform(0.0, 2.0 * np.pi, (3, 3))) + rng.normal(0.0, 0.005, (len(time_s), 3))
    first = round(rate_hz * rng.uniform(7.0, 8.0))
    after = first + round(gap_s * rate_hz)
    tenths = (10.0 * time_s).astype(int)
    earlier = np.flatnonzero(~np.isin(tenths, list(lost_before)) | (time_s > time_s[first] - 0.1))
    earlier = earlier[earlier < first]
    filling = fill(time_s[earlier], gyr[earlier], time_s[after], gyr[after])
    assert filling is not None
    assert len(filling.rates) == after - first + 1
    most_deg = 1.5 if rate_hz >= 100.0 else 3.0  # a lag lies between samples
    assert error_deg(filling, gyr[first - 1 : after + 1], (after - first + 1) / rate_hz) < most_deg
    assert np.degrees(filling.error_rad) < 20.0


@given(seed=st.integers(0, 99))
def test_motion_that_does_not_repeat_itself_is_not_made_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0, 1.0, (1000, 3))
    gyr = np.array([np.convolve(axis, np.hanning(15), "same") for axis in steps.T]).T
    time_s = np.arange(1000) / RATE_HZ
    filling = fill(time_s[:800], gyr[:800], time_s[806], gyr[806])
    assert filling is None or np.degrees(filling.error_rad) > 4.0


def test_how_samples_arrive_does_not_matter() -> None:
    samples = simulate(Scenario((Phase("stand", 7.0), Phase("run", 20.0))), seed=3).samples
    kept = np.arange(len(samples)) // 5 % 23 != 0
    parts = samples.time_s[kept], samples.gyr_rad_s[kept], samples.acc_m_s2[kept]
    found = []
    for size in (len(parts[0]), 7, 1):
        pipeline, strides_found = untuck.Pipeline(), []
        for first in range(0, len(parts[0]), size):
            events = pipeline.push(Samples(*(each[first : first + size] for each in parts)))
            strides_found += [event.value.tobytes() for event in events if event.kind == "stride"]
        found.append(strides_found)
    assert len(found[0]) > 15 and found[0] == found[1] == found[2]


def test_what_is_too_short_too_long_or_too_slow_is_left_alone() -> None:
    time_s = np.arange(1000) / RATE_HZ
    gyr = strides(time_s, 0.7, np.zeros((3, 3)))
    assert fill(time_s[:0], gyr[:0], 0.0, gyr[0]) is None
    assert fill(time_s[:1], gyr[:1], 0.1, gyr[10]) is None
    assert fill(time_s[:36], gyr[:36], time_s[42], gyr[42]) is None
    beyond = 700 + round(LONGEST_S * RATE_HZ)
    assert fill(time_s[:700], gyr[:700], time_s[beyond], gyr[beyond]) is None
    slow = slice(0, 700, 4)
    assert fill(time_s[slow], gyr[slow], time_s[720], gyr[720]) is None
