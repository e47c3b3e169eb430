"""A virtual IMU: the samples of a sensor on the waistband while a pelvis moves as recorded or simulated.

The motion is smoothed, the clip mounted on it (mounting.py), and splines are differentiated. sensor_noise.py then
adds the sensor's errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, make_interp_spline
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation

from untuck.errors import SamplesError
from untuck.model import GRAVITY_M_S2, Floats
from untuck.samples import Samples
from untuck.simulate.mounting import Mount, continuous, mounted, turns_rad
from untuck.simulate.sensor_noise import Noise, measure

__all__ = ["ImuTruth", "Mount", "Noise", "fill_gaps", "virtual_imu"]

Y_UP_TO_Z_UP = Rotation.from_rotvec([np.pi / 2, 0.0, 0.0])
MIN_SAMPLES = 12
FLIGHT_G = -0.7  # vertical acceleration without gravity below this: no foot on the ground
STRIKE_G = -0.5


@dataclass(frozen=True, eq=False)
class ImuTruth:
    """The true motion at the true times of the samples.

    time_s (N,); quat (N,4) sensor to earth, with its motion against the pelvis; pelvis_quat (N,4) pelvis to earth
    (z up); tilt_deg, obliquity_deg, rotation_deg (N,) of the pelvis relative to earth, not to standing; rotation is the
    unwrapped heading; sensor_to_pelvis (3,3) of the mount before any slip; contact_times_s (C,) of impacts.
    """

    time_s: Floats
    quat: Floats
    pelvis_quat: Floats
    tilt_deg: Floats
    obliquity_deg: Floats
    rotation_deg: Floats
    sensor_to_pelvis: Floats
    contact_times_s: Floats = field(default_factory=lambda: np.zeros(0))


def fill_gaps(
    pelvis_quat: ArrayLike, sacrum_position_m: ArrayLike, gap: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Interpolate where markers were missing: rows marked in `gap` (N,) bool, and rows that are not finite.

    Cubic splines over the good rows, the best of five methods on recorded runners: in gaps of 27 / 60 / 130 ms the
    error of tilt was up to 0.5 / 2 / 6 deg. Before the first and after the last good row that row is held.
    Returns (N,4) and (N,3). Raises SamplesError if there are fewer than 12 good rows.
    """
    quat, position = _arrays(pelvis_quat, sacrum_position_m)
    bad = np.zeros(len(quat), bool) if gap is None else np.asarray(gap, bool)
    good = np.flatnonzero(~bad & np.isfinite(quat).all(axis=1) & np.isfinite(position).all(axis=1))
    if len(good) < MIN_SAMPLES:
        raise SamplesError(f"Only {len(good)} rows of the motion are usable: at least {MIN_SAMPLES} are needed.")
    rows = np.clip(np.arange(len(quat)), good[0], good[-1])
    filled = CubicSpline(good, np.hstack([continuous(quat[good]), position[good]]))(rows)
    return filled[:, :4] / np.linalg.norm(filled[:, :4], axis=1, keepdims=True), filled[:, 4:]


def _arrays(pelvis_quat: ArrayLike, sacrum_position_m: ArrayLike) -> tuple[Floats, Floats]:
    quat = np.array(pelvis_quat, dtype=np.float64)
    position = np.array(sacrum_position_m, dtype=np.float64)
    if quat.ndim != 2 or quat.shape[1] != 4 or position.shape != (len(quat), 3):
        raise SamplesError(
            f"pelvis_quat has shape {quat.shape} and sacrum_position_m {position.shape}: pass (N, 4) and (N, 3)."
        )
    if len(quat) < MIN_SAMPLES:
        raise SamplesError(f"{len(quat)} samples of motion are too few: pass at least {MIN_SAMPLES}.")
    return quat, position


def _checked(
    pelvis_quat: ArrayLike, sacrum_position_m: ArrayLike, rate_hz: float, up_axis: str | None
) -> tuple[Floats, Floats]:
    """(N,4) unit and sign-continuous quaternions and (N,3) positions, finite, in an earth frame with z up."""
    quat, position = _arrays(pelvis_quat, sacrum_position_m)
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise SamplesError(f"rate_hz is {rate_hz}: pass samples per second, above 0.")
    bad = ~(np.isfinite(quat).all(axis=1) & np.isfinite(position).all(axis=1))
    if bad.any():
        raise SamplesError(
            f"The motion is not finite at sample {int(np.flatnonzero(bad)[0])} ({int(bad.sum())} such rows): "
            "interpolate gaps first, for example with untuck.simulate.imu.fill_gaps."
        )
    norm = np.linalg.norm(quat, axis=1, keepdims=True)
    if (norm < 1e-6).any():
        raise SamplesError(f"pelvis_quat is zero at sample {int(np.argmin(norm))}: interpolate gaps first.")
    quat = continuous(quat / norm)
    if _lab_up(quat, up_axis) == "y":
        position = Y_UP_TO_Z_UP.apply(position)
        turned = Y_UP_TO_Z_UP * Rotation.from_quat(quat, scalar_first=True)
        quat = continuous(turned.as_quat(scalar_first=True))
    return quat, position


