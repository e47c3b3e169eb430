"""The loops that time one step: what the pelvis did around contact and toe-off, and both instants made finer by it.

Accelerations upward and in the direction the pelvis faces are averaged over bins of time (straight lines between
samples, so any rate will do); weights on the bins tell how far a guessed instant is off, and it is moved till it fits.
Plain functions on arrays, compiled by numba; which weights, and when the result may count, is decided in contacts.py.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
from numba import njit

from untuck.model import GRAVITY_M_S2, Floats

BIN_S = 0.02
CONTACT_FROM_S, CONTACT_BINS = -0.10, 11  # about contact
TOE_OFF_FROM_S, TOE_OFF_BINS = -0.12, 9  # about toe-off
AFTER_S = TOE_OFF_FROM_S + TOE_OFF_BINS * BIN_S  # what must be seen after toe-off
FEATURES = 2 * (CONTACT_BINS + TOE_OFF_BINS) + 2  # both accelerations in every bin, then strength and step time
_STEP_BINS = 24  # over which the strength of the fore-aft acceleration is taken
_FACING_S = 1.0  # of the way the pelvis faced, before the hump's end
_STRENGTH_G = 0.5  # usual strength
_MISSING_MAX_S = 0.045  # more between two samples, or at an end: bins would be made up
_ROUNDS = 5
_MOVE_MAX_S = 0.03  # in one round


@njit(cache=True)
def _along(quat: Floats, earth: Floats, forward: Floats, vertical: Floats, fore: Floats) -> None:
    """Earth acceleration (n,3) in g upward and the way the pelvis faces on average; forward (3,): P.x in the sensor."""
    fx, fy, fz = forward[0], forward[1], forward[2]
    x = y = 0.0
    for i in range(len(quat)):
        q0, q1, q2, q3 = quat[i, 0], quat[i, 1], quat[i, 2], quat[i, 3]
        x += (1.0 - 2.0 * (q2 * q2 + q3 * q3)) * fx + 2.0 * (q1 * q2 - q0 * q3) * fy + 2.0 * (q1 * q3 + q0 * q2) * fz
        y += 2.0 * (q1 * q2 + q0 * q3) * fx + (1.0 - 2.0 * (q1 * q1 + q3 * q3)) * fy + 2.0 * (q2 * q3 - q0 * q1) * fz
    size = max(sqrt(x * x + y * y), 1e-9) * GRAVITY_M_S2
    for i in range(len(quat)):
        fore[i] = (x * earth[i, 0] + y * earth[i, 1]) / size
        vertical[i] = earth[i, 2] / GRAVITY_M_S2


@njit(cache=True)
def _bins(time_s: Floats, x: Floats, start_s: float, width_s: float, out: Floats) -> None:
    """Means of x (n,) over bins of width_s from start_s on; beyond the samples the nearest one holds."""
    last = len(time_s) - 1
    i = 0
    for b in range(len(out)):
        now, end, area = start_s + b * width_s, start_s + (b + 1) * width_s, 0.0
        while now < end:
            while i < last and time_s[i + 1] <= now:
                i += 1
            if now < time_s[0]:
                until = min(end, time_s[0])
                area += x[0] * (until - now)
            elif i == last:
                until = end
                area += x[last] * (until - now)
            else:
                until = min(end, time_s[i + 1])
                slope = (x[i + 1] - x[i]) / (time_s[i + 1] - time_s[i])
                area += (x[i] + slope * (0.5 * (now + until) - time_s[i])) * (until - now)
            now = until
        out[b] = area / width_s


@njit(cache=True)
def _strength(time_s: Floats, fore: Floats, step_s: float, down_s: float) -> float:
    """Root mean square of the fore-aft acceleration over the step, in g: grows with speed."""
    bins = np.empty(_STEP_BINS)
    _bins(time_s, fore, down_s - step_s, step_s / _STEP_BINS, bins)
    return max(sqrt((bins * bins).mean()), 0.02)


@njit(cache=True)
def _features(
    time_s: Floats, vertical: Floats, fore: Floats, strength: float, contact_s: float, toe_off_s: float, out: Floats
) -> None:
    """All but the last two of FEATURES for the guessed instants."""
    a, b, c = CONTACT_BINS, 2 * CONTACT_BINS, 2 * CONTACT_BINS + TOE_OFF_BINS
    _bins(time_s, vertical, contact_s + CONTACT_FROM_S, BIN_S, out[:a])
    _bins(time_s, fore, contact_s + CONTACT_FROM_S, BIN_S, out[a:b])
    _bins(time_s, vertical, toe_off_s + TOE_OFF_FROM_S, BIN_S, out[b:c])
    _bins(time_s, fore, toe_off_s + TOE_OFF_FROM_S, BIN_S, out[c : FEATURES - 2])
    out[a:b] *= _STRENGTH_G / strength
    out[c : FEATURES - 2] *= _STRENGTH_G / strength


@njit(cache=True)
def step_features(
    time_s: Floats,
    quat: Floats,
    earth: Floats,
    forward: Floats,
    step_s: float,
    down_s: float,
    guesses_s: Floats,
    out: Floats,
) -> None:
    """FEATURES of one step for each of several guesses: what the weights of `time_step` are fitted on.

    guesses_s (m, 2) contact and toe-off; out (m, FEATURES); the rest as in `time_step`.
    """
    vertical, fore = np.empty(len(time_s)), np.empty(len(time_s))
    _along(quat, earth, forward, vertical, fore)
    strength = _strength(time_s, fore, step_s, down_s)
    for g in range(len(guesses_s)):
        _features(time_s, vertical, fore, strength, guesses_s[g, 0], guesses_s[g, 1], out[g])
        out[g, FEATURES - 2], out[g, FEATURES - 1] = log(strength / _STRENGTH_G), step_s


@njit(cache=True)
def time_step(
    time_s: Floats,
    quat: Floats,
    earth: Floats,
    forward: Floats,
    step_s: float,
    down_s: float,
    weights: Floats,
    guess_s: Floats,
) -> bool:
    """Move a step's guessed contact and toe-off, guess_s (2,), to where the weights see them; False: samples missing.

    time_s (n,), quat (n,4), earth (n,3) m/s^2 without gravity: from about _FACING_S before the hump's end down_s to
    now; forward (3,): P.x in sensor coordinates; step_s: time since the step before; weights (2, FEATURES + 1), the
    last column constant: offset in s of contact and of toe-off from where they are guessed.
    """
    if time_s[0] > guess_s[0] + CONTACT_FROM_S + _MISSING_MAX_S or time_s[-1] < guess_s[1] + AFTER_S - _MISSING_MAX_S:
        return False
    for i in range(len(time_s) - 1):
        if time_s[i + 1] - time_s[i] > _MISSING_MAX_S and time_s[i + 1] > guess_s[0] + CONTACT_FROM_S:
            return False
    vertical, fore = np.empty(len(time_s)), np.empty(len(time_s))
    _along(quat, earth, forward, vertical, fore)
    strength = _strength(time_s, fore, step_s, down_s)
    x = np.empty(FEATURES)
    x[FEATURES - 2], x[FEATURES - 1] = log(strength / _STRENGTH_G), step_s
    for _ in range(_ROUNDS):
        _features(time_s, vertical, fore, strength, guess_s[0], guess_s[1], x)
        for e in range(2):
            move = weights[e, FEATURES]
            for j in range(FEATURES):
                move += weights[e, j] * x[j]
            guess_s[e] += min(_MOVE_MAX_S, max(-_MOVE_MAX_S, move))
    return True
