"""Drives the compiled loops of the orientation filter: starts, the first alignment, gaps in time.

What happens once a sample or once a block is compiled, in orientation_kernels.py. What is rare is plain Python, here:
every line that numba compiles is paid for at the first start.
"""

from __future__ import annotations

import numpy as np

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.orientation import layout as at
from untuck.motion.orientation.kernels import advance

CONJUGATE = np.array([1.0, -1.0, -1.0, -1.0])


def new_state() -> Floats:
    """State before the first sample."""
    return np.zeros(at.STATE_SIZE)


def orient_aided(
    params: Floats,
    state: Floats,
    first: int,
    end: int,
    time_s: Floats,
    gyr: Floats,
    acc: Floats,
    chip: Floats,
    speed_m_s: Floats,
    quat_out: Floats,
    shift: int,
) -> None:
    """Advance `state` over samples first..end-1; writes rows first+shift.. of quat_out (m,4) wxyz, sensor to earth.

    time_s (n,); gyr (n,3) rad/s; acc (n,3) m/s^2; chip (n,4), the chip's quaternion, zeros where missing; speed_m_s
    (n,), NaN where unknown. The last two may have no rows at all. Time must increase, also from call to call.
    """
    cov = _covariance(state)
    i = first
    while i < end:
        if state.item(at.PHASE) == 0.0:
            _start(params, state, time_s[i], gyr[i], acc[i], chip[i : i + 1])
        coarse, before_s = state.item(at.PHASE) == 1.0, state.item(at.STAMP_S)
        begin = i
        i = advance(params, state, cov, begin, end, time_s, gyr, acc, chip, speed_m_s, quat_out, shift)
        if i == begin:  # a gap lies before this sample: what led up to it has now been weighed
            _bridge(params, state, time_s[i], gyr[i], chip[i : i + 1])
            continue
        if coarse:
            dt_s = np.diff(time_s[begin:i], prepend=before_s)
            _align(params, state, dt_s, acc[begin:i], quat_out[begin + shift : i + shift])
        state[at.CHIP : at.CHIP + 4] = chip[i - 1] if len(chip) else 0.0
        state[at.STAMP_S] = time_s[i - 1]


def _start(params: Floats, state: Floats, time_s: float, gyr: Floats, acc: Floats, chip: Floats) -> None:
    """Lay the first force on the vertical with the least turn; when already moving, rather take the chip's word."""
    state[:] = 0.0
    state[at.PHASE] = 1.0
    state[at.TIME_S] = state[at.STAMP_S] = time_s
    state[at.GYR : at.GYR + 3] = gyr
    state[at.MOVING_S] = params[at.LAUNCH_S]
    state[at.SWAY] = params[at.VELOCITY_M_S] ** 2
    diagonal = np.einsum("ii->i", _covariance(state)[: at.ERRORS])
    diagonal[at.BIAS_AT : at.MATRIX_AT] = params[at.BIAS_RAD_S] ** 2
    diagonal[at.MATRIX_AT :] = params[at.GAIN] ** 2
    if abs(np.linalg.norm(acc) - GRAVITY_M_S2) > params[at.REST_ACC_M_S2] and _known(chip):
        state[at.QUAT : at.QUAT + 4] = _unit(chip[0])
        _open(params, state, params[at.CHIP_TILT_RAD])
    else:
        state[at.QUAT : at.QUAT + 4] = _laid(np.array([[1.0, 0.0, 0.0, 0.0]]), acc[None])[0]


def _align(params: Floats, state: Floats, dt_s: Floats, acc: Floats, quat: Floats) -> None:
    """In the coarse phase: turn rows of `quat` so that the mean force since the start is up; at its end, keep that."""
    total = state[at.COARSE_DV : at.COARSE_DV + 3]
    force = np.cumsum(np.vstack([total, _to_earth(quat, acc) * dt_s[:, None]]), axis=0)[1:]
    total[:] = force[-1]
    if state[at.BLOCK_S] >= params[at.COARSE_S]:
        state[at.QUAT : at.QUAT + 4] = _laid(state[None, at.QUAT : at.QUAT + 4], force[-1:])[0]
        _open(params, state, 1.5 * params[at.VELOCITY_M_S] / (GRAVITY_M_S2 * state[at.BLOCK_S]))
    quat[:] = _laid(quat, force)


