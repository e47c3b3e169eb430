"""Orientation of the sensor against gravity from gyroscope and accelerometer: causal, from the first sample, any rate.

How: strapdown integration, and every quarter second a Kalman filter of its errors that knows that velocity is bounded.
The public functions, parameters and state of the filter live here; its loops are in orientation_kernels.py.

Method. The gyro turns an orientation whose earth frame is nearly inertial; specific force is rotated into it and
integrated. What a tilt error adds to that integral grows without end (9.8 m/s per second and radian), what the body
adds does not: feet and hands come back. So the horizontal integral, a velocity, is measured as "zero, give or take its
usual sway", and a Kalman filter with 16 errors (tilt 2, velocity 2, gyro bias 3, gyro gain and misalignment 9) shares
out what is seen. Averaging the force as a vector before its direction is taken is what VQF does too (Laidig and Seel,
Information Fusion 91, 2023), there with a fixed low-pass and bias estimated apart; velocity as a pseudo-measurement is
that of non-holonomic and zero-velocity aiding in inertial navigation (Groves, Principles of GNSS, Inertial, and
Multisensor Integrated Navigation Systems, ch. 14-15). Departures from the text-book:

- the noise of "velocity is zero" is learnt from the innovations (`sway`): 0.2 m/s in running, 1-2 m/s when swung about;
- velocity is taken as its mean over the block: what repeats with the block's length, as steps may, cancels;
- an innovation beyond `step_sigma` is a change of speed, and loosens velocity instead of tilt; so do `launch_s` after
  a rest, and clipped samples;
- bias seen at rest is trusted less once motion begins: real gyros show another one (0.05 deg/s on BROAD's sensors);
- the first second has no filter: the mean force since the start points up;
- samples come from a clock: the jitter of their stamps is smoothed by an alpha-beta filter, which starts as a straight
  line through all stamps (Kalata, IEEE Trans. AES 20, 1984). Jitter of 0.2 ms alone, taken as it comes, walked the
  tilt of a runner by 0.06 deg per root second.

Without a magnetometer the heading is free: it starts anywhere and drifts.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from math import nan

import numpy as np
from numpy.typing import ArrayLike

from untuck.errors import SamplesError
from untuck.model import Floats, Samples
from untuck.motion.orientation import layout as at
from untuck.motion.orientation.driver import new_state, orient_aided

RATE_MIN_HZ, RATE_MAX_HZ = 50.0, 1000.0


@dataclass(frozen=True)
class OrientationParams:
    """Constants of the filter, in the order of the kernel's parameter array; noise densities are per root second.

    Fitted on six trials of BROAD and on treadmill runners (bench/orientation.py says which); all optima are flat: half
    or twice a value changes the mean error by a few per cent, `lead_s` excepted.
    """

    lead_s: float = 0.0025  # s the orientation looks ahead: real gyros come late by their low-pass (BROAD: 4.2 ms)
    update_s: float = 0.3295  # s in a block: short against drift, long enough to cost little
    coarse_s: float = 0.9995  # s of first alignment: one stride and a bit
    tilt_walk: float = 1e-4  # rad: gyro noise of 0.006 deg/s per root Hz
    tilt_per_rate: float = 5e-4  # rad per rad/s: what gain and misalignment do not explain
    bias_rad_s: float = 0.02  # rad/s: bias before anything is known, 1.1 deg/s
    bias_walk: float = 1e-4  # rad/s: 0.045 deg/s in a minute
    bias_motion_rad_s: float = 0.002  # rad/s: bias in motion against bias at rest
    gain: float = 0.002  # gain errors and misalignments of a MEMS gyro calibrated at its factory
    velocity_m_s: float = 0.15  # m/s: least sway, that of a running pelvis within a stride
    sway_gain: float = 3.0  # sway is no white noise: what seconds of it average to
    sway_s: float = 4.0  # s over which sway, rate and acceleration are learnt: a few strides
    velocity_walk: float = 0.08  # m/s: speed changes of a runner
    launch_walk: float = 2.0  # m/s: the same while starting to run
    launch_s: float = 2.45  # s that takes
    step_sigma: float = 2.2  # innovations beyond, in two dimensions, are changes of speed
    rest_gyr_rad_s: float = 0.035  # rad/s: 2 deg/s, standing sway is below, walking far above
    rest_acc_m_s2: float = 0.5  # m/s^2, the same
    rest_s: float = 1.45  # s of steadiness before it counts as rest
    rest_bias_rad_s: float = 0.001  # rad/s: what standing sway leaves in a block's mean rate
    rest_velocity_m_s: float = 0.02  # m/s at rest, sway of a standing pelvis
    gap_s: float = 0.02537  # s between samples that count as a gap: 50 Hz and jitter do not; no multiple of a period
    gap_turn_s: float = 0.085  # s over which rates may be interpolated: a quarter of a step
    gap_tilt_rad: float = 0.2  # rad: the most that a gap can hide, a running pelvis swings that far
    restart_s: float = 4.995  # s after which tilt is found afresh
    clip_m_s2: float = 78.0  # m/s^2: force at the end of the sensor's range of 8 g
    clip_loss_m_s2: float = 50.0  # m/s^2 that may lie beyond
    chip_tilt_rad: float = 0.04  # rad: error of the chip's quaternion, 2.5 deg in motion by its data sheet
    chip_share: float = 0.02  # of a turn, that the chip's quaternion misses over a gap
    clock_loose: float = 0.2  # of a period: stamps further off are no jitter, but samples at another time
    clock_gain: float = 0.02  # of what a stamp is off by is believed at once; a sensor's clock drifts slowly
    forward: tuple[float, float, float] = (0.0, 0.0, -1.0)  # direction of travel in the sensor frame, nominal mount

    def as_array(self) -> Floats:
        """Parameters as the kernel takes them."""
        *numbers, forward = astuple(self)
        return np.array([*numbers, *forward], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class OrientationState:
    """All that the filter remembers between chunks, as one flat array that `step` advances in place."""

    values: Floats = field(default_factory=new_state)

    @property
    def gyr_bias_rad_s(self) -> Floats:
        """(3,) gyro bias as estimated by now, in the sensor frame."""
        return self.values[at.BIAS : at.BIAS + 3].copy()

    @property
    def tilt_variance(self) -> float:
        """Variance of the inclination, of both axes together, in rad^2 by the filter's own account; NaN at first."""
        number = self.values.item
        return number(at.COV) + number(at.COV + at.ERRORS + 1) if number(at.PHASE) == 2.0 else nan

    @property
    def chip_error_deg(self) -> float:
        """RMS angle between the chip's vertical and the filter's so far; NaN without a chip's quaternion."""
        count = self.values[at.CHIP_COUNT]
        return float(np.degrees(np.sqrt(self.values[at.CHIP_ERROR2] / count))) if count else float("nan")


