"""Foreign recordings whose signs or axes are wrong: refused with the reason and the flag, never a side on a guess.

All 48 ways to name or reverse the axes of both sensors are tried on a simulated runner.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from bench.lib import gaits
from scipy.spatial.transform import Rotation

import untuck
from conftest import data_dir
from untuck.errors import SamplesError
from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.mount.handedness import running, signed_axes, turning
from untuck.motion.mount.signs import agreement, axes_text, check_signs, gravity_problem, gyro_problem, mirror_warning
from untuck.report.tables import write_npz
from untuck.samples import Samples
from untuck.simulate.runner import simulate
from untuck.sources.files import read_samples

SAME, FLIP = np.eye(3), -np.eye(3)
RUNS_S = 24.0  # standing and hinges before
WAYS = {axes_text(axes): axes for axes in signed_axes()}


@cache
def recorded(hinges: bool = True) -> Samples:
    samples = simulate(seed=3).samples
    first = 0 if hinges else int(np.searchsorted(samples.time_s, samples.time_s[0] + RUNS_S))
    return Samples(samples.time_s[first:], samples.gyr_rad_s[first:], samples.acc_m_s2[first:])


def named(gyr: Floats, acc: Floats, hinges: bool = True) -> Samples:
    """The recording with other axes of either sensor."""
    samples = recorded(hinges)
    return Samples(samples.time_s, samples.gyr_rad_s @ gyr.T, samples.acc_m_s2 @ acc.T)


@cache
def linear() -> Samples:
    """The recording without gravity, as phones give it beside the one with gravity."""
    samples = recorded()
    quat = untuck.estimate_orientation(samples.gyr_rad_s, samples.acc_m_s2, 100.0)
    up = Rotation.from_quat(quat, scalar_first=True).apply([0.0, 0.0, GRAVITY_M_S2], inverse=True)
    return Samples(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2 - up)


@pytest.mark.parametrize("hinges", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_axes_that_are_named_alike_agree_unless_they_are_left_handed(way: str, hinges: bool) -> None:
    axes = WAYS[way]
    problem = gyro_problem(agreement(named(axes, axes, hinges)))
    assert (problem == "") == (np.linalg.det(axes) > 0)
    assert problem == "" or ('--axes "acc:-x,y,z" --axes "gyr:-x,y,z"' in problem and "left-handed" in problem)


@pytest.mark.parametrize("hinges", [True, False])
def test_a_reversed_gyro_contradicts_and_a_reversed_acceleration_cannot_be_seen(hinges: bool) -> None:
    assert '--axes "gyr:-x,-y,-z"' in gyro_problem(agreement(named(FLIP, SAME, hinges)))
    assert gyro_problem(agreement(named(SAME, FLIP, hinges))) == "", "that is the motion of a mirrored runner"


@pytest.mark.parametrize("way", [way for way, m in WAYS.items() if abs(m[0, 0]) < 0.5])
def test_a_gyro_with_other_axes_than_acceleration_is_found_by_the_hinges(way: str) -> None:
    """Hinges turn about x: whatever takes x's place shows it."""
    with pytest.raises(SamplesError, match=r"gyro.*--axes"):
        untuck.analyse(named(WAYS[way], SAME))


@pytest.mark.parametrize("gyro_sign", [1.0, -1.0])
@pytest.mark.parametrize("way", WAYS)
def test_a_file_is_read_only_with_y_up_and_axes_that_agree(way: str, gyro_sign: float) -> None:
    """Axes that are mirrored in acceleration alone agree with y up: no exporter is known to write them."""
    axes = WAYS[way]
    samples = named(gyro_sign * axes, axes)
    if axes[1, 1] > 0 and gyro_sign * np.linalg.det(axes) > 0:
        check_signs(samples, "run.csv")
    else:
        with pytest.raises(SamplesError, match=r"run\.csv: .*--axes"):
            check_signs(samples, "run.csv")


def test_acceleration_of_the_opposite_sign_is_refused_as_a_file_and_a_warning_in_memory(tmp_path: Path) -> None:
    samples = named(SAME, FLIP)
    write_npz(samples, tmp_path / "phone.npz")
    with pytest.raises(SamplesError, match=r'along -y, but y should point up.*Apple.*--axes "-x,-y,-z"'):
        read_samples(tmp_path / "phone.npz")
    assert any("acceleration has the opposite sign" in text for text in untuck.analyse(samples).warnings)
    assert mirror_warning(untuck.analyse(recorded()).calibration) == ""


@pytest.mark.parametrize("part", [slice(None), slice(2500, None), slice(2500)])
def test_linear_acceleration_is_refused_running_or_not(part: slice) -> None:
    assert "gravity was removed" in gravity_problem(linear()[part])
    assert gravity_problem(recorded()[part]) == ""
    with pytest.raises(SamplesError, match="includes gravity"):
        untuck.analyse(linear()[part])


def test_a_clock_that_jumps_by_years_costs_nothing() -> None:
    samples = recorded()
    time_s = samples.time_s + np.where(np.arange(len(samples)) < 200, 0.0, 1.7e9)
    check_signs(Samples(time_s, samples.gyr_rad_s, samples.acc_m_s2), "run.csv")


@pytest.mark.data
def test_recorded_runners_agree() -> None:
    """Joggers with a real sensor and runners with a virtual one: none contradicts, few show nothing."""
    data_dir("natural", "natural.npz")
    people = [*gaits.natural_runs(), *gaits.worn_trials("run", 20.0)]
    medians = np.array([np.median(running(trial.samples)) for trial in people])
    assert medians.min() > -0.1
    assert (medians > 0.1).mean() > 0.9, f"{(medians > 0.1).sum()} of {len(medians)}"
    for trial in people:
        check_signs_of(trial.samples)


def check_signs_of(samples: Samples) -> None:
    assert gravity_problem(samples) == ""
    assert gyro_problem(agreement(samples)) == ""
    reversed_gyro = Samples(samples.time_s, -samples.gyr_rad_s, samples.acc_m_s2)
    assert not agreement(reversed_gyro).shown


@pytest.mark.data
def test_recorded_walks_do_not_contradict() -> None:
    data_dir("worn", "worn.npz")
    for trial in gaits.worn_trials("walk", 20.0):
        assert gyro_problem(agreement(trial.samples)) == "", trial.name
        assert gravity_problem(trial.samples) == "", trial.name


def test_turning_is_measured() -> None:
    found = turning(recorded())
    assert found.seconds > 5.0
    assert found.agreement == pytest.approx(1.0, abs=0.01)
    assert turning(named(FLIP, SAME)).agreement == pytest.approx(-1.0, abs=0.01)
    assert np.isnan(turning(recorded(hinges=False)).agreement), "running turns nothing for long"
