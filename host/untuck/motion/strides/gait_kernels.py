"""The loop that measures the gait of one step: how the pelvis's height and its forward velocity move together.

Sinusoids with the period of the step are fitted to the acceleration in the earth frame, so that uneven sample times do
no harm. Plain functions on arrays, compiled by numba.
"""

from __future__ import annotations

from math import cos, pi, sin, sqrt

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.jit import entry
from untuck.motion.strides.kernels import STEP_PREV_UP_S, STEP_UP_S

COMPILED_IN = {"strides/kernels.py": 0xCFC2AB66}

# what is measured of a step, in order
GAIT_SPRING, GAIT_LIFT_G, GAIT_FORWARD, GAIT_RIGHT = range(4)
GAIT_NUMBERS = 4
SUMS = 15  # scratch: of 1, cos, sin, cos^2, cos sin, sin^2, then of x, y, z each alone, times cos, times sin
_SAMPLES_MIN = 8.0  # for three unknowns and some redundancy; at 50 Hz the shortest step has ten

_DETERMINANT_MIN = 0.02  # of the samples' mean square; 0.25 for even times, less where a gap hides most of the step


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
    start_s, end_s = row[STEP_PREV_UP_S], row[STEP_UP_S]
    for j in range(SUMS):
        sums[j] = 0.0
    east = north = 0.0  # of the mean P.x, level
    i = known - 1
    while i >= 0 and time_s[i] > start_s:  # never for a NaN
        if time_s[i] <= end_s:
            angle = 2.0 * pi * (time_s[i] - start_s) / (end_s - start_s)
            c, s = cos(angle), sin(angle)
            sums[0] += 1.0
            sums[1] += c
            sums[2] += s
            sums[3] += c * c
            sums[4] += c * s
            sums[5] += s * s
            for axis in range(3):
                sums[6 + axis] += earth[i, axis]
                sums[9 + axis] += earth[i, axis] * c
                sums[12 + axis] += earth[i, axis] * s
            q0, q1, q2, q3 = quat[i, 0], quat[i, 1], quat[i, 2], quat[i, 3]
            east += (1.0 - 2.0 * (q2 * q2 + q3 * q3)) * mount[0, 0] + 2.0 * (q1 * q2 - q0 * q3) * mount[0, 1]
            east += 2.0 * (q1 * q3 + q0 * q2) * mount[0, 2]
            north += 2.0 * (q1 * q2 + q0 * q3) * mount[0, 0] + (1.0 - 2.0 * (q1 * q1 + q3 * q3)) * mount[0, 1]
            north += 2.0 * (q2 * q3 - q0 * q1) * mount[0, 2]
        i -= 1
    count, level = sums[0], sqrt(east * east + north * north)
    if count < _SAMPLES_MIN or level == 0.0:
        return False
    cc, cs = sums[3] - sums[1] * sums[1] / count, sums[4] - sums[1] * sums[2] / count
    ss = sums[5] - sums[2] * sums[2] / count
    determinant = cc * ss - cs * cs
    if determinant < _DETERMINANT_MIN * count * count:
        return False
    for axis in range(3):  # least squares: the amplitudes of cosine and sine replace their sums
        along_c = sums[9 + axis] - sums[6 + axis] * sums[1] / count
        along_s = sums[12 + axis] - sums[6 + axis] * sums[2] / count
        sums[9 + axis] = (along_c * ss - along_s * cs) / determinant
        sums[12 + axis] = (along_s * cc - along_c * cs) / determinant
    east, north = east / level, north / level
    up_c, up_s = sums[11], sums[14]
    fore_c, fore_s = east * sums[9] + north * sums[10], east * sums[12] + north * sums[13]
    right_c, right_s = north * sums[9] - east * sums[10], north * sums[12] - east * sums[13]
    lift, fore = sqrt(up_c * up_c + up_s * up_s), fore_c * fore_c + fore_s * fore_s
    whole = sqrt(fore + right_c * right_c + right_s * right_s)
    if lift == 0.0 or whole == 0.0:
        return False
    # height is minus the vertical acceleration, velocity lags the forward acceleration by a quarter of the step
    out[GAIT_SPRING] = (up_c * fore_s - up_s * fore_c) / max(lift * sqrt(fore), 1e-12)
    out[GAIT_LIFT_G] = lift / GRAVITY_M_S2
    out[GAIT_FORWARD] = (up_c * fore_s - up_s * fore_c) / (lift * whole)
    out[GAIT_RIGHT] = (up_c * right_s - up_s * right_c) / (lift * whole)
    return True
