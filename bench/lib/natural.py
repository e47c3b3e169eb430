"""Natural jogging with a real sensor at the waist (SisFall, Sucerquia et al. 2017), standing and hinges put in front.

Nobody was asked to tuck or to pull a hip back: findings are false until shown otherwise. Sensor axes are x right, y
down, z forward; `up` and `right` of the standing pelvis are a judgement of whoever prepared the recordings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from bench.lib.recordings import data_dir
from untuck.model import GRAVITY_M_S2, Floats
from untuck.samples import Samples

RATE_HZ = 200.0
STAND_S, HINGE_S, HINGES, PAUSE_S = 6.0, 3.6, 3, 1.0
START_S, SETTLE_S = 1.0, 3.0  # from standing into the run; of running, whose mean force is vertical
HINGE_RAD = np.radians(42.0)
TURN_HZ = 10.0


@dataclass(frozen=True, eq=False)
class NaturalRun:
    """samples: standing and hinges until begins_s, then the recording; turn_deg_s (N,): how fast the runner turned."""

    name: str
    samples: Samples
    begins_s: float
    turn_deg_s: Floats


@lru_cache(maxsize=1)
def _file() -> dict[str, NDArray[np.generic]]:
    with np.load(data_dir() / "natural" / "natural.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def has_natural() -> bool:
    """Whether the recordings are present."""
    return (data_dir() / "natural" / "natural.npz").exists()


def natural_names() -> list[str]:
    """Recordings, such as D03_SA01: slow (D03) or quick (D04) jogging, and the person."""
    return sorted({key.split("/")[0] for key in _file()} - {"rate_hz"})


def natural_fields(name: str) -> dict[str, Floats]:
    """The fields of a recording as stored, such as straight_gyr_rad_s."""
    return {key.split("/")[1]: np.asarray(value, float) for key, value in _file().items() if key.startswith(f"{name}/")}


def natural_run(name: str, straight: bool, seed: int = 0) -> NaturalRun:
    """A recording, as it is or without its bends, with synthetic standing and three hinges in front."""
    fields = natural_fields(name)
    kind = "straight_" if straight else ""
    gyr, acc = fields[f"{kind}gyr_rad_s"], fields[f"{kind}acc_m_s2"]
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    still_gyr, still_acc = _prefix(fields["up"], fields["right"], vertical_at_start(gyr, acc), rng)
    time_s = np.arange(len(still_gyr) + len(gyr)) / RATE_HZ
    begins_s = len(still_gyr) / RATE_HZ
    turn = np.interp(time_s - begins_s, np.arange(len(fields["turn_deg_s"])) / TURN_HZ, fields["turn_deg_s"], left=0.0)
    samples = Samples(time_s, np.concatenate([still_gyr, gyr]), np.concatenate([still_acc, acc]))
    return NaturalRun(name, samples, begins_s, np.zeros_like(turn) if straight else turn)


def vertical_at_start(gyr: Floats, acc: Floats) -> Floats:
    """(3,) the vertical in sensor coordinates at the first sample: the mean force of some seconds, gyro integrated."""
    count = round(SETTLE_S * RATE_HZ)
    turned = Rotation.identity()
    total = np.zeros(3)
    for rate, force in zip(gyr[:count], acc[:count], strict=True):
        total += turned.apply(force)
        turned = turned * Rotation.from_rotvec(rate / RATE_HZ)
    return np.asarray(total / np.linalg.norm(total))


def _prefix(up: Floats, right: Floats, start_up: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(n,3) gyro in rad/s and force in m/s^2 of standing, hinges about `right`, and the way to where running begins.

    up, right, start_up (3,): the standing vertical and mediolateral axis, and the vertical at the recording's start.
    """
    right = right - (right @ up) * up
    right /= np.linalg.norm(right)
    every, stand = round((HINGE_S + PAUSE_S) * RATE_HZ), round(STAND_S * RATE_HZ)
    angle = np.zeros(stand + HINGES * every + stand // 3)
    u = np.arange(round(HINGE_S * RATE_HZ)) / (HINGE_S * RATE_HZ)
    for k in range(HINGES):
        first = stand + k * every
        angle[first : first + len(u)] = HINGE_RAD * rng.uniform(0.9, 1.1) * np.sin(np.pi * u) ** 2
    axis = np.cross(start_up, up)  # the sensor turns about it from standing to the recording's first orientation
    size = np.arctan2(np.linalg.norm(axis), float(start_up @ up))
    v = np.arange(round(START_S * RATE_HZ)) / (START_S * RATE_HZ)
    start = size * v**3 * (10 - 15 * v + 6 * v**2)
    # a sensor that turns by r sees the vertical turn by -r
    turns = np.concatenate([np.outer(-angle, right), np.outer(start, axis / max(np.linalg.norm(axis), 1e-9))])
    force = GRAVITY_M_S2 * Rotation.from_rotvec(-turns).apply(up)
    rate = np.gradient(turns, 1.0 / RATE_HZ, axis=0)
    return rate + rng.normal(0, 0.002, rate.shape), force + rng.normal(0, 0.02, force.shape)
