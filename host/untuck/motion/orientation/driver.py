"""Drives the compiled loops of the orientation filter: start, first alignment, gaps in time.

The work per sample and per block is compiled, in kernels.py and kalman.py. Rare events are handled here in plain
Python, because every line that numba compiles makes the first start slower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.orientation import layout as idx
from untuck.motion.orientation.kernels import advance
from untuck.motion.orientation.recurrence import fill

CONJUGATE = np.array([1.0, -1.0, -1.0, -1.0])


def new_state() -> Floats:
    """(STATE_SIZE,) the filter's state before the first sample."""
    return np.zeros(idx.STATE_SIZE)


class FilterInputs(NamedTuple):
    """What the filter takes in.

    time_s (n,); gyr (n,3) rad/s; acc (n,3) m/s^2; chip (n,4), the chip's quaternion, zeros where missing; speed_m_s
    (n,), NaN where unknown. chip and speed_m_s may be empty. past: time (m,) and gyr (m,3) of earlier samples and
    these, sample 0 in row `shift`; None where they are not kept.
    """

    time_s: Floats
    gyr: Floats
    acc: Floats
    chip: Floats
    speed_m_s: Floats
    past: tuple[Floats, Floats] | None = None


def orient_aided(
    params: Floats,
    state: Floats,
    inputs: FilterInputs,
    first: int,
    end: int,
    *,
    quat_out: Floats,
    shift: int = 0,
) -> None:
    """Advance `state` over samples first..end-1 and write rows first+shift.. of quat_out (m,4) wxyz, sensor to earth.

    Time must increase, also from call to call.
    """
    time_s, gyr, acc, chip, speed_m_s, past = inputs
    cov = _covariance(state)
    i = first
    while i < end:
        if state.item(idx.PHASE) == 0.0:
            _start(params, state, time_s[i], gyr[i], acc=acc[i], chip=chip[i : i + 1])
        coarse, before_s = state.item(idx.PHASE) == 1.0, state.item(idx.STAMP_S)
        begin = i
        i = advance(params, state, cov, begin, end, time_s, gyr, acc, chip, speed_m_s, quat_out, shift)
        if i == begin:  # a gap lies before this sample; the block up to it has been processed
            before = None if past is None else (past[0][: i + shift], past[1][: i + shift])
            _bridge_gap(params, state, time_s.item(i), gyr[i], chip=chip[i : i + 1], past=before)
            continue
        if coarse:
            dt_s = np.diff(time_s[begin:i], prepend=before_s)
            _align_coarsely(params, state, dt_s, acc[begin:i], quat_out[begin + shift : i + shift])
        state[idx.CHIP : idx.CHIP + 4] = chip[i - 1] if len(chip) else 0.0
        state[idx.STAMP_S] = time_s[i - 1]


def _start(params: Floats, state: Floats, time_s: float, gyr: Floats, acc: Floats, chip: Floats) -> None:
    """Align the first specific force with the vertical; if the sensor already moves, use the chip's quaternion."""
    state[:] = 0.0
    state[idx.PHASE] = 1.0
    state[idx.TIME_S] = state[idx.STAMP_S] = time_s
    state[idx.GYR : idx.GYR + 3] = gyr
    state[idx.MOVING_S] = params[idx.LAUNCH_S]
    state[idx.SWAY] = params[idx.VELOCITY_M_S] ** 2
    diagonal = np.einsum("ii->i", _covariance(state)[: idx.ERRORS])
    diagonal[idx.BIAS_AT : idx.MATRIX_AT] = params[idx.BIAS_RAD_S] ** 2
    diagonal[idx.MATRIX_AT :] = params[idx.GAIN] ** 2
    if abs(np.linalg.norm(acc) - GRAVITY_M_S2) > params[idx.REST_ACC_M_S2] and _has_quaternion(chip):
        state[idx.QUAT : idx.QUAT + 4] = _normalized(chip[0])
        _start_filtering(params, state, params[idx.CHIP_TILT_RAD])
    else:
        state[idx.QUAT : idx.QUAT + 4] = _levelled(np.array([[1.0, 0.0, 0.0, 0.0]]), acc[None])[0]


def _align_coarsely(params: Floats, state: Floats, dt_s: Floats, acc: Floats, quat: Floats) -> None:
    """Coarse phase: rotate rows of `quat` so that the mean force since the start points up.

    At the end of the phase the result becomes the filter's initial orientation.
    """
    total = state[idx.COARSE_DV : idx.COARSE_DV + 3]
    force = np.cumsum(np.vstack([total, _to_earth(quat, acc) * dt_s[:, None]]), axis=0)[1:]
    total[:] = force[-1]
    if state[idx.BLOCK_S] >= params[idx.COARSE_S]:
        state[idx.QUAT : idx.QUAT + 4] = _levelled(state[None, idx.QUAT : idx.QUAT + 4], force[-1:])[0]
        _start_filtering(params, state, 1.5 * params[idx.VELOCITY_M_S] / (GRAVITY_M_S2 * state[idx.BLOCK_S]))
    quat[:] = _levelled(quat, force)


