"""The loops of the orientation filter: strapdown integration once a sample, a Kalman update of its errors once a block.

Plain functions on flat float64 arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run as they stand.
The layout of the arrays and all compiled code of the filter live here, in one file because numba's cache looks no
further; starts and gaps are in orientation_run.py, and why it is built so is told in orientation.py.
"""

from __future__ import annotations

from math import cos, isfinite, sin, sqrt

from numba import njit

from untuck.model import GRAVITY_M_S2, Floats

Quat = tuple[float, float, float, float]
Vector = tuple[float, float, float]

# Parameters, in the order of the fields of orientation.OrientationParams.
(
    LEAD_S,
    UPDATE_S,
    COARSE_S,
    TILT_WALK,
    TILT_PER_RATE,
    BIAS_RAD_S,
    BIAS_WALK,
    BIAS_MOTION_RAD_S,
    GAIN,
    VELOCITY_M_S,
    SWAY_GAIN,
    SWAY_S,
    VELOCITY_WALK,
    LAUNCH_WALK,
    LAUNCH_S,
    STEP_SIGMA,
    REST_GYR_RAD_S,
    REST_ACC_M_S2,
    REST_S,
    REST_BIAS_RAD_S,
    REST_VELOCITY_M_S,
    GAP_S,
    GAP_TURN_S,
    GAP_TILT_RAD,
    RESTART_S,
    CLIP_M_S2,
    CLIP_LOSS_M_S2,
    CHIP_TILT_RAD,
    CHIP_SHARE,
    FORWARD,  # and the next two
) = range(30)
PARAMS_SIZE = 32

# State: what goes on from sample to sample
QUAT = 0  # sensor to earth, at the last sample
PHASE = 4  # 0 nothing yet, 1 coarse alignment, 2 filtering
TIME_S = 5  # of the last sample
GYR = 6  # of the last sample
CHIP = 9  # last chip quaternion, zeros if missing
CHIP_ERROR2 = 13  # sum of squared angles between the chip's vertical and the filter's
CHIP_COUNT = 14

# State: integrals over the block, emptied at its end
BLOCK_S = 15
BLOCK_DV = 16  # specific force, earth frame
BLOCK_PATH = 19  # BLOCK_DV, its horizontal part
BLOCK_LEAN = 21  # 2 x 12: how bias (3) and gyro matrix (9) turn the two horizontal axes
BLOCK_GYR = 45
BLOCK_GYR2 = 48  # squared
BLOCK_ACC2 = 49  # squared
BLOCK_CLIP_S = 50
PART_S = 51  # the part of the block that BLOCK_LEAN still lacks
PART_GYR = 52
SPEED_SUM = 55  # of samples whose speed is known
SPEED_COUNT = 56
BLOCK_END = 57

# State: what is estimated
BIAS = 57
MATRIX = 60  # gain and misalignment of the gyro, row by row
VELOCITY = 69  # horizontal, as far as the last seconds tell
REST_FOR_S = 71
MOVING_S = 72  # since the last rest
HAS_SPEED = 73
SWAY = 74  # mean squares over the last blocks: velocity, rate, acceleration
RATE2 = 75
ACTIVITY2 = 76
COV = 77  # ERRORS x ERRORS: tilt error about earth x y, velocity x y, bias, matrix
ERRORS = 16
ERROR = COV + ERRORS * ERRORS  # what the update is about to take out
SCRATCH = ERROR + ERRORS
COARSE_DV = SCRATCH  # BLOCK_DV as the coarse phase writes it
STATE_SIZE = SCRATCH + ERRORS

TILT_AT, VELOCITY_AT, BIAS_AT, MATRIX_AT = 0, 2, 4, 7  # rows of the covariance
PART_LENGTH_S = 0.0199  # how finely BLOCK_LEAN is taken


@njit(cache=True, error_model="numpy")
def advance(
    params: Floats,
    state: Floats,
    time_s: Floats,
    gyr: Floats,
    acc: Floats,
    chip: Floats,
    speed_m_s: Floats,
    quat_out: Floats,
) -> int:
    """Take samples up to a gap in time or the end of the coarse phase; returns how many.

    The arguments are those of orientation_run.orient_aided.
    """
    count = len(time_s)
    i = 0
    while i < count:
        if state[PHASE] == 1.0 and state[BLOCK_S] >= params[COARSE_S]:
            break
        gap = time_s[i] - state[TIME_S] > params[GAP_S]
        if state[PHASE] == 2.0 and (state[BLOCK_S] >= params[UPDATE_S] or (gap and state[BLOCK_S] > 0.0)):
            _update(params, state)
        if gap:
            break
        first = i
        i += _glide(params, state, time_s[first:], gyr[first:], acc[first:], quat_out[first:])
        for j in range(first, min(i, len(speed_m_s))):
            if isfinite(speed_m_s[j]):
                state[SPEED_SUM] += speed_m_s[j]
                state[SPEED_COUNT] += 1.0
        for j in range(first, min(i, len(chip))):
            _compare(state, chip[j], quat_out[j])
    return i


