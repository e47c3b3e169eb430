"""Motion for the orientation bench, with truth: runs on a treadmill, from standing, and on a 400 m track.

Made from recorded strides by stride_chain.py. On the road the pelvis also travels, so that the accelerometer measures
starts, stops and bends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bench.lib.quaternions import multiply
from bench.lib.recordings import Recording, angles_to_quat
from bench.lib.stride_chain import chain
from untuck.model import Floats
from untuck.samples import Samples
from untuck.simulate.imu import Mount, Noise, virtual_imu

MOTION_HZ = 200.0
MOUNT = Mount(roll_deg=5.0, pitch_deg=-8.0, yaw_deg=6.0)
SENSOR = Noise(gyr_bias_dps=0.5, gyr_scale_pct=0.5, acc_offset_mg=20.0, acc_scale_pct=0.5)
ZEROED = replace(SENSOR, acc_offset_mg=0.0, acc_scale_pct=0.0)  # as after calibration by standing still
STRIDE_S = 0.7  # over which errors are averaged for the stride mean
TRACK_STRAIGHT_M, TRACK_RADIUS_M = 84.39, 36.5
STAND_S = 8.0


@dataclass(frozen=True, eq=False)
class Run:
    """samples, their true quat (N,4) sensor to earth, and the true speed_m_s (N,) of travel."""

    samples: Samples
    quat: Floats
    speed_m_s: Floats


def treadmill(recording: Recording, length_s: float, rate_hz: float, noise: Noise, seed: int) -> Run:
    """Running on the spot from the first sample to the last."""
    run = chain([recording], [length_s], MOTION_HZ, np.random.default_rng(seed))
    return measured(run.pose, run.speed_m_s, rate_hz, noise, seed)


def road(
    recording: Recording, length_s: float, rate_hz: float, noise: Noise, seed: int, stop_s: float, track: bool
) -> Run:
    """Standing for 8 s, running at the recording's speed, a stop of 10 s at stop_s; straight, or on a track."""
    run = chain([recording], [length_s], MOTION_HZ, np.random.default_rng(seed))
    time_s = np.arange(len(run.pose)) / MOTION_HZ
    moving = (time_s > STAND_S) & ~((time_s > stop_s) & (time_s < stop_s + 10.0))
    weight = gaussian_filter1d(moving.astype(float), 0.5 * MOTION_HZ, mode="nearest")
    speed = recording.speed_m_s * weight
    heading = np.cumsum(_curvature(np.cumsum(speed) / MOTION_HZ) * speed) / MOTION_HZ if track else 0.0 * speed
    pose = run.pose - run.pose.mean(axis=0) * [1, 0, 0, 1, 1, 1]
    place = pose[:, 3:5] - np.stack([np.polyval(np.polyfit(time_s, column, 1), time_s) for column in pose[:, 3:5].T], 1)
    pose *= weight[:, None]
    pose[:, 0] += heading
    cosine, sine = np.cos(heading), np.sin(heading)
    along, aside = place[:, 0] * weight, place[:, 1] * weight
    pose[:, 3] = np.cumsum(speed * cosine) / MOTION_HZ + cosine * along - sine * aside
    pose[:, 4] = np.cumsum(speed * sine) / MOTION_HZ + sine * along + cosine * aside
    return measured(pose, speed, rate_hz, noise, seed)


def _curvature(distance_m: Floats) -> Floats:
    """(N,) curvature in 1/m of a 400 m track at that distance, with transitions of about 1 m."""
    half_m = TRACK_STRAIGHT_M + np.pi * TRACK_RADIUS_M
    bend = np.mod(distance_m, half_m) > TRACK_STRAIGHT_M
    return np.asarray(gaussian_filter1d(bend / TRACK_RADIUS_M, 0.3 * MOTION_HZ, mode="nearest"))


def measured(pose: Floats, speed_m_s: Floats, rate_hz: float, noise: Noise, seed: int) -> Run:
    """What a virtual clip on the pelvis measures; pose (N,6) as in `Recording`, speed_m_s (N,), both at MOTION_HZ."""
    samples, truth = virtual_imu(
        angles_to_quat(pose[:, :3]),
        pose[:, 3:],
        MOTION_HZ,
        MOUNT,
        noise,
        seed,
        up_axis="z",
        lowpass_hz=20.0,
        output_rate_hz=rate_hz,
    )
    return Run(samples, truth.quat, np.interp(samples.time_s, np.arange(len(pose)) / MOTION_HZ, speed_m_s))


def with_gaps(run: Run, per_minute: float, shortest_s: float, longest_s: float, seed: int) -> Run:
    """The same run with samples missing."""
    rng, time_s = np.random.default_rng(seed), run.samples.time_s
    keep = np.ones(len(time_s), bool)
    for start_s in np.cumsum(rng.exponential(60 / per_minute, int(time_s[-1] * per_minute / 20) + 10)):
        keep &= (time_s <= start_s) | (time_s >= start_s + rng.uniform(shortest_s, longest_s))
    s = run.samples
    chip = None if s.quat is None else s.quat[keep]
    return Run(Samples(s.time_s[keep], s.gyr_rad_s[keep], s.acc_m_s2[keep], chip), run.quat[keep], run.speed_m_s[keep])


def with_stuck_force(run: Run, lasting_s: float) -> Run:
    """The same run where sensor z is stuck at the end of its range three times, for lasting_s each."""
    acc, time_s = run.samples.acc_m_s2.copy(), run.samples.time_s
    for start_s in (40.0, 60.0, 80.0):
        acc[(time_s > start_s) & (time_s < start_s + lasting_s), 2] = SENSOR.clip_acc_g * 9.80665
    return replace(run, samples=Samples(time_s, run.samples.gyr_rad_s, acc, run.samples.quat))


def tilt_error_deg(quat: Floats, truth: Floats) -> Floats:
    """(N,2) error of inclination about the earth's horizontal axes, without heading."""
    w, x, y, z = np.moveaxis(multiply(quat, truth * np.array([1.0, -1.0, -1.0, -1.0])), -1, 0)
    norm = np.sqrt(w * w + z * z) * np.where(w < 0, -1.0, 1.0)
    return np.degrees(2 * np.stack([(x * w + y * z) / norm, (y * w - x * z) / norm], axis=-1))


def rms_deg(error_deg: Floats) -> float:
    """Root mean square length of (N,2) errors."""
    return float(np.sqrt((error_deg**2).sum(axis=1).mean()))


def stride_mean(error_deg: Floats, rate_hz: float) -> Floats:
    """(M,2) errors averaged over the length of a stride, at every sample."""
    width = int(STRIDE_S * rate_hz)
    total = np.cumsum(np.vstack([np.zeros(2), error_deg]), axis=0)
    return np.asarray((total[width:] - total[:-width]) / width)
