"""The loop that measures the gait of one step: how the pelvis's height and its forward velocity move together.

Sinusoids with the period of the step are fitted to the acceleration in the earth frame, so that uneven sample times do
no harm. Plain functions on arrays, compiled by numba.
"""

from __future__ import annotations

from math import cos, pi, sin, sqrt

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.jit import entry, inner
from untuck.motion.strides.kernels import STEP_PREV_UP_S, STEP_UP_S

COMPILED_IN = {"strides/kernels.py": 0xCFC2AB66}

# what is measured of a step, in order
GAIT_SPRING, GAIT_LIFT_G, GAIT_FORWARD, GAIT_RIGHT = range(4)
GAIT_NUMBERS = 4
SUMS = 15  # scratch: of 1, cos, sin, cos^2, cos sin, sin^2, then of x, y, z each alone, times cos, times sin
_FORWARD_EVERY = 4  # samples: the pelvis rotates slowly
_TINY = 1e-12
_SAMPLES_MIN = 8.0  # for three unknowns and some redundancy; at 50 Hz the shortest step has ten

_DETERMINANT_MIN = 0.02  # of the samples' mean square; 0.25 for even times, less where a gap hides most of the step


@inner
def _sum_step(time_s: Floats, earth: Floats, last: int, row: Floats, sums: Floats) -> int:
    """Write `sums` (SUMS,) of a step's samples, from the previous upward crossing to `last`; returns the first."""
    n = c1 = s1 = cc = cs = ss = x1 = y1 = z1 = xc = yc = zc = xs = ys = zs = 0.0
    start_s = row[STEP_PREV_UP_S]
    turn = 2.0 * pi / (row[STEP_UP_S] - start_s)
    i = last
    while i >= 0 and time_s[i] > start_s:
        angle = turn * (time_s[i] - start_s)
        c, s, x, y, z = cos(angle), sin(angle), earth[i, 0], earth[i, 1], earth[i, 2]
        n, c1, s1, cc, cs, ss = n + 1.0, c1 + c, s1 + s, cc + c * c, cs + c * s, ss + s * s
        x1, y1, z1 = x1 + x, y1 + y, z1 + z
        xc, yc, zc = xc + x * c, yc + y * c, zc + z * c
        xs, ys, zs = xs + x * s, ys + y * s, zs + z * s
        i -= 1
    sums[0], sums[1], sums[2], sums[3], sums[4], sums[5] = n, c1, s1, cc, cs, ss
    sums[6], sums[7], sums[8], sums[9], sums[10], sums[11] = x1, y1, z1, xc, yc, zc
    sums[12], sums[13], sums[14] = xs, ys, zs
    return i + 1


@inner
def _fit(sums: Floats) -> bool:
    """Replace the products in `sums` (SUMS,) by amplitudes of cosine and sine; False without enough samples."""
    count = sums[0]
    if count < _SAMPLES_MIN:
        return False
    cc, cs = sums[3] - sums[1] * sums[1] / count, sums[4] - sums[1] * sums[2] / count
    ss = sums[5] - sums[2] * sums[2] / count
    determinant = cc * ss - cs * cs
    if determinant < _DETERMINANT_MIN * count * count:
        return False
    for axis in range(3):
        along_c = sums[9 + axis] - sums[6 + axis] * sums[1] / count
        along_s = sums[12 + axis] - sums[6 + axis] * sums[2] / count
        sums[9 + axis] = (along_c * ss - along_s * cs) / determinant
        sums[12 + axis] = (along_s * cc - along_c * cs) / determinant
    return True


@entry
def measure_gait(
    time_s: Floats, quat: Floats, earth: Floats, known: int, mount: Floats, row: Floats, sums: Floats, out: Floats
) -> bool:
    """Correlation of height and forward velocity at step frequency, and its vertical acceleration: out (GAIT_NUMBERS,).

    GAIT_SPRING: the correlation, -1 to 1, negative where the pelvis is slowest when highest (pendulum, walking) and
    positive where it is slowest when lowest (spring, running). GAIT_LIFT_G: amplitude of the vertical acceleration.
    GAIT_FORWARD, GAIT_RIGHT: the same correlation along P.x and P.z, as shares of the whole horizontal amplitude.

    time_s (n,), quat (n,4), earth (n,3) m/s^2 without gravity, of which the first `known` samples are valid; mount
    (3,3), rows P.x P.y P.z in S; row: a step, measured between its upward crossings; sums (SUMS,) is scratch. Returns
    False, with `out` unchanged, if the step has no start or too few samples.
    """
    last = known - 1
    while last > 0 and time_s[last] > row[STEP_UP_S]:
        last -= 1
    first = _sum_step(time_s, earth, last, row, sums)
    if not _fit(sums):
        return False
    fx, fy, fz = mount[0, 0], mount[0, 1], mount[0, 2]
    east = north = 0.0  # of the mean P.x, level
    for i in range(first, last + 1, _FORWARD_EVERY):
        q0, q1, q2, q3 = quat[i, 0], quat[i, 1], quat[i, 2], quat[i, 3]
        east += (1.0 - 2.0 * (q2 * q2 + q3 * q3)) * fx + 2.0 * ((q1 * q2 - q0 * q3) * fy + (q1 * q3 + q0 * q2) * fz)
        north += (1.0 - 2.0 * (q1 * q1 + q3 * q3)) * fy + 2.0 * ((q1 * q2 + q0 * q3) * fx + (q2 * q3 - q0 * q1) * fz)
    level = max(sqrt(east * east + north * north), _TINY)
    east, north = east / level, north / level
    up_c, up_s = sums[11], sums[14]
    fore_c, fore_s = east * sums[9] + north * sums[10], east * sums[12] + north * sums[13]
    right_c, right_s = north * sums[9] - east * sums[10], north * sums[12] - east * sums[13]
    lift, fore = max(sqrt(up_c * up_c + up_s * up_s), _TINY), fore_c * fore_c + fore_s * fore_s
    whole = max(sqrt(fore + right_c * right_c + right_s * right_s), _TINY)
    # height is minus the vertical acceleration, velocity lags the forward acceleration by a quarter of the step
    forward, right = (up_c * fore_s - up_s * fore_c) / lift, (up_c * right_s - up_s * right_c) / lift
    out[GAIT_SPRING], out[GAIT_LIFT_G] = forward / max(sqrt(fore), _TINY), lift / GRAVITY_M_S2
    out[GAIT_FORWARD], out[GAIT_RIGHT] = forward / whole, right / whole
    return True