def _lab_up(quat: Floats, up_axis: str | None) -> str:
    if up_axis in ("y", "z"):
        return str(up_axis)
    if up_axis is not None:
        raise SamplesError(f"up_axis is {up_axis!r}: pass 'y', 'z', or None to find it from an upright pelvis.")
    upright = Rotation.from_quat(quat, scalar_first=True).apply([0.0, 1.0, 0.0]).mean(axis=0)
    return "y" if upright[1] > max(0.6, abs(upright[2])) else "z"


def _smoothed(values: Floats, rate_hz: float, lowpass_hz: float | None) -> Floats:
    if lowpass_hz is None:
        return values
    sos = butter(2, min(lowpass_hz, 0.45 * rate_hz), fs=rate_hz, output="sos")
    pad = min(len(values) - 1, int(rate_hz))
    smooth: Floats = sosfiltfilt(sos, values, axis=0, padlen=pad)
    return smooth


def _angular_velocity(quat: Floats, slope: Floats) -> Floats:
    """(N,3) rad/s in the moving frame, from quaternions that need not be unit and their derivative."""
    w, x, y, z = quat.T
    dw, dx, dy, dz = slope.T
    vector = np.stack(
        [
            w * dx - x * dw - y * dz + z * dy,
            w * dy + x * dz - y * dw - z * dx,
            w * dz - x * dy + y * dx - z * dw,
        ],
        axis=1,
    )
    rate: Floats = 2 * vector / (quat * quat).sum(axis=1, keepdims=True)
    return rate


def _specific_force(quat: Floats, earth_acc_m_s2: Floats) -> Floats:
    force: Floats = Rotation.from_quat(quat, scalar_first=True).apply(
        earth_acc_m_s2 + np.array([0.0, 0.0, GRAVITY_M_S2]), inverse=True
    )
    return force


def _strikes(time_s: Floats, vertical_g: Floats) -> Floats:
    """Times of foot strikes: vertical acceleration without gravity rises through -0.5 g after flight."""
    rising = np.flatnonzero((vertical_g[1:] >= STRIKE_G) & (vertical_g[:-1] < STRIKE_G)) + 1
    before = [vertical_g[max(0, i - 12) : i].min() < FLIGHT_G for i in rising]
    strikes: Floats = time_s[rising[np.array(before, bool)]]
    return strikes


def _truth(time_s: Floats, quat: Floats, pelvis_quat: Floats, mount: Mount, contact_times_s: Floats) -> ImuTruth:
    matrix = Rotation.from_quat(pelvis_quat, scalar_first=True).as_matrix()
    return ImuTruth(
        time_s=time_s,
        quat=quat,
        pelvis_quat=pelvis_quat,
        tilt_deg=-np.degrees(np.arcsin(np.clip(matrix[:, 2, 0], -1, 1))),
        obliquity_deg=np.degrees(np.arcsin(np.clip(matrix[:, 2, 2], -1, 1))),
        rotation_deg=np.degrees(np.unwrap(np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0]))),
        sensor_to_pelvis=mount.sensor_to_pelvis(),
        contact_times_s=contact_times_s,
    )


def _unit(quat: Floats) -> Floats:
    unit: Floats = quat / np.linalg.norm(quat, axis=1, keepdims=True)
    return unit


