"""The Kalman update of the orientation filter, once per block: prediction, measurements, correction.

Plain functions on flat float64 arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run uncompiled.
The loop over samples is in kernels.py. `cov` is the covariance of the errors with two extra rows, see layout.py.
"""

from __future__ import annotations

from math import sqrt

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.jit import inner
from untuck.motion.orientation import layout as idx
from untuck.motion.orientation.guard import guard

COMPILED_IN = {"orientation/guard.py": 0x30D7420A, "orientation/layout.py": 0x81DB7656}

Quat = tuple[float, float, float, float]
Vector = tuple[float, float, float]


@inner
def product(p: Quat, q: Quat) -> Quat:
    """Hamilton product."""
    a, b, c, d = p
    w, x, y, z = q
    return (
        w * a - x * b - y * c - z * d,
        w * b + x * a + z * c - y * d,
        w * c + y * a - z * b + x * d,
        w * d + z * a + y * b - x * c,
    )


@inner
def close_part(state: Floats, quat: Quat, part_s: float, part: Vector, force: Vector) -> Quat:
    """Add a finished part of the block to the integrals of how bias and gyro matrix rotate the horizontal axes.

    Returns the orientation, rotated by the gyro matrix's correction for this part and normalised.
    """
    u, v, w = part
    state[idx.PART_GYR], state[idx.PART_GYR + 1], state[idx.PART_GYR + 2] = part
    for j in range(3):
        row = idx.MATRIX + 3 * j
        state[idx.SCRATCH + j] = 0.5 * (state[row] * u + state[row + 1] * v + state[row + 2] * w)
        state[idx.BLOCK_GYR + j] += state[idx.PART_GYR + j]
    a, b, c, d = product(quat, (1.0, state[idx.SCRATCH], state[idx.SCRATCH + 1], state[idx.SCRATCH + 2]))
    unit = 1.0 / sqrt(a * a + b * b + c * c + d * d)
    a, b, c, d = a * unit, b * unit, c * unit, d * unit
    state[idx.SCRATCH], state[idx.SCRATCH + 1] = 1.0 - 2.0 * (c * c + d * d), 2.0 * (b * c - a * d)
    state[idx.SCRATCH + 2], state[idx.SCRATCH + 3] = 2.0 * (b * d + a * c), 2.0 * (b * c + a * d)
    state[idx.SCRATCH + 4], state[idx.SCRATCH + 5] = 1.0 - 2.0 * (b * b + d * d), 2.0 * (c * d - a * b)
    for i in range(2):
        lean = idx.BLOCK_LEAN + 12 * i
        for j in range(3):
            axis = state[idx.SCRATCH + 3 * i + j]  # horizontal earth axis i in sensor coordinates
            state[lean + j] -= axis * part_s
            for k in range(3):
                state[lean + 3 * j + 3 + k] += axis * state[idx.PART_GYR + k]
    x, y, _ = force
    state[idx.BLOCK_PATH] += part_s * x
    state[idx.BLOCK_PATH + 1] += part_s * y
    return a, b, c, d


@inner
def update(params: Floats, state: Floats, cov: Floats) -> None:
    """End of a block: predict, update by the measurements, correct the state.

    The measured velocity is the mean over the block, so that motion with the block's period cancels.
    """
    quat = (state[0], state[1], state[2], state[3])
    part = (state[idx.PART_GYR], state[idx.PART_GYR + 1], state[idx.PART_GYR + 2])
    force = (state[idx.BLOCK_DV], state[idx.BLOCK_DV + 1], state[idx.BLOCK_DV + 2])
    state[0], state[1], state[2], state[3] = close_part(state, quat, state[idx.PART_S], part, force)
    block_s = state[idx.BLOCK_S]
    resting = _is_resting(params, state)
    upward_m_s = 0.5 * state[idx.BLOCK_DV + 2]
    _couple_tilt_to_velocity(state, cov, upward_m_s)
    for i in range(2):
        _add_coupling(cov, i, idx.BIAS_AT, state, idx.BLOCK_LEAN + 12 * i, idx.BLOCK_LEAN + 12 * i + 12)
    _add_process_noise(params, state, cov)
    for i in range(2):
        state[idx.VELOCITY + i] += state[idx.BLOCK_PATH + i] / block_s
    if resting:
        _update_at_rest(params, state, cov)
    else:
        _update_in_motion(params, state, cov)
    for i in range(2):
        state[idx.VELOCITY + i] += state[idx.BLOCK_DV + i] - state[idx.BLOCK_PATH + i] / block_s
    cov[idx.MEAN, idx.VELOCITY_AT] += upward_m_s * cov[idx.MEAN, 1]
    cov[idx.MEAN, idx.VELOCITY_AT + 1] -= upward_m_s * cov[idx.MEAN, 0]
    _couple_tilt_to_velocity(state, cov, upward_m_s)
    _apply_correction(state, cov)
    for j in range(idx.BLOCK_S, idx.BLOCK_END):
        state[j] = 0.0


