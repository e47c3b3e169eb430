"""The loop of the orientation filter over samples: strapdown integration, and a Kalman update once per block.

Plain functions on flat float64 arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run uncompiled.
The update is in kalman.py, starts and gaps are in driver.py, and filter.py describes the method.
"""

from __future__ import annotations

from math import floor, isfinite

from untuck.model import Floats
from untuck.motion.jit import entry, inner
from untuck.motion.orientation import layout as idx
from untuck.motion.orientation.kalman import Quat, Vector, close_part, product, update

# Written by `make format`; tools/kernel_sums.py says why.
COMPILED_IN = {"orientation/kalman.py": 0x420803D2, "orientation/layout.py": 0x81DB7656}


@entry
def advance(
    params: Floats,
    state: Floats,
    cov: Floats,
    first: int,
    end: int,
    time_s: Floats,
    gyr: Floats,
    acc: Floats,
    chip: Floats,
    speed_m_s: Floats,
    quat_out: Floats,
    shift: int,
) -> int:
    """Process samples first..end-1, up to a gap in time or the end of the coarse phase; returns the next sample.

    cov is the part of `state` from COV on, shaped COV_SHAPE; the other arguments are those of driver.orient_aided.
    """
    i = first
    coarse = state[idx.PHASE] == 1.0
    gap_s, until_s = params[idx.GAP_S], params[idx.COARSE_S if coarse else idx.UPDATE_S]
    while i < end:
        block_s = state[idx.BLOCK_S]
        gap = time_s[i] - state[idx.TIME_S] > gap_s
        if coarse and block_s >= until_s:
            break
        if not coarse and (block_s >= until_s or (gap and block_s > 0.0)):
            update(params, state, cov)
        if gap:
            break
        before, i = i, _integrate(params, state, i, end, until_s, time_s, gyr, acc, quat_out, shift)
        for j in range(before, i):
            if len(speed_m_s) > 0 and isfinite(speed_m_s[j]):
                state[idx.SPEED_SUM] += speed_m_s[j]
                state[idx.SPEED_COUNT] += 1.0
            if len(chip) > 0:
                _compare_with_chip(state, chip, j, quat_out, j + shift)
    return i


@inner
def _integrate(
    params: Floats,
    state: Floats,
    first: int,
    end: int,
    until_s: float,
    time_s: Floats,
    gyr: Floats,
    acc: Floats,
    out: Floats,
    shift: int,
) -> int:
    """Strapdown integration from `first` to the last sample, a gap or the block's end; returns the next sample."""
    quat = (state[0], state[1], state[2], state[3])
    bias_x, bias_y, bias_z = state[idx.BIAS], state[idx.BIAS + 1], state[idx.BIAS + 2]
    x, y, z = state[idx.GYR], state[idx.GYR + 1], state[idx.GYR + 2]
    then_s, block_s, clip_s = state[idx.TIME_S], state[idx.BLOCK_S], state[idx.BLOCK_CLIP_S]
    force = (state[idx.BLOCK_DV], state[idx.BLOCK_DV + 1], state[idx.BLOCK_DV + 2])
    gyr2, acc2 = state[idx.BLOCK_GYR2], state[idx.BLOCK_ACC2]
    part_s = state[idx.PART_S]
    part_x, part_y, part_z = state[idx.PART_GYR], state[idx.PART_GYR + 1], state[idx.PART_GYR + 2]
    limit, half_lead_s, gap_s = params[idx.CLIP_M_S2], 0.5 * params[idx.LEAD_S], params[idx.GAP_S]
    limit2 = limit * limit
    i = first
    while i < end:
        step_s = time_s[i] - then_s
        if step_s > gap_s or block_s >= until_s:
            break
        dt = _clock_step_s(params, state, step_s)
        before_x, before_y, before_z = x, y, z
        x, y, z = gyr[i, 0], gyr[i, 1], gyr[i, 2]
        rate_x, rate_y, rate_z = 0.5 * (before_x + x), 0.5 * (before_y + y), 0.5 * (before_z + z)
        half = 0.5 * dt
        quat = _rotated(quat, half * (rate_x - bias_x), half * (rate_y - bias_y), half * (rate_z - bias_z))
        u, v, w = acc[i, 0], acc[i, 1], acc[i, 2]
        force = _to_earth(quat, u, v, w, dt, force)
        gyr2 += dt * (rate_x * rate_x + rate_y * rate_y + rate_z * rate_z)
        felt2 = u * u + v * v + w * w
        acc2 += dt * felt2
        if felt2 >= limit2:
            clip_s += dt
        block_s += dt
        part_s += dt
        part_x, part_y, part_z = part_x + dt * rate_x, part_y + dt * rate_y, part_z + dt * rate_z
        if part_s >= idx.PART_LENGTH_S:
            quat = close_part(state, quat, part_s, (part_x, part_y, part_z), force)
            part_s = part_x = part_y = part_z = 0.0
        _write_output(
            quat, half_lead_s * (x - bias_x), half_lead_s * (y - bias_y), half_lead_s * (z - bias_z), out, i + shift
        )
        then_s += dt
        i += 1
    state[0], state[1], state[2], state[3] = quat
    state[idx.TIME_S], state[idx.BLOCK_S], state[idx.BLOCK_CLIP_S] = then_s, block_s, clip_s
    state[idx.BLOCK_GYR2], state[idx.BLOCK_ACC2] = gyr2, acc2
    state[idx.GYR], state[idx.GYR + 1], state[idx.GYR + 2] = x, y, z
    state[idx.BLOCK_DV], state[idx.BLOCK_DV + 1], state[idx.BLOCK_DV + 2] = force
    state[idx.PART_S] = part_s
    state[idx.PART_GYR], state[idx.PART_GYR + 1], state[idx.PART_GYR + 2] = part_x, part_y, part_z
    return i