def _open(params: Floats, state: Floats, tilt_rad: float) -> None:
    """Filter from here on: tilt known to tilt_rad, velocity measured afresh, what was learnt of the gyro kept."""
    state[at.PHASE] = 2.0
    state[at.VELOCITY : at.VELOCITY + 2] = 0.0
    state[at.HAS_SPEED] = 0.0
    cov = _covariance(state)
    cov[: at.BIAS_AT, :] = cov[:, : at.BIAS_AT] = 0.0
    cov[[0, 1], [0, 1]] = tilt_rad**2
    cov[[2, 3], [2, 3]] = params[at.VELOCITY_M_S] ** 2
    _empty_block(state)


def _covariance(state: Floats) -> Floats:
    """(18,16) the covariance and its two rows more, a view of `state`."""
    return state[at.COV :].reshape(at.COV_SHAPE)


def _empty_block(state: Floats) -> None:
    state[at.BLOCK_S : at.BLOCK_END] = 0.0


def _bridge(params: Floats, state: Floats, time_s: float, gyr: Floats, chip: Floats) -> None:
    """A gap: turn as the chip did if that is known, else by the mean rate if short; own up to what was not seen.

    After RESTART_S the tilt is found afresh; what was learnt of the gyro stays.
    """
    dt = time_s - state[at.TIME_S]
    quat, before = state[at.QUAT : at.QUAT + 4], state[at.CHIP : at.CHIP + 4]
    turn_rad = np.sqrt(state[at.RATE2]) * dt
    if _known(before) and _known(chip):
        quat[:] = _unit(_product(_product(quat, before * CONJUGATE), chip[0]))
        turn_rad *= params[at.CHIP_SHARE]
    elif dt < params[at.GAP_TURN_S]:
        rate = 0.5 * (state[at.GYR : at.GYR + 3] + gyr) - state[at.BIAS : at.BIAS + 3]
        quat[:] = _unit(_product(quat, np.append(1.0, 0.5 * dt * rate)))
        turn_rad *= 0.5 * (dt / params[at.GAP_TURN_S]) ** 2
    state[at.TIME_S] = state[at.STAMP_S] = time_s
    state[at.CLOCK_COUNT] = 0.0
    state[at.GYR : at.GYR + 3] = gyr
    if state[at.PHASE] == 1.0 or dt > params[at.RESTART_S]:
        state[at.PHASE] = 1.0
        state[at.COARSE_DV : at.COARSE_DV + 3] = 0.0
        _empty_block(state)
    else:
        cov = _covariance(state)
        cov[[0, 1], [0, 1]] += min(turn_rad, params[at.GAP_TILT_RAD]) ** 2
        cov[[2, 3], [2, 3]] += state[at.ACTIVITY2] * dt * dt


def _laid(quat: Floats, force: Floats) -> Floats:
    """(n,4) orientations, each followed by the least turn that lays its force (n,3), earth frame, on the vertical."""
    norm = np.linalg.norm(force, axis=1)
    known = norm > 0.0
    x, y, z = (force / np.where(known, norm, 1.0)[:, None]).T
    turn = np.stack([1.0 + z, y, -x, np.zeros(len(z))], axis=1)
    turn[z < -1.0 + 1e-12] = [0.0, 1.0, 0.0, 0.0]
    turn[~known] = [1.0, 0.0, 0.0, 0.0]
    return _unit(_product(turn, quat))


def _known(chip: Floats) -> bool:
    """Whether the chip gave an orientation: zeros are missing, and what is far from unit is no rotation."""
    return chip.size > 0 and 0.5 < float((chip * chip).sum()) < 2.0


def _unit(quat: Floats) -> Floats:
    unit: Floats = quat / np.linalg.norm(quat, axis=-1, keepdims=True)
    return unit


def _to_earth(quat: Floats, vector: Floats) -> Floats:
    """(n,3) vectors of the sensor frame, in the earth frame."""
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
