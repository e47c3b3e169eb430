"""What the clip's motion says while somebody moves it by hand: which side is up, how far it was tipped and turned.

Samples in, angles out. Sensor axes: x to the runner's right, y up, z backward (docs/algorithms.md). Held still, the
acceleration shows the vertical; the gyro shows turns. Both together show whether a driver mixes up axes or signs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from untuck.model import Floats
from untuck.motion.mount.hinges import verticals
from untuck.samples import Samples

WINDOW_S = 0.5  # of samples, for "now"
STILL_DEG_S = 15.0  # rms of the gyro in a hand that holds still
GRAVITY_M_S2 = 9.80665


@dataclass(frozen=True, eq=False)
class Pose:
    """The clip now. up (3,): the vertical in sensor axes, length 1.

    acc_m_s2: length of the mean acceleration; gyr_deg_s: rms of the gyro; chip_error_deg: angle between the sensor
    chip's own vertical and this one, NaN without a quaternion.
    """

    up: Floats
    acc_m_s2: float
    gyr_deg_s: float
    chip_error_deg: float

    @property
    def still(self) -> bool:
        """Whether it is held or lies still."""
        return self.gyr_deg_s < STILL_DEG_S

    @property
    def tilt_deg(self) -> float:
        """Forward tilt of the upright clip: positive when its upper edge tips forward, away from the one behind it."""
        return float(np.rad2deg(np.arctan2(self.up[2], self.up[1])))


class HandMotion:
    """Collects samples; turned_deg and pitched_deg count from the last begin()."""

    def __init__(self) -> None:
        self._recent: list[tuple[float, Floats, Floats, Floats]] = []  # time, gyro, acceleration, quaternion
        self.turned_deg = 0.0  # about the vertical, to the left positive
        self.pitched_deg = 0.0  # about the right axis by the gyro, forward positive
        self.samples = 0
        self.span_s = 0.0
        self._first_s = np.nan

    def begin(self) -> None:
        """Count turns, samples and time from now on."""
        self.turned_deg = self.pitched_deg = self.span_s = 0.0
        self.samples = 0
        self._first_s = np.nan

    def add(self, samples: Samples) -> None:
        """Add samples in order of time; rows without a quaternion may have zeros."""
        quat = samples.quat if samples.quat is not None else np.zeros((len(samples.time_s), 4))
        for row in zip(samples.time_s.tolist(), samples.gyr_rad_s, samples.acc_m_s2, quat, strict=True):
            if self._recent:
                self._turn(min(row[0] - self._recent[-1][0], 0.1), row[1])
            self._recent.append(row)
            self.samples += 1
            self._first_s = row[0] if np.isnan(self._first_s) else self._first_s
            self.span_s = row[0] - self._first_s
        while self._recent and self._recent[-1][0] - self._recent[0][0] > WINDOW_S:
            self._recent.pop(0)

    def _turn(self, step_s: float, gyr_rad_s: Floats) -> None:
        self.pitched_deg -= float(np.rad2deg(gyr_rad_s[0])) * step_s
        acc = np.mean([row[2] for row in self._recent], axis=0)
        length = float(np.linalg.norm(acc))
        if length > 0:
            self.turned_deg += float(np.rad2deg(gyr_rad_s @ acc / length)) * step_s

    @property
    def rate_hz(self) -> float:
        """Samples a second since begin(), NaN until there are two."""
        return (self.samples - 1) / self.span_s if self.span_s > 0 else float("nan")

    def pose(self) -> Pose | None:
        """The clip now; None before WINDOW_S of samples, or in free fall."""
        if len(self._recent) < 2 or self._recent[-1][0] - self._recent[0][0] < 0.8 * WINDOW_S:
            return None
        acc = np.mean([row[2] for row in self._recent], axis=0)
        length = float(np.linalg.norm(acc))
        if length < 0.2 * GRAVITY_M_S2:
            return None
        gyr = np.array([row[1] for row in self._recent])
        up = acc / length
        quat = np.array([row[3] for row in self._recent if row[3].any()])
        error_deg = float("nan")
        if len(quat):
            chip_up = verticals(quat).mean(axis=0)
            cosine = float(chip_up @ up / np.linalg.norm(chip_up))
            error_deg = float(np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0))))
        return Pose(up, length, float(np.rad2deg(np.sqrt(np.mean(np.sum(gyr**2, axis=1))))), error_deg)
