"""Where the sensor sits on the pelvis: found from standing still and three slow hip hinges, or nominal.

Standing gives the vertical, the zero and the gyro bias; the main axis of the hinges' gyro is the pelvis's right axis.
Frames of the mount and the search for the calibration in a stream of samples live here.
"""

from __future__ import annotations

import numpy as np

from untuck.errors import CalibrationError
from untuck.model import GRAVITY_M_S2, Calibration, Floats
from untuck.motion.history import History
from untuck.motion.params import Params

NOMINAL_MOUNT = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])  # rows P.x, P.y, P.z in S


def nominal() -> Calibration:
    """The mount as intended: x right, y up, z backward; the standing zero is then not known."""
    return Calibration(NOMINAL_MOUNT.copy(), np.zeros(3), source="nominal")


def is_still(gyr_rad_s: Floats, acc_m_s2: Floats, params: Params) -> bool:
    """Whether gyro (n,3) and acceleration (n,3) are those of someone standing still."""
    mean = gyr_rad_s.mean(axis=0)
    if np.degrees(np.sqrt(((gyr_rad_s - mean) ** 2).sum(axis=1).max())) > params.stand_gyr_max_deg_s:
        return False
    if np.degrees(np.linalg.norm(mean)) > params.stand_gyr_max_deg_s:
        return False
    size = np.sqrt((acc_m_s2**2).sum(axis=1))
    centre = float(size.mean())
    if not 0.9 < centre / GRAVITY_M_S2 < 1.1:
        return False
    return float(abs(size - centre).max()) < params.stand_acc_max_g * GRAVITY_M_S2


def from_stand(gyr_rad_s: Floats, acc_m_s2: Floats) -> Calibration:
    """Calibration from standing alone: the vertical is measured, the heading of the mount taken as nominal.

    Raises CalibrationError where the sensor lies on its side, so that no nominal heading can be told.
    """
    gravity = acc_m_s2.mean(axis=0)
    return _mount(gravity, NOMINAL_MOUNT[2], gyr_rad_s.mean(axis=0), "stand", float("nan"), {})


def _mount(
    gravity: Floats, right: Floats, bias: Floats, source: str, error_deg: float, quality: dict[str, float]
) -> Calibration:
    size = float(np.linalg.norm(gravity))
    up = gravity / size
    right = right - (right @ up) * up
    if np.linalg.norm(right) < 0.5:
        raise CalibrationError(
            "The clip does not hang upright while you stand: put it on the back of the waistband, its long side up."
        )
    right = right / np.linalg.norm(right)
    forward = np.cross(up, right)
    return Calibration(np.array([forward, up, right]), bias, GRAVITY_M_S2 / size, error_deg, source, quality)


class Calibrator:
    """Looks for standing and hinges in the stream; call `look` on a fixed grid of sensor time."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._stand: Calibration | None = None
        self._stand_end = 0
        self.refused = ""

    @property
    def stand(self) -> Calibration | None:
        """Calibration from standing alone, once someone stood still."""
        return self._stand

    def look(self, history: History, end: int) -> Calibration | None:
        """The finished calibration as of sample `end`-1, or None while there is none."""
        p = self._params
        now_s = float(history.time(end - 1, end)[0])
        first = history.find(now_s - p.stand_s, end)
        time_s = history.time(first, end)
        gyr, acc = history.column("gyr", first, end), history.column("acc", first, end)
        if now_s - time_s[0] > p.stand_s - 0.1 and len(time_s) > 40 * p.stand_s and is_still(gyr, acc, p):
            again = from_stand(gyr, acc)
            if self._stand is None or not self._hinging(history, end):
                self._stand, self._stand_end = again, end
        if self._stand is None:
            return None
        return self._hinges(history, end)

    def _inclination(self, history: History, first: int, end: int) -> Floats:
        """Angle (n,) in deg between now's vertical and that of standing, from the orientation."""
        assert self._stand is not None
        q = history.column("quat", first, end)
        up = np.column_stack(
            [
                2 * (q[:, 1] * q[:, 3] - q[:, 0] * q[:, 2]),
                2 * (q[:, 2] * q[:, 3] + q[:, 0] * q[:, 1]),
                1 - 2 * (q[:, 1] ** 2 + q[:, 2] ** 2),
            ]
        )
        angle: Floats = np.degrees(np.arccos(np.clip(up @ self._stand.sensor_to_pelvis[1], -1.0, 1.0)))
        return angle

    def _hinging(self, history: History, end: int) -> bool:
        angle = self._inclination(history, self._since_stand(history, end), end)
        return bool((angle > self._params.hinge_min_deg).any())

    def _since_stand(self, history: History, end: int) -> int:
        """First sample after standing, no further back than hinges may lie."""
        now_s = float(history.time(end - 1, end)[0])
        return max(self._stand_end, history.find(now_s - self._params.hinge_within_s, end))

    def _hinges(self, history: History, end: int) -> Calibration | None:
        p = self._params
        first = self._since_stand(history, end)
        angle = self._inclination(history, first, end)
        if len(angle) == 0 or angle[-1] > p.hinge_home_deg:
            return None
        time_s = history.time(first, end)
        gyr = history.column("gyr", first, end)
        spans = _excursions(angle, p.hinge_min_deg, p.hinge_home_deg)
        spans = [s for s in spans if 0.6 <= time_s[s[1] - 1] - time_s[s[0]] <= 10.0]
        if len(spans) < p.hinge_count:
            return None
        assert self._stand is not None
        axes = np.array([_axis(gyr[a:b] - self._stand.gyr_bias_rad_s, angle[a:b]) for a, b in spans])
        return self._judge(axes[-p.hinge_count :], [float(angle[a:b].max()) for a, b in spans])

    def _judge(self, axes: Floats, depths_deg: list[float]) -> Calibration | None:
        stand = self._stand
        assert stand is not None
        up = stand.sensor_to_pelvis[1]
        flat = axes - np.outer(axes @ up, up)
        flat /= np.linalg.norm(flat, axis=1, keepdims=True)
        mean = flat.mean(axis=0)
        spread = np.degrees(np.arccos(np.clip(flat @ (mean / np.linalg.norm(mean)), -1, 1)))
        error_deg = float(np.sqrt((spread**2).sum() / (len(axes) - 1) / len(axes)))
        quality = {"hinges": float(len(axes)), "axis_spread_deg": float(spread.max()), "depth_deg": min(depths_deg)}
        if error_deg > self._params.hinge_error_max_deg:
            self.refused = (
                f"The hinges point {spread.max():.0f} deg apart: stand still for 5 s and hinge straight forward again."
            )
            return None
        gravity = up * (GRAVITY_M_S2 / stand.acc_gain)
        return _mount(gravity, mean, stand.gyr_bias_rad_s, "stand+hinges", error_deg, quality)


def _excursions(angle: Floats, far: float, home: float) -> list[tuple[int, int]]:
    """First and last-plus-one sample of each way out from under `home`, over `far`, and back."""
    spans, start, reached = [], 0, False
    for i, value in enumerate(angle):
        if value <= home:
            if reached:
                spans.append((start, i + 1))
            start, reached = i, False
        elif value > far:
            reached = True
    return spans


def _axis(gyr: Floats, angle: Floats) -> Floats:
    """The pelvis's right axis (3,) from one hinge: main axis of gyro (n,3), signed by its way out, which is forward."""
    _, vectors = np.linalg.eigh(gyr.T @ gyr)
    axis: Floats = vectors[:, -1]
    out = gyr[: int(np.argmax(angle)) + 1] @ axis
    return -axis if out.sum() > 0 else axis  # tipping forward turns backward about P.z
