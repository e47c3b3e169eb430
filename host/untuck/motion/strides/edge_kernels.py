"""The loops that time the steps of a sensor without gyroscope, and means over time bins for all sensors.

A linear model of the acceleration in bins around a guessed contact and toe-off moves both until they converge. Plain
functions on arrays, compiled by numba; contact_weights.py holds the weights.
"""

from __future__ import annotations

from math import log, sqrt

from untuck.model import Floats
from untuck.motion.jit import inner
from untuck.motion.strides.kernels import STEP_DOWN_S, STEP_PREV_UP_S, STEP_UP_S

COMPILED_IN = {"strides/kernels.py": 0xCFC2AB66}

_USUAL_STEP_S = 0.36  # step time of the first step after a break
# features: means of both accelerations in bins about contact and toe-off, then strength and step time
BIN_S = 0.02
_FROM_S, _BINS = (-0.10, -0.12), (11, 9)
EDGE_FEATURES = 2 * (11 + 9) + 2
_STEP_BINS = 24  # of a step, for the RMS of the fore-aft acceleration
_STRENGTH_G = 0.5  # usual RMS of the fore-aft acceleration
_ROUNDS, _CONVERGED_S = 5, 1e-4
_MOVE_MAX_S = 0.03  # in one round


@inner
def step_time(row: Floats) -> float:
    """Time since the previous step in s, or a usual one where there was none."""
    step_s: float = row[STEP_UP_S] - row[STEP_PREV_UP_S]
    return step_s if 0.2 <= step_s <= 0.6 else _USUAL_STEP_S


@inner
def bin_means(time_s: Floats, signal: Floats, start_s: float, width_s: float, out: Floats) -> None:
    """out (b,): means of signal (n,) over bins of width_s from start_s on; the end samples are held beyond the data."""
    last = len(time_s) - 1
    i = 0
    beyond = last
    while beyond - i > 1:  # bisection: the samples around the start
        middle = (i + beyond) // 2
        if time_s[middle] <= start_s:
            i = middle
        else:
            beyond = middle
    for b in range(len(out)):
        now, end, area = start_s + b * width_s, start_s + (b + 1) * width_s, 0.0
        while now < end:
            while i < last and time_s[i + 1] <= now:
                i += 1
            x, slope, until = signal[i], 0.0, end
            if now < time_s[0]:
                until = time_s[0]
            elif i < last:
                until = time_s[i + 1]
                slope = (signal[i + 1] - x) / (time_s[i + 1] - time_s[i])
            until = until if until < end else end
            area += (x + slope * (0.5 * (now + until) - time_s[i])) * (until - now)
            now = until
        out[b] = area / width_s


@inner
def _strength(time_s: Floats, signals: Floats, row: Floats, x: Floats) -> float:
    """RMS of the fore-aft acceleration in g; its logarithm and step time become the last two of x (EDGE_FEATURES,)."""
    step_s = step_time(row)
    bin_means(time_s, signals[1, : len(time_s)], row[STEP_DOWN_S] - step_s, step_s / _STEP_BINS, x[:_STEP_BINS])
    total = 0.0
    for j in range(_STEP_BINS):
        total += x[j] * x[j]
    strength = max(sqrt(total / _STEP_BINS), 0.02)
    x[EDGE_FEATURES - 2], x[EDGE_FEATURES - 1] = log(strength / _STRENGTH_G), step_s
    return strength


@inner
def _bins_about(time_s: Floats, signals: Floats, strength: float, guesses_s: Floats, x: Floats) -> None:
    """All but the last two of x (EDGE_FEATURES,), for the guessed instants of contact and toe-off, guesses_s (2,)."""
    first = 0
    for e in range(2):
        for signal in range(2):
            last = first + _BINS[e]
            bin_means(time_s, signals[signal, : len(time_s)], guesses_s[e] + _FROM_S[e], BIN_S, x[first:last])
            first = last
        for j in range(first - _BINS[e], first):  # fore-aft
            x[j] *= _STRENGTH_G / strength


@inner
def edge_features(time_s: Floats, signals: Floats, row: Floats, guesses_s: Floats, x: Floats) -> None:
    """Features x (EDGE_FEATURES,) of a step for guesses of contact and toe-off (2,) s; signals of `step_measures`."""
    _bins_about(time_s, signals, _strength(time_s, signals, row, x), guesses_s, x)


@inner
def follow_edges(time_s: Floats, signals: Floats, row: Floats, edges: Floats, x: Floats, out: Floats) -> None:
    """Move guesses of contact and toe-off, out (2,), by a linear model of the bins around them until they converge.

    edges (2, EDGE_FEATURES + 1), the last column constant: offset in s from a guess.
    """
    strength = _strength(time_s, signals, row, x)
    for _ in range(_ROUNDS):
        _bins_about(time_s, signals, strength, out, x)
        largest_s = 0.0
        for e in range(2):
            move_s = edges[e, EDGE_FEATURES]
            for j in range(EDGE_FEATURES):
                move_s += edges[e, j] * x[j]
            out[e] += min(_MOVE_MAX_S, max(-_MOVE_MAX_S, move_s))
            largest_s = max(largest_s, abs(move_s))
        if largest_s < _CONVERGED_S:
            break
