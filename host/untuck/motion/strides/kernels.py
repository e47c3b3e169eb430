"""The loop over samples after orientation: acceleration in the earth frame and step detection.

Plain functions on arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run uncompiled.
"""

from __future__ import annotations

from math import pi, sqrt, tan

import numpy as np

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.jit import entry, inner

# parameters of the step detector
T_LOWPASS_HZ, T_FLIGHT_HZ, T_LEVEL_G, T_REFRACTORY_S, T_RESET_GAP_S, T_HOLD_S = range(6)

# columns of a step row
(
    STEP_INDEX,  # sample at which the step is known, T_HOLD_S after the hump's end
    STEP_UP_S,  # upward crossing
    STEP_DOWN_S,
    STEP_PREV_UP_S,  # upward crossing of the previous step; NaN after a gap
    STEP_PEAK_G,
    STEP_PEAK_S,
    STEP_FLIGHT_G,  # lowest vertical acceleration since the previous hump
    STEP_RAW_G,  # highest vertical acceleration within the hump, at the flight filter's bandwidth
    STEP_SINCE_S,  # start of the samples without a long gap
    STEP_GAP_S,  # longest time between two samples since the previous hump
) = range(10)
STEP_COLUMNS = 10

# state: of the last sample, then two filters (two integrators each, then their outputs), then two step rows
S_STARTED, S_TIME, S_AV, S_SLOPE, S_IN_HUMP, S_HELD, S_FILTERS = range(7)
S_LOW, S_FLY = S_FILTERS + 4, S_FILTERS + 5
S_NOW = S_FILTERS + 6  # the step in progress
S_ROW = S_NOW + STEP_COLUMNS  # a finished step, held until the samples after toe-off are known
TRACK_STATE_SIZE = S_ROW + STEP_COLUMNS

_FLIGHT_UNKNOWN_G = -9.0  # low: before the first hump, a flight is assumed
_SQRT_2 = sqrt(2.0)
_SUBSTEP_S = 0.011  # longest step of the filters: the signal is interpolated over longer intervals


@inner
def _filter(par: Floats, state: Floats, x: float, dt: float) -> None:
    """One step of both 2nd-order Butterworth low-passes, as state-variable filters for variable dt (Zavalishin)."""
    for f in range(2):
        i = S_FILTERS + 2 * f
        g = tan(pi * par[T_LOWPASS_HZ + f] * dt)
        a1 = 1.0 / (1.0 + g * (g + _SQRT_2))
        band, low = state[i], state[i + 1]
        v1 = a1 * (band + g * (x - low))
        v2 = low + g * v1
        state[i] = 2.0 * v1 - band
        state[i + 1] = 2.0 * v2 - low
        state[S_LOW + f] = v2


@inner
def _end_hump(state: Floats, time: float) -> None:
    """Store a finished hump as the held step and reset what is measured between humps."""
    state[S_NOW + STEP_DOWN_S] = time
    for j in range(STEP_COLUMNS):
        state[S_ROW + j] = state[S_NOW + j]
    state[S_NOW + STEP_PREV_UP_S] = state[S_NOW + STEP_UP_S]
    state[S_NOW + STEP_FLIGHT_G] = state[S_NOW + STEP_GAP_S] = state[S_IN_HUMP] = 0.0
    state[S_HELD] = 1.0


@inner
def _release(state: Floats, index: int, steps: Floats, out_row: int) -> int:
    """Write the held step, known at sample `index`, to row `out_row` of steps; returns the number of rows, 0 or 1."""
    if state[S_HELD] == 0.0:
        return 0
    for j in range(STEP_COLUMNS):
        steps[out_row, j] = state[S_ROW + j]
    steps[out_row, STEP_INDEX] = index
    state[S_HELD] = 0.0
    return 1


def last_step(par: Floats, state: Floats, index: int, row: Floats) -> bool:
    """End of a recording: `row` becomes the held step, or that of a falling hump, its end extrapolated linearly."""
    going_down = state[S_IN_HUMP] != 0.0 and state[S_SLOPE] < 0.0
    if going_down:
        row[:] = state[S_NOW:S_ROW]
        row[STEP_DOWN_S] = state[S_TIME] + (state[S_LOW] - par[T_LEVEL_G]) / -state[S_SLOPE]
    elif state[S_HELD] != 0.0:
        row[:] = state[S_ROW:]
    known = going_down or state[S_HELD] != 0.0
    row[STEP_INDEX] = index
    state[S_IN_HUMP] = state[S_HELD] = 0.0
    return bool(known)


