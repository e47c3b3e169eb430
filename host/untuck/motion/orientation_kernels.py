"""The loops of the orientation filter: strapdown integration per sample, a Kalman update of its errors per block.

Plain functions on flat float64 arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run as they stand.
The layout of the parameter and state arrays, and every loop of the filter, live here and nowhere else; why it is
built so is told in orientation.py.
"""

from __future__ import annotations

from math import cos, isfinite, sin, sqrt

import numpy as np
from numba import njit

from untuck.model import GRAVITY_M_S2, Floats

# Parameters, in the order of the fields of orientation.OrientationParams.
(
    LEAD_S,
    UPDATE_S,
    COARSE_S,
    GAP_S,
    RESTART_S,
    GAP_TILT_RAD_S,
    TILT_WALK,
    TILT_PER_RATE,
    VELOCITY_M_S,
    SWAY_GAIN,
    SWAY_S,
    VELOCITY_WALK,
    LAUNCH_WALK,
    LAUNCH_S,
    STEP_SIGMA,
    BIAS_RAD_S,
    BIAS_WALK,
    BIAS_MOTION_RAD_S,
    GAIN,
    REST_GYR_RAD_S,
    REST_ACC_M_S2,
    REST_S,
    REST_BIAS_RAD_S,
    REST_VELOCITY_M_S,
    CLIP_M_S2,
    CLIP_VELOCITY_M_S,
    CHIP_TILT_RAD,
    FORWARD,  # and the next two
) = range(28)
PARAMS_SIZE = 30

# State: orientation first, then clocks, the block since the last update, the error model's means and covariance.
QUAT = 0
PHASE = 4  # 0 nothing yet, 1 coarse alignment, 2 filtering
TIME_S = 5
GYR = 6  # last sample
CHIP = 9  # last chip quaternion, zeros if missing
BLOCK_S = 13
BLOCK_DV = 14  # integral of specific force, earth frame
BLOCK_B = 17  # integral of the two upper rows of the rotation matrix
BLOCK_C = 23  # the same, times each axis of the gyro: 2 x 3 x 3
BLOCK_GYR = 41  # integrals of gyro, its square, force squared
BLOCK_GYR2 = 44
BLOCK_ACC2 = 45
BLOCK_CLIP = 46
PART_S = 69
PART_GYR = 70
SPEED = 47  # sum over the block of what is known
SPEED_COUNT = 48
BIAS = 49
MATRIX = 52  # gyro gain and misalignment, row by row
VELOCITY = 61
REST_FOR_S = 63
MOVING_S = 64  # since the last rest
HAS_SPEED = 65
CHIP_ERROR2 = 66  # sum of squared angles between the chip's vertical and this one, their count
CHIP_COUNT = 67
SWAY = 68
COV = 73  # 16 x 16: tilt error x y, velocity x y, bias, matrix
N = 16
PART_LENGTH_S = 0.0199  # how finely the block's integrals are taken
STATE_SIZE = COV + N * N


@njit(cache=True)
def orient_chunk(params: Floats, state: Floats, time_s: Floats, gyr: Floats, acc: Floats, quat_out: Floats) -> None:
    """Advance `state` over a chunk: time_s (n,), gyr (n,3) rad/s, acc (n,3) m/s^2; writes quat_out (n,4) wxyz."""
    orient_aided(params, state, time_s, gyr, acc, np.empty((0, 4)), np.empty(0), quat_out)