@inner
def _is_resting(params: Floats, state: Floats) -> bool:
    """Whether gyro and force have been steady for REST_S; also updates the mean squares of rate and acceleration."""
    block_s = state[idx.BLOCK_S]
    rate2, force2 = state[idx.BLOCK_GYR2] / block_s, state[idx.BLOCK_ACC2] / block_s
    share = block_s / (params[idx.SWAY_S] + block_s)
    state[idx.RATE2] += share * (rate2 - state[idx.RATE2])
    activity2 = force2 - GRAVITY_M_S2 * (2.0 * (state[idx.BLOCK_DV + 2] / block_s) - GRAVITY_M_S2)
    state[idx.ACTIVITY2] += share * (abs(activity2) - state[idx.ACTIVITY2])
    turn2 = 0.0
    for j in range(3):
        rate, force = state[idx.BLOCK_GYR + j] / block_s, state[idx.BLOCK_DV + j] / block_s
        turn = rate - state[idx.BIAS + j]
        rate2 -= rate * rate
        turn2 += turn * turn
        force2 -= force * force
    state[idx.REST_FOR_S] += block_s
    most, most_force = params[idx.REST_GYR_RAD_S], params[idx.REST_ACC_M_S2]
    limit2, most_turn = most * most, params[idx.REST_TURN_RAD_S]
    if turn2 > most_turn * most_turn or rate2 > limit2 or force2 > most_force * most_force:
        state[idx.REST_FOR_S] = 0.0
    resting: bool = state[idx.REST_FOR_S] >= params[idx.REST_S]
    return resting


@inner
def _couple_tilt_to_velocity(state: Floats, cov: Floats, upward_m_s: float) -> None:
    """cov <- F cov F': a tilt error turns part of upward_m_s, the integral of upward force, into velocity."""
    state[idx.SCRATCH], state[idx.SCRATCH + 1] = upward_m_s, -upward_m_s
    for i in range(2):
        _add_coupling(cov, idx.VELOCITY_AT + i, 1 - i, state, idx.SCRATCH + i, idx.SCRATCH + i + 1)


@inner
def _add_coupling(cov: Floats, to: int, source: int, weights: Floats, first: int, end: int) -> None:
    """cov <- F cov F', where F adds the errors from `source` on, weighted by weights[first:end], to error `to`.

    Callers pass no literal constants: numba would compile a version of this for each.
    """
    size = cov.shape[1]
    for k in range(first, end):
        for j in range(size):
            cov[to, j] += weights[k] * cov[source + k - first, j]
    for k in range(first, end):
        cov[to, to] += weights[k] * cov[to, source + k - first]
    for j in range(size):
        cov[j, to] = cov[to, j]


@inner
def _add_process_noise(params: Floats, state: Floats, cov: Floats) -> None:
    """Add the block's process noise: gyro noise, bias walk, changes of speed, clipped force.

    The mean of the errors is set to zero; the measurements then move it.
    """
    block_s = state[idx.BLOCK_S]
    walk, per_rate = params[idx.TILT_WALK], params[idx.TILT_PER_RATE]
    tilt = walk * walk * block_s + per_rate * per_rate * state[idx.BLOCK_GYR2]
    walk, launch = params[idx.VELOCITY_WALK], params[idx.LAUNCH_WALK]
    variance = walk * walk
    if state[idx.MOVING_S] < params[idx.LAUNCH_S]:
        variance += launch * launch
    lost_m_s = params[idx.CLIP_LOSS_M_S2] * state[idx.BLOCK_CLIP_S]
    variance = variance * block_s + lost_m_s * lost_m_s
    walk = params[idx.BIAS_WALK]
    for i in range(idx.ERRORS):
        cov[idx.MEAN, i] = 0.0
        if i < idx.VELOCITY_AT:
            cov[i, i] += tilt
        elif i < idx.BIAS_AT:
            cov[i, i] += variance
        elif i < idx.MATRIX_AT:
            cov[i, i] += walk * walk * block_s


@inner
def _update_at_rest(params: Floats, state: Floats, cov: Floats) -> None:
    """Measurements at rest: the mean rate is the gyro's bias, and velocity is zero."""
    state[idx.MOVING_S] = 0.0
    noise, block_s = params[idx.REST_BIAS_RAD_S], state[idx.BLOCK_S]
    for i in range(3):
        seen = state[idx.BLOCK_GYR + i] / block_s - state[idx.BIAS + i]
        _update_by_scalar(cov, idx.BIAS_AT + i, seen, noise * noise)
    noise = params[idx.REST_VELOCITY_M_S]
    _update_by_velocity(params, cov, -state[idx.VELOCITY], -state[idx.VELOCITY + 1], noise * noise)


