"""The recordings of the benches: paths, the split of runners for fitting and testing, and loading of treadmill runs.

Marker gaps are filled, motion is low-passed at 20 Hz and rotated to earth axes with z up and the pelvis level in
standing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import binary_dilation, binary_opening
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation

from bench.lib.quaternions import about, multiply
from untuck.model import CONTACT_DTYPE, LEFT, RIGHT, Floats
from untuck.simulate.imu import fill_gaps

TRIALS = {"T25": 2.5, "T35": 3.5, "T45": 4.5}  # treadmill speed in m/s

# Constants are fitted on DEV only; JUDGE runners are held out: they are reported, never used to choose.
# Both have slow and fast cadences; unusual ones are DEV (16: 17 % gaps, 28: runs below standing tilt, 24: 2 deg above).
DEV = ("RBDS001", "RBDS012", "RBDS016", "RBDS020", "RBDS024", "RBDS028", "RBDS08")
JUDGE = ("RBDS010", "RBDS014", "RBDS018", "RBDS022", "RBDS026", "RBDS04")
RUNNERS = DEV + JUDGE
BROAD_DEV = ("02", "07", "16", "25", "31", "33")  # trials that constants were fitted on; the others are held out

LOWPASS_HZ = 20.0  # above, marker noise would dominate the second derivative
FILLED_GAP_MAX = 8  # frames at 150 Hz that are interpolated; strides with longer gaps are left out
LAB_TO_EARTH = Rotation.from_rotvec([np.pi / 2, 0.0, 0.0])  # lab y up -> earth z up; x stays forward
PELVIS_TO_BODY = Rotation.from_rotvec([np.pi / 2, 0.0, 0.0])  # ISB x forward, y up, z right -> x forward, y left, z up


def data_dir() -> Path:
    """The folder of the recordings: UNTUCK_DATA, otherwise shared/data beside the checkout."""
    return Path(os.environ.get("UNTUCK_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


def has_data() -> bool:
    """Whether the recordings are present."""
    return (data_dir() / "fukuchi" / "fukuchi_T35.npz").exists()


@dataclass(frozen=True, eq=False)
class Recording:
    """One runner at one speed on the treadmill, ready to be cut into strides.

    pose (N,6): heading, pitch and roll of the pelvis in radians as for `angles_to_quat`, relative to standing, then
    sacrum x, y, z in metres; spline: the pose at any second; contacts CONTACT_DTYPE from the force plate; usable (N,)
    bool.
    """

    runner: str
    trial: str
    rate_hz: float
    speed_m_s: float
    pose: Floats
    spline: CubicSpline
    contacts: NDArray[np.void]
    usable: NDArray[np.bool_]
    static_tilt_deg: float


def quat_to_angles(pelvis_quat: Floats) -> Floats:
    """(N,3) heading (counter-clockwise), pitch (forward tip, = tilt) and roll (left side up) in radians, unwrapped.

    pelvis_quat (N,4) w x y z rotates ISB pelvis axes to an earth with z up.
    """
    body = Rotation.from_quat(multiply(pelvis_quat, PELVIS_TO_BODY.inv().as_quat(scalar_first=True)), scalar_first=True)
    angles: Floats = np.unwrap(body.as_euler("ZYX"), axis=0)
    return angles


def angles_to_quat(angles_rad: Floats) -> Floats:
    """(N,4) pelvis to earth from the angles (N,3) of `quat_to_angles`."""
    turned = multiply(multiply(about(2, angles_rad[:, 0]), about(1, angles_rad[:, 1])), about(0, angles_rad[:, 2]))
    return multiply(turned, PELVIS_TO_BODY.as_quat(scalar_first=True))


@lru_cache(maxsize=4)
def _trial(name: str) -> dict[str, NDArray[np.generic]]:
    with np.load(data_dir() / "fukuchi" / f"fukuchi_{name}.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def raw_field(runner: str, trial: str, name: str) -> NDArray[np.generic]:
    """One field of the treadmill set as stored, e.g. raw_field("RBDS001", "T35", "pelvis_quat")."""
    return _trial(trial)[f"{runner}/{name}"]


def pelvis_motion(runner: str, trial: str) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """(N,4) pelvis to earth (z up), (N,3) sacrum in metres, (N,) usable: unfiltered, gaps filled, zero = anatomy."""
    gap = np.asarray(raw_field(runner, trial, "pelvis_gap"), bool)
    quat, position = fill_gaps(
        raw_field(runner, trial, "pelvis_quat"), np.asarray(raw_field(runner, trial, "sacrum_pos_mm")) / 1000, gap
    )
    earth = LAB_TO_EARTH * Rotation.from_quat(quat, scalar_first=True)
    long_gap = binary_opening(gap, np.ones(FILLED_GAP_MAX + 1, bool))
    return earth.as_quat(scalar_first=True), LAB_TO_EARTH.apply(position), ~binary_dilation(long_gap, iterations=3)


def force_contacts(runner: str, trial: str) -> NDArray[np.void]:
    """CONTACT_DTYPE from the force plate at 50 N, seconds of the recording."""
    side = np.asarray(raw_field(runner, trial, "side"))
    contacts = np.zeros(len(side), CONTACT_DTYPE)
    contacts["time_s"] = raw_field(runner, trial, "fs_t")
    contacts["toe_off_s"] = raw_field(runner, trial, "to_t")
    contacts["side"] = np.where(side == 1, RIGHT, LEFT)
    return contacts


def _standing_roll_rad(runner: str) -> float:
    """Mean roll over the runner's trials: the asymmetry of the markers, also present in standing."""
    return float(np.mean([quat_to_angles(pelvis_motion(runner, trial)[0])[:, 2].mean() for trial in TRIALS]))


def standing_pose(runner: str, trial: str = "T35") -> Rotation:
    """Rotation from the markers' pelvis axes in standing to level axes with zero heading."""
    tilt_rad = np.radians(float(raw_field(runner, trial, "static_tilt_deg")))
    return Rotation.from_euler("ZYX", [0.0, tilt_rad, _standing_roll_rad(runner)])


@lru_cache(maxsize=64)
def load_recording(runner: str, trial: str) -> Recording:
    """The runner's trial, filtered, with the pelvis level in standing and mean heading and position zero."""
    quat, position, usable = pelvis_motion(runner, trial)
    level = standing_pose(runner, trial).inv()
    body = Rotation.from_quat(quat, scalar_first=True) * PELVIS_TO_BODY.inv() * level
    angles = np.unwrap(body.as_euler("ZYX"), axis=0)
    angles[:, 0] -= angles[:, 0].mean()
    position = position - position.mean(axis=0) * np.array([1.0, 1.0, 0.0])
    rate_hz = float(_trial(trial)["marker_fs"])
    pose = sosfiltfilt(butter(2, LOWPASS_HZ, fs=rate_hz, output="sos"), np.hstack([angles, position]), axis=0)
    return Recording(
        runner=runner,
        trial=trial,
        rate_hz=rate_hz,
        speed_m_s=TRIALS[trial],
        pose=pose,
        spline=CubicSpline(np.arange(len(pose)) / rate_hz, pose),
        contacts=force_contacts(runner, trial),
        usable=usable,
        static_tilt_deg=float(raw_field(runner, trial, "static_tilt_deg")),
    )
