"""The loops that time one step: contact and toe-off, refined from the acceleration around both.

Upward and forward acceleration are averaged over time bins (linear interpolation between samples, so that any rate
works). A linear model of the bins estimates the error of a guessed instant, which is moved until it converges.
Plain functions on arrays, compiled by numba; contact_weights.py holds the fitted weights.
"""

from __future__ import annotations

from math import log, nan, sqrt, tanh

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.jit import entry, inner
from untuck.motion.strides.kernels import STEP_DOWN_S, STEP_PEAK_G, STEP_PREV_UP_S, STEP_UP_S

COMPILED_IN = {"strides/kernels.py": 0xCFC2AB66}

BIN_S = 0.02
CONTACT_FROM_S, CONTACT_BINS = -0.10, 11  # relative to contact
TOE_OFF_FROM_S, TOE_OFF_BINS = -0.12, 9  # relative to toe-off
_FROM_S, _BINS = (CONTACT_FROM_S, TOE_OFF_FROM_S), (CONTACT_BINS, TOE_OFF_BINS)
AFTER_S = TOE_OFF_FROM_S + TOE_OFF_BINS * BIN_S  # that must be recorded after toe-off
FEATURES = 2 * (CONTACT_BINS + TOE_OFF_BINS) + 2  # both accelerations in every bin, then strength and step time
_STEP_BINS = 24  # of a step, for the RMS of the fore-aft acceleration
HISTORY_S = 1.0  # before the hump's end, for the direction in which the pelvis faces
_STRENGTH_G = 0.5  # usual RMS of the fore-aft acceleration
_MISSING_MAX_S = 0.045  # a longer interval between samples would leave bins without data
_ROUNDS, _CONVERGED_S = 5, 1e-4
_MOVE_MAX_S = 0.03  # in one round
_SHIFT_MAX_S = 0.06  # in all; beyond, it was not a step
_CORRECTION_MAX_S = 0.03  # by the network
_USUAL_STEP_S = 0.36  # step time of the first step after a break


@inner
def step_time(row: Floats) -> float:
    """Time since the previous step in s, or a usual one where there was none."""
    step_s: float = row[STEP_UP_S] - row[STEP_PREV_UP_S]
    return step_s if 0.2 <= step_s <= 0.6 else _USUAL_STEP_S


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
def _project(quat: Floats, earth: Floats, forward: Floats, signals: Floats) -> None:
    """signals (2, n): earth acceleration (n,3) in g, upward and in the mean forward direction of the pelvis.

    forward (3,): P.x in sensor coordinates.
    """
    fx, fy, fz = forward[0], forward[1], forward[2]
    x = y = 0.0
    for i in range(len(quat)):
        q0, q1, q2, q3 = quat[i, 0], quat[i, 1], quat[i, 2], quat[i, 3]
        x += (1.0 - 2.0 * (q2 * q2 + q3 * q3)) * fx + 2.0 * (q1 * q2 - q0 * q3) * fy + 2.0 * (q1 * q3 + q0 * q2) * fz
        y += 2.0 * (q1 * q2 + q0 * q3) * fx + (1.0 - 2.0 * (q1 * q1 + q3 * q3)) * fy + 2.0 * (q2 * q3 - q0 * q1) * fz
    size = max(sqrt(x * x + y * y), 1e-9) * GRAVITY_M_S2
    for i in range(len(quat)):
        signals[1, i] = (x * earth[i, 0] + y * earth[i, 1]) / size
        signals[0, i] = earth[i, 2] / GRAVITY_M_S2


@inner
def bin_means(time_s: Floats, signal: Floats, start_s: float, width_s: float, out: Floats) -> None:
    """out (b,): means of signal (n,) over bins of width_s from start_s on; the end samples are held beyond the data."""
    last = len(time_s) - 1
    i = 0
    beyond = last
    while beyond - i > 1:  # bisection: the samples around the start
        middle = (i + beyond) // 2
        if time_s[middle] <= start_s:
            i = middle
        else:
            beyond = middle
    for b in range(len(out)):
        now, end, area = start_s + b * width_s, start_s + (b + 1) * width_s, 0.0
        while now < end:
            while i < last and time_s[i + 1] <= now:
                i += 1
            x, slope, until = signal[i], 0.0, end
            if now < time_s[0]:
                until = time_s[0]
            elif i < last:
                until = time_s[i + 1]
                slope = (signal[i + 1] - x) / (time_s[i + 1] - time_s[i])
            until = until if until < end else end
            area += (x + slope * (0.5 * (now + until) - time_s[i])) * (until - now)
            now = until
        out[b] = area / width_s


@inner
def _signals_and_strength(
    time_s: Floats, quat: Floats, earth: Floats, forward: Floats, row: Floats, signals: Floats, x: Floats
) -> float:
    """signals (2, n) of a step; returns its strength, the RMS of the fore-aft acceleration in g.

    The logarithm of the strength, which grows with speed, and step time become the last two of x (FEATURES,).
    """
    _project(quat, earth, forward, signals)
    step_s = step_time(row)
    bin_means(time_s, signals[1], row[STEP_DOWN_S] - step_s, step_s / _STEP_BINS, x[:_STEP_BINS])
    total = 0.0
    for j in range(_STEP_BINS):
        total += x[j] * x[j]
    strength = max(sqrt(total / _STEP_BINS), 0.02)
    x[FEATURES - 2], x[FEATURES - 1] = log(strength / _STRENGTH_G), step_s
    return strength


