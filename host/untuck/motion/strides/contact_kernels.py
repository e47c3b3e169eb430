"""The loops that time one step: contact and toe-off, from the part of the step in which force exceeds body weight.

The vertical acceleration of the pelvis's centre, a fixed lever in front of the clip, is close to that of the whole
body: it crosses zero where the ground's force equals body weight. Contact begins before and ends after that part, by
times that a linear model estimates from few measures of the step. Averages over time bins, with linear interpolation
between samples, make any rate work. Plain functions on arrays, compiled by numba; contact_weights.py holds the weights.
"""

from __future__ import annotations

from math import nan, sqrt

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.jit import entry, inner
from untuck.motion.strides.edge_kernels import bin_means, follow_edges, step_time
from untuck.motion.strides.kernels import STEP_DOWN_S, STEP_PEAK_G, STEP_UP_S

COMPILED_IN = {"strides/edge_kernels.py": 0xE85CA0D9, "strides/kernels.py": 0xCFC2AB66}

# From the clip to the pelvis's centre, forward. Among 0 to 0.2 m, the vertical acceleration of this point is closest to
# the force plate's (RMS of the difference 0.33 instead of 0.50 g; both halves of the runners agree)
LEVER_M = 0.12
NO_ROTATION = 0.01  # range of P.x . up in a second of running below which the sensor has no gyroscope: runners have 0.1
GRID_S = 0.01
SMOOTH_BINS = 5  # of the grid: a mean over 50 ms
GRID_MAX = 96
_BEFORE_S, _AFTER_S = 0.2, 0.03  # of the grid, from the hump's edges
_PEAK_S = 0.06  # the peak of force is earlier than that of the hump by about this
_UNLOADED_G = -0.4
HISTORY_S = 1.0  # before the hump's end, for the direction in which the pelvis faces
_MISSING_MAX_S = 0.045  # a longer interval between samples would leave bins without data
_MARGIN_S = 0.05  # that must be recorded before contact and after toe-off
_SHIFT_MAX_S = 0.1  # from the hump's guess; beyond, it was not a step

# measures of a step, in the order of the weights
(
    X_STEP_S,  # time since the previous step
    X_LOADED_S,  # force above body weight
    X_PROPULSION_M_S,  # forward speed gained in that time
    X_UNLOADING_S,  # from body weight to 0.6 body weights
    X_LATER_S,  # the clip's own acceleration crosses zero so much later than that of the pelvis's centre
    X_HUMP_G,  # height of the hump
    X_IMPULSE_M_S,  # upward speed gained while force exceeds body weight
) = range(7)
FEATURES = 7


@entry
def hump_edges(row: Floats, lags: Floats, out: Floats) -> None:
    """First guess of contact and toe-off in s, out (2,), of a step row: the hump's edges less their lags.

    lags (2, 4): constant, per s of step time, per g of hump height, per s of hump length.
    """
    step_s, length_s = step_time(row), row[STEP_DOWN_S] - row[STEP_UP_S]
    for e in range(2):
        lag_s = lags[e, 0] + lags[e, 1] * step_s + lags[e, 2] * row[STEP_PEAK_G] + lags[e, 3] * length_s
        out[e] = (row[STEP_UP_S] if e == 0 else row[STEP_DOWN_S]) - lag_s


@inner
def _project(time_s: Floats, quat: Floats, earth: Floats, forward: Floats, signals: Floats) -> float:
    """Accelerations in g, signals (3, n): of the clip upward and forward, and of the pelvis's centre upward.

    earth (n,3) m/s^2; forward (3,): P.x in sensor coordinates. Returns the range of P.x . up, which shows rotation.
    """
    fx, fy, fz = forward[0], forward[1], forward[2]
    x = y = 0.0
    low, high = 1.0, -1.0
    for i in range(len(quat)):
        q0, q1, q2, q3 = quat[i, 0], quat[i, 1], quat[i, 2], quat[i, 3]
        x += (1.0 - 2.0 * (q2 * q2 + q3 * q3)) * fx + 2.0 * (q1 * q2 - q0 * q3) * fy + 2.0 * (q1 * q3 + q0 * q2) * fz
        y += 2.0 * (q1 * q2 + q0 * q3) * fx + (1.0 - 2.0 * (q1 * q1 + q3 * q3)) * fy + 2.0 * (q2 * q3 - q0 * q1) * fz
        rise = 2.0 * (q1 * q3 - q0 * q2) * fx + 2.0 * (q2 * q3 + q0 * q1) * fy
        rise += (1.0 - 2.0 * (q1 * q1 + q2 * q2)) * fz
        signals[2, i] = rise
        low, high = min(low, rise), max(high, rise)
    size = max(sqrt(x * x + y * y), 1e-9) * GRAVITY_M_S2
    last, before = len(quat) - 1, 0.0
    for i in range(len(quat)):
        signals[1, i] = (x * earth[i, 0] + y * earth[i, 1]) / size
        signals[0, i] = earth[i, 2] / GRAVITY_M_S2
        slope = before
        if i < last:
            slope = (signals[2, i + 1] - signals[2, i]) / max(time_s[i + 1] - time_s[i], 1e-4)
        bend = 0.0
        if 0 < i < last:
            bend = (slope - before) / max(0.5 * (time_s[i + 1] - time_s[i - 1]), 1e-4)
        signals[2, i] = signals[0, i] + LEVER_M * bend / GRAVITY_M_S2
        before = slope
    return high - low


