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
    VELOCITY_PER_ACC_S,
    SWAY_GAIN,
    SWAY_S,
    VELOCITY_WALK,
    VELOCITY_WALK_PER_ACC,
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
) = range(30)
PARAMS_SIZE = 32

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
SPEED = 47  # sum over the block of what is known
SPEED_S = 48
BIAS = 49
MATRIX = 52  # gyro gain and misalignment, row by row
VELOCITY = 61
REST_FOR_S = 63
MOVING_S = 64  # since the last rest
HAS_SPEED = 65
CHIP_ERROR2 = 66  # sum of squared angles between the chip's vertical and this one, their count
CHIP_COUNT = 67
SWAY = 68
COV = 69  # 16 x 16: tilt error x y, velocity x y, bias, matrix
N = 16
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
    for i in range(len(time_s)):
        if state[PHASE] == 0.0:
            _start(params, state, time_s[i], gyr[i], acc[i])
            if len(chip):
                _start_from_chip(params, state, chip[i])
        else:
            dt = time_s[i] - state[TIME_S]
            if dt > params[GAP_S]:
                _bridge(params, state, dt, chip[i] if len(chip) else state[CHIP : CHIP + 4])
                for j in range(3):
                    state[GYR + j] = gyr[i, j]
            else:
                _strapdown(params, state, dt, gyr[i], acc[i])
                if len(speed_m_s) and isfinite(speed_m_s[i]):
                    state[SPEED] += speed_m_s[i] * dt
                    state[SPEED_S] += dt
            state[TIME_S] = time_s[i]
        if state[PHASE] == 1.0:
            _align(state, quat_out[i])
            if state[BLOCK_S] >= params[COARSE_S]:
                _begin(params, state, quat_out[i])
        else:
            if state[BLOCK_S] >= params[UPDATE_S]:
                _update(params, state)
            _look_ahead(params[LEAD_S], state, gyr[i], quat_out[i])
        if len(chip):
            _compare(state, chip[i], quat_out[i])


@njit(cache=True)
def _look_ahead(lead_s: float, state: Floats, gyr: Floats, out: Floats) -> None:
    """out: the orientation lead_s after the sample, by its rate."""
    half_s = 0.5 * lead_s
    x = half_s * (gyr[0] - state[BIAS])
    y = half_s * (gyr[1] - state[BIAS + 1])
    z = half_s * (gyr[2] - state[BIAS + 2])
    angle2 = x * x + y * y + z * z
    c = 1.0 / sqrt(1.0 + angle2)
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    out[0] = c * (q0 - x * q1 - y * q2 - z * q3)
    out[1] = c * (q1 + x * q0 + z * q2 - y * q3)
    out[2] = c * (q2 + y * q0 - z * q1 + x * q3)
    out[3] = c * (q3 + z * q0 + y * q1 - x * q2)


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
    for j in range(BLOCK_S, SPEED_S + 1):
        state[j] = 0.0


