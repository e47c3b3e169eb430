"""A clip's clock against the host's: the line below all differences between arrival and sensor time.

A radio makes packets late and never early, so that the least delayed ones show the clock. The line's slope is the drift
of the two crystals (Moon, Skelly and Towsley, INFOCOM 1999, fit such a line to the delays of a network; here the slope
is drawn to 0 until the span shows it). A burst of late packets after a lost link lies above it and changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from math import inf, sqrt

import numpy as np

from untuck.model import Floats

_PART_S = 2.0  # of which the least delayed packet is kept
_SPAN_S = 600.0  # over which the slope is measured
_SLOPE_MOST = 120e-6  # two crystals of 40 ppm, the host's, and temperature
_SLOPE_SD = 30e-6  # of two crystals, before it is measured
_LEAST_SD_S = 2e-3  # of the least delay of a part, where the link delivers at all phases
_ERROR_S = 1.5e-3  # by which an uncertain slope may move the line over the time that it rests on
INTERVAL_S = 0.05  # between a link's events, at most: as Linux chooses it
_RECENT = 6000  # packets, five minutes, that show at which phases of its events the link delivers
_WHOLE_S = 1.2 * INTERVAL_S
_MOST = 0.9  # share of delays that are looked at
_BIN_S = 2e-3
_RARE = 0.003  # share of packets in a bin, below which it counts as empty
_BUNCH_S = 6e-3  # delays within this are all of one phase


class LeastDelay:
    """The least delay of a clip's packets as a line over its sensor time; `at` gives it.

    missing_s: how much less the delay of a packet may be than any was, because the link delivers at few phases of the
    packets' period only: mean and standard deviation.
    """

    def __init__(self) -> None:
        self.missing_s = 0.0, INTERVAL_S / sqrt(12.0)
        self._recent: deque[tuple[float, float]] = deque(maxlen=_RECENT)
        self._parts: list[tuple[float, float]] = []  # sensor time and delay of the least delayed packet of each
        self._part_end_s = -inf
        self._slope = 0.0
        self._rests_s = 0.0  # how far back the line's height is taken from
        self._height_s = inf  # of the line at sensor time 0

    @property
    def known(self) -> bool:
        """Whether a packet has come."""
        return bool(self._parts)

    def at(self, time_s: float) -> float:
        """The least delay at a sensor time, in s; with an unknown constant, the difference of the clocks."""
        return self._height_s + self._slope * time_s

    def push(self, time_s: float, arrival_s: float) -> None:
        """A packet whose newest sample was measured at time_s arrived at arrival_s."""
        delay_s = arrival_s - time_s
        self._recent.append((time_s, delay_s))
        if time_s >= self._part_end_s:
            self._part_end_s = time_s + _PART_S
            self._refit()
            self._parts.append((time_s, delay_s))
        elif delay_s - self._slope * time_s < self._parts[-1][1] - self._slope * self._parts[-1][0]:
            self._parts[-1] = time_s, delay_s
        self._height_s = min(self._height_s, delay_s - self._slope * time_s)

    def _refit(self) -> None:
        """Fit slope and height to the parts that have ended."""
        if not self._parts:
            return
        now_s = self._parts[-1][0]
        while self._parts[0][0] < now_s - _SPAN_S:
            del self._parts[0]
        span_s = now_s - self._parts[0][0]
        seen_sd = sqrt(2.0) * _LEAST_SD_S / max(span_s, _PART_S)
        share = _SLOPE_SD**2 / (_SLOPE_SD**2 + seen_sd**2)
        slope = _slope_below(self._parts) if len(self._parts) > 2 else 0.0
        self._slope = share * min(_SLOPE_MOST, max(-_SLOPE_MOST, slope))
        self._rests_s = _ERROR_S / (sqrt(1.0 - share) * _SLOPE_SD)
        rests_on = (each for each in self._parts if each[0] >= now_s - self._rests_s)
        self._height_s = min(delay_s - self._slope * time_s for time_s, delay_s in rests_on)
        recent = np.array(self._recent)
        times_s, delays_s = recent[recent[:, 0] >= now_s - self._rests_s].T
        self.missing_s = _missing_s(np.maximum(delays_s - self._height_s - self._slope * times_s, 0.0))


def _missing_s(delays_s: Floats) -> tuple[float, float]:
    """Mean and SD of what no delay was short enough to show, from the gaps between delays (n,) above the least."""
    delays_s = delays_s[delays_s < _WHOLE_S]  # not those of a burst after a lost link
    most_s = float(np.quantile(delays_s, _MOST))  # what is repeated by the radio comes a whole interval later
    if most_s < _BUNCH_S:
        return 0.0, INTERVAL_S / sqrt(12.0)  # a quick link, or one that delivers at one phase only
    counts = np.bincount((delays_s[delays_s <= most_s] / _BIN_S).astype(np.int64))
    filled = np.flatnonzero(counts > max(1.0, _RARE * len(delays_s)))
    gap_s = _BIN_S * float(np.diff(filled).max(initial=1) - 1)
    gap_s = gap_s if gap_s > _BIN_S else 0.0
    return 0.5 * gap_s, gap_s / sqrt(12.0)


def _slope_below(points: Sequence[tuple[float, float]]) -> float:
    """Slope of the line below all points (x, y), in order of x, that is closest to them: an edge of their hull."""
    hull: list[tuple[float, float]] = []
    for point in points:
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    middle = sum(x for x, _ in points) / len(points)
    for (x0, y0), (x1, y1) in pairwise(hull):
        if x1 >= middle:
            return (y1 - y0) / (x1 - x0)
    return 0.0


def _turns_down(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) <= (b[1] - a[1]) * (c[0] - a[0])