@njit(cache=True, error_model="numpy")
def _glide(params: Floats, state: Floats, time_s: Floats, gyr: Floats, acc: Floats, quat_out: Floats) -> int:
    """Strapdown up to the last sample, a gap or the end of the block; returns the number of samples it took."""
    quat = (state[0], state[1], state[2], state[3])
    bias = (state[BIAS], state[BIAS + 1], state[BIAS + 2])
    m = state[MATRIX : MATRIX + 9]
    before = (state[GYR], state[GYR + 1], state[GYR + 2])
    then_s, block_s, clip_s = state[TIME_S], state[BLOCK_S], state[BLOCK_CLIP_S]
    force = (state[BLOCK_DV], state[BLOCK_DV + 1], state[BLOCK_DV + 2])
    path0, path1 = state[BLOCK_PATH], state[BLOCK_PATH + 1]
    gyr2, acc2 = state[BLOCK_GYR2], state[BLOCK_ACC2]
    part_s, part = state[PART_S], (state[PART_GYR], state[PART_GYR + 1], state[PART_GYR + 2])
    limit, half_lead_s = params[CLIP_M_S2], 0.5 * params[LEAD_S]
    until_s = params[COARSE_S] if state[PHASE] == 1.0 else params[UPDATE_S]
    i = 0
    while i < len(time_s):
        dt = time_s[i] - then_s
        if dt > params[GAP_S]:
            break
        now = (gyr[i, 0], gyr[i, 1], gyr[i, 2])
        felt = (acc[i, 0], acc[i, 1], acc[i, 2])
        rate = (0.5 * (before[0] + now[0]), 0.5 * (before[1] + now[1]), 0.5 * (before[2] + now[2]))
        quat = _turned(quat, m, rate, bias, dt)
        force = _to_earth(quat, felt, dt, force)
        path0 += dt * force[0]
        path1 += dt * force[1]
        gyr2 += dt * (rate[0] * rate[0] + rate[1] * rate[1] + rate[2] * rate[2])
        acc2 += dt * (felt[0] * felt[0] + felt[1] * felt[1] + felt[2] * felt[2])
        if abs(felt[0]) >= limit or abs(felt[1]) >= limit or abs(felt[2]) >= limit:
            clip_s += dt
        block_s += dt
        part_s += dt
        part = (part[0] + dt * rate[0], part[1] + dt * rate[1], part[2] + dt * rate[2])
        if part_s >= PART_LENGTH_S:
            state[0], state[1], state[2], state[3] = quat
            state[PART_S] = part_s
            state[PART_GYR], state[PART_GYR + 1], state[PART_GYR + 2] = part
            _add_part(state)
            part_s, part = 0.0, (0.0, 0.0, 0.0)
        _write(quat, now, bias, half_lead_s, quat_out[i])
        then_s, before = time_s[i], now
        i += 1
        if block_s >= until_s:
            break
    state[0], state[1], state[2], state[3] = quat
    state[TIME_S], state[BLOCK_S], state[BLOCK_CLIP_S], state[PART_S] = then_s, block_s, clip_s, part_s
    state[BLOCK_PATH], state[BLOCK_PATH + 1] = path0, path1
    state[BLOCK_GYR2], state[BLOCK_ACC2] = gyr2, acc2
    for j in range(3):
        state[GYR + j], state[BLOCK_DV + j], state[PART_GYR + j] = before[j], force[j], part[j]
    return i


