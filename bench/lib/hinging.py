"""Hinges done well or badly with a clip that sits askew: samples with a known mount, and the calibration from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bench.lib.recordings import angles_to_quat
from bench.lib.semisynthetic import BAD_NOISE
from bench.lib.standing import HIP_BEFORE_SACRUM_M, HIP_BELOW_SACRUM_M, stand
from bench.lib.stride_chain import slow_noise
from untuck import Pipeline
from untuck.events import Calibrated
from untuck.model import Calibration, Floats
from untuck.samples import Samples
from untuck.simulate.imu import Mount, virtual_imu

MOTION_HZ, RATE_HZ = 200.0, 100.0
STAND_S, LAST_S, PAUSE_S = 6.0, 2.5, 1.0
MOUNT_DEG = 15.0
WIGGLE_S = 0.5


@dataclass(frozen=True)
class Hinging:
    """How a person hinges: number, depth and duration of the hinges, and other motion.

    aside_deg, twist_deg: SD over hinges of the roll and twist at the deepest point; wiggle_deg: SD of unsteadiness
    about both other axes; back_deg: leaning back before each hinge; sway: of standing, as a multiple of quiet standing.
    """

    count: int = 3
    depth_deg: tuple[float, float] = (35.0, 50.0)
    length_s: float = 3.6
    aside_deg: float = 1.0
    twist_deg: float = 1.0
    wiggle_deg: float = 0.0
    back_deg: float = 0.0
    sway: float = 1.0


WAYS = {
    "as asked": Hinging(),
    "askew, 2 deg": Hinging(aside_deg=2.0, twist_deg=2.0, wiggle_deg=1.0),
    "askew, 3 deg, unequal": Hinging(depth_deg=(22.0, 60.0), aside_deg=3.0, twist_deg=4.0, wiggle_deg=2.0),
    "unsteady": Hinging(wiggle_deg=4.0),
    "fast": Hinging(length_s=1.2),
    "barely deep enough": Hinging(depth_deg=(17.0, 22.0)),
    "backward first": Hinging(back_deg=13.0),
    "too shallow": Hinging(depth_deg=(8.0, 12.0)),
    "two only": Hinging(count=2),
    "restless standing": Hinging(sway=50.0),
}
REJECTED = ("too shallow", "two only", "restless standing")  # must not give a calibration from hinges


def hinging_poses(way: Hinging, rng: np.random.Generator) -> Floats:
    """(N,6) poses as in `bench.lib.recordings.Recording`: standing, hinges, standing."""
    every_s = way.length_s * 1.1 + PAUSE_S + (1.2 if way.back_deg else 0.0)
    count = round((STAND_S + way.count * every_s + LAST_S) * MOTION_HZ)
    pose = stand(count, MOTION_HZ, 1.0, rng)
    pose[:, :3] *= way.sway
    time_s = np.arange(count) / MOTION_HZ
    wiggle = np.stack([slow_noise(count, MOTION_HZ, WIGGLE_S, rng) for _ in range(2)], axis=1)
    for k in range(way.count):
        since_s = time_s - STAND_S - k * every_s
        u = np.clip(since_s / (way.length_s * rng.uniform(0.9, 1.1)), 0, 1)
        down = gaussian_filter1d(np.sin(np.pi * u) ** 2, 0.1 * min(1.0, way.length_s / 3.6) * MOTION_HZ)
        back = np.sin(np.pi * np.clip((since_s + 1.0) / 1.2, 0, 1)) ** 2
        angle = np.radians(rng.uniform(*way.depth_deg)) * down - np.radians(way.back_deg) * back
        pose[:, 1] += angle
        pose[:, 0] += np.radians(rng.normal(0, way.twist_deg)) * down
        pose[:, 2] += np.radians(rng.normal(0, way.aside_deg)) * down
        pose[:, [0, 2]] += np.radians(way.wiggle_deg) * wiggle * down[:, None]
        pose[:, 3] += HIP_BELOW_SACRUM_M * np.sin(angle) + HIP_BEFORE_SACRUM_M * (1 - np.cos(angle)) - 0.10 * down
        pose[:, 5] += HIP_BEFORE_SACRUM_M * np.sin(angle) - HIP_BELOW_SACRUM_M * (1 - np.cos(angle)) - 0.02 * down
    return pose


def hinging_samples(way: Hinging, seed: int) -> tuple[Samples, Floats]:
    """Samples of a bad sensor that sits askew and loosely, and the true sensor_to_pelvis (3,3)."""
    rng = np.random.default_rng(seed)
    pose = hinging_poses(way, rng)
    roll, pitch, yaw = rng.uniform(-MOUNT_DEG, MOUNT_DEG, 3)
    lever = (-0.02, float(rng.uniform(-0.02, 0.03)), float(rng.uniform(-0.015, 0.015)))
    mount = Mount(roll, pitch, yaw, lever, wobble_deg_per_g=0.5, wobble_mm_per_g=2.5)
    samples, _ = virtual_imu(
        angles_to_quat(pose[:, :3]),
        pose[:, 3:],
        MOTION_HZ,
        mount,
        BAD_NOISE,
        int(rng.integers(2**31)),
        up_axis="z",
        lowpass_hz=None,
        output_rate_hz=RATE_HZ,
    )
    return samples, mount.sensor_to_pelvis()


def calibrate(samples: Samples) -> Calibration | None:
    """The complete calibration that the pipeline finds, None if it finds none; partial ones are not used."""
    found = [event.calibration for event in Pipeline().push(samples) if isinstance(event, Calibrated)]
    return found[0] if found else None


def heading_error_deg(found: Floats, true: Floats) -> float:
    """Angle about the vertical between two mounts' forward axes."""
    forward = found @ true[0]
    return float(np.degrees(np.arctan2(forward[2], forward[0])))
