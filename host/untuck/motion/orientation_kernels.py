"""The loops of the orientation filter: strapdown integration once a sample, a Kalman update of its errors once a block.

Plain functions on flat float64 arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run as they stand.
All compiled code of the filter lives here, in one file because numba's cache looks no further; starts and gaps are in
orientation_run.py, and why it is built so is told in orientation.py.
"""

from __future__ import annotations

from math import floor, isfinite, sqrt

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion import orientation_layout as at
from untuck.motion.compiled import entry, inner

Quat = tuple[float, float, float, float]
Vector = tuple[float, float, float]

LAYOUT_CRC = 0xBFA7CFA8  # of orientation_layout.py: numba's cache of this file does not notice when that one changes


@entry
def advance(
    params: Floats,
    state: Floats,
    cov: Floats,
    time_s: Floats,
    gyr: Floats,
    acc: Floats,
    chip: Floats,
    speed_m_s: Floats,
    quat_out: Floats,
) -> int:
    """Take samples up to a gap in time or the end of the coarse phase; returns how many.

    cov is the part of `state` from at.COV on, in at.COV_SHAPE; the rest is that of orientation_run.orient_aided.
    """
    count = len(time_s)
    i = 0
    while i < count:
        if state[at.PHASE] == 1.0 and state[at.BLOCK_S] >= params[at.COARSE_S]:
            break
        gap = time_s[i] - state[at.TIME_S] > params[at.GAP_S]
        if state[at.PHASE] == 2.0 and (state[at.BLOCK_S] >= params[at.UPDATE_S] or (gap and state[at.BLOCK_S] > 0.0)):
            _update(params, state, cov)
        if gap:
            break
        first = i
        i += _glide(params, state, time_s[first:], gyr[first:], acc[first:], quat_out[first:])
        for j in range(first, i if len(speed_m_s) else first):
            if isfinite(speed_m_s[j]):
                state[at.SPEED_SUM] += speed_m_s[j]
                state[at.SPEED_COUNT] += 1.0
        for j in range(first, i if len(chip) else first):
            _compare(state, chip[j], quat_out[j])
    return i


@inner
def _glide(params: Floats, state: Floats, time_s: Floats, gyr: Floats, acc: Floats, quat_out: Floats) -> int:
    """Strapdown up to the last sample, a gap or the end of the block; returns the number of samples it took."""
    quat = (state[0], state[1], state[2], state[3])
    bias = (state[at.BIAS], state[at.BIAS + 1], state[at.BIAS + 2])
    before = (state[at.GYR], state[at.GYR + 1], state[at.GYR + 2])
    then_s, block_s, clip_s = state[at.TIME_S], state[at.BLOCK_S], state[at.BLOCK_CLIP_S]
    force = (state[at.BLOCK_DV], state[at.BLOCK_DV + 1], state[at.BLOCK_DV + 2])
    gyr2, acc2 = state[at.BLOCK_GYR2], state[at.BLOCK_ACC2]
    part_s, part = state[at.PART_S], (state[at.PART_GYR], state[at.PART_GYR + 1], state[at.PART_GYR + 2])
    limit2, half_lead_s = params[at.CLIP_M_S2] ** 2, 0.5 * params[at.LEAD_S]
    until_s = params[at.COARSE_S] if state[at.PHASE] == 1.0 else params[at.UPDATE_S]
    taken = 0
    for i in range(len(time_s)):
        if time_s[i] - then_s > params[at.GAP_S] or block_s >= until_s:
            break
        dt = _ticked(params, state, time_s[i] - then_s)
        now = (gyr[i, 0], gyr[i, 1], gyr[i, 2])
        felt = (acc[i, 0], acc[i, 1], acc[i, 2])
        rate = (0.5 * (before[0] + now[0]), 0.5 * (before[1] + now[1]), 0.5 * (before[2] + now[2]))
        quat = _turned(quat, rate, bias, dt)
        force = _to_earth(quat, felt, dt, force)
        gyr2 += dt * (rate[0] * rate[0] + rate[1] * rate[1] + rate[2] * rate[2])
        felt2 = felt[0] * felt[0] + felt[1] * felt[1] + felt[2] * felt[2]
        acc2 += dt * felt2
        if felt2 >= limit2:
            clip_s += dt
        block_s += dt
        part_s += dt
        part = (part[0] + dt * rate[0], part[1] + dt * rate[1], part[2] + dt * rate[2])
        if part_s >= at.PART_LENGTH_S:
            state[at.PART_S] = part_s
            state[at.PART_GYR], state[at.PART_GYR + 1], state[at.PART_GYR + 2] = part
            state[at.BLOCK_DV], state[at.BLOCK_DV + 1], state[at.BLOCK_DV + 2] = force
            quat = _add_part(state, quat)
            part_s, part = 0.0, (0.0, 0.0, 0.0)
        _write(quat, now, bias, half_lead_s, quat_out[i])
        then_s, before = then_s + dt, now
        taken += 1
    state[0], state[1], state[2], state[3] = quat
    state[at.TIME_S], state[at.BLOCK_S], state[at.BLOCK_CLIP_S], state[at.PART_S] = then_s, block_s, clip_s, part_s
    state[at.BLOCK_GYR2], state[at.BLOCK_ACC2] = gyr2, acc2
    for j in range(3):
        state[at.GYR + j], state[at.BLOCK_DV + j], state[at.PART_GYR + j] = before[j], force[j], part[j]
    return taken


