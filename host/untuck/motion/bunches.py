"""Time stamps in bunches: samples of a packet that were stamped when it arrived, spaced evenly again.

A packet's samples then share a time, or follow each other within a millisecond, and the next ones are a packet later.
The sensor's clock runs on: sample numbers and arrivals lie on a straight line, from which a line is fitted for each
stretch without a gap. This is for whole recordings; clock.py follows good stamps with jitter while they come.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from untuck.errors import SamplesError
from untuck.model import Floats
from untuck.samples import Samples

_CLOSE = 0.3  # of the period: intervals below it belong to a bunch
_CLOSE_SHARE = 0.25  # of all intervals; in stamps with jitter of half a period there are 0.16
_LEAST = 100  # samples
_LAG_SHARE, _LAG_BUNCHES = 0.25, 20  # over which the period is measured: of all samples, then bunches
_LATE_MOST = 1.5  # in bunches: an arrival that is later by more, and stays so, is a gap
_STRETCH_LEAST = 20  # bunches from which a stretch gets a period of its own
_SCATTER_MOST_S = 0.08  # SD of arrivals about the line: beyond, the order of steps in time is lost
_TIE_S = 1e-5


class Evened(NamedTuple):
    """Samples with even times, and what was done to them; "" if their time stamps were not in bunches."""

    samples: Samples
    note: str


def spread_ties(time_s: Floats) -> Floats:
    """Stamps (n,) of which several may be equal, as increasing ones: equal ones follow each other by 10 us at most."""
    if len(time_s) < 2 or not (np.diff(time_s) == 0).any():
        return time_s
    new = np.concatenate([[True], np.diff(time_s) != 0])
    first = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    place = np.arange(len(time_s)) - first[group]
    room = np.append(np.diff(time_s[first]), np.inf)
    size = np.diff(np.append(first, len(time_s)))
    step = np.minimum(_TIE_S, np.abs(room) / (size + 1))
    spread: Floats = time_s + place * step[group]
    return spread


def without_bunches(samples: Samples) -> Evened:
    """Samples whose stamps come in bunches, spaced evenly; others unchanged.

    Raises SamplesError where they come in bunches that arrive too unevenly.
    """
    time_s = samples.time_s
    if len(samples) < _LEAST:
        return Evened(samples, "")
    lag = int(_LAG_SHARE * len(samples))
    period_s = float(np.median(time_s[lag:] - time_s[:-lag])) / lag
    close = np.diff(time_s) < _CLOSE * period_s
    if close.mean() < _CLOSE_SHARE:
        return Evened(samples, "")
    last = np.flatnonzero(np.append(~close, True))  # of each bunch
    size = np.diff(np.append(-1, last))
    usual = float(np.median(np.repeat(size, size)))  # of the bunch that a sample is in
    lag = max(1, min(_LAG_BUNCHES, len(last) // 2))
    period_s = float(np.median((time_s[last[lag:]] - time_s[last[:-lag]]) / (last[lag:] - last[:-lag])))
    out, gaps, scatter_s = _evened(time_s, last, period_s, usual)
    rate_hz = 1.0 / float(np.median(np.diff(out)))
    found = f"Time stamps come in bunches of about {usual:.0f} samples, as if stamped on arrival"
    if scatter_s > _SCATTER_MOST_S:
        raise SamplesError(
            f"{found}, {1e3 * scatter_s:.0f} ms off an even clock: export the sensor's own time, or leave the column "
            "out and give --rate."
        )
    kept = "" if gaps == 0 else f"; {gaps} gaps were kept" if gaps > 1 else "; a gap was kept"
    note = f"{found}. They were spaced evenly, at {rate_hz:.4g} Hz{kept}. The sensor's own time would be better."
    return Evened(Samples(out, samples.gyr_rad_s, samples.acc_m_s2, samples.quat, samples.acc_end_m_s2), note)


def _evened(time_s: Floats, last: NDArray[np.int64], period_s: float, usual: float) -> tuple[Floats, int, float]:
    """Even times (n,), the number of gaps, and the SD of arrivals about them; last (b,): samples that end bunches."""
    arrival_s = time_s[last]
    offset_s = arrival_s - period_s * last
    bunch_s = usual * period_s
    # a late packet is followed by early ones, which bring the offset back; after a gap it stays
    edges = [0]
    for i in np.flatnonzero(np.diff(offset_s) > _LATE_MOST * bunch_s) + 1:
        before, behind = offset_s[max(edges[-1], i - 10) : i], offset_s[i : i + 10]
        if behind.min() - np.median(before) > bunch_s:
            edges.append(int(i))
    edges.append(len(last))
    out, left = np.empty(len(time_s)), []
    for a, b in pairwise(edges):
        first = 0 if a == 0 else last[a - 1] + 1
        numbers = np.arange(first, last[b - 1] + 1)
        slope, shift = 0.0, float(np.median(offset_s[a:b]))
        if b - a >= _STRETCH_LEAST:
            slope, shift = _line(last[a:b].astype(float), offset_s[a:b])
        out[numbers] = shift + (slope + period_s) * numbers
        left.append(offset_s[a:b] - shift - slope * last[a:b])
    for first in (last[a - 1] + 1 for a in edges[1:-1]):  # stretches never overlap
        out[first:] += max(0.0, out[first - 1] + 0.5 * period_s - out[first])
    return out, len(edges) - 2, _spread(np.concatenate(left))


def _spread(off: Floats) -> float:
    """SD of deviations from their median deviation: the last packet may be cut, some are much too late."""
    return 1.48 * float(np.median(np.abs(off)))


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope and height at 0 of a line through (n,) points, without those more than 3 SD off (by the median)."""
    kept = np.ones(len(x), bool)
    slope = height = 0.0
    for _ in range(3):
        slope, height = np.polyfit(x[kept] - x[0], y[kept], 1).tolist()
        off = np.abs(y - height - slope * (x - x[0]))
        kept = off <= 3.0 * _spread(off) + 1e-6
        if kept.sum() < 3:
            break
    return slope, height - slope * float(x[0])
