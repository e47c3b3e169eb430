"""The orientation filter once a block: how its errors grow, what velocity and rest tell of them, and their correction.

Plain functions on flat float64 arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run as they stand.
The loop over samples is in orientation_kernels.py. `cov` is the covariance of the errors and two rows more, as in
orientation_layout.py.
"""

from __future__ import annotations

from math import sqrt

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.jit import inner
from untuck.motion.orientation import layout as at

COMPILED_IN = {"orientation/layout.py": 0x7D845C6A}

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
def add_part(state: Floats, quat: Quat, part_s: float, part: Vector, force: Vector) -> Quat:
    """Close a part of the block: add it to the integrals of how bias and gyro matrix turned the horizontal axes.

    Returns the orientation, turned by what the gyro matrix adds to the part, and made unit again.
    """
    u, v, w = part
    state[at.PART_GYR], state[at.PART_GYR + 1], state[at.PART_GYR + 2] = part
    for j in range(3):
        row = at.MATRIX + 3 * j
        state[at.SCRATCH + j] = 0.5 * (state[row] * u + state[row + 1] * v + state[row + 2] * w)
        state[at.BLOCK_GYR + j] += state[at.PART_GYR + j]
    a, b, c, d = product(quat, (1.0, state[at.SCRATCH], state[at.SCRATCH + 1], state[at.SCRATCH + 2]))
    unit = 1.0 / sqrt(a * a + b * b + c * c + d * d)
    a, b, c, d = a * unit, b * unit, c * unit, d * unit
    state[at.SCRATCH], state[at.SCRATCH + 1] = 1.0 - 2.0 * (c * c + d * d), 2.0 * (b * c - a * d)
    state[at.SCRATCH + 2], state[at.SCRATCH + 3] = 2.0 * (b * d + a * c), 2.0 * (b * c + a * d)
    state[at.SCRATCH + 4], state[at.SCRATCH + 5] = 1.0 - 2.0 * (b * b + d * d), 2.0 * (c * d - a * b)
    for i in range(2):
        lean = at.BLOCK_LEAN + 12 * i
        for j in range(3):
            axis = state[at.SCRATCH + 3 * i + j]  # of the horizontal ones, in sensor coordinates
            state[lean + j] -= axis * part_s
            for k in range(3):
                state[lean + 3 * j + 3 + k] += axis * state[at.PART_GYR + k]
    x, y, _ = force
    state[at.BLOCK_PATH] += part_s * x
    state[at.BLOCK_PATH + 1] += part_s * y
    return a, b, c, d


@inner
def update(params: Floats, state: Floats, cov: Floats) -> None:
    """At the end of a block: predict, weigh, correct.

    Velocity is measured as its mean over the block, so that what repeats with the block's length cancels.
    """
    quat = (state[0], state[1], state[2], state[3])
    part = (state[at.PART_GYR], state[at.PART_GYR + 1], state[at.PART_GYR + 2])
    force = (state[at.BLOCK_DV], state[at.BLOCK_DV + 1], state[at.BLOCK_DV + 2])
    state[0], state[1], state[2], state[3] = add_part(state, quat, state[at.PART_S], part, force)
    block_s = state[at.BLOCK_S]
    resting = _is_resting(params, state)
    lift_m_s = 0.5 * state[at.BLOCK_DV + 2]
    _lift(state, cov, lift_m_s)
    for i in range(2):
        _mix(cov, i, at.BIAS_AT, state, at.BLOCK_LEAN + 12 * i, at.BLOCK_LEAN + 12 * i + 12)
    _grow(params, state, cov)
    for i in range(2):
        state[at.VELOCITY + i] += state[at.BLOCK_PATH + i] / block_s
    if resting:
        _weigh_rest(params, state, cov)
    else:
        _weigh_motion(params, state, cov)
    for i in range(2):
        state[at.VELOCITY + i] += state[at.BLOCK_DV + i] - state[at.BLOCK_PATH + i] / block_s
    cov[at.MEAN, at.VELOCITY_AT] += lift_m_s * cov[at.MEAN, 1]
    cov[at.MEAN, at.VELOCITY_AT + 1] -= lift_m_s * cov[at.MEAN, 0]
    _lift(state, cov, lift_m_s)
    _correct(state, cov)
    for j in range(at.BLOCK_S, at.BLOCK_END):
        state[j] = 0.0