@inner
def _ticked(params: Floats, state: Floats, step_s: float) -> float:
    """How far the sensor's clock went on, when the stamps say step_s: whole periods, led slowly by the stamps."""
    period_s, count = state[at.PERIOD_S], state[at.CLOCK_COUNT]
    if step_s <= 0.0:  # a stamp so early that the clock has already been there
        return 0.0
    ticks, late_s, loose_s = 1.0, step_s - period_s, params[at.CLOCK_LOOSE] * period_s
    if abs(late_s) > loose_s or count == 0.0:  # not simply the next tick
        ticks = floor(step_s / period_s + 0.5) if count > 0.0 else 0.0
        late_s = step_s - ticks * period_s
        if ticks < 1.0 or abs(late_s) > loose_s:
            state[at.PERIOD_S], state[at.CLOCK_COUNT] = step_s, 2.0
            return step_s
    count += 1.0
    gain = params[at.CLOCK_GAIN]
    drift_gain = 0.25 * gain**2
    if count * gain < 5.0:  # later both gains have come down to these
        gain = max(gain, (4.0 * count - 2.0) / (count * (count + 1.0)))
        drift_gain = max(drift_gain, 6.0 / (count * (count + 1.0)))
    drift_s = drift_gain * late_s
    state[at.PERIOD_S] = period_s + (drift_s if ticks == 1.0 else drift_s / ticks)  # dividing takes its time
    state[at.CLOCK_COUNT] = count
    return float(ticks * period_s + gain * late_s)


@inner
def _turned(quat: Quat, rate: Vector, bias: Vector, dt: float) -> Quat:
    """The orientation after turning for dt at `rate` less bias."""
    half = 0.5 * dt
    x, y, z = half * (rate[0] - bias[0]), half * (rate[1] - bias[1]), half * (rate[2] - bias[2])
    angle2 = x * x + y * y + z * z
    # series of cos and sin(x)/x: good to 1e-11 up to 2000 deg/s at 50 Hz
    c = 1.0 - angle2 * (1 / 2 - angle2 * (1 / 24 - angle2 * (1 / 720 - angle2 * (1 / 40320))))
    k = 1.0 - angle2 * (1 / 6 - angle2 * (1 / 120 - angle2 * (1 / 5040 - angle2 * (1 / 362880))))
    x, y, z = k * x, k * y, k * z
    q0, q1, q2, q3 = quat
    p0 = c * q0 - x * q1 - y * q2 - z * q3
    p1 = c * q1 + x * q0 + z * q2 - y * q3
    p2 = c * q2 + y * q0 - z * q1 + x * q3
    p3 = c * q3 + z * q0 + y * q1 - x * q2
    return p0, p1, p2, p3


