"""How a virtual clip sits on the moving pelvis: askew, wobbling, slipping, turning as a worn one does.

From the pelvis's orientation and the sacrum's position to those of the sensor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import make_interp_spline
from scipy.signal import bilinear, lfilter
from scipy.spatial.transform import Rotation

from untuck.errors import SamplesError
from untuck.model import GRAVITY_M_S2, NOMINAL_MOUNT, Floats

__all__ = ["Mount", "continuous", "mounted", "turns_rad"]

SLIP_DURATION_S = 0.4


@dataclass(frozen=True)
class Mount:
    """How a virtual sensor sits on the pelvis; by default nominal and rigid, midway between the posterior iliac spines.

    Parameters
    ----------
    roll_deg, pitch_deg, yaw_deg : float, deg
        Right-handed rotations of the clip about pelvis x (forward), z (right) and y (up), yaw outermost.
    lever_m : tuple of 3 floats, m
        Position of the clip from the sacrum point, in pelvis axes.
    wobble_deg_per_g, wobble_mm_per_g : float
        Soft tissue: a damped spring, driven by acceleration without gravity, turns the clip (about sensor x by vertical
        and about sensor z by lateral acceleration) and moves it.
    wobble_hz, wobble_damping : float
        Natural frequency of that spring, and its damping as a share of critical.
    slip_s : float, s
        The clip slips within 0.4 s around this time; NaN for never.
    slip_roll_deg, slip_pitch_deg, slip_yaw_deg : float, deg
        By how much, about the same axes.

    Examples
    --------
    >>> import untuck
    >>> mount = untuck.Mount(pitch_deg=6.0, wobble_deg_per_g=0.3)
    >>> mount.sensor_to_pelvis().shape
    (3, 3)
    """

    roll_deg: float = 0.0
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    lever_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    wobble_deg_per_g: float = 0.0  # about sensor x by vertical, about sensor z by lateral acceleration
    wobble_mm_per_g: float = 0.0
    wobble_hz: float = 10.0
    wobble_damping: float = 0.25  # of critical
    slip_s: float = float("nan")
    slip_roll_deg: float = 0.0
    slip_pitch_deg: float = 0.0
    slip_yaw_deg: float = 0.0

    def sensor_to_pelvis(self) -> Floats:
        """(3,3) matrix from sensor to pelvis coordinates, before any slip and without wobble."""
        matrix: Floats = _turn(self.roll_deg, self.pitch_deg, self.yaw_deg).as_matrix() @ NOMINAL_MOUNT
        return matrix


def _turn(roll_deg: float, pitch_deg: float, yaw_deg: float) -> Rotation:
    return Rotation.from_euler("YZX", [yaw_deg, pitch_deg, roll_deg], degrees=True)


def continuous(quat: Floats) -> Floats:
    """(N,4) with signs flipped so that neighbours lie in the same hemisphere."""
    flips = np.where((quat[1:] * quat[:-1]).sum(axis=1) < 0, -1.0, 1.0)
    same: Floats = quat * np.concatenate([[1.0], np.cumprod(flips)])[:, None]
    return same


def turns_rad(clip_turn_deg: ArrayLike | None, count: int) -> Floats | None:
    """(N,3) rad; raises SamplesError for a wrong shape or for values that are not finite."""
    if clip_turn_deg is None:
        return None
    turn = np.radians(np.asarray(clip_turn_deg, dtype=np.float64))
    if turn.shape != (count, 3) or not np.isfinite(turn).all():
        raise SamplesError(f"clip_turn_deg has shape {turn.shape}: pass finite angles of shape ({count}, 3).")
    return turn


def _spring(drive_g: Floats, rate_hz: float, mount: Mount) -> Floats:
    """(N,3) deflection of the soft tissue in g of steady load: y'' + 2 d w y' + w^2 y = w^2 drive."""
    omega = 2 * np.pi * mount.wobble_hz
    numerator, denominator = bilinear([omega**2], [1.0, 2 * mount.wobble_damping * omega, omega**2], fs=rate_hz)
    deflection: Floats = lfilter(numerator, denominator, drive_g, axis=0)
    return deflection


def mounted(
    time_s: Floats, quat: Floats, position: Floats, mount: Mount, turn_rad: Floats | None
) -> tuple[Floats, Floats]:
    """(N,4) sensor to earth and (N,3) position of the clip on the moving pelvis."""
    rate_hz = 1 / (time_s[1] - time_s[0])
    pelvis = Rotation.from_quat(quat, scalar_first=True)
    place = position + pelvis.apply(mount.lever_m)
    base = pelvis
    if np.isfinite(mount.slip_s):
        done = np.clip((time_s - mount.slip_s) / SLIP_DURATION_S + 0.5, 0.0, 1.0)
        eased = done**3 * (10 - 15 * done + 6 * done**2)
        slip = _turn(mount.slip_roll_deg, mount.slip_pitch_deg, mount.slip_yaw_deg).as_rotvec()
        base = base * Rotation.from_rotvec(np.outer(eased, slip))
    if turn_rad is not None:
        base = base * Rotation.from_rotvec(turn_rad)
    sensor = base * Rotation.from_matrix(mount.sensor_to_pelvis())
    if mount.wobble_deg_per_g or mount.wobble_mm_per_g:
        acc = make_interp_spline(time_s, place, k=5)(time_s, 2)
        bend = _spring(sensor.apply(acc, inverse=True) / GRAVITY_M_S2, rate_hz, mount)
        turn = np.radians(mount.wobble_deg_per_g) * bend[:, [1, 1, 0]] * np.array([1.0, 0.0, 1.0])
        place = place - sensor.apply(bend) * mount.wobble_mm_per_g / 1000
        sensor = sensor * Rotation.from_rotvec(turn)
    return continuous(sensor.as_quat(scalar_first=True)), place
