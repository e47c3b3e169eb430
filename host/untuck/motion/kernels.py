"""The loops over samples of a runner's motion: earth acceleration, step detection, the curves of one stride.

Plain functions on arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run as they stand.
The orientation filter's loops are in orientation_kernels.py; every other loop over samples lives here.
"""

from __future__ import annotations

from math import asin, atan2, cos, pi, sin, sqrt, tan

import numpy as np
from numba import njit

from untuck.model import GRAVITY_M_S2, Floats

# tracking parameters
T_LOWPASS_HZ, T_FLIGHT_HZ, T_LEVEL_G, T_REFRACTORY_S, T_RESET_GAP_S, T_HOLD_S = range(6)

# tracking state: two filters (two integrators each), then the step in progress
S_STARTED, S_TIME, S_AV, S_Y = 0, 1, 2, 3
S_LOW, S_FLY = 4, 6  # filter integrators
S_IN_HUMP, S_UP_TIME, S_PREV_UP_TIME, S_PEAK, S_PEAK_TIME = 8, 9, 10, 11, 12
S_FLIGHT_MIN, S_RAW_PEAK, S_FLIGHT_SEEN, S_SLOPE = 13, 14, 15, 16
S_SINCE, S_HELD = 17, 18  # held: a finished hump waits in S_ROW for what follows toe-off
S_GAP, S_ROW = 19, 20

# columns of a step row
(
    STEP_INDEX,  # sample at which the step is known, a while after the hump ended
    STEP_UP_S,  # upward crossing
    STEP_DOWN_S,
    STEP_PREV_UP_S,  # upward crossing of the step before; NaN after a gap
    STEP_PEAK_G,
    STEP_PEAK_S,
    STEP_FLIGHT_G,  # lowest vertical acceleration since the hump before
    STEP_RAW_G,  # highest vertical acceleration within the hump, at the flight filter's bandwidth
    STEP_SINCE_S,  # where the unbroken stretch of samples began
    STEP_GAP_S,  # longest time between two samples since the hump before
) = range(10)
STEP_COLUMNS = 10
TRACK_STATE_SIZE = S_ROW + STEP_COLUMNS

_FLIGHT_UNKNOWN_G = -9.0  # the first hump gets the benefit of the doubt
_SUBSTEP_S = 0.011  # filters never step further: a gap is bridged by a straight line


@njit(cache=True)
def _lowpass(state: Floats, at: int, x: float, dt: float, cutoff_hz: float) -> float:
    """One step of a 2nd-order Butterworth low-pass as a state-variable filter, right for any dt (Zavalishin)."""
    g: float = tan(pi * cutoff_hz * dt)
    a1 = 1.0 / (1.0 + g * (g + sqrt(2.0)))
    v3 = x - state[at + 1]
    v1 = a1 * (state[at] + g * v3)
    v2: float = state[at + 1] + g * v1
    state[at] = 2.0 * v1 - state[at]
    state[at + 1] = 2.0 * v2 - state[at + 1]
    return v2


@njit(cache=True)
def _end_hump(state: Floats, time: float) -> None:
    """Hold a finished hump as a step row and forget the flight before it."""
    row = state[S_ROW:]
    row[STEP_UP_S] = state[S_UP_TIME]
    row[STEP_DOWN_S] = time
    row[STEP_PREV_UP_S] = state[S_PREV_UP_TIME]
    row[STEP_PEAK_G] = state[S_PEAK]
    row[STEP_PEAK_S] = state[S_PEAK_TIME]
    row[STEP_FLIGHT_G] = state[S_FLIGHT_SEEN]
    row[STEP_RAW_G] = state[S_RAW_PEAK]
    row[STEP_SINCE_S] = state[S_SINCE]
    row[STEP_GAP_S] = state[S_GAP]
    state[S_PREV_UP_TIME] = state[S_UP_TIME]
    state[S_IN_HUMP] = 0.0
    state[S_FLIGHT_MIN] = state[S_GAP] = 0.0
    state[S_HELD] = 1.0


@njit(cache=True)
def _release(state: Floats, index: int, row: Floats) -> int:
    """Write the held step to `row`, known at sample `index`; returns 1 for it, 0 if there is none."""
    if state[S_HELD] == 0.0:
        return 0
    row[:] = state[S_ROW:]
    row[STEP_INDEX] = index
    state[S_HELD] = 0.0
    return 1