@njit(cache=True, error_model="numpy")
def _turned(quat: Quat, m: Floats, rate: Vector, bias: Vector, dt: float) -> Quat:
    """The orientation after turning for dt at `rate`, its bias and what was learnt of gains m (9,) taken out."""
    u, v, w = rate
    half = 0.5 * dt
    x = half * (u + m[0] * u + m[1] * v + m[2] * w - bias[0])
    y = half * (v + m[3] * u + m[4] * v + m[5] * w - bias[1])
    z = half * (w + m[6] * u + m[7] * v + m[8] * w - bias[2])
    angle2 = x * x + y * y + z * z
    if angle2 < 0.01:  # series good to 1e-13
        c = 1.0 - angle2 * (0.5 - angle2 * (1.0 / 24.0 - angle2 * (1.0 / 720.0)))
        k = 1.0 - angle2 * (1.0 / 6.0 - angle2 * (1.0 / 120.0 - angle2 * (1.0 / 5040.0)))
    else:
        angle = sqrt(angle2)
        c, k = cos(angle), sin(angle) / angle
    x, y, z = k * x, k * y, k * z
    q0, q1, q2, q3 = quat
    p0 = c * q0 - x * q1 - y * q2 - z * q3
    p1 = c * q1 + x * q0 + z * q2 - y * q3
    p2 = c * q2 + y * q0 - z * q1 + x * q3
    p3 = c * q3 + z * q0 + y * q1 - x * q2
    unit = 1.5 - 0.5 * (p0 * p0 + p1 * p1 + p2 * p2 + p3 * p3)
    return p0 * unit, p1 * unit, p2 * unit, p3 * unit


@njit(cache=True, error_model="numpy")
def _to_earth(q: Quat, v: Vector, dt: float, total: Vector) -> Vector:
    """`total` plus dt times v, turned from sensor to earth."""
    x = 2.0 * (q[2] * v[2] - q[3] * v[1])
    y = 2.0 * (q[3] * v[0] - q[1] * v[2])
    z = 2.0 * (q[1] * v[1] - q[2] * v[0])
    return (
        total[0] + dt * (v[0] + q[0] * x + q[2] * z - q[3] * y),
        total[1] + dt * (v[1] + q[0] * y + q[3] * x - q[1] * z),
        total[2] + dt * (v[2] + q[0] * z + q[1] * y - q[2] * x),
    )


@njit(cache=True, error_model="numpy")
def _write(quat: Quat, rate: Vector, bias: Vector, half_lead_s: float, out: Floats) -> None:
    """out: the orientation after turning at `rate` for twice half_lead_s, a small angle."""
    q0, q1, q2, q3 = quat
    x, y, z = half_lead_s * (rate[0] - bias[0]), half_lead_s * (rate[1] - bias[1]), half_lead_s * (rate[2] - bias[2])
    angle2 = x * x + y * y + z * z
    unit = 1.0 - angle2 * (0.5 - angle2 * (0.375 - angle2 * 0.3125))
    out[0] = unit * (q0 - x * q1 - y * q2 - z * q3)
    out[1] = unit * (q1 + x * q0 + z * q2 - y * q3)
    out[2] = unit * (q2 + y * q0 - z * q1 + x * q3)
    out[3] = unit * (q3 + z * q0 + y * q1 - x * q2)


@njit(cache=True, error_model="numpy")
def _compare(state: Floats, chip: Floats, quat: Floats) -> None:
    """Sum up the squared angle between the chip's vertical and the filter's."""
    a, b, c, d = chip[0], chip[1], chip[2], chip[3]
    w, x, y, z = quat[0], quat[1], quat[2], quat[3]
    unit = a * a + b * b + c * c + d * d
    if unit > 0.0:
        dx = 2.0 * ((b * d - a * c) / unit - (x * z - w * y))
        dy = 2.0 * ((c * d + a * b) / unit - (y * z + w * x))
        dz = 2.0 * ((b * b + c * c) / unit - (x * x + y * y))
        state[CHIP_ERROR2] += dx * dx + dy * dy + dz * dz
        state[CHIP_COUNT] += 1.0


@njit(cache=True, error_model="numpy")
def _add_part(state: Floats) -> None:
    """Add the part since the last one to the integrals of how bias and gyro matrix turned the horizontal axes."""
    w, x, y, z = state[0], state[1], state[2], state[3]
    rows = (
        (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)),
        (2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)),
    )
    for i in range(2):
        lean = BLOCK_LEAN + 12 * i
        for j in range(3):
            state[lean + j] -= rows[i][j] * state[PART_S]
            for k in range(3):
                state[lean + 3 + 3 * j + k] += rows[i][j] * state[PART_GYR + k]
    for k in range(3):
        state[BLOCK_GYR + k] += state[PART_GYR + k]
    for k in range(4):
        state[PART_S + k] = 0.0