@njit(cache=True)
def orient_aided(
    params: Floats,
    state: Floats,
    time_s: Floats,
    gyr: Floats,
    acc: Floats,
    chip: Floats,
    speed_m_s: Floats,
    quat_out: Floats,
) -> None:
    """As orient_chunk, with the chip's quaternion (n,4), zeros where missing, and speed (n,), NaN where unknown.

    Either may have no rows at all.
    """
    n = len(time_s)
    i = 0
    while i < n:
        if state[PHASE] == 0.0:
            _start(params, state, time_s[i], gyr[i], acc[i])
            if len(chip):
                _start_from_chip(params, state, chip[i])
        elif time_s[i] - state[TIME_S] > params[GAP_S]:
            _bridge(params, state, time_s[i], gyr[i], chip[i] if len(chip) else state[CHIP : CHIP + 4])
        first = i
        if state[PHASE] == 2.0:
            i = _glide(params, state, time_s, gyr, acc, quat_out, i, n, params[UPDATE_S])
            for k in range(first, min(i, len(speed_m_s))):
                if isfinite(speed_m_s[k]):
                    state[SPEED] += speed_m_s[k]
                    state[SPEED_COUNT] += 1.0
            if state[BLOCK_S] >= params[UPDATE_S]:
                _update(params, state)
                _look_ahead(params[LEAD_S], state, gyr[i - 1], quat_out[i - 1])
        else:
            i = _glide(params, state, time_s, gyr, acc, quat_out, i, i + 1, params[UPDATE_S])
            _align(state, quat_out[i - 1])
            if state[BLOCK_S] >= params[COARSE_S]:
                _begin(params, state, quat_out[i - 1])
        if len(chip):
            for k in range(first, i):
                _compare(state, chip[k], quat_out[k])