def virtual_imu(
    pelvis_quat: ArrayLike,
    sacrum_position_m: ArrayLike,
    rate_hz: float,
    mount: Mount | None = None,
    noise: Noise | None = None,
    seed: int = 0,
    *,
    up_axis: str | None = None,
    lowpass_hz: float | None = 20.0,
    output_rate_hz: float | None = None,
    contact_times_s: ArrayLike | None = None,
    clip_turn_deg: ArrayLike | None = None,
) -> tuple[Samples, ImuTruth]:
    """Simulate what a clip on the waistband measures while the pelvis moves as recorded.

    Parameters
    ----------
    pelvis_quat : (N, 4) array
        Unit quaternions w x y z, pelvis (x forward, y up, z right) to earth.
    sacrum_position_m : (N, 3) array, m
        Position of the sacrum in the same earth frame.
    rate_hz : float, Hz
        Samples per second of both.
    mount : Mount, optional
        How the clip sits; None is the nominal mount.
    noise : Noise, optional
        Errors of the sensor; None is a typical BNO085, ``Noise.none()`` an ideal sensor.
    seed : int
        Of the noise.
    up_axis : {"y", "z"}, optional
        Which axis of the earth frame points up. None takes y if the pelvis's own y axis points along it on average,
        else z.
    lowpass_hz : float, Hz, optional
        Cut-off of a zero-phase Butterworth filter (2nd order, run both ways) on the motion before it is
        differentiated; None for motion that is smooth already.
    output_rate_hz : float, Hz, optional
        Samples per second of the result; None keeps `rate_hz`.
    contact_times_s : (C,) array, s, optional
        When feet strike, for `Noise.impact_g`; None finds them in the motion.
    clip_turn_deg : (N, 3) array, deg, optional
        Rotation vectors of the clip against its mount, about the pelvis's forward, up and right axes, for each row of
        the motion, not smoothed. `untuck.simulate.clip_motion` draws those of a worn clip; None is a rigid mount.

    Returns
    -------
    samples : Samples
        With the chip's own simulated quaternion, and time from 0.
    truth : ImuTruth
        The motion at the same instants.

    Raises
    ------
    SamplesError
        For wrong shapes or rates, an unknown up axis, or gaps in the motion
        (`untuck.simulate.imu.fill_gaps` fills them).
    MissingExtraError
        scipy is not installed: the simulator needs the extra "simulate".

    Notes
    -----
    Quintic splines through the smoothed quaternions and positions are differentiated analytically: angular rate from
    the quaternion's derivative, specific force from the second derivative of the clip's own position.

    Examples
    --------
    A pelvis that stands still for two seconds, z up, tipped forward by 5 degrees:

    >>> import numpy as np, untuck
    >>> from scipy.spatial.transform import Rotation
    >>> upright = Rotation.from_euler("x", 90, degrees=True)
    >>> tipped = upright * Rotation.from_euler("z", -5, degrees=True)
    >>> quat = np.tile(tipped.as_quat(scalar_first=True), (200, 1))
    >>> s, truth = untuck.virtual_imu(quat, np.zeros((200, 3)), rate_hz=100, noise=untuck.Noise.none())
    >>> s
    Samples(200 at 100 Hz, 0.0 to 2.0 s, with the chip's quaternion)
    >>> truth.tilt_deg.mean().round(3), np.linalg.norm(s.acc_m_s2, axis=1).mean().round(3)
    (np.float64(5.0), np.float64(9.807))
    """
    quat, position = _checked(pelvis_quat, sacrum_position_m, rate_hz, up_axis)
    quat = _unit(_smoothed(quat, rate_hz, lowpass_hz))
    position = _smoothed(position, rate_hz, lowpass_hz)
    mount, noise = mount or Mount(), noise or Noise()
    time_s = np.arange(len(quat)) / rate_hz
    sensor_quat, place = mounted(time_s, quat, position, mount, turns_rad(clip_turn_deg, len(quat)))
    turning, moving = make_interp_spline(time_s, sensor_quat, k=5), make_interp_spline(time_s, place, k=5)

    at_s = time_s
    if output_rate_hz is not None:
        if not (np.isfinite(output_rate_hz) and output_rate_hz > 0):
            raise SamplesError(f"output_rate_hz is {output_rate_hz}: pass samples per second, above 0, or None.")
        at_s = np.arange(int(np.floor(time_s[-1] * output_rate_hz + 1e-9)) + 1) / output_rate_hz
    out_quat, acc = turning(at_s), moving(at_s, 2)
    strikes: NDArray[np.float64] = np.zeros(0)
    if noise.impact_g:
        found = _strikes(at_s, acc[:, 2] / GRAVITY_M_S2) if contact_times_s is None else contact_times_s
        strikes = np.asarray(found, dtype=np.float64)
    gyr = _angular_velocity(out_quat, turning(at_s, 1))
    out_quat = _unit(out_quat)
    pelvis_out = _unit(make_interp_spline(time_s, quat, k=5)(at_s))
    samples = measure(
        at_s, out_quat, gyr, _specific_force(out_quat, acc), noise=noise, seed=seed, contact_times_s=strikes
    )
    return samples, _truth(at_s, out_quat, pelvis_out, mount, strikes)
