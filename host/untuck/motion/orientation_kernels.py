"""The loops of the orientation filter: strapdown integration and the correction of inclination by specific force.

Plain functions on flat float64 arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run as they stand.
The layout of the parameter and state arrays, and every loop over samples of the filter, live here and nowhere else.
"""

from __future__ import annotations

from math import atan2, cos, exp, sin, sqrt

import numpy as np
from numba import njit

from untuck.model import Floats

# params: indices into the parameter array
P_TAU_S, P_GAP_S = range(2)
PARAMS_SIZE = 2

# state: indices into the state array; 0:4 is the orientation
S_STARTED, S_TIME_S, S_AGE_S = 4, 5, 6
S_GYR, S_MEAN, S_SMOOTH = 7, 10, 13
STATE_SIZE = 16


@njit(cache=True)
def orient_chunk(params: Floats, state: Floats, time_s: Floats, gyr: Floats, acc: Floats, quat_out: Floats) -> None:
    """Advance `state` over a chunk: time_s (n,), gyr (n,3) rad/s, acc (n,3) m/s^2; writes quat_out (n,4) wxyz."""
    for i in range(len(time_s)):
        gx, gy, gz = gyr[i, 0], gyr[i, 1], gyr[i, 2]
        ax, ay, az = acc[i, 0], acc[i, 1], acc[i, 2]
        if state[S_STARTED] == 0.0:
            _start(state, time_s[i], ax, ay, az)
        else:
            dt = time_s[i] - state[S_TIME_S]
            _rotate(
                state,
                0.5 * dt * (gx + state[S_GYR]),
                0.5 * dt * (gy + state[S_GYR + 1]),
                0.5 * dt * (gz + state[S_GYR + 2]),
            )
            _correct(params, state, dt, ax, ay, az)
        state[S_TIME_S] = time_s[i]
        state[S_GYR], state[S_GYR + 1], state[S_GYR + 2] = gx, gy, gz
        for j in range(4):
            quat_out[i, j] = state[j]


@njit(cache=True)
def _start(state: Floats, time_s: float, ax: float, ay: float, az: float) -> None:
    """Orientation of least heading change that turns the first specific force upward."""
    norm = sqrt(ax * ax + ay * ay + az * az)
    if norm == 0.0:
        norm, az = 1.0, 1.0
    w = sqrt(max(0.5 * (1.0 + az / norm), 0.0))
    if w > 1e-6:
        state[0], state[1], state[2], state[3] = w, 0.5 * ay / norm / w, -0.5 * ax / norm / w, 0.0
    else:
        state[0], state[1], state[2], state[3] = 0.0, 1.0, 0.0, 0.0
    state[S_STARTED] = 1.0
    state[S_SMOOTH + 2] = state[S_MEAN + 2] = norm


@njit(cache=True)
def _rotate(state: Floats, rx: float, ry: float, rz: float) -> None:
    """Turn the orientation by a rotation vector given in the sensor frame."""
    angle2 = rx * rx + ry * ry + rz * rz
    angle = sqrt(angle2)
    if angle > 1e-4:
        c, s = cos(0.5 * angle), sin(0.5 * angle) / angle
    else:
        c, s = 1.0 - 0.125 * angle2, 0.5 - angle2 / 48.0
    x, y, z = s * rx, s * ry, s * rz
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    p0 = c * q0 - x * q1 - y * q2 - z * q3
    p1 = c * q1 + x * q0 + z * q2 - y * q3
    p2 = c * q2 + y * q0 - z * q1 + x * q3
    p3 = c * q3 + z * q0 + y * q1 - x * q2
    scale = 1.5 - 0.5 * (p0 * p0 + p1 * p1 + p2 * p2 + p3 * p3)
    state[0], state[1], state[2], state[3] = p0 * scale, p1 * scale, p2 * scale, p3 * scale


@njit(cache=True)
def _correct(params: Floats, state: Floats, dt: float, ax: float, ay: float, az: float) -> None:
    """Low-pass specific force in the earth frame, and turn the orientation so that its mean points up."""
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    tx, ty, tz = 2.0 * (q2 * az - q3 * ay), 2.0 * (q3 * ax - q1 * az), 2.0 * (q1 * ay - q2 * ax)
    ex = ax + q0 * tx + q2 * tz - q3 * ty
    ey = ay + q0 * ty + q3 * tx - q1 * tz
    ez = az + q0 * tz + q1 * ty - q2 * tx
    state[S_AGE_S] += dt
    tau = min(params[P_TAU_S], state[S_AGE_S])
    k = 1.0 - exp(-dt / tau)
    m, s = S_MEAN, S_SMOOTH
    state[m] += k * (ex - state[m])
    state[m + 1] += k * (ey - state[m + 1])
    state[m + 2] += k * (ez - state[m + 2])
    for j in range(3):
        state[s + j] += k * (state[m + j] - state[s + j])
    up = sqrt(state[s] ** 2 + state[s + 1] ** 2 + state[s + 2] ** 2)
    if up == 0.0:
        return
    # the small rotation about a horizontal axis that lays the mean on z
    horizontal = sqrt(state[s] ** 2 + state[s + 1] ** 2)
    if horizontal == 0.0:
        return
    gain = min(1.0, dt / tau) * atan2(horizontal, state[s + 2]) / horizontal
    cx, cy = 0.5 * gain * state[s + 1], -0.5 * gain * state[s]
    p0 = q0 - cx * q1 - cy * q2
    p1 = q1 + cx * q0 + cy * q3
    p2 = q2 + cy * q0 - cx * q3
    p3 = q3 + cx * q2 - cy * q1
    norm = 1.0 / sqrt(p0 * p0 + p1 * p1 + p2 * p2 + p3 * p3)
    state[0], state[1], state[2], state[3] = p0 * norm, p1 * norm, p2 * norm, p3 * norm


def new_state() -> Floats:
    """State before the first sample."""
    return np.zeros(STATE_SIZE)