@njit(cache=True)
def _glide(
    params: Floats,
    state: Floats,
    time_s: Floats,
    gyr: Floats,
    acc: Floats,
    quat_out: Floats,
    first: int,
    last: int,
    until_s: float,
) -> int:
    """Strapdown from sample `first` to `last`, a gap, or until the block is until_s long; returns the next sample.

    Turns by the mean of neighbouring rates, and adds up force in the earth frame.
    """
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    time0 = state[TIME_S]
    g0, g1, g2 = state[GYR], state[GYR + 1], state[GYR + 2]
    b0, b1, b2 = state[BIAS], state[BIAS + 1], state[BIAS + 2]
    m00, m01, m02 = 1.0 + state[MATRIX], state[MATRIX + 1], state[MATRIX + 2]
    m10, m11, m12 = state[MATRIX + 3], 1.0 + state[MATRIX + 4], state[MATRIX + 5]
    m20, m21, m22 = state[MATRIX + 6], state[MATRIX + 7], 1.0 + state[MATRIX + 8]
    block_s, clip_s = state[BLOCK_S], state[BLOCK_CLIP]
    d0, d1, d2 = state[BLOCK_DV], state[BLOCK_DV + 1], state[BLOCK_DV + 2]
    gyr2, acc2 = state[BLOCK_GYR2], state[BLOCK_ACC2]
    part_s, s0, s1, s2 = state[PART_S], state[PART_GYR], state[PART_GYR + 1], state[PART_GYR + 2]
    lead, limit, gap_s = 0.5 * params[LEAD_S], params[CLIP_M_S2], params[GAP_S]
    i = first
    while i < last:
        dt = time_s[i] - time0
        if dt > gap_s:
            break
        u, v, w = gyr[i, 0], gyr[i, 1], gyr[i, 2]
        ax, ay, az = acc[i, 0], acc[i, 1], acc[i, 2]
        g0, g1, g2 = 0.5 * (g0 + u), 0.5 * (g1 + v), 0.5 * (g2 + w)
        half = 0.5 * dt
        x = half * (m00 * g0 + m01 * g1 + m02 * g2 - b0)
        y = half * (m10 * g0 + m11 * g1 + m12 * g2 - b1)
        z = half * (m20 * g0 + m21 * g1 + m22 * g2 - b2)
        angle2 = x * x + y * y + z * z
        if angle2 < 0.01:  # series good to 1e-13
            c = 1.0 - angle2 * (0.5 - angle2 * (1.0 / 24.0 - angle2 * (1.0 / 720.0)))
            k = 1.0 - angle2 * (1.0 / 6.0 - angle2 * (1.0 / 120.0 - angle2 * (1.0 / 5040.0)))
        else:
            angle = sqrt(angle2)
            c, k = cos(angle), sin(angle) / angle
        x, y, z = k * x, k * y, k * z
        p0 = c * q0 - x * q1 - y * q2 - z * q3
        p1 = c * q1 + x * q0 + z * q2 - y * q3
        p2 = c * q2 + y * q0 - z * q1 + x * q3
        p3 = c * q3 + z * q0 + y * q1 - x * q2
        unit = 1.5 - 0.5 * (p0 * p0 + p1 * p1 + p2 * p2 + p3 * p3)
        q0, q1, q2, q3 = p0 * unit, p1 * unit, p2 * unit, p3 * unit
        x = 2.0 * (q2 * az - q3 * ay)
        y = 2.0 * (q3 * ax - q1 * az)
        z = 2.0 * (q1 * ay - q2 * ax)
        d0 += dt * (ax + q0 * x + q2 * z - q3 * y)
        d1 += dt * (ay + q0 * y + q3 * x - q1 * z)
        d2 += dt * (az + q0 * z + q1 * y - q2 * x)
        acc2 += dt * (ax * ax + ay * ay + az * az)
        gyr2 += dt * (g0 * g0 + g1 * g1 + g2 * g2)
        if abs(ax) >= limit or abs(ay) >= limit or abs(az) >= limit:
            clip_s += dt
        block_s += dt
        part_s += dt
        s0 += dt * g0
        s1 += dt * g1
        s2 += dt * g2
        if part_s >= PART_LENGTH_S or block_s >= until_s:
            _add_part(state, q0, q1, q2, q3, part_s, s0, s1, s2)
            part_s = s0 = s1 = s2 = 0.0
        time0 = time_s[i]
        g0, g1, g2 = u, v, w
        x, y, z = lead * (u - b0), lead * (v - b1), lead * (w - b2)
        angle2 = x * x + y * y + z * z
        c = 1.0 - angle2 * (0.5 - 0.375 * angle2)
        x, y, z = c * x, c * y, c * z
        quat_out[i, 0] = c * q0 - x * q1 - y * q2 - z * q3
        quat_out[i, 1] = c * q1 + x * q0 + z * q2 - y * q3
        quat_out[i, 2] = c * q2 + y * q0 - z * q1 + x * q3
        quat_out[i, 3] = c * q3 + z * q0 + y * q1 - x * q2
        i += 1
        if block_s >= until_s:
            break
    state[0], state[1], state[2], state[3] = q0, q1, q2, q3
    state[TIME_S] = time0
    state[GYR], state[GYR + 1], state[GYR + 2] = g0, g1, g2
    state[BLOCK_S], state[BLOCK_CLIP] = block_s, clip_s
    state[BLOCK_DV], state[BLOCK_DV + 1], state[BLOCK_DV + 2] = d0, d1, d2
    state[BLOCK_GYR2], state[BLOCK_ACC2] = gyr2, acc2
    state[PART_S], state[PART_GYR], state[PART_GYR + 1], state[PART_GYR + 2] = part_s, s0, s1, s2
    return i


@njit(cache=True)
def _add_part(
    state: Floats, q0: float, q1: float, q2: float, q3: float, part_s: float, s0: float, s1: float, s2: float
) -> None:
    """Add a part of the block to the integrals that tell how bias and gyro matrix turned the horizontal axes."""
    r00, r01, r02 = 1.0 - 2.0 * (q2 * q2 + q3 * q3), 2.0 * (q1 * q2 - q0 * q3), 2.0 * (q1 * q3 + q0 * q2)
    r10, r11, r12 = 2.0 * (q1 * q2 + q0 * q3), 1.0 - 2.0 * (q1 * q1 + q3 * q3), 2.0 * (q2 * q3 - q0 * q1)
    i, j = BLOCK_B, BLOCK_C
    for r in (r00, r01, r02, r10, r11, r12):
        state[i] += r * part_s
        state[j] += r * s0
        state[j + 1] += r * s1
        state[j + 2] += r * s2
        i, j = i + 1, j + 3
    state[BLOCK_GYR] += s0
    state[BLOCK_GYR + 1] += s1
    state[BLOCK_GYR + 2] += s2