def step(
    params: OrientationParams, state: OrientationState, samples: Samples, speed_m_s: ArrayLike | None = None
) -> Floats:
    """Orientation (N,4) wxyz, sensor to earth, of the next samples; advances `state`.

    However a recording is cut into chunks, the result is the same to the bit. Gaps in time are allowed. The chip's
    quaternion, where `samples` has one, bridges gaps, starts the filter when it begins amid motion, and is compared.
    speed_m_s (N,): speed along `params.forward`, NaN where unknown; it takes the pull of bends and of starts out.
    Raises SamplesError if speed_m_s has another shape, or if time does not go on from the chunk before.
    """
    speed = np.empty(0) if speed_m_s is None else np.ascontiguousarray(speed_m_s, dtype=np.float64)
    if speed_m_s is not None and speed.shape != samples.time_s.shape:
        raise SamplesError(f"speed_m_s has shape {speed.shape}: pass one value a sample, {samples.time_s.shape}.")
    if len(samples) and state.values[at.PHASE] and samples.time_s[0] <= state.values[at.STAMP_S]:
        last_s = state.values[at.STAMP_S]
        raise SamplesError(f"Samples begin at {samples.time_s[0]} s, but {last_s} s has been seen: pass them in order.")
    chip = np.empty((0, 4)) if samples.quat is None else samples.quat
    quat = np.empty((len(samples), 4))
    numbers = params.as_array()
    inputs = samples.time_s, samples.gyr_rad_s, samples.acc_m_s2, chip, speed
    orient_aided(numbers, state.values, 0, len(samples), *inputs, quat, 0)
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
    """Orientation (N,4) wxyz, sensor to earth, of evenly sampled gyr (N,3) in rad/s and acc (N,3) in m/s^2.

    Causal: row i knows samples 0 to i. quat (N,4), the chip's own, and speed_m_s (N,) are optional; see `step`.
    Raises SamplesError for a rate outside 50 to 1000 Hz, wrong shapes, or values that are not finite.
    """
    if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
        raise SamplesError(f"rate_hz is {rate_hz}, but the filter works from 50 to 1000 Hz: resample the recording.")
    gyr = np.ascontiguousarray(gyr_rad_s, dtype=np.float64)
    acc = np.ascontiguousarray(acc_m_s2, dtype=np.float64)
    if gyr.ndim != 2 or gyr.shape[1] != 3 or acc.shape != gyr.shape:
        raise SamplesError(f"gyr_rad_s has shape {gyr.shape} and acc_m_s2 {acc.shape}: pass (N, 3) both.")
    time_s = np.arange(len(gyr)) / rate_hz
    samples = Samples(time_s, gyr, acc, quat)
    return step(params or OrientationParams(), OrientationState(), samples, speed_m_s)
