"""Orientation of the sensor against gravity from gyroscope and accelerometer: causal, any rate from 50 to 1000 Hz.

How: strapdown integration, corrected by specific force averaged in a nearly inertial frame.
The public functions, parameters and state of the filter live here; its loops are in orientation_kernels.py.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from untuck.errors import SamplesError
from untuck.model import Floats, Samples
from untuck.motion.orientation_kernels import new_state, orient_chunk


@dataclass(frozen=True)
class OrientationParams:
    """Constants of the filter, in the order of the kernel's parameter array."""

    lead_s: float = 0.0025
    update_s: float = 0.25
    coarse_s: float = 1.0
    gap_s: float = 0.1
    restart_s: float = 5.0
    gap_tilt_rad_s: float = 0.3
    tilt_walk: float = 1e-4
    tilt_per_rate: float = 0.0005
    velocity_m_s: float = 0.25
    sway_gain: float = 5.0
    sway_s: float = 4.0
    velocity_walk: float = 0.15
    launch_walk: float = 1.0
    launch_s: float = 2.5
    step_sigma: float = 2.0
    bias_rad_s: float = 0.02
    bias_walk: float = 0.0002
    bias_motion_rad_s: float = 0.002
    gain: float = 0.002
    rest_gyr_rad_s: float = 0.035
    rest_acc_m_s2: float = 0.5
    rest_s: float = 1.5
    rest_bias_rad_s: float = 0.0005
    rest_velocity_m_s: float = 0.02
    clip_m_s2: float = 78.0
    clip_velocity_m_s: float = 5.0
    chip_tilt_rad: float = 0.04
    forward: tuple[float, float, float] = (0.0, 0.0, -1.0)

    def as_array(self) -> Floats:
        """Parameters as the kernel takes them."""
        *head, forward = astuple(self)
        return np.array([*head, *forward], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class OrientationState:
    """All that the filter remembers between chunks, as one flat array."""

    values: Floats = field(default_factory=new_state)


def step(params: OrientationParams, state: OrientationState, samples: Samples) -> Floats:
    """Orientation (N,4) wxyz, sensor to earth, of the next samples; advances `state`."""
    quat = np.empty((len(samples), 4))
    orient_chunk(params.as_array(), state.values, samples.time_s, samples.gyr_rad_s, samples.acc_m_s2, quat)
    return quat


def estimate_orientation(gyr_rad_s: ArrayLike, acc_m_s2: ArrayLike, rate_hz: float) -> Floats:
    """Orientation (N,4) wxyz, sensor to earth, of evenly sampled gyr (N,3) in rad/s and acc (N,3) in m/s^2.

    Raises SamplesError for a rate outside 50 to 1000 Hz, wrong shapes, or values that are not finite.
    """
    if not 50.0 <= rate_hz <= 1000.0:
        raise SamplesError(f"rate_hz is {rate_hz}, but the filter works from 50 to 1000 Hz: resample the recording.")
    time_s = np.arange(len(np.asarray(gyr_rad_s))) / rate_hz
    return step(OrientationParams(), OrientationState(), Samples(time_s, gyr_rad_s, acc_m_s2))