@njit(cache=True)
def _look_ahead(lead_s: float, state: Floats, gyr: Floats, out: Floats) -> None:
    """out: the orientation lead_s after the sample, by its rate."""
    half_s = 0.5 * lead_s
    x = half_s * (gyr[0] - state[BIAS])
    y = half_s * (gyr[1] - state[BIAS + 1])
    z = half_s * (gyr[2] - state[BIAS + 2])
    angle2 = x * x + y * y + z * z
    c = 1.0 - angle2 * (0.5 - 0.375 * angle2)
    x, y, z = c * x, c * y, c * z
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    out[0] = c * q0 - x * q1 - y * q2 - z * q3
    out[1] = c * q1 + x * q0 + z * q2 - y * q3
    out[2] = c * q2 + y * q0 - z * q1 + x * q3
    out[3] = c * q3 + z * q0 + y * q1 - x * q2


@njit(cache=True)
def _start(params: Floats, state: Floats, time_s: float, gyr: Floats, acc: Floats) -> None:
    """Orientation that lays the first specific force on the vertical with the least turn."""
    state[:] = 0.0
    ax, ay, az = acc[0], acc[1], acc[2]
    norm = sqrt(ax * ax + ay * ay + az * az)
    state[QUAT] = 1.0
    if norm > 0.0:
        _lay(ax / norm, ay / norm, az / norm, state[QUAT : QUAT + 4], state[QUAT : QUAT + 4])
    state[PHASE] = 1.0
    state[TIME_S] = time_s
    state[MOVING_S] = params[LAUNCH_S]
    state[SWAY] = params[VELOCITY_M_S] ** 2
    for j in range(3):
        state[GYR + j] = gyr[j]
        state[COV + (4 + j) * (N + 1)] = params[BIAS_RAD_S] ** 2
    for j in range(7, N):
        state[COV + j * (N + 1)] = params[GAIN] ** 2


@njit(cache=True)
def _lay(ux: float, uy: float, uz: float, quat: Floats, out: Floats) -> None:
    """out: `quat` followed by the least turn that takes the unit vector u, in earth coordinates, to the vertical."""
    w = sqrt(max(0.5 * (1.0 + uz), 0.0))
    x, y = (0.5 * uy / w, -0.5 * ux / w) if w > 1e-6 else (1.0, 0.0)
    norm = 1.0 / sqrt(w * w + x * x + y * y)
    w, x, y = w * norm, x * norm, y * norm
    q0, q1, q2, q3 = quat[0], quat[1], quat[2], quat[3]
    out[0] = w * q0 - x * q1 - y * q2
    out[1] = w * q1 + x * q0 + y * q3
    out[2] = w * q2 + y * q0 - x * q3
    out[3] = w * q3 + x * q2 - y * q1


@njit(cache=True)
def _start_from_chip(params: Floats, state: Floats, chip: Floats) -> None:
    """The chip has been looking at gravity for longer: take its word and skip the coarse alignment."""
    norm = sqrt(chip[0] ** 2 + chip[1] ** 2 + chip[2] ** 2 + chip[3] ** 2)
    if norm < 0.5:
        return
    for j in range(4):
        state[QUAT + j] = chip[j] / norm
    _open(params, state, params[CHIP_TILT_RAD])


@njit(cache=True)
def _align(state: Floats, out: Floats) -> None:
    """Output of the coarse phase: strapdown, turned so that the mean force since the start is vertical."""
    dx, dy, dz = state[BLOCK_DV], state[BLOCK_DV + 1], state[BLOCK_DV + 2]
    norm = sqrt(dx * dx + dy * dy + dz * dz)
    if norm > 0.0:
        _lay(dx / norm, dy / norm, dz / norm, state[QUAT : QUAT + 4], out)
    else:
        for j in range(4):
            out[j] = state[QUAT + j]