@inner
def _bin_features(time_s: Floats, signals: Floats, strength: float, guesses_s: Floats, x: Floats) -> None:
    """All but the last two of x (FEATURES,), for the guessed instants of contact and toe-off, guesses_s (2,)."""
    first = 0
    for e in range(2):
        for signal in range(2):
            last = first + _BINS[e]
            bin_means(time_s, signals[signal], guesses_s[e] + _FROM_S[e], BIN_S, x[first:last])
            first = last
        for j in range(first - _BINS[e], first):  # fore-aft
            x[j] *= _STRENGTH_G / strength


@entry
def step_features(
    time_s: Floats,
    quat: Floats,
    earth: Floats,
    forward: Floats,
    row: Floats,
    guesses_s: Floats,
    signals: Floats,
    out: Floats,
) -> None:
    """Features of one step for several guesses, to fit the weights of `time_step`.

    guesses_s (m, 2) contact and toe-off; out (m, FEATURES); other arguments as in `time_step`.
    """
    for g in range(len(guesses_s)):
        strength = _signals_and_strength(time_s, quat, earth, forward, row, signals, out[g])
        _bin_features(time_s, signals, strength, guesses_s[g], out[g])


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
    signals: Floats,
    x: Floats,
    out: Floats,
) -> bool:
    """Contact and toe-off in s of a step row, out (2,): the hump's edges, refined by the linear model.

    time_s (n,), quat (n,4), earth (n,3) m/s^2 without gravity: from about HISTORY_S before the hump's end to now;
    forward (3,): P.x in sensor coordinates; lags as in `hump_edges`; weights (2, FEATURES + 1), the last column
    constant: offset in s of contact and of toe-off from their guesses; signals (2, n) is scratch, x begins with the
    last FEATURES. Returns False, and leaves the hump's edges in `out`, where samples are missing or the shift is too
    large for a step.
    """
    hump_edges(row, lags, out)
    contact_s, toe_off_s = out[0], out[1]
    if not _is_covered(time_s, contact_s + CONTACT_FROM_S, toe_off_s + AFTER_S):
        return False
    strength = _signals_and_strength(time_s, quat, earth, forward, row, signals, x)
    for _ in range(_ROUNDS):
        _bin_features(time_s, signals, strength, out, x)
        largest_s = 0.0
        for e in range(2):
            move_s = weights[e, FEATURES]
            for j in range(FEATURES):
                move_s += weights[e, j] * x[j]
            out[e] += min(_MOVE_MAX_S, max(-_MOVE_MAX_S, move_s))
            largest_s = max(largest_s, abs(move_s))
        if largest_s < _CONVERGED_S:
            break
    if abs(out[0] - contact_s) >= _SHIFT_MAX_S or abs(out[1] - toe_off_s) >= _SHIFT_MAX_S:
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
    hidden: Floats,
    skip: Floats,
    output: Floats,
    window_s: Floats,
    signals: Floats,
    x: Floats,
    out: Floats,
) -> None:
    """Contact and toe-off in s of a step row, and the height of the right side in mid-stance: out (3,).

    time_s (n,), quat (n,4), earth (n,3), of which the first `known` samples are valid; mount (3,3), rows P.x P.y P.z in
    S; hidden, skip, output as in `apply_network`, x (FEATURES + 1,) ends with a one; window_s (3,) as in
    `_stance_height`; signals (2, m) is scratch for at most m samples; other arguments as in `time_step`.
    """
    from_s, first = row[STEP_DOWN_S] - HISTORY_S, known
    while first > 0 and time_s[first - 1] >= from_s and known - first < signals.shape[1]:
        first -= 1
    seen = time_s[first:known], quat[first:known], earth[first:known]
    timed: bool = time_step(*seen, mount[0], row, lags, weights, signals, x, out)
    out[2] = _stance_height(time_s, quat, known, mount, out[0], window_s)
    if timed:
        apply_network(x, hidden, skip, output, out)


@inner
def apply_network(x: Floats, hidden: Floats, skip: Floats, output: Floats, out: Floats) -> None:
    """Add the network's corrections to contact and toe-off, the first two of `out`.

    x (n + 1,) ends with a one; one hidden layer, hidden (h, n + 1) and output (2, h), and a skip connection, skip
    (2, n + 1), in s.
    """
    contact_s = toe_off_s = 0.0
    for j in range(len(x)):
        contact_s += skip[0, j] * x[j]
        toe_off_s += skip[1, j] * x[j]
    for h in range(len(hidden)):
        total = 0.0
        for j in range(len(x)):
            total += hidden[h, j] * x[j]
        total = tanh(total)
        contact_s += output[0, h] * total
        toe_off_s += output[1, h] * total
    out[0] += min(_CORRECTION_MAX_S, max(-_CORRECTION_MAX_S, contact_s))
    out[1] += min(_CORRECTION_MAX_S, max(-_CORRECTION_MAX_S, toe_off_s))


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