def last_step(par: Floats, state: Floats, index: int, row: Floats) -> bool:
    """At the end of a recording: the held step, or that of a hump going down, its end foretold by a straight line."""
    if state[S_IN_HUMP] != 0.0 and state[S_SLOPE] < 0.0:
        _end_hump(state, state[S_TIME] + (state[S_Y] - par[T_LEVEL_G]) / -state[S_SLOPE])
    return bool(_release(state, index, row))


@njit(cache=True)
def _restart(state: Floats, time: float, av: float) -> None:
    """Begin anew: the first sample, or the first one after a gap that hid a contact."""
    state[:] = 0.0
    state[S_STARTED] = 1.0
    state[S_TIME], state[S_AV], state[S_SINCE] = time, av, time
    state[S_PREV_UP_TIME] = np.nan
    state[S_FLIGHT_MIN] = _FLIGHT_UNKNOWN_G


@njit(cache=True)
def track_chunk(
    par: Floats, state: Floats, first: int, time_s: Floats, quat: Floats, acc: Floats, earth: Floats, steps: Floats
) -> int:
    """Earth acceleration and steps of a chunk; returns how many rows of `steps` were written.

    first: index of the chunk's first sample; time_s (n,), quat (n,4), acc (n,3) in; earth (n,3) m/s^2 without
    gravity and steps (m, STEP_COLUMNS) out. A step is one hump of the low-passed vertical acceleration.
    """
    found = 0
    for i in range(len(time_s)):
        q0, q1, q2, q3 = quat[i, 0], quat[i, 1], quat[i, 2], quat[i, 3]
        ax, ay, az = acc[i, 0], acc[i, 1], acc[i, 2]
        tx, ty, tz = 2.0 * (q2 * az - q3 * ay), 2.0 * (q3 * ax - q1 * az), 2.0 * (q1 * ay - q2 * ax)
        earth[i, 0] = ax + q0 * tx + q2 * tz - q3 * ty
        earth[i, 1] = ay + q0 * ty + q3 * tx - q1 * tz
        earth[i, 2] = az + q0 * tz + q1 * ty - q2 * tx - GRAVITY_M_S2
        av = earth[i, 2] / GRAVITY_M_S2
        if state[S_STARTED] == 0.0 or time_s[i] - state[S_TIME] > par[T_RESET_GAP_S]:
            found += _release(state, first + i - 1, steps[found])
            _restart(state, time_s[i], av)
            continue
        gap = time_s[i] - state[S_TIME]
        state[S_GAP] = max(state[S_GAP], gap)
        parts = int(gap / _SUBSTEP_S) + 1
        dt = gap / parts
        av_step = (av - state[S_AV]) / parts
        for _ in range(parts):
            found += _advance(par, state, first + i, state[S_TIME] + dt, state[S_AV] + av_step, dt, steps[found])
        state[S_GAP] = max(state[S_GAP], gap)  # again: a hump that ended in it has taken it for its own
    return found


@njit(cache=True)
def _advance(par: Floats, state: Floats, index: int, time: float, av: float, dt: float, row: Floats) -> int:
    """One time step of the step detector; 1 if a step became known, written to `row`."""
    before = state[S_Y]
    y = _lowpass(state, S_LOW, av, dt, par[T_LOWPASS_HZ])
    fly = _lowpass(state, S_FLY, av, dt, par[T_FLIGHT_HZ])
    state[S_TIME], state[S_AV], state[S_Y], state[S_SLOPE] = time, av, y, (y - before) / dt
    level = par[T_LEVEL_G]
    found = 0
    if state[S_HELD] != 0.0 and time >= state[S_ROW + STEP_DOWN_S] + par[T_HOLD_S]:
        found = _release(state, index, row)
    if state[S_IN_HUMP] == 0.0:
        state[S_FLIGHT_MIN] = min(state[S_FLIGHT_MIN], fly)
        if before < level <= y:
            up = time - dt * (y - level) / (y - before)
            if not up - state[S_PREV_UP_TIME] < par[T_REFRACTORY_S]:
                found += _release(state, index, row)
                state[S_IN_HUMP], state[S_UP_TIME] = 1.0, up
                state[S_PEAK], state[S_PEAK_TIME], state[S_RAW_PEAK] = y, time, fly
                state[S_FLIGHT_SEEN] = state[S_FLIGHT_MIN]
    else:
        if y > state[S_PEAK]:
            state[S_PEAK], state[S_PEAK_TIME] = y, time
        state[S_RAW_PEAK] = max(state[S_RAW_PEAK], fly)
        if y < level:
            _end_hump(state, time - dt * (level - y) / (before - y))
    return found


