"""The loops over one stride: angles of the pelvis, curves on an even grid of phase, their harmonics and measures.

Plain functions on arrays, compiled by numba; with NUMBA_DISABLE_JIT=1 they run uncompiled.
"""

from __future__ import annotations

from math import asin, atan2, cos, floor, pi, sin, sqrt

import numpy as np

from untuck.model import Floats
from untuck.motion.jit import entry, inner


@entry
def pelvis_angles(quat: Floats, first: int, end: int, mount: Floats, out: Floats) -> float:
    """Tilt, obliquity, heading in rad of the pelvis in samples first..end-1; returns the mean of P.y . up.

    quat (n,4); mount (3,3), rows P.x P.y P.z in S; out (end - first, 3). Tilt is -asin(P.x . up), obliquity
    asin(P.z . up); heading counter-clockwise from above, unwrapped within the call.
    """
    fx, fy, fz = mount[0, 0], mount[0, 1], mount[0, 2]
    yx, yy, yz = mount[1, 0], mount[1, 1], mount[1, 2]
    rx, ry, rz = mount[2, 0], mount[2, 1], mount[2, 2]
    turn = 2.0 * pi
    last = upright = 0.0
    for i in range(end - first):
        a, b, c, d = quat[first + i, 0], quat[first + i, 1], quat[first + i, 2], quat[first + i, 3]
        bb, cc, dd = b * b, c * c, d * d
        x, y, z = 2.0 * (b * d - a * c), 2.0 * (c * d + a * b), 1.0 - 2.0 * (bb + cc)  # up, in S
        out[i, 0] = -asin(min(1.0, max(-1.0, fx * x + fy * y + fz * z)))
        out[i, 1] = asin(min(1.0, max(-1.0, rx * x + ry * y + rz * z)))
        upright += yx * x + yy * y + yz * z
        east = (1.0 - 2.0 * (cc + dd)) * rx + 2.0 * (b * c - a * d) * ry + 2.0 * (b * d + a * c) * rz
        north = 2.0 * (b * c + a * d) * rx + (1.0 - 2.0 * (bb + dd)) * ry + 2.0 * (c * d - a * b) * rz
        heading = atan2(east, -north)
        if i > 0:
            heading += turn * floor((last - heading) / turn + 0.5)
        out[i, 2] = last = heading
    return upright / (end - first)


# measures of a stride; the first ones are fields of its record
(
    N_TILT_DEG,
    N_TILT_MIN_DEG,
    N_TILT_MAX_DEG,
    N_OBLIQUITY_RANGE_DEG,
    N_ROTATION_RANGE_DEG,
    N_TURN_DEG_S,
    N_TRAVEL_DEG,
    N_OSCILLATION_MM,
    N_OBLIQUITY_DEG,
    N_FORWARD,  # means of the horizontal and vertical component of the pelvis's long axis, for lean
    N_UPWARD,
    N_ACCEL_FORWARD,  # mean acceleration in the direction that the pelvis faces
    N_CORRELATION,
    N_HEADING,  # mean, in rad
    N_UPRIGHT,
    N_LONGEST_S,  # between two samples
    N_MISSING_S,  # sum of the gaps between samples, beyond the usual interval
    N_GAPS6_S6,  # sum of the sixth powers of those intervals
    N_FACING_X,  # direction of travel by the spring of the legs, ahead and to the left of where the pelvis faces
    N_FACING_Y,
) = range(20)
STRIDE_NUMBERS = 20
GAP_INTERVALS = 1.6  # usual intervals: a longer one is a gap
_DEG = 180.0 / pi
_LEAN_EVERY = 2  # points of a stride: more do not change the mean of such slow curves


