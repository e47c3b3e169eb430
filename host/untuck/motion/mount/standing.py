"""Standing still: detection, a measure of stillness, and the pose that standing gives.

Five seconds of gyro and acceleration are compared with limits; their means are the vertical and the gyro's bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from untuck.errors import CalibrationError
from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.history import History
from untuck.motion.params import Params
from untuck.samples import Samples

RECENT_S = 0.5  # checked first, because it usually shows motion already
_BLOCKS = 5  # parts of the window; the scatter of their means gives the pose's error
_TRIM_S = 0.5  # left out at either end, where people begin or stop moving slowly
_EDGE_SHIFT_S = 0.4e-3  # windows begin between samples, so that rounding of time cannot move a sample in or out
_MIN_RATE_HZ = 40.0
_EDGE_S = 0.1
_SEARCH_STEP = 25  # samples between windows in a whole recording
_GRAVITY_OFF_MAX = 0.1  # beyond, the sensor is broken or not at rest


class Stillness(NamedTuple):
    """Largest rotation rate, largest change of |acceleration| and of its direction, deviation from gravity (a ratio).

    The direction shows swaying and gentle slowing down, which |acceleration| does not.
    """

    gyr_deg_s: float
    acc_g: float
    sway_deg: float
    gravity_off: float

    def excess(self, params: Params) -> float:
        """Largest ratio to a limit: at most 1 is still."""
        return max(
            self.gyr_deg_s / params.stand_gyr_max_deg_s,
            self.acc_g / params.stand_acc_max_g,
            self.sway_deg / params.stand_sway_max_deg,
            self.gravity_off / _GRAVITY_OFF_MAX,
        )


@dataclass(frozen=True, eq=False)
class Pose:
    """The sensor during standing: gravity_m_s2 (3,) mean specific force, gyr_bias_rad_s (3,).

    gyr_sd_deg_s, acc_sd_mg: stillness (RMS over the axes' SD); error_deg: standard error of the vertical due to sway.
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
    """Stillness of gyro (n,3) and acceleration (n,3); the mean rate counts as motion where it exceeds the scatter."""
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
    """The pose from gyro (n,3) and acceleration (n,3) during standing."""
    gravity = acc_m_s2.mean(axis=0)
    blocks = _directions(acc_m_s2)
    return Pose(
        gravity_m_s2=gravity,
        gyr_bias_rad_s=gyr_rad_s.mean(axis=0),
        gyr_sd_deg_s=float(np.degrees(np.sqrt(gyr_rad_s.var(axis=0).mean()))),
        acc_sd_mg=float(1e3 * np.sqrt(acc_m_s2.var(axis=0).mean()) / GRAVITY_M_S2),
        error_deg=float(np.degrees(np.sqrt(blocks.var(axis=0, ddof=1).sum() / _BLOCKS))),
    )


def measure_pose(history: History, end: int, params: Params) -> tuple[Pose | None, Stillness | None]:
    """The pose of the 5 s before sample `end`, None if they were not still, and their stillness.

    (None, None) where the last half second already moves. The means leave out half a second at either end.
    """
    now_s = history.at(end - 1)
    if not is_still(history, end, params):
        return None, None
    first = history.find(now_s - params.stand_s - _EDGE_SHIFT_S, end)
    time_s = history.time(first, end)
    if now_s - time_s[0] < params.stand_s - _EDGE_S or len(time_s) < _MIN_RATE_HZ * params.stand_s:
        return None, None
    still = _stillness(history, first, end)
    if still.excess(params) > 1.0:
        return None, still
    a = history.find(now_s - params.stand_s + _TRIM_S - _EDGE_SHIFT_S, end)
    b = history.find(now_s - _TRIM_S - _EDGE_SHIFT_S, end)
    return pose_of(history.column("gyr", a, b), history.column("acc", a, b)), still


def is_still(history: History, end: int, params: Params) -> bool:
    """Whether the half second before sample `end` was still."""
    still = _stillness(history, history.find(history.at(end - 1) - RECENT_S - _EDGE_SHIFT_S, end), end)
    return still._replace(gravity_off=0.0).excess(params) <= 1.0


def _stillness(history: History, first: int, end: int) -> Stillness:
    return stillness(history.column("gyr", first, end), history.column("acc", first, end))


def still_pose(samples: Samples, params: Params) -> Pose:
    """The pose of the first 5 s of standing in a recording. Raises CalibrationError where there is none."""
    history = History(keep_all=True)
    history.store(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2)
    history.end = len(samples)
    best: Stillness | None = None
    for end in range(1, len(samples) + 1, _SEARCH_STEP):
        pose, still = measure_pose(history, end, params)
        if pose is not None:
            return pose
        best = stillest_of(best, still, params)
    raise CalibrationError(stillness_problem(best, params))


def stillest_of(one: Stillness | None, other: Stillness | None, params: Params) -> Stillness | None:
    """The stillest_of of two, either of which may be missing."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda still: still.excess(params))


def stillness_problem(best: Stillness | None, params: Params) -> str:
    """Why the stillest 5 s were not still enough, and what to do."""
    ask = f"Stand still for {params.stand_s:.0f} s, arms hanging, both feet on the ground."
    if best is None:
        return f"No standing was found. {ask}"
    if best.gyr_deg_s > params.stand_gyr_max_deg_s:
        return (
            f"Not still enough: even the stillest {params.stand_s:.0f} s rotated by up to {best.gyr_deg_s:.1f} deg/s "
            f"(at most {params.stand_gyr_max_deg_s:.0f}). {ask}"
        )
    if best.sway_deg > params.stand_sway_max_deg:
        return (
            f"Not still enough: even the stillest {params.stand_s:.0f} s swayed by {best.sway_deg:.1f} deg "
            f"(at most {params.stand_sway_max_deg:g}). {ask}"
        )
    if best.acc_g > params.stand_acc_max_g:
        return (
            f"Not still enough: even the stillest {params.stand_s:.0f} s shook by {best.acc_g:.3f} g "
            f"(at most {params.stand_acc_max_g:g}). {ask}"
        )
    return (
        f"At rest the sensor measures a gravity that is {100 * best.gravity_off:.0f} % wrong: pass m/s^2, or "
        "calibrate or replace the sensor."
    )