@njit(cache=True)
def mean_obliquity(time_s: Floats, quat: Floats, right: Floats, start_s: float, end_s: float) -> float:
    """Mean height of the pelvis's right axis, asin(P.z . up) in rad, over start_s..end_s; NaN without samples.

    time_s (n,), quat (n,4), right (3,): P.z in sensor coordinates.
    """
    total, count = 0.0, 0
    for i in range(len(time_s) - 1, -1, -1):
        if time_s[i] < start_s:
            break
        if time_s[i] <= end_s:
            q0, q1, q2, q3 = quat[i, 0], quat[i, 1], quat[i, 2], quat[i, 3]
            ux, uy, uz = 2.0 * (q1 * q3 - q0 * q2), 2.0 * (q2 * q3 + q0 * q1), 1.0 - 2.0 * (q1 * q1 + q2 * q2)
            s = right[0] * ux + right[1] * uy + right[2] * uz
            total += asin(min(1.0, max(-1.0, s)))
            count += 1
    return total / count if count else np.nan


@njit(cache=True)
def pelvis_angles(quat: Floats, mount: Floats, out: Floats) -> None:
    """Tilt, obliquity, heading (n,3) in rad of the pelvis from quat (n,4) and mount (3,3), rows P.x P.y P.z in S.

    Tilt is -asin(P.x . up), obliquity asin(P.z . up); heading counter-clockwise from above, unwrapped in the chunk.
    """
    last = 0.0
    for i in range(len(quat)):
        q0, q1, q2, q3 = quat[i, 0], quat[i, 1], quat[i, 2], quat[i, 3]
        ux, uy, uz = 2.0 * (q1 * q3 - q0 * q2), 2.0 * (q2 * q3 + q0 * q1), 1.0 - 2.0 * (q1 * q1 + q2 * q2)
        fx, fy, fz = mount[0, 0], mount[0, 1], mount[0, 2]
        out[i, 0] = -asin(min(1.0, max(-1.0, fx * ux + fy * uy + fz * uz)))
        s = mount[2, 0] * ux + mount[2, 1] * uy + mount[2, 2] * uz
        out[i, 1] = asin(min(1.0, max(-1.0, s)))
        ex = (1.0 - 2.0 * (q2 * q2 + q3 * q3)) * fx + 2.0 * (q1 * q2 - q0 * q3) * fy + 2.0 * (q1 * q3 + q0 * q2) * fz
        ey = 2.0 * (q1 * q2 + q0 * q3) * fx + (1.0 - 2.0 * (q1 * q1 + q3 * q3)) * fy + 2.0 * (q2 * q3 - q0 * q1) * fz
        heading = atan2(ey, ex)
        if i > 0:
            heading += 2.0 * pi * np.floor((last - heading) / (2.0 * pi) + 0.5)
        out[i, 2] = last = heading


@njit(cache=True)
def stride_curves(
    time_s: Floats, quat: Floats, earth: Floats, mount: Floats, start_s: float, end_s: float, out: Floats
) -> tuple[int, float]:
    """Curves of one stride on an even grid of its phase; returns (samples inside, longest step in s).

    time_s (n,), quat (n,4), earth (n,3) must cover start_s..end_s; out (6, P) gets tilt, obliquity, heading in rad and
    earth acceleration x, y, z in m/s^2 at phases (k + 0.5) / P, by straight lines between samples.
    """
    points = out.shape[1]
    lo = 0
    while lo + 2 < len(time_s) and time_s[lo + 1] <= start_s:
        lo += 1
    hi = lo
    longest = 0.0
    while hi + 1 < len(time_s) and time_s[hi] < end_s:
        longest = max(longest, time_s[hi + 1] - time_s[hi])
        hi += 1
    n = hi - lo + 1
    angles = np.empty((n, 3))
    pelvis_angles(quat[lo : hi + 1], mount, angles)
    at = lo
    for k in range(points):
        t = start_s + (end_s - start_s) * (k + 0.5) / points
        while at + 1 < hi and time_s[at + 1] < t:
            at += 1
        w = (t - time_s[at]) / (time_s[at + 1] - time_s[at])
        for j in range(3):
            out[j, k] = angles[at - lo, j] + w * (angles[at + 1 - lo, j] - angles[at - lo, j])
            out[3 + j, k] = earth[at, j] + w * (earth[at + 1, j] - earth[at, j])
    inside = n - 1
    return inside, longest