@inner
def _update_in_motion(params: Floats, state: Floats, cov: Floats) -> None:
    """Measurement in motion: velocity from the known speed, otherwise zero, with the noise of recent sway."""
    block_s = state[idx.BLOCK_S]
    if state[idx.MOVING_S] == 0.0:
        spread = params[idx.BIAS_MOTION_RAD_S]
        for i in range(idx.BIAS_AT, idx.MATRIX_AT):
            cov[i, i] += spread * spread
    state[idx.MOVING_S] += block_s
    x, y = 0.0, 0.0
    known = state[idx.SPEED_COUNT] > 0.0
    if known:
        x, y = _velocity_from_speed(params, state)
    if known != (state[idx.HAS_SPEED] != 0.0):  # speed became known or unknown: restart velocity from here
        state[idx.VELOCITY], state[idx.VELOCITY + 1] = x, y
        state[idx.HAS_SPEED] = 1.0 if known else 0.0
    x, y = x - state[idx.VELOCITY], y - state[idx.VELOCITY + 1]
    least = params[idx.VELOCITY_M_S]
    guard(params, state, cov, x, y, least * least + params[idx.SWAY_GAIN] * state[idx.SWAY])
    _estimate_sway(params, state, x, y)
    _update_by_velocity(params, cov, x, y, least * least + params[idx.SWAY_GAIN] * state[idx.SWAY])


@inner
def _estimate_sway(params: Floats, state: Floats, x: float, y: float) -> None:
    """Add a block to the mean square of sway, (x, y) the innovation, but at most the squared change since the last one.

    A growing tilt error makes successive innovations nearly equal, and must not be taken for sway.
    """
    share = state[idx.BLOCK_S] / (params[idx.SWAY_S] + state[idx.BLOCK_S])
    dx, dy = x - state[idx.INNOVATION], y - state[idx.INNOVATION + 1]
    whole, change = x * x + y * y, dx * dx + dy * dy
    state[idx.SWAY] += share * (0.5 * (whole if whole < change else change) - state[idx.SWAY])
    state[idx.INNOVATION], state[idx.INNOVATION + 1] = x, y


@inner
def _velocity_from_speed(params: Floats, state: Floats) -> tuple[float, float]:
    """Horizontal velocity from the known speed and the mean direction of the forward axis over the block."""
    fx = fy = 0.0
    for j in range(3):
        fx -= state[idx.BLOCK_LEAN + j] * params[idx.FORWARD + j]
        fy -= state[idx.BLOCK_LEAN + 12 + j] * params[idx.FORWARD + j]
    norm = sqrt(fx * fx + fy * fy)
    if norm < 0.2 * state[idx.BLOCK_S]:  # forward axis near vertical, or spinning: no direction of travel
        return state[idx.VELOCITY], state[idx.VELOCITY + 1]
    speed_m_s = state[idx.SPEED_SUM] / state[idx.SPEED_COUNT]
    return speed_m_s * fx / norm, speed_m_s * fy / norm


@inner
def _update_by_velocity(params: Floats, cov: Floats, seen_x: float, seen_y: float, noise: float) -> None:
    """Kalman update by both components of a measured velocity; more than step_sigma off is a change of speed.

    Both components are tested together, by their Mahalanobis distance, so that the result does not depend on heading.
    """
    v, w = idx.VELOCITY_AT, idx.VELOCITY_AT + 1
    x, y = seen_x - cov[idx.MEAN, v], seen_y - cov[idx.MEAN, w]
    a, b, c, limit = cov[v, v] + noise, cov[v, w], cov[w, w] + noise, params[idx.STEP_SIGMA]
    beyond = (c * x * x - 2.0 * b * x * y + a * y * y) / (a * c - b * b) / (limit * limit) - 1.0
    if beyond > 0.0:
        cov[v, v] += beyond * a
        cov[w, w] += beyond * c
        cov[v, w] = cov[w, v] = b + beyond * b
    _update_by_scalar(cov, v, seen_x, noise)
    _update_by_scalar(cov, w, seen_y, noise)


@inner
def _update_by_scalar(cov: Floats, row: int, innovation: float, noise: float) -> None:
    """Kalman update by one scalar measurement of the error in `row`."""
    size = cov.shape[1]
    z = innovation - cov[idx.MEAN, row]
    total = cov[row, row] + noise
    for j in range(size):
        cov[idx.LINE, j] = cov[row, j]
    for i in range(size):
        gain = cov[idx.LINE, i] / total
        cov[idx.MEAN, i] += gain * z
        for j in range(size):
            cov[i, j] -= gain * cov[idx.LINE, j]


@inner
def _apply_correction(state: Floats, cov: Floats) -> None:
    """Correct orientation, velocity, bias and gyro matrix by the estimated errors."""
    x, y = 0.5 * cov[idx.MEAN, 0], 0.5 * cov[idx.MEAN, 1]
    unit = 1.0 / sqrt(1.0 + x * x + y * y)
    a, b, c, d = product((1.0, x, y, 0.0), (state[0], state[1], state[2], state[3]))
    state[0], state[1], state[2], state[3] = unit * a, unit * b, unit * c, unit * d
    for i in range(2):
        state[idx.VELOCITY + i] += cov[idx.MEAN, idx.VELOCITY_AT + i]
    for i in range(idx.BIAS_AT, idx.ERRORS):  # the matrix follows the bias in both arrays
        state[idx.BIAS + i - idx.BIAS_AT] += cov[idx.MEAN, i]