@njit(cache=True)
def _begin(params: Floats, state: Floats, aligned: Floats) -> None:
    """End of the coarse phase: its alignment becomes the orientation, its length sets the uncertainty."""
    for j in range(4):
        state[QUAT + j] = aligned[j]
    _open(params, state, 1.5 * params[VELOCITY_M_S] / (GRAVITY_M_S2 * state[BLOCK_S]))
    _clear_block(state)


@njit(cache=True)
def _open(params: Floats, state: Floats, tilt_rad: float) -> None:
    """Filter from here on: tilt known to tilt_rad, velocity measured afresh."""
    state[PHASE] = 2.0
    for i in range(4):
        for j in range(N):
            state[COV + i * N + j] = 0.0
            state[COV + j * N + i] = 0.0
        state[COV + i * (N + 1)] = tilt_rad**2 if i < 2 else params[VELOCITY_M_S] ** 2
    state[VELOCITY] = state[VELOCITY + 1] = 0.0
    state[HAS_SPEED] = 0.0


@njit(cache=True)
def _clear_block(state: Floats) -> None:
    for j in range(BLOCK_S, SPEED_COUNT + 1):
        state[j] = 0.0
    for j in range(PART_S, PART_S + 4):
        state[j] = 0.0


@njit(cache=True)
def _bridge(params: Floats, state: Floats, time_s: float, gyr: Floats, chip: Floats) -> None:
    """A gap: by the chip's own turn if it is known, else as if held still; the tilt's uncertainty grows.

    After RESTART_S the tilt is found afresh; what was learnt of the gyro stays.
    """
    dt = time_s - state[TIME_S]
    state[TIME_S] = time_s
    for j in range(3):
        state[GYR + j] = gyr[j]
    tilt_rad = params[GAP_TILT_RAD_S] * dt
    if _is_unit(state[CHIP : CHIP + 4]) and _is_unit(chip):
        _follow(state, chip)
        tilt_rad = min(tilt_rad, params[CHIP_TILT_RAD])
    _clear_block(state)
    if state[PHASE] == 1.0 or dt > params[RESTART_S]:
        state[PHASE] = 1.0
        return
    tilt0, tilt1 = state[COV], state[COV + N + 1]
    _open(params, state, 0.0)
    state[COV], state[COV + N + 1] = tilt0 + tilt_rad**2, tilt1 + tilt_rad**2


@njit(cache=True)
def _is_unit(chip: Floats) -> bool:
    return bool(chip[0] ** 2 + chip[1] ** 2 + chip[2] ** 2 + chip[3] ** 2 > 0.25)


@njit(cache=True)
def _follow(state: Floats, chip: Floats) -> None:
    """Orientation * conjugate of the chip's last * chip."""
    w, x, y, z = state[CHIP], -state[CHIP + 1], -state[CHIP + 2], -state[CHIP + 3]
    for _ in range(2):
        q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
        p0 = q0 * w - q1 * x - q2 * y - q3 * z
        p1 = q0 * x + q1 * w + q2 * z - q3 * y
        p2 = q0 * y - q1 * z + q2 * w + q3 * x
        p3 = q0 * z + q1 * y - q2 * x + q3 * w
        unit = 1.0 / sqrt(p0 * p0 + p1 * p1 + p2 * p2 + p3 * p3)
        state[0], state[1], state[2], state[3] = p0 * unit, p1 * unit, p2 * unit, p3 * unit
        w, x, y, z = chip[0], chip[1], chip[2], chip[3]


@njit(cache=True)
def _compare(state: Floats, chip: Floats, quat: Floats) -> None:
    """Keep the chip's quaternion, and sum up the squared angle between its vertical and the filter's."""
    for j in range(4):
        state[CHIP + j] = chip[j]
    norm2 = chip[0] ** 2 + chip[1] ** 2 + chip[2] ** 2 + chip[3] ** 2
    if norm2 < 0.25:
        return
    dx = 2.0 * ((chip[1] * chip[3] - chip[0] * chip[2]) / norm2 - (quat[1] * quat[3] - quat[0] * quat[2]))
    dy = 2.0 * ((chip[2] * chip[3] + chip[0] * chip[1]) / norm2 - (quat[2] * quat[3] + quat[0] * quat[1]))
    dz = 2.0 * ((quat[1] ** 2 + quat[2] ** 2) - (chip[1] ** 2 + chip[2] ** 2) / norm2)
    state[CHIP_ERROR2] += dx * dx + dy * dy + dz * dz
    state[CHIP_COUNT] += 1.0