# what stride_numbers measures
(
    N_TILT,
    N_TILT_MIN,
    N_TILT_MAX,
    N_FORWARD,  # mean horizontal and vertical part of the pelvis's long axis, for lean
    N_UPWARD,
    N_OBLIQUITY_RANGE,
    N_ROTATION_RANGE,
    N_DRIFT,  # of heading over the stride
    N_OSCILLATION,
    N_TRAVEL,
    N_LIKENESS,
    N_ACCEL_X,  # mean horizontal acceleration
    N_ACCEL_Y,
    N_OBLIQUITY,
) = range(14)
STRIDE_NUMBERS = 14


@njit(cache=True)
def stride_numbers(
    curves: Floats, duration_s: float, line: Floats, basis: Floats, typical: Floats, harmonics: Floats, out: Floats
) -> None:
    """Features of one stride from its curves (6, P) as stride_curves gives them, angles in rad, lengths in m.

    line (P,) gives heading's drift; basis (H, 2, P) cosine and sine parts; typical (P,) the runner's own vertical
    acceleration. Heading in curves[2] is turned into rotation, and vertical acceleration in curves[5] loses its mean;
    harmonics (H, 2) of rotation and out (STRIDE_NUMBERS,) are written.
    """
    points = curves.shape[1]
    _angle_numbers(curves, points, line, out)
    for h in range(basis.shape[0]):
        for part in range(2):
            total = 0.0
            for k in range(points):
                total += basis[h, part, k] * curves[2, k]
            harmonics[h, part] = total
    out[N_OSCILLATION] = _oscillation(curves[5], duration_s, basis)
    out[N_TRAVEL] = _travel(curves, basis, out[N_TRAVEL])
    out[N_ACCEL_X], out[N_ACCEL_Y] = curves[3].mean(), curves[4].mean()
    mean = curves[5].mean()
    own = both = size = 0.0
    for k in range(points):
        curves[5, k] -= mean
        size += curves[5, k] ** 2
        own += typical[k] ** 2
        both += curves[5, k] * typical[k]
    out[N_LIKENESS] = both / sqrt(size * own) if size * own > 0.0 else 1.0


@njit(cache=True)
def _angle_numbers(curves: Floats, points: int, line: Floats, out: Floats) -> None:
    """Means and ranges of tilt, obliquity and rotation; leaves the mean heading in out[N_TRAVEL]."""
    forward = upward = drift = heading = 0.0
    for k in range(points):
        forward += sin(curves[0, k])
        upward += cos(curves[0, k]) * cos(curves[1, k])
        drift += line[k] * curves[2, k]
        heading += curves[2, k]
    out[N_TRAVEL] = heading / points
    mean = heading / points - 0.5 * drift
    for k in range(points):
        curves[2, k] -= drift * (k + 0.5) / points + mean
    out[N_TILT] = curves[0].mean()
    out[N_OBLIQUITY] = curves[1].mean()
    out[N_TILT_MIN], out[N_TILT_MAX] = curves[0].min(), curves[0].max()
    out[N_FORWARD], out[N_UPWARD] = forward / points, upward / points
    out[N_OBLIQUITY_RANGE] = curves[1].max() - curves[1].min()
    out[N_ROTATION_RANGE] = curves[2].max() - curves[2].min()
    out[N_DRIFT] = drift


@njit(cache=True)
def _oscillation(vertical: Floats, duration_s: float, basis: Floats) -> float:
    """Range of height in m: vertical acceleration (P,) integrated twice, harmonic by harmonic."""
    count, points = basis.shape[0], basis.shape[2]
    height = np.zeros(points)
    for h in range(count):
        a = b = 0.0
        for k in range(points):
            a += basis[h, 0, k] * vertical[k]
            b += basis[h, 1, k] * vertical[k]
        scale = -((duration_s / (2.0 * pi * (h + 1))) ** 2) * 0.5 * points
        for k in range(points):
            height[k] += scale * (a * basis[h, 0, k] + b * basis[h, 1, k])
    span: float = height.max() - height.min()
    return span


@njit(cache=True)
def _travel(curves: Floats, basis: Floats, heading: float) -> float:
    """Heading against the axis of the horizontal acceleration that both steps share (harmonics 2 and 4), in rad."""
    xx = yy = xy = 0.0
    for h in (1, 3):
        for part in range(2):
            x = y = 0.0
            for k in range(basis.shape[2]):
                x += basis[h, part, k] * curves[3, k]
                y += basis[h, part, k] * curves[4, k]
            xx, yy, xy = xx + x * x, yy + y * y, xy + x * y
    off = heading - 0.5 * atan2(2.0 * xy, xx - yy)
    turns: float = np.floor(off / pi + 0.5)
    return off - pi * turns
