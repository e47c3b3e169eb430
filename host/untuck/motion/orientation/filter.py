"""Orientation of the sensor relative to gravity from gyroscope and accelerometer: causal, from sample 0, any rate.

Strapdown integration, corrected three times a second by an error-state Kalman filter that assumes bounded velocity.
The compiled loops are in kernels.py (per sample) and kalman.py (per block).

Method. The gyro propagates the orientation; specific force is rotated into the earth frame and integrated. A tilt
error makes the horizontal integral grow without bound (9.8 m/s per second and radian), body motion does not. So the
horizontal velocity is measured as zero with a noise that is estimated ("sway"), and an error-state Kalman filter with
16 states (tilt 2, velocity 2, gyro bias 3, gyro gain and misalignment 9) is updated by it. VQF (Laidig and Seel,
Information Fusion 91, 2023) also averages the force vector before it takes its direction, but with a fixed low-pass
and a separate bias estimator. Velocity as a pseudo-measurement is known from non-holonomic and zero-velocity aiding in
inertial navigation (Groves, Principles of GNSS, Inertial, and Multisensor Integrated Navigation Systems, ch. 14-15).
Departures from the textbook:

- the noise of the zero-velocity measurement is estimated from the innovations: 0.2 m/s in running, 1-2 m/s when the
  sensor is swung;
- the measured velocity is the mean over a block, so that motion with the period of a block, such as steps, cancels;
- an innovation beyond `step_sigma` is a change of speed: it increases the variance of velocity, not of tilt. The
  variance of velocity also increases in the first `launch_s` of motion and where samples are clipped;
- the bias found at rest gets a larger variance when motion begins, because real gyros change it then (0.05 deg/s on
  BROAD's sensors);
- the first second is not filtered: the mean force since the start is taken as up;
- sway counts at most the change between successive innovations, because a tilt error makes them nearly equal: a filter
  that is wrong must not take its error for sway;
- innovations that add up in one direction contradict the covariance, which is then increased as by a step of the gyro's
  bias (guard.py); in running, a smaller sum increases the variance of tilt (fading memory);
- an alpha-beta filter removes the jitter of time stamps. It starts as a straight line through all stamps (Kalata, IEEE
  Trans. AES 20, 1984). Without it, 0.2 ms of jitter made a runner's tilt drift by 0.06 deg per root second.

Without a magnetometer the heading is unknown: it starts at an arbitrary value and drifts.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from math import nan

import numpy as np
from numpy.typing import ArrayLike

from untuck.errors import SamplesError
from untuck.model import Floats
from untuck.motion.orientation import layout as idx
from untuck.motion.orientation.driver import FilterInputs, new_state, orient_aided
from untuck.samples import Samples

RATE_MIN_HZ, RATE_MAX_HZ = 50.0, 1000.0


@dataclass(frozen=True)
class OrientationParams:
    """Constants of the filter, in the order of the kernel's parameter array; noise densities are per root second.

    Fitted on six trials of BROAD and on treadmill runners (bench/orientation.py lists them). All optima are flat: half
    or twice a value changes the mean error by a few per cent, except for `lead_s`.
    """

    lead_s: float = 0.0025  # s, prediction: real gyros are delayed by their low-pass (BROAD: 4.2 ms)
    update_s: float = 0.3295  # s, length of a block: short compared with drift, long enough to cost little
    coarse_s: float = 0.9995  # s, first alignment: slightly more than one stride
    tilt_walk: float = 1e-4  # rad: gyro noise of 0.006 deg/s per root Hz
    tilt_per_rate: float = 5e-4  # rad per rad/s: gyro error that gain and misalignment do not explain
    bias_rad_s: float = 0.02  # rad/s, initial SD of the bias: 1.1 deg/s
    bias_walk: float = 1e-4  # rad/s: 0.045 deg/s in a minute
    bias_motion_rad_s: float = 0.002  # rad/s, SD of the difference between the bias in motion and at rest
    gain: float = 0.002  # initial SD of gain errors and misalignments; a factory-calibrated MEMS gyro
    velocity_m_s: float = 0.15  # m/s, lower limit of sway: a running pelvis within a stride
    sway_gain: float = 3.0  # sway is not white: factor from its variance to that of the measurement noise
    sway_s: float = 4.0  # s, time constant of the estimates of sway, rate and acceleration: a few strides
    velocity_walk: float = 0.08  # m/s: speed changes of a runner
    launch_walk: float = 2.0  # m/s: the same while starting to run
    launch_s: float = 2.45  # s, duration of a start
    step_sigma: float = 2.2  # a larger innovation, in two dimensions, is a change of speed
    rest_gyr_rad_s: float = 0.035  # rad/s: 2 deg/s, above standing sway and far below walking
    rest_turn_rad_s: float = 0.07  # rad/s: a steady rate up to 4 deg/s is a bias that has changed, not a rotation
    rest_acc_m_s2: float = 0.5  # m/s^2, for the same reason
    rest_s: float = 1.45  # s without motion before rest is assumed
    rest_bias_rad_s: float = 0.001  # rad/s, noise of the bias measured at rest: standing sway in a block's mean rate
    rest_velocity_m_s: float = 0.02  # m/s, noise of zero velocity at rest: sway of a standing pelvis
    gap_s: float = 0.02537  # s, a longer interval is a gap: above 50 Hz with jitter; not a multiple of a period
    gap_turn_s: float = 0.085  # s, longest gap over which rates are interpolated: a quarter of a step
    gap_tilt_rad: float = 0.2  # rad, largest tilt error that a gap causes: range of a running pelvis
    restart_s: float = 4.995  # s, a longer gap restarts the alignment
    clip_m_s2: float = 78.0  # m/s^2: end of the sensor's range of 8 g
    clip_loss_m_s2: float = 50.0  # m/s^2 that clipping may cut off
    chip_tilt_rad: float = 0.04  # rad, error of the chip's quaternion: 2.5 deg in motion by its data sheet
    chip_share: float = 0.02  # share of a rotation over a gap that the chip's quaternion gets wrong
    clock_loose: float = 0.2  # of a period; a larger deviation is not jitter but a sample at another time
    clock_gain: float = 0.02  # alpha of the clock filter: a sensor's clock drifts slowly
    guard_s: float = 1.5  # s, memory of the test for consistency: a bias step of 1 deg/s shows after 2 s
    guard_sigma: float = 3.1  # sum of innovations, in SD, that contradicts the covariance
    guard_clip: float = 1.5  # SD, most that a block adds to it: one that stops within 2 s has only changed speed
    fade: float = 2.5  # of the tilt variance of a recovery, added per block for a sum at the limit, under impacts
    fade_bias: float = 0.08  # share of it for the bias: small, because most sums come from changes of speed
    knock_rad_s: float = 0.01  # rad/s, assumed bias step: 0.6 deg/s; a larger one takes several recoveries
    knock_s: float = 2.5  # s, assumed time since that step: the delay of the test
    forward: tuple[float, float, float] = (0.0, 0.0, -1.0)  # direction of travel in the sensor frame, nominal mount

    def as_array(self) -> Floats:
        """(PARAMS_SIZE,) parameters in the kernel's order."""
        *numbers, forward = astuple(self)
        return np.array([*numbers, *forward], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class OrientationState:
    """The filter's whole state, as one flat array that `step` advances in place."""

    values: Floats = field(default_factory=new_state)

    @property
    def gyr_bias_rad_s(self) -> Floats:
        """(3,) current estimate of the gyro bias, in the sensor frame."""
        return self.values[idx.BIAS : idx.BIAS + 3].copy()

    @property
    def tilt_variance(self) -> float:
        """Estimated variance of the inclination in rad^2, sum of both axes; NaN before filtering begins.

        It is larger where the sum of the innovations exceeds the SD that the filter predicts for it (guard.py).
        """
        number = self.values.item
        if number(idx.PHASE) != 2.0:
            return nan
        x, y, predicted = (number(idx.GUARD + i) for i in range(3))
        excess = 0.5 * (x * x + y * y) / predicted if predicted > 0.0 else 0.0
        return max(1.0, excess) * (number(idx.COV) + number(idx.COV + idx.ERRORS + 1))

    @property
    def bias_estimate(self) -> tuple[Floats, Floats, Floats]:
        """For BiasWatch: the bias (3,) in rad/s in the sensor frame, its covariance (3,3), and the orientation (4,)."""
        bias = slice(idx.BIAS_AT, idx.MATRIX_AT)
        cov = self.values[idx.COV :].reshape(idx.COV_SHAPE)[bias, bias]
        return self.gyr_bias_rad_s, cov.copy(), self.values[idx.QUAT : idx.QUAT + 4]

    @property
    def recoveries(self) -> int:
        """How often the estimate contradicted its variance, which was then increased: after a step of the bias, say."""
        return int(self.values[idx.RECOVERIES])

    @property
    def chip_error_deg(self) -> float:
        """RMS angle between the chip's vertical and the filter's so far; NaN without a chip's quaternion."""
        count = self.values[idx.CHIP_COUNT]
        return float(np.degrees(np.sqrt(self.values[idx.CHIP_ERROR2] / count))) if count else float("nan")


def step(
    params: OrientationParams, state: OrientationState, samples: Samples, speed_m_s: ArrayLike | None = None
) -> Floats:
    """Orientation (N,4) wxyz, sensor to earth, of the next samples; advances `state`.

    Chunking never changes the result, to the bit. Gaps in time are allowed. The chip's quaternion, where `samples` has
    one, bridges gaps, initialises a filter that starts during motion, and is compared with the result.
    speed_m_s (N,): speed along `params.forward`, NaN where unknown; corrects for the acceleration of bends and starts.
    Raises SamplesError if speed_m_s has another shape, or if time does not increase from the previous chunk.
    """
    speed = np.empty(0) if speed_m_s is None else np.ascontiguousarray(speed_m_s, dtype=np.float64)
    if speed_m_s is not None and speed.shape != samples.time_s.shape:
        raise SamplesError(f"speed_m_s has shape {speed.shape}: pass one value per sample, {samples.time_s.shape}.")
    if len(samples) and state.values[idx.PHASE] and samples.time_s[0] <= state.values[idx.STAMP_S]:
        last_s = state.values[idx.STAMP_S]
        raise SamplesError(
            f"The samples start at {samples.time_s[0]} s, but the previous ones end at {last_s} s: pass them in order."
        )
    chip = np.empty((0, 4)) if samples.quat is None else samples.quat
    quat = np.empty((len(samples), 4))
    numbers = params.as_array()
    inputs = FilterInputs(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2, chip, speed)
    orient_aided(numbers, state.values, inputs, 0, len(samples), quat_out=quat)
    return quat


def estimate_orientation(
    gyr_rad_s: ArrayLike,
    acc_m_s2: ArrayLike,
    rate_hz: float,
    *,
    quat: ArrayLike | None = None,
    speed_m_s: ArrayLike | None = None,
    params: OrientationParams | None = None,
) -> Floats:
    """Estimate the orientation of a sensor from its gyroscope and accelerometer.

    Causal: row i depends on samples 0 to i. Without a magnetometer the heading is free: it starts anywhere and drifts.

    Parameters
    ----------
    gyr_rad_s : (N, 3) array, rad/s
        Angular rate, evenly sampled.
    acc_m_s2 : (N, 3) array, m/s^2
        Specific force: at rest it points up with 9.81 m/s^2.
    rate_hz : float, Hz
        Samples per second, 50 to 1000.
    quat : (N, 4) array, optional
        The sensor chip's own orientation, w x y z, rows of zeros where missing. It starts the filter where the
        recording begins during motion.
    speed_m_s : (N,) array, m/s, optional
        Speed along `params.forward`, NaN where unknown; it corrects for the acceleration of bends and starts.
    params : OrientationParams, optional
        Constants of the filter; None takes the defaults.

    Returns
    -------
    (N, 4) array
        Unit quaternions w x y z, which turn sensor coordinates into earth coordinates (z up).

    Raises
    ------
    SamplesError
        For a rate outside 50 to 1000 Hz, wrong shapes, or values that are not finite.

    Notes
    -----
    Strapdown integration, and three times a second a Kalman filter of its errors that knows that velocity is bounded.
    Averaging specific force as a vector before taking its direction is also what VQF does [1]_; velocity as a
    pseudo-measurement comes from inertial navigation [2]_, smoothing of time stamps from tracking filters [3]_. The
    docstring of this function's module lists the departures from them.

    References
    ----------
    .. [1] D. Laidig and T. Seel, "VQF: Highly accurate IMU orientation estimation with bias estimation and magnetic
       disturbance rejection", Information Fusion 91, 187-204, 2023. doi:10.1016/j.inffus.2022.10.014
    .. [2] P. D. Groves, "Principles of GNSS, Inertial, and Multisensor Integrated Navigation Systems", 2nd ed.,
       Artech House, 2013, ch. 14-15.
    .. [3] P. R. Kalata, "The tracking index: a generalized parameter for alpha-beta and alpha-beta-gamma target
       trackers", IEEE Trans. Aerospace and Electronic Systems 20, 174-182, 1984. doi:10.1109/TAES.1984.310438

    Examples
    --------
    >>> import untuck
    >>> s = untuck.example()
    >>> quat = untuck.estimate_orientation(s.gyr_rad_s, s.acc_m_s2, rate_hz=100)
    >>> quat.shape
    (14301, 4)
    """
    if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
        raise SamplesError(f"rate_hz is {rate_hz}, but the filter works from 50 to 1000 Hz: resample the recording.")
    gyr = np.ascontiguousarray(gyr_rad_s, dtype=np.float64)
    acc = np.ascontiguousarray(acc_m_s2, dtype=np.float64)
    if gyr.ndim != 2 or gyr.shape[1] != 3 or acc.shape != gyr.shape:
        raise SamplesError(f"gyr_rad_s has shape {gyr.shape} and acc_m_s2 {acc.shape}: pass both as (N, 3).")
    time_s = np.arange(len(gyr)) / rate_hz
    samples = Samples(time_s, gyr, acc, quat)
    return step(params or OrientationParams(), OrientationState(), samples, speed_m_s)