@inner
def _is_resting(params: Floats, state: Floats) -> bool:
    """Whether gyro and force have been steady in the block, and those before, for at.REST_S; how lively blocks are."""
    block_s = state[at.BLOCK_S]
    rate2, force2 = state[at.BLOCK_GYR2] / block_s, state[at.BLOCK_ACC2] / block_s
    share = block_s / (params[at.SWAY_S] + block_s)
    state[at.RATE2] += share * (rate2 - state[at.RATE2])
    activity2 = force2 - GRAVITY_M_S2 * (2.0 * (state[at.BLOCK_DV + 2] / block_s) - GRAVITY_M_S2)
    state[at.ACTIVITY2] += share * (abs(activity2) - state[at.ACTIVITY2])
    turn2 = 0.0
    for j in range(3):
        rate, force = state[at.BLOCK_GYR + j] / block_s, state[at.BLOCK_DV + j] / block_s
        turn = rate - state[at.BIAS + j]
        rate2 -= rate * rate
        turn2 += turn * turn
        force2 -= force * force
    state[at.REST_FOR_S] += block_s
    most, most_force = params[at.REST_GYR_RAD_S], params[at.REST_ACC_M_S2]
    limit2 = most * most
    if turn2 > limit2 or rate2 > limit2 or force2 > most_force * most_force:
        state[at.REST_FOR_S] = 0.0
    resting: bool = state[at.REST_FOR_S] >= params[at.REST_S]
    return resting


@inner
def _lift(state: Floats, cov: Floats, lift_m_s: float) -> None:
    """cov <- F cov F': a tilt error leads lift_m_s, the integral of upward force, astray into velocity."""
    state[at.SCRATCH], state[at.SCRATCH + 1] = lift_m_s, -lift_m_s
    for i in range(2):
        _mix(cov, at.VELOCITY_AT + i, 1 - i, state, at.SCRATCH + i, at.SCRATCH + i + 1)