@inner
def _clock_step_s(params: Floats, state: Floats, step_s: float) -> float:
    """Time step by the sensor's clock where the stamps differ by step_s: whole periods, corrected slowly by stamps."""
    period_s, count = state[idx.PERIOD_S], state[idx.CLOCK_COUNT]
    if step_s <= 0.0:  # the smoothed clock is already past this stamp
        return 0.0
    ticks, late_s, loose_s = 1.0, step_s - period_s, params[idx.CLOCK_LOOSE] * period_s
    if abs(late_s) > loose_s or count == 0.0:  # not the next tick
        ticks = floor(step_s / period_s + 0.5) if count > 0.0 else 0.0
        late_s = step_s - ticks * period_s
        if ticks < 1.0 or abs(late_s) > loose_s:
            state[idx.PERIOD_S], state[idx.CLOCK_COUNT] = step_s, 2.0
            return step_s
    count += 1.0
    gain = params[idx.CLOCK_GAIN]
    drift_gain = 0.25 * (gain * gain)
    if count * gain < 5.0:  # at first the gains of a least-squares line, which fall until they reach the fixed ones
        square = count * (count + 1.0)
        early, early_drift = (4.0 * count - 2.0) / square, 6.0 / square
        gain = gain if gain > early else early  # max() takes longer to compile
        drift_gain = drift_gain if drift_gain > early_drift else early_drift
    drift_s = drift_gain * late_s
    state[idx.PERIOD_S] = period_s + (drift_s if ticks == 1.0 else drift_s / ticks)  # a division is slow
    state[idx.CLOCK_COUNT] = count
    gone_s: float = ticks * period_s + gain * late_s
    return gone_s


@inner
def _rotated(quat: Quat, x: float, y: float, z: float) -> Quat:
    """The orientation after a rotation in sensor coordinates; (x, y, z) is half the rotation vector in rad."""
    angle2 = x * x + y * y + z * z
    # series of cos(x) and sin(x)/x: error below 1e-11 up to 2000 deg/s at 50 Hz
    c = 1.0 - angle2 * (1 / 2 - angle2 * (1 / 24 - angle2 * (1 / 720 - angle2 * (1 / 40320))))
    k = 1.0 - angle2 * (1 / 6 - angle2 * (1 / 120 - angle2 * (1 / 5040 - angle2 * (1 / 362880))))
    turned: Quat = product(quat, (c, k * x, k * y, k * z))
    return turned


@inner
def _to_earth(quat: Quat, u: float, v: float, w: float, dt: float, total: Vector) -> Vector:
    """`total` plus dt times (u, v, w) rotated from sensor to earth."""
    a, b, c, d = quat
    x, y, z = 2.0 * (c * w - d * v), 2.0 * (d * u - b * w), 2.0 * (b * v - c * u)
    before_x, before_y, before_z = total
    return (
        before_x + dt * (u + a * x + c * z - d * y),
        before_y + dt * (v + a * y + d * x - b * z),
        before_z + dt * (w + a * z + b * y - c * x),
    )


@inner
def _write_output(quat: Quat, x: float, y: float, z: float, out: Floats, row: int) -> None:
    """Write the orientation after a small rotation to a row of `out`; (x, y, z) as in `_rotated`."""
    angle2 = x * x + y * y + z * z
    unit = 1.0 - angle2 * (0.5 - angle2 * 0.375)
    a, b, c, d = product(quat, (1.0, x, y, z))
    out[row, 0], out[row, 1], out[row, 2], out[row, 3] = unit * a, unit * b, unit * c, unit * d


@inner
def _compare_with_chip(state: Floats, chip: Floats, chip_row: int, quat: Floats, row: int) -> None:
    """Add the squared angle between the chip's vertical (chip[chip_row]) and the filter's (quat[row]) to the state."""
    a, b, c, d = chip[chip_row, 0], chip[chip_row, 1], chip[chip_row, 2], chip[chip_row, 3]
    w, x, y, z = quat[row, 0], quat[row, 1], quat[row, 2], quat[row, 3]
    unit = a * a + b * b + c * c + d * d
    if unit > 0.0:
        dx = 2.0 * ((b * d - a * c) / unit - (x * z - w * y))
        dy = 2.0 * ((c * d + a * b) / unit - (y * z + w * x))
        dz = 2.0 * ((b * b + c * c) / unit - (x * x + y * y))
        state[idx.CHIP_ERROR2] += dx * dx + dy * dy + dz * dz
        state[idx.CHIP_COUNT] += 1.0
