"""Errors of a BNO085 or another sensor added to ideal signals: bias, noise, scale, range, fixed point, quaternion.

All errors of `Noise` come from one seeded generator in a fixed order, so that a seed gives the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from untuck.model import GRAVITY_M_S2, Floats
from untuck.samples import Samples
from untuck.wire import QUAT_SCALE, SENSOR_BNO085, SENSOR_ICM45686, SENSORS

INT16_MAX = 32767
IMPACT_HZ = 28.0  # ringing of skin, waistband and clip after foot strike
IMPACT_DECAY_S = 0.018


@dataclass(frozen=True)
class Noise:
    """Errors of a virtual sensor; by default a typical BNO085 that has calibrated itself and then stopped doing so.

    A magnitude applies to each of the three axes, with signs drawn from the seed.

    Parameters
    ----------
    gyr_noise_dps, gyr_bias_dps : float, deg/s
        White noise (RMS per sample) and constant bias of the gyroscope.
    gyr_walk_dps : float, deg/s
        Random walk of that bias: SD after one minute.
    gyr_scale_pct : float, %
        Scale error of the gyroscope.
    acc_noise_mg, acc_offset_mg : float, mg
        White noise (RMS per sample) and constant offset of the accelerometer.
    acc_scale_pct : float, %
        Scale error of the accelerometer.
    clip_acc_g, clip_gyr_dps : float, g and deg/s
        Ends of the ranges.
    impact_g : float, g
        Peak of the ringing of clip and skin at each contact.
    quat_error_deg, quat_error_s : float, deg and s
        RMS inclination error of the chip's quaternion, and how slowly it varies.
    quat_drift_deg_min : float, deg/min
        Heading drift of the chip's quaternion.
    jitter_ms : float, ms
        SD of time stamps against the true instants of sampling.
    quantise : bool
        Round to the resolution of the wire protocol.
    sensor : int
        Index of `wire.SENSORS`: resolution, and whether there is a quaternion.

    Notes
    -----
    White noise and range are those of the BMI055/BMF055 dies inside (0.014 deg/s and 150 ug per root Hz, 12 bit at
    8 g; 2000 deg/s) over a bandwidth of about 50 Hz. The quaternion is from the BNO080/085 data sheet (game rotation
    vector: non-heading error 1.5 deg static, 2.5 deg dynamic; heading drift 0.5 deg/min). Bias, offset and scale are
    what calibration by the chip leaves of the dies' tolerances (1 deg/s, 70 mg, 1 %); this is a judgement.
    `Noise().on(wire.SENSOR_ICM45686)` has that chip's.

    Examples
    --------
    >>> import untuck
    >>> ideal, loud = untuck.Noise.none(), untuck.Noise(acc_noise_mg=10.0)
    """

    gyr_noise_dps: float = 0.1  # white, RMS per sample
    gyr_bias_dps: float = 0.1
    gyr_walk_dps: float = 0.02  # random walk of the bias: SD after one minute
    gyr_scale_pct: float = 0.3
    acc_noise_mg: float = 2.0  # white, RMS per sample
    acc_offset_mg: float = 10.0
    acc_scale_pct: float = 0.3
    clip_acc_g: float = 8.0
    clip_gyr_dps: float = 2000.0
    impact_g: float = 0.0  # peak of the ringing of clip and skin at each contact
    quat_error_deg: float = 1.5  # RMS inclination error of the chip's quaternion
    quat_error_s: float = 3.0  # time constant of that error
    quat_drift_deg_min: float = 0.5  # heading drift of the chip's quaternion
    jitter_ms: float = 0.0  # SD of time stamps relative to the true times of sampling
    quantise: bool = True  # to the wire's Q points
    sensor: int = SENSOR_BNO085

    def on(self, sensor: int) -> Noise:
        """These errors on another sensor: each that is typical of this one becomes typical of that one.

        The ICM-45686's are typical values on a board, from the data sheet DS-000489 1.1, sections 3.1 and 3.2: white
        noise of 0.0038 deg/s and 110 ug per root Hz over 50 Hz; tolerances of bias, offset and scale, as it does not
        calibrate itself. It states no random walk: the BNO085's is kept. Ranges end where the packet's 16 bits end.
        """
        ours, theirs = _typical(self.sensor), _typical(sensor)
        same = {each.name for each in fields(self) if getattr(self, each.name) == getattr(ours, each.name)}
        return replace(self, **{name: getattr(theirs, name) for name in same})

    @classmethod
    def none(cls) -> Noise:
        """An ideal sensor: no error, no limit of range or resolution."""
        inf = float("inf")
        return cls(
            gyr_noise_dps=0.0,
            gyr_bias_dps=0.0,
            gyr_walk_dps=0.0,
            gyr_scale_pct=0.0,
            acc_noise_mg=0.0,
            acc_offset_mg=0.0,
            acc_scale_pct=0.0,
            clip_acc_g=inf,
            clip_gyr_dps=inf,
            impact_g=0.0,
            quat_error_deg=0.0,
            quat_drift_deg_min=0.0,
            jitter_ms=0.0,
            quantise=False,
        )


@cache
def _typical(sensor: int) -> Noise:
    """The typical errors of a sensor."""
    if sensor == SENSOR_ICM45686:
        return Noise(
            gyr_noise_dps=0.027,
            gyr_bias_dps=0.4,
            gyr_scale_pct=0.8,
            acc_noise_mg=0.78,
            acc_offset_mg=20.0,
            acc_scale_pct=0.2,
            clip_acc_g=26.1,
            clip_gyr_dps=1833.0,
            sensor=sensor,
        )
    return Noise()


_everywhere: int | None = None


def simulate_sensor(sensor: int | None) -> None:
    """From here on, simulated sensors are of this kind; None: as their noise says. For benches and tests."""
    global _everywhere
    _everywhere = sensor


def as_simulated(noise: Noise) -> Noise:
    """These errors on the sensor that simulate_sensor() has set."""
    return noise if _everywhere is None else noise.on(_everywhere)


def _signs(rng: np.random.Generator) -> Floats:
    signs: Floats = rng.choice(np.array([-1.0, 1.0]), 3)
    return signs


def _gyroscope(gyr_rad_s: Floats, rate_hz: float, noise: Noise, rng: np.random.Generator) -> Floats:
    gain = 1 + noise.gyr_scale_pct / 100 * _signs(rng)
    bias_dps = noise.gyr_bias_dps * _signs(rng)
    step_dps = noise.gyr_walk_dps / np.sqrt(60 * rate_hz)
    walk_dps = np.cumsum(rng.normal(0, 1, gyr_rad_s.shape), axis=0) * step_dps
    white_dps = rng.normal(0, 1, gyr_rad_s.shape) * noise.gyr_noise_dps
    limit = np.radians(noise.clip_gyr_dps)
    rate: Floats = np.clip(gyr_rad_s * gain + np.radians(bias_dps + walk_dps + white_dps), -limit, limit)
    return rate


def _accelerometer(acc_m_s2: Floats, noise: Noise, rng: np.random.Generator) -> Floats:
    gain = 1 + noise.acc_scale_pct / 100 * _signs(rng)
    offset_mg = noise.acc_offset_mg * _signs(rng)
    white_mg = rng.normal(0, 1, acc_m_s2.shape) * noise.acc_noise_mg
    limit = noise.clip_acc_g * GRAVITY_M_S2
    return np.clip(acc_m_s2 * gain + (offset_mg + white_mg) * GRAVITY_M_S2 / 1000, -limit, limit)


def _impacts(time_s: Floats, contact_times_s: Floats, noise: Noise, rng: np.random.Generator) -> Floats:
    """(N,3) decaying ringing after each contact, mostly along sensor y (up) and a third of it along z (back).

    The acceleration of a clip that is displaced by exp(-t/decay) (1 - cos wt) and returns. It has no net impulse, which
    would look like a lasting lean.
    """
    ring = np.zeros((len(time_s), 3))
    size = noise.impact_g * GRAVITY_M_S2 * rng.lognormal(0, 0.25, len(contact_times_s))
    lean = rng.normal(0, 0.15, (len(contact_times_s), 3)) + np.array([0.0, 1.0, 0.33])
    omega = 2 * np.pi * IMPACT_HZ
    slow = 1 / (omega * IMPACT_DECAY_S)
    for contact_s, peak, axis in zip(contact_times_s, size, lean, strict=True):
        part = slice(*np.searchsorted(time_s, [contact_s, contact_s + 8 * IMPACT_DECAY_S]))
        since = time_s[part] - contact_s
        turn = omega * since
        swing = np.cos(turn) - 2 * slow * np.sin(turn) + slow**2 * (1 - np.cos(turn))
        ring[part] += (peak * np.exp(-since / IMPACT_DECAY_S) * swing)[:, None] * axis
    return ring


def _smooth_noise(count: int, correlation_s: float, rate_hz: float, rng: np.random.Generator) -> Floats:
    """(count, 2) Gaussian noise of SD 1 that varies over about `correlation_s`."""
    sigma = correlation_s * rate_hz
    white = rng.normal(0, 1, (count + int(8 * sigma), 2))
    smooth: Floats = gaussian_filter1d(white, sigma, axis=0)[int(4 * sigma) :][:count]
    scaled: Floats = smooth * np.sqrt(2 * np.sqrt(np.pi) * sigma)
    return scaled


def _chip_quaternion(quat: Floats, time_s: Floats, rate_hz: float, noise: Noise, rng: np.random.Generator) -> Floats:
    """(N,4) the chip's estimate, with a slowly varying error of inclination and an arbitrary, drifting heading."""
    truth = Rotation.from_quat(quat, scalar_first=True)
    error = np.zeros((len(quat), 3))
    error[:, :2] = np.radians(noise.quat_error_deg / np.sqrt(2)) * _smooth_noise(
        len(quat), noise.quat_error_s, rate_hz, rng
    )
    start = rng.uniform(-np.pi, np.pi)
    drift = np.radians(noise.quat_drift_deg_min) * rng.choice([-1.0, 1.0]) / 60
    forward = -truth[0].as_matrix()[:, 2]  # without north, the chip's heading depends on its first sample only
    zero = Rotation.from_rotvec([0.0, 0.0, -np.arctan2(forward[1], forward[0])])
    heading = Rotation.from_rotvec(np.outer(start + drift * (time_s - time_s[0]), [0.0, 0.0, 1.0]))
    chip: Floats = (heading * Rotation.from_rotvec(error) * zero * truth).as_quat(scalar_first=True)
    return chip