@inner
def _mix(cov: Floats, to: int, source: int, weights: Floats, first: int, end: int) -> None:
    """cov <- F cov F', where F adds to error `to` those from `source` on, by weights[first:end].

    No argument may be a constant where it is called: numba would compile this for every one of them.
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
def _grow(params: Floats, state: Floats, cov: Floats) -> None:
    """Add what the block may have brought: gyro noise, a wandering bias, speed gained or lost, clipped force.

    The mean of the errors, which the block's measurements will move, begins at none.
    """
    block_s = state[at.BLOCK_S]
    walk, per_rate = params[at.TILT_WALK], params[at.TILT_PER_RATE]
    tilt = walk * walk * block_s + per_rate * per_rate * state[at.BLOCK_GYR2]
    walk, launch = params[at.VELOCITY_WALK], params[at.LAUNCH_WALK]
    variance = walk * walk
    if state[at.MOVING_S] < params[at.LAUNCH_S]:
        variance += launch * launch
    lost_m_s = params[at.CLIP_LOSS_M_S2] * state[at.BLOCK_CLIP_S]
    variance = variance * block_s + lost_m_s * lost_m_s
    walk = params[at.BIAS_WALK]
    for i in range(at.ERRORS):
        cov[at.MEAN, i] = 0.0
        if i < at.VELOCITY_AT:
            cov[i, i] += tilt
        elif i < at.BIAS_AT:
            cov[i, i] += variance
        elif i < at.MATRIX_AT:
            cov[i, i] += walk * walk * block_s


@inner
def _weigh_rest(params: Floats, state: Floats, cov: Floats) -> None:
    """At rest the gyro shows its bias, and velocity is zero."""
    state[at.MOVING_S] = 0.0
    noise, block_s = params[at.REST_BIAS_RAD_S], state[at.BLOCK_S]
    for i in range(3):
        seen = state[at.BLOCK_GYR + i] / block_s - state[at.BIAS + i]
        _weigh(cov, at.BIAS_AT + i, seen, noise * noise)
    noise = params[at.REST_VELOCITY_M_S]
    _weigh_velocity(params, cov, -state[at.VELOCITY], -state[at.VELOCITY + 1], noise * noise)


@inner
def _weigh_motion(params: Floats, state: Floats, cov: Floats) -> None:
    """In motion velocity is that of travel where speed is known, else zero, give or take as it has been swaying."""
    block_s = state[at.BLOCK_S]
    if state[at.MOVING_S] == 0.0:
        spread = params[at.BIAS_MOTION_RAD_S]
        for i in range(at.BIAS_AT, at.MATRIX_AT):
            cov[i, i] += spread * spread
    state[at.MOVING_S] += block_s
    x, y = 0.0, 0.0
    known = state[at.SPEED_COUNT] > 0.0
    if known:
        x, y = _travel(params, state)
    if known != (state[at.HAS_SPEED] != 0.0):  # velocity counts from here on
        state[at.VELOCITY], state[at.VELOCITY + 1] = x, y
        state[at.HAS_SPEED] = 1.0 if known else 0.0
    x, y = x - state[at.VELOCITY], y - state[at.VELOCITY + 1]
    share = block_s / (params[at.SWAY_S] + block_s)
    state[at.SWAY] += share * (0.5 * (x * x + y * y) - state[at.SWAY])
    least = params[at.VELOCITY_M_S]
    _weigh_velocity(params, cov, x, y, least * least + params[at.SWAY_GAIN] * state[at.SWAY])


@inner
def _travel(params: Floats, state: Floats) -> tuple[float, float]:
    """Velocity from known speed along the forward axis, as that pointed on average over the block."""
    fx = fy = 0.0
    for j in range(3):
        fx -= state[at.BLOCK_LEAN + j] * params[at.FORWARD + j]
        fy -= state[at.BLOCK_LEAN + 12 + j] * params[at.FORWARD + j]
    norm = sqrt(fx * fx + fy * fy)
    if norm < 0.2 * state[at.BLOCK_S]:  # lying, or whirling: no direction of travel
        return state[at.VELOCITY], state[at.VELOCITY + 1]
    speed_m_s = state[at.SPEED_SUM] / state[at.SPEED_COUNT]
    return speed_m_s * fx / norm, speed_m_s * fy / norm


@inner
def _weigh_velocity(params: Floats, cov: Floats, seen_x: float, seen_y: float, noise: float) -> None:
    """Kalman update by both parts of a measured velocity; a change beyond step_sigma was a step of its own.

    Both are judged together, by the ellipse of what is expected, so that it does not matter which way x points.
    """
    v, w = at.VELOCITY_AT, at.VELOCITY_AT + 1
    x, y = seen_x - cov[at.MEAN, v], seen_y - cov[at.MEAN, w]
    a, b, c, limit = cov[v, v] + noise, cov[v, w], cov[w, w] + noise, params[at.STEP_SIGMA]
    beyond = (c * x * x - 2.0 * b * x * y + a * y * y) / (a * c - b * b) / (limit * limit) - 1.0
    if beyond > 0.0:
        cov[v, v] += beyond * a
        cov[w, w] += beyond * c
        cov[v, w] = cov[w, v] = b + beyond * b
    _weigh(cov, v, seen_x, noise)
    _weigh(cov, w, seen_y, noise)


@inner
def _weigh(cov: Floats, row: int, innovation: float, noise: float) -> None:
    """Kalman update by one measured component."""
    size = cov.shape[1]
    z = innovation - cov[at.MEAN, row]
    total = cov[row, row] + noise
    for j in range(size):
        cov[at.LINE, j] = cov[row, j]
    for i in range(size):
        gain = cov[at.LINE, i] / total
        cov[at.MEAN, i] += gain * z
        for j in range(size):
            cov[i, j] -= gain * cov[at.LINE, j]


@inner
def _correct(state: Floats, cov: Floats) -> None:
    """Take the estimated errors out of orientation, velocity, bias and gyro matrix."""
    x, y = 0.5 * cov[at.MEAN, 0], 0.5 * cov[at.MEAN, 1]
    unit = 1.0 / sqrt(1.0 + x * x + y * y)
    a, b, c, d = product((1.0, x, y, 0.0), (state[0], state[1], state[2], state[3]))
    state[0], state[1], state[2], state[3] = unit * a, unit * b, unit * c, unit * d
    for i in range(2):
        state[at.VELOCITY + i] += cov[at.MEAN, at.VELOCITY_AT + i]
    for i in range(at.BIAS_AT, at.ERRORS):  # the matrix lies behind the bias, here and there
        state[at.BIAS + i - at.BIAS_AT] += cov[at.MEAN, i]