@inner
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


@inner
def _write(quat: Quat, rate: Vector, bias: Vector, half_lead_s: float, out: Floats) -> None:
    """out: the orientation after turning at `rate` for twice half_lead_s, a small angle."""
    q0, q1, q2, q3 = quat
    x, y, z = half_lead_s * (rate[0] - bias[0]), half_lead_s * (rate[1] - bias[1]), half_lead_s * (rate[2] - bias[2])
    angle2 = x * x + y * y + z * z
    unit = 1.0 - angle2 * (0.5 - angle2 * 0.375)
    out[0] = unit * (q0 - x * q1 - y * q2 - z * q3)
    out[1] = unit * (q1 + x * q0 + z * q2 - y * q3)
    out[2] = unit * (q2 + y * q0 - z * q1 + x * q3)
    out[3] = unit * (q3 + z * q0 + y * q1 - x * q2)


@inner
def _compare(state: Floats, chip: Floats, quat: Floats) -> None:
    """Sum up the squared angle between the chip's vertical and the filter's."""
    a, b, c, d = chip[0], chip[1], chip[2], chip[3]
    w, x, y, z = quat[0], quat[1], quat[2], quat[3]
    unit = a * a + b * b + c * c + d * d
    if unit > 0.0:
        dx = 2.0 * ((b * d - a * c) / unit - (x * z - w * y))
        dy = 2.0 * ((c * d + a * b) / unit - (y * z + w * x))
        dz = 2.0 * ((b * b + c * c) / unit - (x * x + y * y))
        state[at.CHIP_ERROR2] += dx * dx + dy * dy + dz * dz
        state[at.CHIP_COUNT] += 1.0


@inner
def _add_part(state: Floats, quat: Quat) -> Quat:
    """Close a part of the block: add it to the integrals of how bias and gyro matrix turned the horizontal axes.

    Returns the orientation, turned by what the gyro matrix adds to the part, and made unit again.
    """
    m, u, v, w = at.MATRIX, state[at.PART_GYR], state[at.PART_GYR + 1], state[at.PART_GYR + 2]
    x = 0.5 * (state[m] * u + state[m + 1] * v + state[m + 2] * w)
    y = 0.5 * (state[m + 3] * u + state[m + 4] * v + state[m + 5] * w)
    z = 0.5 * (state[m + 6] * u + state[m + 7] * v + state[m + 8] * w)
    q0, q1, q2, q3 = quat
    a = q0 - x * q1 - y * q2 - z * q3
    b = q1 + x * q0 + z * q2 - y * q3
    c = q2 + y * q0 - z * q1 + x * q3
    d = q3 + z * q0 + y * q1 - x * q2
    unit = 1.0 / sqrt(a * a + b * b + c * c + d * d)
    a, b, c, d = a * unit, b * unit, c * unit, d * unit
    rows = (
        (1.0 - 2.0 * (c * c + d * d), 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)),
        (2.0 * (b * c + a * d), 1.0 - 2.0 * (b * b + d * d), 2.0 * (c * d - a * b)),
    )
    for i in range(2):
        lean = at.BLOCK_LEAN + 12 * i
        for j in range(3):
            state[lean + j] -= rows[i][j] * state[at.PART_S]
            for k in range(3):
                state[lean + 3 + 3 * j + k] += rows[i][j] * state[at.PART_GYR + k]
        state[at.BLOCK_PATH + i] += state[at.PART_S] * state[at.BLOCK_DV + i]
    for k in range(3):
        state[at.BLOCK_GYR + k] += state[at.PART_GYR + k]
    for k in range(4):
        state[at.PART_S + k] = 0.0
    return a, b, c, d


