"""Force, braking and stiffness of a stride: on curves of known motion, and against the force plates."""

from functools import cache

import numpy as np
import pytest
from bench.lib.force_errors import force_errors
from bench.lib.recordings import JUDGE, load_recording
from bench.lib.scoring import rms

from conftest import data_dir
from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.strides.contact_kernels import LEVER_M
from untuck.motion.strides.forces import motion_curves, stride_forces
from untuck.motion.strides.phase_grid import BASIS

PHASE = (np.arange(100) + 0.5) / 100
DURATION_S = 0.72


def curves(force_amplitude: float = 1.2, braking_m_s: float = 0.2, tilt_deg: float = 0.0) -> Floats:
    """A body whose force and speed are sinusoids of step frequency; the clip nods with the tilt about the centre."""
    out = np.zeros((6, 100))
    turn = 4 * np.pi * PHASE
    rate = 4 * np.pi / DURATION_S
    out[0] = np.radians(tilt_deg) * np.cos(turn)
    out[5] = force_amplitude * GRAVITY_M_S2 * -np.cos(turn + 0.6)
    out[5] += LEVER_M * -(rate**2) * out[0]  # the clip is behind the centre and rises as the pelvis tips forward
    out[3] = -0.5 * braking_m_s * rate * np.sin(turn)
    return out


def harmonics(given: Floats) -> Floats:
    """(4, 2 H) of rotation and acceleration, as the kernel computes them."""
    parts: Floats = given[2:] @ BASIS.reshape(-1, 100).T
    return parts


def forces(given: Floats, travel_rad: float = 0.0, left_contact: float = 0.34) -> dict[str, float]:
    return stride_forces(harmonics(given), given[0], travel_rad, DURATION_S, (0.5, 0.34, left_contact))


@pytest.mark.parametrize("tilt_deg", [0.0, 5.0])
def test_force_and_height_are_those_of_the_pelvis_centre(tilt_deg: float) -> None:
    given = curves(tilt_deg=tilt_deg)
    parts = harmonics(given)
    force, height, _ = motion_curves(parts[3], parts[1], given[0], DURATION_S).T
    assert force == pytest.approx(-1.2 * np.cos(4 * np.pi * PHASE + 0.6), abs=1e-6)
    amplitude_m = 1.2 * GRAVITY_M_S2 * (DURATION_S / (4 * np.pi)) ** 2
    assert height == pytest.approx(amplitude_m * np.cos(4 * np.pi * PHASE + 0.6), abs=1e-6)


@pytest.mark.parametrize("travel_rad", [0.0, 2.0])
def test_braking_is_the_speed_lost_along_the_direction_of_travel(travel_rad: float) -> None:
    given = curves(braking_m_s=0.2)
    given[3], given[4] = np.cos(travel_rad) * given[3], np.sin(travel_rad) * given[3]
    found = forces(given, travel_rad)
    assert found["braking_left_m_s"] == pytest.approx(0.2, abs=0.01)
    assert found["braking_right_m_s"] == pytest.approx(0.2, abs=0.01)


def test_a_shorter_contact_of_one_side_means_more_force_there() -> None:
    even = forces(curves())
    short = forces(curves(), left_contact=0.28)
    assert even["peak_left_bw"] == pytest.approx(even["peak_right_bw"], abs=0.01)
    assert short["peak_left_bw"] > even["peak_left_bw"] + 0.1
    assert short["peak_right_bw"] == even["peak_right_bw"]


@cache
def errors_of_judges(wearing: str) -> list[Floats]:
    data_dir("fukuchi", "fukuchi_T35.npz")
    usable = [runner for runner in JUDGE if load_recording(runner, "T35").usable.mean() > 0.95]
    return [force_errors(runner, "T35", wearing) for runner in usable]


@pytest.mark.data
@pytest.mark.parametrize("wearing", ["good", "bad"])
def test_peak_force_and_stiffness_of_held_out_runners(wearing: str) -> None:
    each = errors_of_judges(wearing)
    errors = np.concatenate(each)
    assert len(errors) > 300
    assert rms(errors[:, 0]) < 0.22  # body weights
    assert np.abs([e[:, 0].mean() for e in each]).max() < 0.45
    assert rms(errors[:, 1]) < 0.20
