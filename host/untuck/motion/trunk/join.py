"""Joins the recordings of two clips that no computer heard: their clocks are known to within minutes only.

Foot strikes shake both clips. A long stretch of the pelvis's is found again in the trunk's, whose stride times, starts
and stops are those of no other stretch; then short windows along the run follow the drift of the clocks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from untuck.model import Floats
from untuck.motion.trunk.offset import shaken, smooth, window_offset
from untuck.samples import Samples

SEARCH_S = 120.0  # how far the clocks may differ
_RATE_HZ = 100.0
_STRETCH_S = 240.0  # with the clocks' drift of 100 ppm its ends are 24 ms apart, less than a strike takes
_STRETCH_MIN_S = 60.0
_MOVING_M_S2 = 3.0
_CORRELATION_MIN = 0.4
_ALONE = 1.02  # the peak to the next best, more than half a step away
_ALIKE = 1.01  # below, another time fits as well: other simulated runs are at 1.00, the same at 1.02 to 1.04
_STEP_S = 0.2
_WINDOW_STEP_S = 20.0
_WINDOWS_MIN = 3


class Fit(NamedTuple):
    """How well the steps of two recordings fit where they fit best.

    offset_s: what is to be added to the trunk's time there; correlation: of the shaking, up to 1; alone: that by the
    correlation of the next best time.
    """

    offset_s: float
    correlation: float
    alone: float

    @property
    def is_other_run(self) -> bool:
        """The steps fit nowhere: within SEARCH_S the two are not of one run."""
        return self.correlation < _CORRELATION_MIN

    @property
    def is_clear(self) -> bool:
        """The steps fit at this time and at no other."""
        return not self.is_other_run and self.alone >= _ALONE

    @property
    def is_unclear(self) -> bool:
        """Several times fit alike, as where every step is the same: nothing shows that the two are of one run."""
        return self.alone < _ALIKE


class Clocks(NamedTuple):
    """The pelvis's time of a trunk's time: trunk_s + offset_s + drift * (trunk_s - from_s)."""

    offset_s: float
    drift: float
    from_s: float

    def of_pelvis(self, trunk_s: float) -> float:
        """A time of the trunk's clock, in s, on the pelvis's clock."""
        return trunk_s + self.offset_s + self.drift * (trunk_s - self.from_s)


def join_clocks(pelvis: Samples, trunk: Samples, about_s: float = 0.0) -> Clocks | None:
    """How the clocks of two recordings of one run relate; None where that cannot be seen.

    about_s: what is to be added to the trunk's time, within SEARCH_S. Needs a minute of running that is in both, at
    most as far as the clocks are known.
    """
    fit = best_fit(pelvis, trunk, about_s)
    return None if fit is None else clocks_of(pelvis, trunk, fit)


def clocks_of(pelvis: Samples, trunk: Samples, fit: Fit) -> Clocks | None:
    """How the clocks relate, followed along the run from where the steps fit; None where that is not clear."""
    if not fit.is_clear:
        return None
    at_s, offsets_s = _followed(pelvis, trunk, fit.offset_s)
    if len(at_s) < _WINDOWS_MIN:
        return None
    drift = _slope(at_s, offsets_s)
    from_s = float(np.mean(at_s))
    return Clocks(float(np.median(offsets_s - drift * (at_s - from_s))), drift, from_s)


def best_fit(pelvis: Samples, trunk: Samples, about_s: float = 0.0) -> Fit | None:
    """Where the pelvis's first stretch of running fits best in the trunk's recording; None if nobody runs for a minute.

    about_s: as in join_clocks.
    """
    start_s, length_s = _busiest(pelvis)
    if length_s < _STRETCH_MIN_S:
        return None
    count, more = round(length_s * _RATE_HZ), round(SEARCH_S * _RATE_HZ)
    one = _strikes(pelvis, start_s, count)
    two = _strikes(trunk, start_s - about_s - SEARCH_S, count + 2 * more)
    size = len(one) + len(two)
    along = np.fft.irfft(np.fft.rfft(two, size) * np.fft.rfft(one, size).conj(), size)[: 2 * more + 1]
    power = np.concatenate([[0.0], np.cumsum(two**2)])
    local = power[count : count + 2 * more + 1] - power[: 2 * more + 1]
    correlation = along / np.sqrt(np.maximum(local * (one @ one), 1e-12 + 1e-3 * power[-1] * (one @ one)))
    peak = int(np.argmax(correlation))
    near = np.abs(np.arange(len(correlation)) - peak) <= _STEP_S * _RATE_HZ
    others = max(float(correlation[~near].max(initial=0.0)), 1e-6)
    best = float(correlation[peak])
    return Fit(about_s + SEARCH_S - peak / _RATE_HZ, best, best / others)


def _busiest(samples: Samples) -> tuple[float, float]:
    """Start and length, in s, of the first stretch of running, with what lies before it; of _STRETCH_S at most."""
    first_s, last_s = float(samples.time_s[0]), float(samples.time_s[-1])
    count = int((last_s - first_s) * _RATE_HZ)
    size = shaken(samples, first_s, count, _RATE_HZ)
    second = round(_RATE_HZ)
    moving = size[: count // second * second].reshape(-1, second).std(axis=1) > _MOVING_M_S2
    if not moving.any():
        return first_s, 0.0
    begin_s = max(first_s, first_s + float(np.argmax(moving)) - 10.0)
    return begin_s, min(_STRETCH_S, last_s - begin_s)


def _strikes(samples: Samples, start_s: float, count: int) -> Floats:
    """(count,) size of the specific force without posture, on an even grid; 0 where there are no samples."""
    size = shaken(samples, start_s, count, _RATE_HZ)
    inside = (start_s + np.arange(count) / _RATE_HZ >= samples.time_s[0]) & (
        start_s + np.arange(count) / _RATE_HZ <= samples.time_s[-1]
    )
    return np.where(inside, size - smooth(size, _RATE_HZ), 0.0)


def _followed(pelvis: Samples, trunk: Samples, offset_s: float) -> tuple[Floats, Floats]:
    """Times of the trunk's clock and what is to be added there, from windows along the run."""
    at_s: list[float] = []
    offsets_s: list[float] = []
    for start_s in np.arange(pelvis.time_s[0], pelvis.time_s[-1] - _WINDOW_STEP_S, _WINDOW_STEP_S):
        moved = Samples(trunk.time_s + offset_s, trunk.gyr_rad_s, trunk.acc_m_s2)
        ahead_s = window_offset(pelvis, moved, float(start_s))
        if ahead_s is not None and abs(ahead_s) < _STEP_S:  # more is another step
            at_s.append(float(start_s) - offset_s)
            offsets_s.append(offset_s - ahead_s)
            offset_s = float(np.median(offsets_s[-5:]))
    return np.array(at_s), np.array(offsets_s)


def _slope(x: Floats, y: Floats) -> float:
    """Median of the slopes between all pairs (Theil and Sen)."""
    first, second = np.triu_indices(len(x), 1)
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))