@inner
def _update(params: Floats, state: Floats, cov: Floats) -> None:
    """At the end of a block: predict, weigh, correct.

    Velocity is measured as its mean over the block, so that what repeats with the block's length cancels.
    """
    state[0], state[1], state[2], state[3] = _add_part(state, (state[0], state[1], state[2], state[3]))
    block_s = state[at.BLOCK_S]
    resting = _is_resting(params, state)
    half_lift = 0.5 * state[at.BLOCK_DV + 2]
    _lift(cov, half_lift)
    _drift(state[at.BLOCK_LEAN : at.BLOCK_LEAN + 24], cov)
    _grow(params, state, cov)
    for i in range(at.ERRORS):
        cov[at.MEAN, i] = 0.0
    for i in range(2):
        state[at.VELOCITY + i] += state[at.BLOCK_PATH + i] / block_s
    if resting:
        _weigh_rest(params, state, cov)
    else:
        _weigh_motion(params, state, cov)
    for i in range(2):
        state[at.VELOCITY + i] += state[at.BLOCK_DV + i] - state[at.BLOCK_PATH + i] / block_s
        cov[at.MEAN, at.VELOCITY_AT + i] += half_lift * (1 - 2 * i) * cov[at.MEAN, 1 - i]
    _lift(cov, half_lift)
    _correct(state, cov)
    for j in range(at.BLOCK_S, at.BLOCK_END):
        state[j] = 0.0


@inner
def _is_resting(params: Floats, state: Floats) -> bool:
    """Whether gyro and force have been steady in the block, and those before, for at.REST_S; how lively blocks are."""
    block_s = state[at.BLOCK_S]
    rate2, force2 = state[at.BLOCK_GYR2] / block_s, state[at.BLOCK_ACC2] / block_s
    upward = state[at.BLOCK_DV + 2] / block_s
    share = block_s / (params[at.SWAY_S] + block_s)
    state[at.RATE2] += share * (rate2 - state[at.RATE2])
    activity2 = force2 - GRAVITY_M_S2 * (2.0 * upward - GRAVITY_M_S2)
    state[at.ACTIVITY2] += share * (abs(activity2) - state[at.ACTIVITY2])
    turn2 = 0.0
    for j in range(3):
        rate = state[at.BLOCK_GYR + j] / block_s
        rate2 -= rate * rate
        turn2 += (rate - state[at.BIAS + j]) ** 2
        force2 -= (state[at.BLOCK_DV + j] / block_s) ** 2
    state[at.REST_FOR_S] += block_s
    limit2 = params[at.REST_GYR_RAD_S] ** 2
    if turn2 > limit2 or rate2 > limit2 or force2 > params[at.REST_ACC_M_S2] ** 2:
        state[at.REST_FOR_S] = 0.0
    return bool(state[at.REST_FOR_S] >= params[at.REST_S])


@inner
def _lift(cov: Floats, lift_m_s: float) -> None:
    """cov <- F cov F': a tilt error leads lift_m_s, the integral of upward force, astray into velocity."""
    for i in range(2):
        factor = lift_m_s * (1 - 2 * i)
        for j in range(cov.shape[1]):
            cov[2 + i, j] += factor * cov[1 - i, j]
    for i in range(2):
        factor = lift_m_s * (1 - 2 * i)
        for j in range(2, 4):
            cov[j, 2 + i] += factor * cov[j, 1 - i]
        for j in range(cov.shape[1]):
            if j < 2 or j > 3:
                cov[j, 2 + i] = cov[2 + i, j]


@inner
def _drift(lean: Floats, cov: Floats) -> None:
    """cov <- F cov F': errors of bias and gyro matrix turn the horizontal axes, by lean (24,) over the block."""
    size = cov.shape[1]
    gyro = size - at.BIAS_AT
    for i in range(2):
        for k in range(gyro):
            factor = lean[gyro * i + k]
            for j in range(size):
                cov[i, j] += factor * cov[at.BIAS_AT + k, j]
    for i in range(2):
        for j in range(2):
            total = 0.0
            for k in range(gyro):
                total += lean[gyro * i + k] * cov[j, at.BIAS_AT + k]
            cov[j, i] += total
        for j in range(2, size):
            cov[j, i] = cov[i, j]