@njit(cache=True)
def _update(params: Floats, state: Floats) -> None:
    """At the end of a block: carry the errors' covariance over it, weigh what is known of velocity and rest, correct."""
    block_s = state[BLOCK_S]
    resting = _is_resting(params, state)
    cov = state[COV : COV + N * N].reshape(N, N)
    _propagate(state, cov)
    _grow(params, state, cov)
    error = np.zeros(N)
    state[VELOCITY] += state[BLOCK_DV]
    state[VELOCITY + 1] += state[BLOCK_DV + 1]
    if resting:
        state[MOVING_S] = 0.0
        for i in range(3):
            _weigh(cov, error, 4 + i, state[BLOCK_GYR + i] / block_s - state[BIAS + i], params[REST_BIAS_RAD_S] ** 2, 0.0)
        for i in range(2):
            _weigh(cov, error, 2 + i, -state[VELOCITY + i], params[REST_VELOCITY_M_S] ** 2, params[STEP_SIGMA])
    else:
        if state[MOVING_S] == 0.0:
            for i in range(4, 7):
                cov[i, i] += params[BIAS_MOTION_RAD_S] ** 2
        state[MOVING_S] += block_s
        clip = params[CLIP_VELOCITY_M_S] * state[BLOCK_CLIP] / block_s
        noise = params[VELOCITY_M_S] ** 2 + params[SWAY_GAIN] * state[SWAY] + clip * clip
        known = state[SPEED_COUNT] > 0.0
        vx, vy = 0.0, 0.0
        if known:
            vx, vy = _travel(params, state)
            if state[HAS_SPEED] == 0.0:
                state[VELOCITY], state[VELOCITY + 1] = vx, vy
        elif state[HAS_SPEED] != 0.0:
            state[VELOCITY], state[VELOCITY + 1] = 0.0, 0.0
        state[HAS_SPEED] = 1.0 if known else 0.0
        zx, zy = vx - state[VELOCITY], vy - state[VELOCITY + 1]
        state[SWAY] += min(block_s / params[SWAY_S], 1.0) * (0.5 * (zx * zx + zy * zy) - state[SWAY])
        _weigh(cov, error, 2, vx - state[VELOCITY], noise, params[STEP_SIGMA])
        _weigh(cov, error, 3, vy - state[VELOCITY + 1], noise, params[STEP_SIGMA])
    _apply(state, error)
    _clear_block(state)


@njit(cache=True)
def _is_resting(params: Floats, state: Floats) -> bool:
    """Whether gyro and force have been steady within the block, and the blocks before, for REST_S."""
    block_s = state[BLOCK_S]
    gyr_var = state[BLOCK_GYR2] / block_s
    acc_var = state[BLOCK_ACC2] / block_s
    off = 0.0
    for j in range(3):
        mean = state[BLOCK_GYR + j] / block_s
        gyr_var -= mean * mean
        off += (mean - state[BIAS + j]) ** 2
        acc_var -= (state[BLOCK_DV + j] / block_s) ** 2
    steady = gyr_var < params[REST_GYR_RAD_S] ** 2 and off < params[REST_GYR_RAD_S] ** 2
    if steady and acc_var < params[REST_ACC_M_S2] ** 2:
        state[REST_FOR_S] += block_s
    else:
        state[REST_FOR_S] = 0.0
    return bool(state[REST_FOR_S] >= params[REST_S])