def _rounded(values: Floats, scale: int) -> Floats:
    return np.clip(np.rint(values * scale), -INT16_MAX - 1, INT16_MAX) / scale


def _stamps(time_s: Floats, rate_hz: float, noise: Noise, rng: np.random.Generator) -> Floats:
    jitter_s = rng.normal(0, 1, len(time_s)) * noise.jitter_ms / 1000
    limit_s = 0.45 / rate_hz  # time keeps increasing
    stamps: Floats = time_s + np.clip(jitter_s, -limit_s, limit_s)
    return stamps


def measure(
    time_s: Floats,
    quat: Floats,
    gyr_rad_s: Floats,
    acc_m_s2: Floats,
    noise: Noise,
    seed: int,
    contact_times_s: NDArray[np.float64],
) -> Samples:
    """The samples of a sensor with these errors.

    time_s (N,) evenly spaced true times; quat (N,4) true sensor to earth; gyr_rad_s, acc_m_s2 (N,3) true rate and
    specific force in the sensor frame; contact_times_s (C,) of foot strikes, used if `noise.impact_g` is not 0.
    """
    noise = as_simulated(noise)
    _, acc_scale, gyr_scale, acc_end, _, has_quat = SENSORS[noise.sensor]
    rng = np.random.default_rng(seed)
    rate_hz = (len(time_s) - 1) / (time_s[-1] - time_s[0])
    gyr = _gyroscope(gyr_rad_s, rate_hz, noise, rng)
    ring = _impacts(time_s, contact_times_s, noise, np.random.default_rng([seed, 1]))
    acc = _accelerometer(acc_m_s2 + ring, noise, rng)
    chip = _chip_quaternion(quat, time_s, rate_hz, noise, rng)
    stamps = _stamps(time_s, rate_hz, noise, rng)
    if noise.quantise:
        gyr, acc, chip = _rounded(gyr, gyr_scale), _rounded(acc, acc_scale), _rounded(chip, QUAT_SCALE)
    if has_quat:
        return Samples(stamps, gyr, acc, chip)
    return Samples(stamps, gyr, acc, acc_end_m_s2=acc_end / acc_scale)