@inner
def _crossing(values: Floats, count: int, peak: int, level: float, way: int) -> float:
    """Where values (count,) leave their peak through the level, in grid points, forward (1) or back (-1); else -1."""
    i = peak
    while 0 <= i + way < count and values[i] > level:
        i += way
    if i == peak or values[i] > level:
        return -1.0
    inside = values[i - way]
    where: float = i - way * (level - values[i]) / (inside - values[i])
    return where


@inner
def _peak(values: Floats, first: int, last: int) -> int:
    best = first
    for i in range(first + 1, last):
        if values[i] > values[best]:
            best = i
    return best


@entry
def step_measures(
    time_s: Floats,
    quat: Floats,
    earth: Floats,
    forward: Floats,
    row: Floats,
    signals: Floats,
    grid: Floats,
    x: Floats,
    out: Floats,
) -> int:
    """Measures of a step row, x (FEATURES + 1,), which ends with a one, and when force exceeds body weight, out (2,) s.

    time_s (n,), quat (n,4), earth (n,3) m/s^2 without gravity: from about HISTORY_S before the hump's end to now;
    forward (3,): P.x in sensor coordinates; signals (3, n) and grid (3, GRID_MAX) are scratch. Returns 0,
    1 for a sensor without gyroscope, or -1 where force does not rise above body weight and fall again.
    """
    swing = _project(time_s, quat, earth, forward, signals)
    if swing < NO_ROTATION:
        return 1
    up_s, down_s = row[STEP_UP_S], row[STEP_DOWN_S]
    count = min(int((down_s - up_s + _BEFORE_S + _AFTER_S) / GRID_S), GRID_MAX - SMOOTH_BINS)
    bins = count + SMOOTH_BINS - 1
    start_s = up_s - _BEFORE_S - 0.5 * SMOOTH_BINS * GRID_S
    for j in range(3):
        bin_means(time_s, signals[j, : len(time_s)], start_s, GRID_S, grid[j, :bins])
        for i in range(count):
            total = 0.0
            for b in range(SMOOTH_BINS):
                total += grid[j, i + b]
            grid[j, i] = total / SMOOTH_BINS
    first = int((_BEFORE_S - _PEAK_S) / GRID_S)
    last = min(int((down_s - up_s + _BEFORE_S - _PEAK_S) / GRID_S), count)
    peak = _peak(grid[2], first, last)
    loaded, unloaded = _crossing(grid[2], count, peak, 0.0, -1), _crossing(grid[2], count, peak, 0.0, 1)
    light = _crossing(grid[2], count, peak, _UNLOADED_G, 1)
    clip = _crossing(grid[0], count, _peak(grid[0], first, last), 0.0, -1)
    if loaded < 0.0 or unloaded < 0.0 or light < 0.0 or clip < 0.0:
        return -1
    forward_g = upward_g = 0.0
    i = int(loaded) + 1
    while i <= unloaded:
        forward_g += max(grid[1, i], 0.0)
        upward_g += grid[2, i]
        i += 1
    x[X_STEP_S], x[X_LOADED_S] = step_time(row), (unloaded - loaded) * GRID_S
    x[X_PROPULSION_M_S], x[X_IMPULSE_M_S] = GRAVITY_M_S2 * GRID_S * forward_g, GRAVITY_M_S2 * GRID_S * upward_g
    x[X_UNLOADING_S], x[X_LATER_S] = (light - unloaded) * GRID_S, (clip - loaded) * GRID_S
    x[X_HUMP_G] = row[STEP_PEAK_G]
    out[0], out[1] = up_s - _BEFORE_S + loaded * GRID_S, up_s - _BEFORE_S + unloaded * GRID_S
    return 0