@njit(cache=True)
def _propagate(state: Floats, cov: Floats) -> None:
    """cov <- F cov F': velocity error from tilt error times the block's lift, tilt error from bias and gyro matrix."""
    lift = state[BLOCK_DV + 2]
    for i in range(N):  # rows of velocity, then its columns
        cov[2, i] += lift * cov[1, i]
        cov[3, i] -= lift * cov[0, i]
    for i in range(N):
        cov[i, 2] += lift * cov[i, 1]
        cov[i, 3] -= lift * cov[i, 0]
    for row in range(2):
        for i in range(N):
            total = 0.0
            for j in range(3):
                total -= state[BLOCK_B + 3 * row + j] * cov[4 + j, i]
            for j in range(9):
                total += state[BLOCK_C + 9 * row + j] * cov[7 + j, i]
            cov[row, i] += total
    for row in range(2):
        for i in range(N):
            total = 0.0
            for j in range(3):
                total -= state[BLOCK_B + 3 * row + j] * cov[i, 4 + j]
            for j in range(9):
                total += state[BLOCK_C + 9 * row + j] * cov[i, 7 + j]
            cov[i, row] += total


@njit(cache=True)
def _grow(params: Floats, state: Floats, cov: Floats) -> None:
    """Add what the block may have brought: gyro noise, wandering bias, velocity gained and lost."""
    block_s = state[BLOCK_S]
    tilt = params[TILT_WALK] ** 2 * block_s + params[TILT_PER_RATE] ** 2 * state[BLOCK_GYR2]
    walk = params[VELOCITY_WALK] ** 2
    if state[MOVING_S] < params[LAUNCH_S]:
        walk += params[LAUNCH_WALK] ** 2
    for i in range(2):
        cov[i, i] += tilt
        cov[2 + i, 2 + i] += walk * block_s
    for i in range(4, 7):
        cov[i, i] += params[BIAS_WALK] ** 2 * block_s


@njit(cache=True)
def _travel(params: Floats, state: Floats) -> tuple[float, float]:
    """Velocity from known speed along the forward axis, as it pointed on average over the block."""
    fx = fy = 0.0
    for j in range(3):
        fx += state[BLOCK_B + j] * params[FORWARD + j]
        fy += state[BLOCK_B + 3 + j] * params[FORWARD + j]
    norm = sqrt(fx * fx + fy * fy)
    if norm < 0.2 * state[BLOCK_S]:
        return state[VELOCITY], state[VELOCITY + 1]
    speed_m_s = state[SPEED] / state[SPEED_COUNT]
    return speed_m_s * fx / norm, speed_m_s * fy / norm


@njit(cache=True)
def _weigh(cov: Floats, error: Floats, at: int, innovation: float, noise: float, step_sigma: float) -> None:
    """Kalman update of `error` and `cov` by one measured component; beyond step_sigma it is a step of its own."""
    z = innovation - error[at]
    total = cov[at, at] + noise
    if step_sigma > 0.0 and z * z > step_sigma * step_sigma * total:
        cov[at, at] += z * z / (step_sigma * step_sigma) - total
        total = cov[at, at] + noise
    gain = np.empty(N)
    for i in range(N):
        gain[i] = cov[i, at] / total
    for i in range(N):
        error[i] += gain[i] * z
        for j in range(N):
            cov[i, j] -= gain[i] * gain[j] * total


@njit(cache=True)
def _apply(state: Floats, error: Floats) -> None:
    """Take the estimated errors out of orientation, velocity, bias and gyro matrix."""
    x, y = 0.5 * error[0], 0.5 * error[1]
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    p0 = q0 - x * q1 - y * q2
    p1 = q1 + x * q0 + y * q3
    p2 = q2 + y * q0 - x * q3
    p3 = q3 + x * q2 - y * q1
    unit = 1.0 / sqrt(p0 * p0 + p1 * p1 + p2 * p2 + p3 * p3)
    state[0], state[1], state[2], state[3] = p0 * unit, p1 * unit, p2 * unit, p3 * unit
    for i in range(2):
        state[VELOCITY + i] += error[2 + i]
    for i in range(3):
        state[BIAS + i] += error[4 + i]
    for i in range(9):
        state[MATRIX + i] += error[7 + i]


def new_state() -> Floats:
    """State before the first sample."""
    return np.zeros(STATE_SIZE)