@inner
def _grow(params: Floats, state: Floats, cov: Floats) -> None:
    """Add what the block may have brought: gyro noise, a wandering bias, speed gained or lost, clipped force."""
    block_s = state[at.BLOCK_S]
    tilt = params[at.TILT_WALK] ** 2 * block_s + params[at.TILT_PER_RATE] ** 2 * state[at.BLOCK_GYR2]
    walk = params[at.VELOCITY_WALK] ** 2
    if state[at.MOVING_S] < params[at.LAUNCH_S]:
        walk += params[at.LAUNCH_WALK] ** 2
    lost_m_s = params[at.CLIP_LOSS_M_S2] * state[at.BLOCK_CLIP_S]
    for i in range(2):
        cov[i, i] += tilt
        cov[at.VELOCITY_AT + i, at.VELOCITY_AT + i] += walk * block_s + lost_m_s * lost_m_s
    for i in range(at.BIAS_AT, at.MATRIX_AT):
        cov[i, i] += params[at.BIAS_WALK] ** 2 * block_s


@inner
def _weigh_rest(params: Floats, state: Floats, cov: Floats) -> None:
    """At rest the gyro shows its bias, and velocity is zero."""
    state[at.MOVING_S] = 0.0
    bias_noise = params[at.REST_BIAS_RAD_S] ** 2
    for i in range(3):
        seen = state[at.BLOCK_GYR + i] / state[at.BLOCK_S] - state[at.BIAS + i]
        _weigh(cov, at.BIAS_AT + i, seen, bias_noise)
    _weigh_velocity(params, cov, -state[at.VELOCITY], -state[at.VELOCITY + 1], params[at.REST_VELOCITY_M_S] ** 2)


@inner
def _weigh_motion(params: Floats, state: Floats, cov: Floats) -> None:
    """In motion velocity is that of travel where speed is known, else zero, give or take as it has been swaying."""
    if state[at.MOVING_S] == 0.0:
        for i in range(at.BIAS_AT, at.MATRIX_AT):
            cov[i, i] += params[at.BIAS_MOTION_RAD_S] ** 2
    state[at.MOVING_S] += state[at.BLOCK_S]
    vx, vy = 0.0, 0.0
    known = state[at.SPEED_COUNT] > 0.0
    if known:
        vx, vy = _travel(params, state)
    if known != (state[at.HAS_SPEED] != 0.0):  # velocity counts from here on
        state[at.VELOCITY], state[at.VELOCITY + 1] = vx, vy
        state[at.HAS_SPEED] = 1.0 if known else 0.0
    seen = (vx - state[at.VELOCITY], vy - state[at.VELOCITY + 1])
    share = state[at.BLOCK_S] / (params[at.SWAY_S] + state[at.BLOCK_S])
    state[at.SWAY] += share * (0.5 * (seen[0] * seen[0] + seen[1] * seen[1]) - state[at.SWAY])
    noise = params[at.VELOCITY_M_S] ** 2 + params[at.SWAY_GAIN] * state[at.SWAY]
    _weigh_velocity(params, cov, seen[0], seen[1], noise)


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
    a, b, c = cov[v, v] + noise, cov[v, w], cov[w, w] + noise
    beyond = (c * x * x - 2.0 * b * x * y + a * y * y) / (a * c - b * b) / params[at.STEP_SIGMA] ** 2 - 1.0
    if beyond > 0.0:
        cov[v, v] += beyond * a
        cov[w, w] += beyond * c
        cov[v, w] += beyond * b
        cov[w, v] += beyond * b
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
    q0, q1, q2, q3 = state[0], state[1], state[2], state[3]
    unit = 1.0 / sqrt(1.0 + x * x + y * y)
    state[0] = unit * (q0 - x * q1 - y * q2)
    state[1] = unit * (q1 + x * q0 + y * q3)
    state[2] = unit * (q2 + y * q0 - x * q3)
    state[3] = unit * (q3 + x * q2 - y * q1)
    for i in range(2):
        state[at.VELOCITY + i] += cov[at.MEAN, at.VELOCITY_AT + i]
    for i in range(at.BIAS_AT, at.ERRORS):  # the matrix lies behind the bias, here and there
        state[at.BIAS + i - at.BIAS_AT] += cov[at.MEAN, i]
