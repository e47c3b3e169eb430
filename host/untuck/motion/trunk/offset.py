"""How far the clocks of two clips of one runner differ, from the foot strikes that both feel.

Every strike shakes both; the sizes of their specific forces are correlated, which needs neither mount nor orientation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from untuck.model import Floats
from untuck.samples import Samples

OFFSET_MAX_S = 0.005  # of the session's fit of clocks; the median of the windows is compared
_RATE_HZ = 200.0
WINDOW_S, _STEP_S = 20.0, 10.0
_SEARCH_S = 3.0
_NEARER = 0.02  # a peak closer to none is taken if its correlation is less by no more: steps that repeat exactly, as in
# a loop, show no offset; natural ones are less by 0.05
_MOST, _AROUND = int(_SEARCH_S * _RATE_HZ), int(0.1 * _RATE_HZ)  # of lag, in samples
_STEPS_HZ = 1.2  # slower is posture, not steps
_MOVING_M_S2 = 3.0  # SD of the force within a window: below, nobody runs
_CORRELATION_MIN = 0.5
GARMENT_S = 0.004  # SD of what it is worn on: strikes are up to 9 ms late in a simulated shirt, 2 early on a strap
_WINDOWS_MIN = 2


class ClockOffset(NamedTuple):
    """offset_s: what the trunk's stamps are ahead of the pelvis's; error_s: its standard error, with that of what the
    clip is worn on; windows: their number.

    NaN where fewer than two stretches of running are common to both.
    """

    offset_s: float
    error_s: float
    windows: int


def clock_offset(pelvis: Samples, trunk: Samples) -> ClockOffset:
    """Offset of the trunk's clock, by correlation of foot strikes over windows of 20 s of running.

    pelvis, trunk: samples whose stamps differ by at most 1 s. A strike takes some milliseconds up the spine, which
    counts as offset.
    """
    first, last = max(pelvis.time_s[0], trunk.time_s[0]), min(pelvis.time_s[-1], trunk.time_s[-1])
    starts_s = np.arange(first, last - WINDOW_S, _STEP_S)
    found = [each for each in (_correlation(pelvis, trunk, float(start_s)) for start_s in starts_s) if each is not None]
    peak = _peak(np.mean(found, axis=0)) if len(found) >= _WINDOWS_MIN else None
    if peak is None:
        return ClockOffset(np.nan, np.nan, len(found))
    offsets_s = [_refined_s(each, peak) for each in found]
    error_s = np.hypot(1.25 * float(np.std(offsets_s, ddof=1)) / np.sqrt(len(found)), GARMENT_S)
    return ClockOffset(float(np.median(offsets_s)), float(error_s), len(found))


def is_sure(offset: ClockOffset) -> bool:
    """Whether the clocks surely differ by more than a session's fit leaves, 5 ms."""
    return abs(offset.offset_s) > OFFSET_MAX_S + 2.0 * offset.error_s


def window_offset(pelvis: Samples, trunk: Samples, start_s: float, most_s: float = _SEARCH_S) -> float | None:
    """What the trunk's stamps are ahead in the window of WINDOW_S from start_s, in s, by at most most_s, up to 3 s.

    None where nobody runs or the clips do not agree.
    """
    correlation = _correlation(pelvis, trunk, start_s)
    peak = None if correlation is None else _peak(correlation, int(most_s * _RATE_HZ))
    return None if correlation is None or peak is None else _refined_s(correlation, peak)


def _correlation(pelvis: Samples, trunk: Samples, start_s: float) -> Floats | None:
    """(2 M + 1,) of the forces in a window at each lag of the trunk, -M to M; None where nobody runs."""
    count = int(WINDOW_S * _RATE_HZ)
    one, two = shaken(pelvis, start_s, count), shaken(trunk, start_s - _SEARCH_S, count + 2 * _MOST)
    if min(one.std(), two.std()) < _MOVING_M_S2:
        return None
    one, two = (each - smooth(each) for each in (one, two))
    size = count + len(two)
    products = np.fft.irfft(np.fft.rfft(two, size) * np.fft.rfft(one, size).conj(), size)[: 2 * _MOST + 1]
    power = np.cumsum(np.append(0.0, two**2))
    correlation: Floats = products / np.sqrt(np.maximum((one @ one) * (power[count:] - power[:-count]), 1e-9))
    return correlation


def _peak(correlation: Floats, most: int = _MOST) -> int | None:
    """Where the correlation is largest, or nearly so and closer to no lag; None where the clips do not agree.

    most: lag in samples, beyond which is not looked.
    """
    inner = correlation[1:-1]
    peaks = 1 + np.flatnonzero((inner > correlation[:-2]) & (inner >= correlation[2:]))
    peaks = peaks[abs(peaks - _MOST) <= most]
    if len(peaks) == 0 or correlation[peaks].max() < _CORRELATION_MIN:
        return None
    peaks = peaks[correlation[peaks] >= correlation[peaks].max() - _NEARER]
    return int(peaks[np.argmin(abs(peaks - _MOST))])


def _refined_s(correlation: Floats, near: int) -> float:
    """Lag of the largest correlation within 0.1 s of `near`, by a parabola through three points."""
    first = max(1, near - _AROUND)
    peak = first + int(np.argmax(correlation[first : min(near + _AROUND, 2 * _MOST)]))
    before, at, after = correlation[peak - 1 : peak + 2]
    return float((peak - _MOST + 0.5 * (before - after) / (before - 2 * at + after)) / _RATE_HZ)


def shaken(samples: Samples, start_s: float, count: int, rate_hz: float = _RATE_HZ) -> Floats:
    """(count,) size of the specific force on an even grid from start_s."""
    at_s = start_s + np.arange(count) / rate_hz
    first, last = np.searchsorted(samples.time_s, [at_s[0] - 0.1, at_s[-1] + 0.1])
    size = np.sqrt((samples.acc_m_s2[first:last] ** 2).sum(axis=1))
    return np.interp(at_s, samples.time_s[first:last], size) if last - first > 1 else np.zeros(count)


def smooth(values: Floats, rate_hz: float = _RATE_HZ) -> Floats:
    """(N,) mean over one period of the slowest steps."""
    width = int(rate_hz / _STEPS_HZ)
    sums = np.convolve(values, np.ones(width), "same")
    mean: Floats = sums / np.convolve(np.ones(len(values)), np.ones(width), "same")
    return mean