@inner
def _restart(state: Floats, time: float, av: float) -> None:
    """Reset the detector, at the first sample or the first one after a gap that may hide a contact."""
    for j in range(TRACK_STATE_SIZE):
        state[j] = 0.0
    state[S_STARTED] = 1.0
    state[S_TIME], state[S_AV], state[S_NOW + STEP_SINCE_S] = time, av, time
    state[S_NOW + STEP_PREV_UP_S] = np.nan
    state[S_NOW + STEP_FLIGHT_G] = _FLIGHT_UNKNOWN_G


@entry
def track_chunk(
    par: Floats,
    state: Floats,
    first: int,
    end: int,
    time_s: Floats,
    acc: Floats,
    quat: Floats,
    earth: Floats,
    shift: int,
    base: int,
    steps: Floats,
) -> int:
    """Earth acceleration and steps in samples first..end-1; returns the number of rows written to `steps`.

    Reads time_s (n,), acc (n,3) and quat; writes earth in m/s^2 without gravity and steps (m, STEP_COLUMNS). Sample i
    is row i + shift of quat (k,4) and earth (k,3), whose first row is sample number `base` of the stream. A step is one
    hump of the low-passed vertical acceleration.
    """
    found = np.int64(0)  # numba would compile callees a second time for the literal 0
    for i in range(first, end):
        row = i + shift
        number = row + base
        q0, q1, q2, q3 = quat[row, 0], quat[row, 1], quat[row, 2], quat[row, 3]
        ax, ay, az = acc[i, 0], acc[i, 1], acc[i, 2]
        tx, ty, tz = 2.0 * (q2 * az - q3 * ay), 2.0 * (q3 * ax - q1 * az), 2.0 * (q1 * ay - q2 * ax)
        up = az + q0 * tz + q1 * ty - q2 * tx - GRAVITY_M_S2
        earth[row, 0] = ax + q0 * tx + q2 * tz - q3 * ty
        earth[row, 1] = ay + q0 * ty + q3 * tx - q1 * tz
        earth[row, 2] = up
        av, now = up / GRAVITY_M_S2, time_s[i]
        gap = now - state[S_TIME]
        if state[S_STARTED] == 0.0 or gap > par[T_RESET_GAP_S]:
            found += _release(state, number - 1, steps, found)
            _restart(state, now, av)
            continue
        if gap > state[S_NOW + STEP_GAP_S]:
            state[S_NOW + STEP_GAP_S] = gap
        parts = int(gap / _SUBSTEP_S) + 1
        dt = gap / parts
        av_step = (av - state[S_AV]) / parts
        for _ in range(parts):
            found += _advance(par, state, number, dt, av_step, steps, found)
        # again, because a hump that ended within the gap has reset it
        if gap > state[S_NOW + STEP_GAP_S]:
            state[S_NOW + STEP_GAP_S] = gap
    return found  # type: ignore[return-value]  # int() takes long to compile


@inner
def _advance(par: Floats, state: Floats, index: int, dt: float, av_step: float, steps: Floats, out_row: int) -> int:
    """One time step of the step detector; 1 if a step became known, written to row `out_row` of steps."""
    time, av, before = state[S_TIME] + dt, state[S_AV] + av_step, state[S_LOW]
    _filter(par, state, av, dt)
    y, fly, level = state[S_LOW], state[S_FLY], par[T_LEVEL_G]
    state[S_TIME], state[S_AV], state[S_SLOPE] = time, av, (y - before) / dt
    found = 0
    if state[S_HELD] != 0.0 and time >= state[S_ROW + STEP_DOWN_S] + par[T_HOLD_S]:
        found = _release(state, index, steps, out_row)
    if state[S_IN_HUMP] == 0.0:
        if fly < state[S_NOW + STEP_FLIGHT_G]:
            state[S_NOW + STEP_FLIGHT_G] = fly
        if before < level <= y:
            up = time - dt * (y - level) / (y - before)
            if not up - state[S_NOW + STEP_PREV_UP_S] < par[T_REFRACTORY_S]:
                found += _release(state, index, steps, out_row + found)
                state[S_IN_HUMP], state[S_NOW + STEP_UP_S] = 1.0, up
                state[S_NOW + STEP_PEAK_G], state[S_NOW + STEP_PEAK_S], state[S_NOW + STEP_RAW_G] = y, time, fly
    else:
        if y > state[S_NOW + STEP_PEAK_G]:
            state[S_NOW + STEP_PEAK_G], state[S_NOW + STEP_PEAK_S] = y, time
        if fly > state[S_NOW + STEP_RAW_G]:
            state[S_NOW + STEP_RAW_G] = fly
        if y < level:
            _end_hump(state, time - dt * (y - level) / (y - before))
    return found