@entry
def measure_stride(
    time_s: Floats,
    quat: Floats,
    earth: Floats,
    known: int,
    start_s: float,
    end_s: float,
    usual_dt_s: float,
    mount: Floats,
    line: Floats,
    basis: Floats,
    typical: Floats,
    share: float,
    angles: Floats,
    curves: Floats,
    harmonics: Floats,
    out: Floats,
) -> None:
    """The curves of the stride from start_s to end_s, their harmonics, and its measures.

    time_s (n,), quat (n,4), earth (n,3) m/s^2 without gravity, of which the first `known` samples are valid, usually
    usual_dt_s apart; mount (3,3), rows P.x P.y P.z in S; line (P,) gives the drift of heading; basis (P, 2 H) cosine
    and sine; typical (P,) the runner's own vertical acceleration, into which the previous stride, still in `curves`, is
    averaged with weight `share`; angles (m,3) is scratch for at most m samples. Writes curves (6, P) at phases
    (k + 0.5) / P: tilt, obliquity, rotation in rad, earth acceleration x, y, z; harmonics (4, 2 H) of the last four
    curves; out (STRIDE_NUMBERS,).
    """
    if share > 0.0:
        for j in range(len(typical)):
            typical[j] += (curves[5, j] - typical[j]) * share
    end = known
    while end > 1 and time_s[end - 2] >= end_s:
        end -= 1
    first = end
    while first > 0 and time_s[first - 1] >= start_s and end - first < len(angles) - 1:
        first -= 1
    if first > 0:
        first -= 1
    out[N_UPRIGHT] = pelvis_angles(quat, first, end, mount, angles)
    out[N_LONGEST_S] = usual_dt_s
    _curves(time_s, angles, earth, first, end, start_s, end_s, curves, out)
    _summarise(curves, line, typical, end_s - start_s, out)
    _harmonics(curves, basis, end_s - start_s, harmonics, out)
    _travel_direction(harmonics, out)


@inner
def _curves(
    time_s: Floats,
    angles: Floats,
    earth: Floats,
    first: int,
    end: int,
    start_s: float,
    end_s: float,
    curves: Floats,
    out: Floats,
) -> None:
    """Angles and acceleration on an even grid of phase, by linear interpolation between samples first..end-1.

    out[N_LONGEST_S] holds the usual interval when called, then the longest.
    """
    points = curves.shape[1]
    last, longest_s, usual_s = first, 0.0, out[N_LONGEST_S]
    missing_s = gaps6 = 0.0
    while last + 1 < end and time_s[last] < end_s:
        dt = time_s[last + 1] - time_s[last]
        longest_s = max(longest_s, dt)
        if dt > GAP_INTERVALS * usual_s:
            missing_s += dt - usual_s
            cube = dt * dt * dt
            gaps6 += cube * cube
        last += 1
    out[N_LONGEST_S], out[N_MISSING_S], out[N_GAPS6_S6] = longest_s, missing_s, gaps6
    step_s, i = (end_s - start_s) / points, first
    for k in range(points):
        now_s = start_s + step_s * (k + 0.5)
        while i + 1 < last and time_s[i + 1] < now_s:
            i += 1
        w, row = (now_s - time_s[i]) / (time_s[i + 1] - time_s[i]), i - first
        for j in range(3):
            curves[j, k] = angles[row, j] + w * (angles[row + 1, j] - angles[row, j])
            curves[3 + j, k] = earth[i, j] + w * (earth[i + 1, j] - earth[i, j])