@njit(cache=True)
def _strapdown(params: Floats, state: Floats, dt: float, gyr: Floats, acc: Floats) -> None:
    """Turn by the mean rate over dt; add the sample to the block's integrals."""
    u = 0.5 * (gyr[0] + state[GYR])
    v = 0.5 * (gyr[1] + state[GYR + 1])
    w = 0.5 * (gyr[2] + state[GYR + 2])
    state[GYR], state[GYR + 1], state[GYR + 2] = gyr[0], gyr[1], gyr[2]
    m, b = MATRIX, BIAS
    rx = dt * (u + state[m] * u + state[m + 1] * v + state[m + 2] * w - state[b])
    ry = dt * (v + state[m + 3] * u + state[m + 4] * v + state[m + 5] * w - state[b + 1])
    rz = dt * (w + state[m + 6] * u + state[m + 7] * v + state[m + 8] * w - state[b + 2])
    _turn(state, rx, ry, rz)
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    r00, r01, r02 = 1.0 - 2.0 * (q2 * q2 + q3 * q3), 2.0 * (q1 * q2 - q0 * q3), 2.0 * (q1 * q3 + q0 * q2)
    r10, r11, r12 = 2.0 * (q1 * q2 + q0 * q3), 1.0 - 2.0 * (q1 * q1 + q3 * q3), 2.0 * (q2 * q3 - q0 * q1)
    r20, r21, r22 = 2.0 * (q1 * q3 - q0 * q2), 2.0 * (q2 * q3 + q0 * q1), 1.0 - 2.0 * (q1 * q1 + q2 * q2)
    ax, ay, az = acc[0] * dt, acc[1] * dt, acc[2] * dt
    state[BLOCK_S] += dt
    state[BLOCK_DV] += r00 * ax + r01 * ay + r02 * az
    state[BLOCK_DV + 1] += r10 * ax + r11 * ay + r12 * az
    state[BLOCK_DV + 2] += r20 * ax + r21 * ay + r22 * az
    u, v, w = u * dt, v * dt, w * dt
    i = BLOCK_B
    for r in (r00, r01, r02, r10, r11, r12):
        state[i] += r * dt
        i += 1
    for r in (r00, r01, r02, r10, r11, r12):
        state[i] += r * u
        state[i + 1] += r * v
        state[i + 2] += r * w
        i += 3
    state[BLOCK_GYR] += u
    state[BLOCK_GYR + 1] += v
    state[BLOCK_GYR + 2] += w
    state[BLOCK_GYR2] += (u * u + v * v + w * w) / dt
    state[BLOCK_ACC2] += (ax * ax + ay * ay + az * az) / dt
    limit = params[CLIP_M_S2]
    if abs(acc[0]) >= limit or abs(acc[1]) >= limit or abs(acc[2]) >= limit:
        state[BLOCK_CLIP] += dt


@njit(cache=True)
def _turn(state: Floats, rx: float, ry: float, rz: float) -> None:
    """Turn the orientation by a rotation vector given in the sensor frame."""
    angle2 = rx * rx + ry * ry + rz * rz
    if angle2 < 0.04:  # series good to 1e-13 below 0.2 rad
        c = 1.0 - angle2 * (0.125 - angle2 * (1.0 / 384.0 - angle2 * (1.0 / 46080.0)))
        s = 0.5 - angle2 * (1.0 / 48.0 - angle2 * (1.0 / 3840.0 - angle2 * (1.0 / 645120.0)))
    else:
        angle = sqrt(angle2)
        c, s = cos(0.5 * angle), sin(0.5 * angle) / angle
    x, y, z = s * rx, s * ry, s * rz
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    p0 = c * q0 - x * q1 - y * q2 - z * q3
    p1 = c * q1 + x * q0 + z * q2 - y * q3
    p2 = c * q2 + y * q0 - z * q1 + x * q3
    p3 = c * q3 + z * q0 + y * q1 - x * q2
    unit = 1.5 - 0.5 * (p0 * p0 + p1 * p1 + p2 * p2 + p3 * p3)
    state[0], state[1], state[2], state[3] = p0 * unit, p1 * unit, p2 * unit, p3 * unit


@njit(cache=True)
def _bridge(params: Floats, state: Floats, dt: float, chip: Floats) -> None:
    """A gap: by the chip's own turn if it is known, else as if held still; the tilt's uncertainty grows.

    After RESTART_S the tilt is found afresh; what was learnt of the gyro stays.
    """
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
    acc_rms = sqrt(
        max(state[BLOCK_ACC2] / block_s - GRAVITY_M_S2 * (2.0 * state[BLOCK_DV + 2] / block_s - GRAVITY_M_S2), 0.0)
    )
    cov = state[COV : COV + N * N].reshape(N, N)
    _propagate(state, cov)
    _grow(params, state, cov, acc_rms)
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
        noise = params[VELOCITY_M_S] ** 2 + (params[VELOCITY_PER_ACC_S] * acc_rms) ** 2 + clip * clip + params[SWAY_GAIN] * state[SWAY]
        known = state[SPEED_S] > 0.5 * block_s
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
def _grow(params: Floats, state: Floats, cov: Floats, acc_rms: float) -> None:
    """Add what the block may have brought: gyro noise, wandering bias, velocity gained and lost."""
    block_s = state[BLOCK_S]
    tilt = params[TILT_WALK] ** 2 * block_s + params[TILT_PER_RATE] ** 2 * state[BLOCK_GYR2]
    walk = params[VELOCITY_WALK] ** 2 + (params[VELOCITY_WALK_PER_ACC] * acc_rms) ** 2
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
    speed_m_s = state[SPEED] / state[SPEED_S]
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