@inner
def _is_covered(time_s: Floats, from_s: float, to_s: float) -> bool:
    """Whether samples cover from_s..to_s without a gap above _MISSING_MAX_S."""
    if time_s[0] > from_s + _MISSING_MAX_S or time_s[-1] < to_s - _MISSING_MAX_S:
        return False
    for i in range(len(time_s) - 1):
        if time_s[i + 1] - time_s[i] > _MISSING_MAX_S and time_s[i + 1] > from_s:
            return False
    return True


@inner
def time_step(
    time_s: Floats,
    quat: Floats,
    earth: Floats,
    forward: Floats,
    row: Floats,
    lags: Floats,
    weights: Floats,
    edges: Floats,
    signals: Floats,
    grid: Floats,
    x: Floats,
    out: Floats,
) -> bool:
    """Contact and toe-off in s of a step row, out (2,).

    lags as in `hump_edges`; weights (2, FEATURES + 1): from the ends of the time above body weight to contact and to
    toe-off, in s; edges, for a sensor without gyroscope, as in `follow_edges`; other arguments as in
    `step_measures`. Returns False, and leaves the guess from the hump in `out`, where samples are missing
    or the result is too far from it for a step.
    """
    hump_edges(row, lags, out)
    contact_s, toe_off_s = out[0], out[1]
    if not _is_covered(time_s, contact_s - _MARGIN_S, toe_off_s + _MARGIN_S):
        return False
    kind = step_measures(time_s, quat, earth, forward, row, signals, grid, x, out)
    if kind == 1:
        out[0], out[1] = contact_s, toe_off_s
        follow_edges(time_s, signals, row, edges, grid[0], out)
    elif kind == 0:
        for e in range(2):
            for j in range(FEATURES + 1):
                out[e] += weights[e, j] * x[j]
    if kind < 0 or abs(out[0] - contact_s) >= _SHIFT_MAX_S or abs(out[1] - toe_off_s) >= _SHIFT_MAX_S:
        out[0], out[1] = contact_s, toe_off_s
        return False
    return True


@entry
def measure_step(
    time_s: Floats,
    quat: Floats,
    earth: Floats,
    known: int,
    mount: Floats,
    row: Floats,
    lags: Floats,
    weights: Floats,
    edges: Floats,
    window_s: Floats,
    signals: Floats,
    grid: Floats,
    x: Floats,
    out: Floats,
) -> None:
    """Contact and toe-off in s of a step row, height of the right side in mid-stance, guesses from the hump: out (5,).

    time_s (n,), quat (n,4), earth (n,3), of which the first `known` samples are valid; mount (3,3), rows P.x P.y P.z in
    S; window_s (3,) as in `_stance_height`; signals (3, m) is scratch for at most m samples; others as in `time_step`.
    """
    from_s, first = row[STEP_DOWN_S] - HISTORY_S, known
    while first > 0 and time_s[first - 1] >= from_s and known - first < signals.shape[1]:
        first -= 1
    seen = time_s[first:known], quat[first:known], earth[first:known]
    hump_edges(row, lags, out)
    out[3], out[4] = out[0], out[1]
    time_step(*seen, mount[0], row, lags, weights, edges, signals, grid, x, out)
    out[2] = _stance_height(time_s, quat, known, mount, out[0], window_s)


@inner
def _stance_height(
    time_s: Floats, quat: Floats, known: int, mount: Floats, contact_s: float, window_s: Floats
) -> float:
    """Mean of P.z . up (height of the right side) in mid-stance, less its mean over some strides; NaN without samples.

    window_s (3,): start and end of mid-stance after contact, and length of the longer mean, which ends with it.
    """
    rx, ry, rz = mount[2, 0], mount[2, 1], mount[2, 2]
    stance_s, end_s = contact_s + window_s[0], contact_s + window_s[1]
    start_s = end_s - window_s[2]
    whole = stance = count = inside = 0.0
    i = known - 1
    while i >= 0 and time_s[i] >= start_s:
        if time_s[i] <= end_s:
            a, b, c, d = quat[i, 0], quat[i, 1], quat[i, 2], quat[i, 3]
            x, y, z = 2.0 * (b * d - a * c), 2.0 * (c * d + a * b), 1.0 - 2.0 * (b * b + c * c)
            height = rx * x + ry * y + rz * z
            whole += height
            count += 1.0
            if time_s[i] >= stance_s:
                stance += height
                inside += 1.0
        i -= 1
    return stance / inside - whole / count if inside > 0.0 else nan