@inner
def _summarise(curves: Floats, line: Floats, typical: Floats, duration_s: float, out: Floats) -> None:
    """Remove the drift of heading and the mean of vertical acceleration; write the measures of all curves to `out`."""
    points = curves.shape[1]
    drift = heading = x = y = up = 0.0
    for k in range(points):
        drift += line[k] * curves[2, k]
        heading += curves[2, k]
        x += curves[3, k]
        y += curves[4, k]
        up += curves[5, k]
    heading /= points
    mean, up = heading - 0.5 * drift, up / points
    out[N_HEADING], out[N_ACCEL_FORWARD] = heading, (x * cos(heading) + y * sin(heading)) / points
    out[N_TURN_DEG_S] = _DEG * drift / duration_s
    forward = upward = tilt = obliquity = own = both = size = 0.0
    tilt_min = side_min = turn_min = np.inf
    tilt_max = side_max = turn_max = -np.inf
    for k in range(points):
        lean, side, turn = curves[0, k], curves[1, k], curves[2, k] - (drift * (k + 0.5) / points + mean)
        rise, usual = curves[5, k] - up, typical[k]
        curves[2, k], curves[5, k] = turn, rise
        tilt += lean
        obliquity += side
        tilt_min, tilt_max = min(tilt_min, lean), max(tilt_max, lean)
        side_min, side_max = min(side_min, side), max(side_max, side)
        turn_min, turn_max = min(turn_min, turn), max(turn_max, turn)
        if k % _LEAN_EVERY == 0:
            forward += sin(lean)
            upward += cos(lean) * cos(side)
        size += rise * rise
        own += usual * usual
        both += rise * usual
    out[N_TILT_DEG], out[N_OBLIQUITY_DEG] = _DEG * tilt / points, _DEG * obliquity / points
    out[N_TILT_MIN_DEG], out[N_TILT_MAX_DEG] = _DEG * tilt_min, _DEG * tilt_max
    out[N_OBLIQUITY_RANGE_DEG], out[N_ROTATION_RANGE_DEG] = _DEG * (side_max - side_min), _DEG * (turn_max - turn_min)
    out[N_FORWARD], out[N_UPWARD] = _LEAN_EVERY * forward / points, _LEAN_EVERY * upward / points
    size *= own
    out[N_CORRELATION] = both / sqrt(size) if size > 0.0 else 1.0


@inner
def _harmonics(curves: Floats, basis: Floats, duration_s: float, harmonics: Floats, out: Floats) -> None:
    """Harmonics of the last four curves, and oscillation: the range of vertical acceleration integrated twice."""
    points, count = basis.shape
    for c in range(4):
        for h in range(count):
            harmonics[c, h] = 0.0
        for k in range(points):
            x = curves[2 + c, k]
            for h in range(count):
                harmonics[c, h] += basis[k, h] * x
    low, high, unit = np.inf, -np.inf, duration_s / (2.0 * pi)
    unit *= unit * 0.5 * points
    for k in range(points):
        height = 0.0
        for h in range(count):
            order = h // 2 + 1
            height -= unit / (order * order) * harmonics[3, h] * basis[k, h]
        low, high = min(low, height), max(high, height)
    out[N_OSCILLATION_MM] = 1e3 * (high - low)


@inner
def _travel_direction(harmonics: Floats, out: Floats) -> None:
    """Mean heading relative to the main axis of the horizontal acceleration's harmonics two and four, and its sign.

    These harmonics are equal in both steps, so that their axis is the direction of travel. A runner is fastest where
    the pelvis is highest, as a mass on a spring (R. Blickhan, "The spring-mass model for running and hopping", J.
    Biomechanics 22, 1989): the direction in which step-frequency velocity correlates with height is ahead.
    """
    xx = yy = xy = 0.0
    up_cos, up_sin = harmonics[3, 2], harmonics[3, 3]
    east = up_cos * harmonics[1, 3] - up_sin * harmonics[1, 2]
    north = up_cos * harmonics[2, 3] - up_sin * harmonics[2, 2]
    ahead, aside = cos(out[N_HEADING]), sin(out[N_HEADING])
    out[N_FACING_X], out[N_FACING_Y] = east * ahead + north * aside, north * ahead - east * aside
    for h in range(2, 8):
        if h // 2 != 2:
            x, y = harmonics[1, h], harmonics[2, h]
            xx += x * x
            yy += y * y
            xy += x * y
    off = out[N_HEADING] - 0.5 * atan2(2.0 * xy, xx - yy)
    out[N_TRAVEL_DEG] = _DEG * (off - pi * floor(off / pi + 0.5))