@njit(cache=True, error_model="numpy")
def _update(params: Floats, state: Floats) -> None:
    """At the end of a block: predict, weigh, correct.

    Velocity is measured as its mean over the block, so that what repeats with the block's length cancels.
    """
    _add_part(state)
    block_s = state[BLOCK_S]
    resting = _is_resting(params, state)
    cov = state[COV : COV + ERRORS * ERRORS].reshape(ERRORS, ERRORS)
    half_lift = 0.5 * state[BLOCK_DV + 2]
    _lift(cov, half_lift)
    _drift(state[BLOCK_LEAN : BLOCK_LEAN + 24], cov)
    _grow(params, state, cov)
    error = state[ERROR : ERROR + ERRORS]
    error[:] = 0.0
    line = state[SCRATCH : SCRATCH + ERRORS]
    for i in range(2):
        state[VELOCITY + i] += state[BLOCK_PATH + i] / block_s
    if resting:
        _weigh_rest(params, state, cov, error, line)
    else:
        _weigh_motion(params, state, cov, error, line)
    for i in range(2):
        state[VELOCITY + i] += state[BLOCK_DV + i] - state[BLOCK_PATH + i] / block_s
        error[VELOCITY_AT + i] += half_lift * (1 - 2 * i) * error[1 - i]
    _lift(cov, half_lift)
    _correct(state, error)
    for j in range(BLOCK_S, BLOCK_END):
        state[j] = 0.0


@njit(cache=True, error_model="numpy")
def _is_resting(params: Floats, state: Floats) -> bool:
    """Whether gyro and force have been steady in the block, and those before, for REST_S; how lively blocks are."""
    block_s = state[BLOCK_S]
    rate2, force2 = state[BLOCK_GYR2] / block_s, state[BLOCK_ACC2] / block_s
    upward = state[BLOCK_DV + 2] / block_s
    share = min(block_s / params[SWAY_S], 1.0)
    state[RATE2] += share * (rate2 - state[RATE2])
    activity2 = max(force2 - GRAVITY_M_S2 * (2.0 * upward - GRAVITY_M_S2), 0.0)
    state[ACTIVITY2] += share * (activity2 - state[ACTIVITY2])
    turn2 = 0.0
    for j in range(3):
        rate = state[BLOCK_GYR + j] / block_s
        rate2 -= rate * rate
        turn2 += (rate - state[BIAS + j]) ** 2
        force2 -= (state[BLOCK_DV + j] / block_s) ** 2
    state[REST_FOR_S] += block_s
    if max(turn2, rate2) > params[REST_GYR_RAD_S] ** 2 or force2 > params[REST_ACC_M_S2] ** 2:
        state[REST_FOR_S] = 0.0
    return bool(state[REST_FOR_S] >= params[REST_S])


@njit(cache=True, error_model="numpy")
def _lift(cov: Floats, lift_m_s: float) -> None:
    """cov <- F cov F': a tilt error leads lift_m_s, the integral of upward force, astray into velocity."""
    for i in range(2):
        factor = lift_m_s * (1 - 2 * i)
        for j in range(len(cov)):
            cov[2 + i, j] += factor * cov[1 - i, j]
    for i in range(2):
        factor = lift_m_s * (1 - 2 * i)
        for j in range(2, 4):
            cov[j, 2 + i] += factor * cov[j, 1 - i]
        for j in range(len(cov)):
            if j < 2 or j > 3:
                cov[j, 2 + i] = cov[2 + i, j]


@njit(cache=True, error_model="numpy")
def _drift(lean: Floats, cov: Floats) -> None:
    """cov <- F cov F': errors of bias and gyro matrix turn the horizontal axes, by lean (24,) over the block."""
    size = len(cov)
    for i in range(2):
        for k in range(12):
            for j in range(size):
                cov[i, j] += lean[12 * i + k] * cov[BIAS_AT + k, j]
    for i in range(2):
        for k in range(12):
            for j in range(2):
                cov[j, i] += lean[12 * i + k] * cov[j, BIAS_AT + k]
        for j in range(2, size):
            cov[j, i] = cov[i, j]


@njit(cache=True, error_model="numpy")
def _grow(params: Floats, state: Floats, cov: Floats) -> None:
    """Add what the block may have brought: gyro noise, a wandering bias, speed gained or lost, clipped force."""
    block_s = state[BLOCK_S]
    tilt = params[TILT_WALK] ** 2 * block_s + params[TILT_PER_RATE] ** 2 * state[BLOCK_GYR2]
    walk = params[VELOCITY_WALK] ** 2
    if state[MOVING_S] < params[LAUNCH_S]:
        walk += params[LAUNCH_WALK] ** 2
    lost_m_s = params[CLIP_LOSS_M_S2] * state[BLOCK_CLIP_S]
    for i in range(2):
        cov[i, i] += tilt
        cov[VELOCITY_AT + i, VELOCITY_AT + i] += walk * block_s + lost_m_s * lost_m_s
    for i in range(BIAS_AT, MATRIX_AT):
        cov[i, i] += params[BIAS_WALK] ** 2 * block_s


