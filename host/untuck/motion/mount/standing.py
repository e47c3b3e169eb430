"""Standing still: whether someone stands still, how still, and the pose that it gives.

Five seconds of gyro and acceleration are held against limits; their means are the vertical and the gyro's bias.
What counts as still, and how well a pose is then known, is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from untuck.errors import CalibrationError
from untuck.model import GRAVITY_M_S2, Floats, Samples
from untuck.motion.history import History
from untuck.motion.params import Params

_BLOCKS = 5  # the pose wanders between so many parts of the window, which tells how well its mean is known
GLANCE_S = 0.5  # motion is mostly seen in the last samples already
_TRIM_S = 0.5  # at either end: who begins or stops moving is slow at first
_LEAD_S = 0.4e-3  # windows begin between samples, so that rounding of time cannot move one in or out
_MIN_RATE_HZ = 40.0
_EDGE_S = 0.1
_STRIDE = 25  # samples between looks at a whole recording
_GRAVITY_OFF = 0.1  # a sensor that is worse is broken, or not at rest


class Stillness(NamedTuple):
    """Largest turn rate, largest change of |acceleration| and of its direction, how far it is off gravity (a ratio).

    Direction tells what size does not: swaying, and slowing down gently.
    """

    gyr_deg_s: float
    acc_g: float
    sway_deg: float
    gravity_off: float

    def excess(self, params: Params) -> float:
        """How far beyond the limits: at most 1 is still."""
        return max(
            self.gyr_deg_s / params.stand_gyr_max_deg_s,
            self.acc_g / params.stand_acc_max_g,
            self.sway_deg / params.stand_sway_max_deg,
            self.gravity_off / _GRAVITY_OFF,
        )


@dataclass(frozen=True, eq=False)
class Pose:
    """The sensor while its wearer stands still: gravity_m_s2 (3,) mean specific force, gyr_bias_rad_s (3,).

    gyr_sd_deg_s, acc_sd_mg: how still (RMS over the axes' SD); error_deg: standard error of the vertical from sway.
    """

    gravity_m_s2: Floats
    gyr_bias_rad_s: Floats
    gyr_sd_deg_s: float
    acc_sd_mg: float
    error_deg: float

    @property
    def up(self) -> Floats:
        """(3,) the vertical in sensor coordinates."""
        unit: Floats = self.gravity_m_s2 / np.linalg.norm(self.gravity_m_s2)
        return unit


def stillness(gyr_rad_s: Floats, acc_m_s2: Floats) -> Stillness:
    """How still gyro (n,3) and acceleration (n,3) are; the gyro's bias counts as motion if it is larger than that."""
    mean = gyr_rad_s.mean(axis=0)
    turn = float(np.sqrt(((gyr_rad_s - mean) ** 2).sum(axis=1).max()))
    size = np.sqrt((acc_m_s2**2).sum(axis=1))
    centre = float(size.mean())
    return Stillness(
        float(np.degrees(max(turn, np.sqrt((mean**2).sum())))),
        float(abs(size - centre).max()) / GRAVITY_M_S2,
        float(np.degrees(np.sqrt(((_directions(acc_m_s2) - _unit(acc_m_s2.mean(axis=0))) ** 2).sum(axis=1).max()))),
        abs(centre / GRAVITY_M_S2 - 1.0),
    )


def _directions(acc_m_s2: Floats) -> Floats:
    """(blocks, 3) unit vectors of acceleration (n,3), averaged over equal parts of the window."""
    edges = np.arange(_BLOCKS) * len(acc_m_s2) // _BLOCKS
    return _unit(np.add.reduceat(acc_m_s2, edges, axis=0))


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.sqrt(np.maximum((vectors**2).sum(axis=-1, keepdims=True), 1e-12))
    return unit


def pose_of(gyr_rad_s: Floats, acc_m_s2: Floats) -> Pose:
    """The pose from gyro (n,3) and acceleration (n,3) of someone who stands still."""
    gravity = acc_m_s2.mean(axis=0)
    blocks = _directions(acc_m_s2)
    return Pose(
        gravity_m_s2=gravity,
        gyr_bias_rad_s=gyr_rad_s.mean(axis=0),
        gyr_sd_deg_s=float(np.degrees(np.sqrt(gyr_rad_s.var(axis=0).mean()))),
        acc_sd_mg=float(1e3 * np.sqrt(acc_m_s2.var(axis=0).mean()) / GRAVITY_M_S2),
        error_deg=float(np.degrees(np.sqrt(blocks.var(axis=0, ddof=1).sum() / _BLOCKS))),
    )


def look(history: History, end: int, params: Params) -> tuple[Pose | None, Stillness | None]:
    """The pose of the 5 s before sample `end` if they were still, and how still; (None, None) for plain motion.

    The means leave out half a second at either end.
    """
    now_s = history.at(end - 1)
    if not glance(history, end, params):
        return None, None
    first = history.find(now_s - params.stand_s - _LEAD_S, end)
    time_s = history.time(first, end)
    if now_s - time_s[0] < params.stand_s - _EDGE_S or len(time_s) < _MIN_RATE_HZ * params.stand_s:
        return None, None
    still = _stillness(history, first, end)
    if still.excess(params) > 1.0:
        return None, still
    a = history.find(now_s - params.stand_s + _TRIM_S - _LEAD_S, end)
    b = history.find(now_s - _TRIM_S - _LEAD_S, end)
    return pose_of(history.column("gyr", a, b), history.column("acc", a, b)), still


def glance(history: History, end: int, params: Params) -> bool:
    """Whether the last half second before sample `end` was still."""
    still = _stillness(history, history.find(history.at(end - 1) - GLANCE_S - _LEAD_S, end), end)
    return still._replace(gravity_off=0.0).excess(params) <= 1.0


def _stillness(history: History, first: int, end: int) -> Stillness:
    return stillness(history.column("gyr", first, end), history.column("acc", first, end))


def still_pose(samples: Samples, params: Params) -> Pose:
    """The pose of the first 5 s of standing still in a recording. Raises CalibrationError where there are none."""
    history = History(keep_all=True)
    history.store(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2)
    history.end = len(samples)
    best: Stillness | None = None
    for end in range(1, len(samples) + 1, _STRIDE):
        pose, still = look(history, end, params)
        if pose is not None:
            return pose
        best = stiller(best, still, params)
    raise CalibrationError(why_not_still(best, params))


def stiller(one: Stillness | None, other: Stillness | None, params: Params) -> Stillness | None:
    """The stiller of two, either of which may be missing."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda still: still.excess(params))


def why_not_still(best: Stillness | None, params: Params) -> str:
    """What kept the stillest 5 s from counting, and what to do."""
    ask = f"Stand still for {params.stand_s:.0f} s, arms hanging, both feet on the ground."
    if best is None:
        return f"No standing was found. {ask}"
    if best.gravity_off > _GRAVITY_OFF:
        return (
            f"At rest the sensor reads gravity {100 * best.gravity_off:.0f} % off: it is broken, never calibrated, or "
            "does not give m/s^2."
        )
    if best.gyr_deg_s > params.stand_gyr_max_deg_s:
        return (
            f"Not still enough: even the stillest {params.stand_s:.0f} s turned by up to {best.gyr_deg_s:.1f} deg/s "
            f"(at most {params.stand_gyr_max_deg_s:.0f}). {ask}"
        )
    if best.sway_deg > params.stand_sway_max_deg:
        return (
            f"Not still enough: even the stillest {params.stand_s:.0f} s swayed by {best.sway_deg:.1f} deg "
            f"(at most {params.stand_sway_max_deg:g}). {ask}"
        )
    return (
        f"Not still enough: even the stillest {params.stand_s:.0f} s shook by {best.acc_g:.3f} g "
        f"(at most {params.stand_acc_max_g:g}). {ask}"
    )