def _start_filtering(params: Floats, state: Floats, tilt_rad: float) -> None:
    """Begin the filtering phase: tilt error (SD) tilt_rad, velocity unknown, estimates of the gyro's errors kept."""
    state[idx.PHASE] = 2.0
    state[idx.VELOCITY : idx.VELOCITY + 2] = 0.0
    state[idx.HAS_SPEED] = 0.0
    cov = _covariance(state)
    cov[: idx.BIAS_AT, :] = cov[:, : idx.BIAS_AT] = 0.0
    cov[[0, 1], [0, 1]] = tilt_rad**2
    cov[[2, 3], [2, 3]] = params[idx.VELOCITY_M_S] ** 2
    _empty_block(state)


def _covariance(state: Floats) -> Floats:
    """COV_SHAPE: the covariance and its two extra rows, a view of `state`."""
    return state[idx.COV :].reshape(idx.COV_SHAPE)


def _empty_block(state: Floats) -> None:
    state[idx.BLOCK_S : idx.BLOCK_END] = 0.0


def _bridge_gap(
    params: Floats, state: Floats, time_s: float, gyr: Floats, chip: Floats, past: tuple[Floats, Floats] | None
) -> None:
    """Rotate over a gap and increase the covariance by what may have happened in it.

    The chip's rotation is used if known, otherwise that of an earlier stride, otherwise the mean rate over a short gap.
    After more than RESTART_S the coarse alignment starts again; estimates of the gyro's errors are kept.
    """
    dt = time_s - state[idx.TIME_S]
    quat, before = state[idx.QUAT : idx.QUAT + 4], state[idx.CHIP : idx.CHIP + 4]
    turn_rad = np.sqrt(state[idx.RATE2]) * dt
    if _has_quaternion(before) and _has_quaternion(chip):
        quat[:] = _normalized(_product(_product(quat, before * CONJUGATE), chip[0]))
        turn_rad *= params[idx.CHIP_SHARE]
    elif past is not None and (filling := fill(*past, time_s, gyr)) is not None:
        each_s = dt / len(filling.rates)
        for rate in filling.rates - state[idx.BIAS : idx.BIAS + 3]:
            quat[:] = _normalized(_product(quat, np.append(1.0, 0.5 * each_s * rate)))
        turn_rad = filling.error_rad
    elif dt < params[idx.GAP_TURN_S]:
        rate = 0.5 * (state[idx.GYR : idx.GYR + 3] + gyr) - state[idx.BIAS : idx.BIAS + 3]
        quat[:] = _normalized(_product(quat, np.append(1.0, 0.5 * dt * rate)))
        turn_rad *= 0.5 * (dt / params[idx.GAP_TURN_S]) ** 2
    state[idx.TIME_S] = state[idx.STAMP_S] = time_s
    state[idx.CLOCK_COUNT] = 0.0
    state[idx.GYR : idx.GYR + 3] = gyr
    if state[idx.PHASE] == 1.0 or dt > params[idx.RESTART_S]:
        state[idx.PHASE] = 1.0
        state[idx.COARSE_DV : idx.COARSE_DV + 3] = 0.0
        _empty_block(state)
    else:
        cov = _covariance(state)
        cov[[0, 1], [0, 1]] += min(turn_rad, params[idx.GAP_TILT_RAD]) ** 2
        cov[[2, 3], [2, 3]] += state[idx.ACTIVITY2] * dt * dt


def _levelled(quat: Floats, force: Floats) -> Floats:
    """(n,4) orientations, each rotated by the smallest angle that makes its force (n,3, earth frame) vertical."""
    norm = np.linalg.norm(force, axis=1)
    known = norm > 0.0
    x, y, z = (force / np.where(known, norm, 1.0)[:, None]).T
    turn = np.stack([1.0 + z, y, -x, np.zeros(len(z))], axis=1)
    turn[z < -1.0 + 1e-12] = [0.0, 1.0, 0.0, 0.0]
    turn[~known] = [1.0, 0.0, 0.0, 0.0]
    return _normalized(_product(turn, quat))


def _has_quaternion(chip: Floats) -> bool:
    """Whether the chip gave an orientation: zeros mean missing, and a norm far from 1 is not a rotation."""
    return chip.size > 0 and 0.5 < float((chip * chip).sum()) < 2.0


def _normalized(quat: Floats) -> Floats:
    unit: Floats = quat / np.linalg.norm(quat, axis=-1, keepdims=True)
    return unit


def _to_earth(quat: Floats, vector: Floats) -> Floats:
    """(n,3) vectors rotated from the sensor frame to the earth frame."""
    pure = np.hstack([np.zeros((len(vector), 1)), vector])
    return _product(_product(quat, pure), quat * CONJUGATE)[:, 1:]


def _product(p: Floats, q: Floats) -> Floats:
    """Hamilton product along the last axis."""
    a, b, c, d = np.moveaxis(p, -1, 0)
    w, x, y, z = np.moveaxis(q, -1, 0)
    return np.stack(
        [
            a * w - b * x - c * y - d * z,
            a * x + b * w + c * z - d * y,
            a * y - b * z + c * w + d * x,
            a * z + b * y - c * x + d * w,
        ],
        axis=-1,
    )