@njit(cache=True, error_model="numpy")
def _weigh_rest(params: Floats, state: Floats, cov: Floats, error: Floats, line: Floats) -> None:
    """At rest the gyro shows its bias, and velocity is zero."""
    state[MOVING_S] = 0.0
    bias_noise = params[REST_BIAS_RAD_S] ** 2
    for i in range(3):
        seen = state[BLOCK_GYR + i] / state[BLOCK_S] - state[BIAS + i]
        _weigh(cov, error, line, BIAS_AT + i, seen, bias_noise, 0.0)
    for i in range(2):
        noise = params[REST_VELOCITY_M_S] ** 2
        _weigh(cov, error, line, VELOCITY_AT + i, -state[VELOCITY + i], noise, params[STEP_SIGMA])


@njit(cache=True, error_model="numpy")
def _weigh_motion(params: Floats, state: Floats, cov: Floats, error: Floats, line: Floats) -> None:
    """In motion velocity is that of travel where speed is known, else zero, give or take as it has been swaying."""
    if state[MOVING_S] == 0.0:
        for i in range(BIAS_AT, MATRIX_AT):
            cov[i, i] += params[BIAS_MOTION_RAD_S] ** 2
    state[MOVING_S] += state[BLOCK_S]
    vx, vy = 0.0, 0.0
    known = state[SPEED_COUNT] > 0.0
    if known:
        vx, vy = _travel(params, state)
    if known != (state[HAS_SPEED] != 0.0):  # velocity counts from here on
        state[VELOCITY], state[VELOCITY + 1] = vx, vy
        state[HAS_SPEED] = 1.0 if known else 0.0
    seen = (vx - state[VELOCITY], vy - state[VELOCITY + 1])
    share = min(state[BLOCK_S] / params[SWAY_S], 1.0)
    state[SWAY] += share * (0.5 * (seen[0] * seen[0] + seen[1] * seen[1]) - state[SWAY])
    noise = params[VELOCITY_M_S] ** 2 + params[SWAY_GAIN] * state[SWAY]
    for i in range(2):
        _weigh(cov, error, line, VELOCITY_AT + i, seen[i], noise, params[STEP_SIGMA])


@njit(cache=True, error_model="numpy")
def _travel(params: Floats, state: Floats) -> tuple[float, float]:
    """Velocity from known speed along the forward axis, as that pointed on average over the block."""
    fx = fy = 0.0
    for j in range(3):
        fx -= state[BLOCK_LEAN + j] * params[FORWARD + j]
        fy -= state[BLOCK_LEAN + 12 + j] * params[FORWARD + j]
    norm = sqrt(fx * fx + fy * fy)
    if norm < 0.2 * state[BLOCK_S]:  # lying, or whirling: no direction of travel
        return state[VELOCITY], state[VELOCITY + 1]
    speed_m_s = state[SPEED_SUM] / state[SPEED_COUNT]
    return speed_m_s * fx / norm, speed_m_s * fy / norm


@njit(cache=True, error_model="numpy")
def _weigh(
    cov: Floats, error: Floats, line: Floats, row: int, innovation: float, noise: float, step_sigma: float
) -> None:
    """Kalman update by one measured component; what lies beyond step_sigma (0: none does) was a step of its own."""
    z = innovation - error[row]
    total = cov[row, row] + noise
    if step_sigma > 0.0 and z * z > step_sigma * step_sigma * total:
        cov[row, row] += z * z / (step_sigma * step_sigma) - total
        total = cov[row, row] + noise
    for i in range(len(cov)):
        line[i] = cov[row, i]
    for i in range(len(cov)):
        gain = line[i] / total
        error[i] += gain * z
        for j in range(len(cov)):
            cov[i, j] -= gain * line[j]


@njit(cache=True, error_model="numpy")
def _correct(state: Floats, error: Floats) -> None:
    """Take the estimated errors out of orientation, velocity, bias and gyro matrix."""
    x, y = 0.5 * error[0], 0.5 * error[1]
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    unit = 1.0 / sqrt(1.0 + x * x + y * y)
    state[0] = unit * (q0 - x * q1 - y * q2)
    state[1] = unit * (q1 + x * q0 + y * q3)
    state[2] = unit * (q2 + y * q0 - x * q3)
    state[3] = unit * (q3 + x * q2 - y * q1)
    for i in range(2):
        state[VELOCITY + i] += error[VELOCITY_AT + i]
    for i in range(BIAS_AT, ERRORS):  # the matrix lies behind the bias, here and there
        state[BIAS + i - BIAS_AT] += error[i]
