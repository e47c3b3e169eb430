"""Finds a lasting change of the gyro's bias in the filter's estimates, so that it can be reported.

A step of the bias (a reset of the sensor, a knock) moves the estimate once, and it stays there. A bend or a change of
speed also moves it, for seconds. So two intervals are compared, some seconds apart, in each of which the estimate
must be steady. Only the horizontal part counts: a bias about the vertical is not observed.
"""

from __future__ import annotations

from collections import deque
from math import sqrt
from typing import NamedTuple

import numpy as np

from untuck.model import Floats
from untuck.vocabulary import clock

_RECENT_S = 8.0  # length of the later interval: longer than the filter takes for a change of speed
_BEFORE_S = 20.0  # ago, end of the earlier one: the filter needs up to 17 s to follow a step
_EARLIER_S = 15.0  # its length
_LEAST_RAD_S = np.radians(0.25)  # smallest change that is reported; it costs up to 0.7 deg of tilt
_LAG_S = 4.0  # error of tilt, in deg for each deg/s of the change found, at most (runners, steps of 0.5 to 2 deg/s)
_LATE_S = 4.0  # until the estimate shows a step: 3 to 7 s in running, less in standing
_STEADY = 0.35  # of the change: most that an estimate may differ from its interval's mean
_ENDS_APART_RAD_S = (1.0 - 2.0 * _STEADY) * _LEAST_RAD_S  # first and last estimate differ at least so much then
_ROWS_MIN = 4
_SIGMA = 3.0  # least change, in the filter's standard errors at the earlier interval
EVERY_S = 0.99  # between estimates, slightly less than two blocks of samples at 100 Hz


class BiasChange(NamedTuple):
    """A change of the bias by size_rad_s in the horizontal plane.

    from_s: when it happened, in running 1 s early to 3 s late, in standing up to 4 s early; until_s: when the estimate
    has followed it. Between them what depends on tilt is doubtful.
    """

    from_s: float
    until_s: float
    size_rad_s: float

    @property
    def text(self) -> str:
        """A warning, with times since the start of the samples' clock."""
        size_deg_s = np.degrees(self.size_rad_s)
        return (
            f"The sensor's gyro changed by about {size_deg_s:.1f} deg/s at about {clock(self.from_s)}, "
            f"as after a knock or a reset of the sensor. Until {clock(self.until_s)} "
            f"tilt may be off by up to {_LAG_S * size_deg_s:.1f} deg. "
            "Stand still for 5 s when you can: that measures the gyro again."
        )


class BiasWatch:
    """Keeps half a minute of estimates."""

    def __init__(self) -> None:
        self._rows: deque[tuple[float, Floats, Floats]] = deque()

    def due(self, time_s: float) -> bool:
        """Whether the next estimate may be added."""
        return not self._rows or time_s - self._rows[-1][0] >= EVERY_S

    def push(self, time_s: float, bias_rad_s: Floats, cov: Floats, quat: Floats) -> BiasChange | None:
        """Add an estimate: bias (3,) in the sensor frame, its covariance (3,3), and the orientation (4,).

        Returns a change when it has lasted for some seconds, once.
        """
        rows = self._rows
        rows.append((time_s, bias_rad_s, cov))
        while time_s - rows[0][0] > _BEFORE_S + _EARLIER_S:
            rows.popleft()
        if time_s - rows[0][0] < _BEFORE_S + 0.5 * _EARLIER_S:
            return None
        x, y, z = (bias_rad_s - rows[0][1]).tolist()
        if x * x + y * y + z * z < _ENDS_APART_RAD_S**2:  # most often; the rest takes 20 times as long
            return None
        found = _change(list(rows), quat)
        if found is not None:
            rows.clear()
        return found


def _change(rows: list[tuple[float, Floats, Floats]], quat: Floats) -> BiasChange | None:
    """The change between the two intervals of the rows, None if it is small, uncertain or unsteady."""
    w, x, y, z = quat.tolist()
    up = np.array([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])
    times = np.array([row[0] for row in rows])
    earlier, recent = times <= times[-1] - _BEFORE_S, times > times[-1] - _RECENT_S
    if min(earlier.sum(), recent.sum()) < _ROWS_MIN:  # after a gap
        return None
    biases = np.array([row[1] for row in rows])
    biases = biases - np.outer(biases @ up, up)
    before, now = biases[earlier].mean(axis=0), biases[recent].mean(axis=0)
    change = now - before
    size = float(np.linalg.norm(change))
    cov = np.mean([row[2] for row, early in zip(rows, earlier, strict=True) if early], axis=0)
    variance = max(0.5 * float(cov.trace() - up @ cov @ up), 0.0)  # of a horizontal axis
    if size < max(_LEAST_RAD_S, _SIGMA * sqrt(variance)):
        return None
    if max(_furthest(biases[earlier], before), _furthest(biases[recent], now)) > _STEADY * size:
        return None
    along = (biases - before) @ change / size**2
    from_s, until_s = (float(times[np.flatnonzero(along < share)[-1]]) for share in (0.1, 0.9))
    return BiasChange(from_s - _LATE_S, until_s, size)


def _furthest(points: Floats, middle: Floats) -> float:
    return float(np.linalg.norm(points - middle, axis=1).max())
