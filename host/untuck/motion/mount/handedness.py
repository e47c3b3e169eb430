"""Whether gyro and acceleration of a recording agree: the same axes, right-handed, neither with the opposite sign.

Two measures, both independent of how the sensor is worn. While it turns without being shaken, as in a hip hinge,
gravity must turn against it: da/dt = -w x a. While its wearer runs, the pelvis tips at a usual phase of each step,
which is found from acceleration alone: the median agreement of 84 recordings of 37 runners is -0.08 to 1, above 0.1 in
81.

Nothing in the signals shows whether *all* accelerations have the opposite sign: the motion is then that of the mirror
image of the runner. Only the direction of gravity in the sensor, where it is known, shows that.
"""

from __future__ import annotations

from itertools import permutations, product
from typing import NamedTuple

import numpy as np

from untuck.model import Floats
from untuck.motion.mount.facing import OVERTONE_MIN
from untuck.samples import Samples

_BLOCK_S = 0.1
_REACH = 3  # blocks to either side over which a change of acceleration is taken
_CALM_M_S2 = 2.0  # SD of |acceleration| within a block; more is an impact, no turn
_TURNING_RAD_S = 0.25
_TURNED_MIN_S = 1.0
_CHANGE_MIN_M_S3 = 1.0  # RMS change of acceleration while turning
_PART_S, _PARTS_MOST = 8.0, 30
_STEPS_HZ = 2.2, 3.6
_PADDED = 8  # times the length of a part, so that its spectrum shows the step frequency within 0.02 Hz
_LIFT_MIN_M_S2 = 4.0  # amplitude of the vertical acceleration at step frequency; the softest jogger: 4.8
_PITCH_MIN_RAD_S = 0.2
_UP_PHASE, _FORE_PHASE = np.radians(-140.0), np.radians(160.0)  # of acceleration against pitch rate; people's means


class Turned(NamedTuple):
    """What turning without shaking shows: seconds of it, and how acceleration changes with the gyro, as a correlation.

    agreement: with the axes as they are; best: the largest of all 48 ways to name the gyro's axes, which is axes (3,3).
    """

    seconds: float
    agreement: float
    best: float
    axes: Floats


def signed_axes() -> list[Floats]:
    """The 48 matrices (3,3) that exchange axes and change their signs, the identity first."""
    found = []
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            axes = np.zeros((3, 3))
            axes[range(3), order] = signs
            found.append(axes)
    return found


def turning(samples: Samples) -> Turned:
    """How gravity turns against the gyro while the sensor turns and is not shaken; agreement is NaN without turning.

    The correlation is taken over blocks of 0.1 s in which the turn rate exceeds 15 deg/s.
    """
    nothing = Turned(0.0, np.nan, np.nan, np.eye(3))
    if len(samples) < 2:
        return nothing
    acc, gyr = samples.acc_m_s2, samples.gyr_rad_s
    block = np.floor((samples.time_s - samples.time_s[0]) / _BLOCK_S)
    block = np.minimum(np.diff(block, prepend=0.0), 3 * _REACH).cumsum().astype(np.int64)  # however long a gap is
    count = np.bincount(block)
    size = len(count) - 2 * _REACH
    if size < 1:
        return nothing

    def mean(values: Floats) -> Floats:
        sums: Floats = np.bincount(block, values) / np.maximum(count, 1)
        return sums

    def over(values: Floats) -> Floats:
        """Mean from the middle of the block `_REACH` before to the middle of the one as far behind."""
        total = sum(values[k : k + size] for k in range(1, 2 * _REACH))
        whole: Floats = (total + 0.5 * (values[:size] + values[2 * _REACH :])) / (2 * _REACH)
        return whole

    length = np.sqrt((acc**2).sum(axis=1))
    shaken = over(np.maximum(mean(length**2) - mean(length) ** 2, 0.0)) > _CALM_M_S2**2
    rate = np.column_stack([over(mean(column)) for column in gyr.T])
    full = over((count > 0).astype(float)) > 1.0 - 1e-9
    used = full & ~shaken & ((rate**2).sum(axis=1) > _TURNING_RAD_S**2)
    seconds = float(used.sum()) * _BLOCK_S
    if seconds < _TURNED_MIN_S:
        return nothing
    middle = np.column_stack([mean(column) for column in acc.T])
    change = ((middle[2 * _REACH :] - middle[:size]) / (2 * _REACH * _BLOCK_S))[used]
    # products[i, j]: mean of gyro i times acceleration j
    products = np.array([[over(mean(w * a))[used] for a in acc.T] for w in gyr.T])
    if (change**2).sum(axis=1).mean() < _CHANGE_MIN_M_S3**2:
        return nothing
    ways = signed_axes()
    fits = [_correlation(_expected(products, axes), change) for axes in ways]
    best = int(np.argmax(fits))
    return Turned(seconds, fits[0], fits[best], ways[best])


def _expected(products: Floats, axes: Floats) -> Floats:
    """(n,3) change of acceleration, -w x a, from products (3,3,n) of gyro and acceleration; axes (3,3) of the gyro."""
    p = np.einsum("ij,jkn->ikn", axes, products)
    expected: Floats = -np.column_stack([p[1, 2] - p[2, 1], p[2, 0] - p[0, 2], p[0, 1] - p[1, 0]])
    return expected


def _correlation(one: Floats, other: Floats) -> float:
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum() + 1e-30))


def running(samples: Samples) -> Floats:
    """(P,) agreement of gyro and acceleration in parts of 8 s that are run without doubt: 1 usual, -1 opposite.

    In each part the step frequency, the vertical, and from the spring of the legs the way forward are found from
    acceleration. Then the phases of vertical and fore-aft acceleration against the pitch rate are compared with the
    usual ones; a gyro of the opposite sign moves both by 180 deg. Parts are spread over the recording.
    """
    step_s = float(np.median(np.diff(samples.time_s[:1000]))) if len(samples) > 1 else np.inf
    if step_s > 0.5 / max(_STEPS_HZ):  # steps cannot be seen
        return np.empty(0)
    starts = samples.time_s[0] + _PART_S * np.unique(np.floor((samples.time_s - samples.time_s[0]) / _PART_S))
    if len(starts) > _PARTS_MOST:
        starts = starts[np.linspace(0, len(starts) - 1, _PARTS_MOST).astype(int)]
    found = []
    for start_s in starts:
        first, end = np.searchsorted(samples.time_s, (start_s, start_s + _PART_S))
        if end - first > 0.8 * _PART_S / step_s:
            rows = slice(first, end)
            found.append(_part(samples.time_s[rows] - start_s, samples.gyr_rad_s[rows], samples.acc_m_s2[rows]))
    agreements = np.array(found)
    return agreements[np.isfinite(agreements)] if len(agreements) else agreements


def _part(time_s: Floats, gyr: Floats, acc: Floats) -> float:
    """Agreement in one part, NaN where its steps are not strong enough."""
    window = np.sin(np.pi * time_s / _PART_S) ** 2
    mean = acc.mean(axis=0)
    up = mean / max(float(np.sqrt(mean @ mean)), 1e-9)
    vertical = acc @ up

    def at(rate_hz: float, values: Floats) -> Floats:
        """Complex amplitudes of values (n,) or (n,3) at a frequency."""
        wave = np.exp(-2j * np.pi * rate_hz * time_s) * window
        amplitudes: Floats = 2.0 * (wave @ (values - values.mean(axis=0))) / window.sum()
        return amplitudes

    spectrum = np.abs(np.fft.rfft((vertical - vertical.mean()) * window, _PADDED * len(time_s)))
    rates_hz = np.arange(len(spectrum)) * (len(time_s) - 1) / (_PADDED * len(time_s) * np.ptp(time_s))
    steps = (rates_hz >= _STEPS_HZ[0]) & (rates_hz <= _STEPS_HZ[1])
    rate_hz = float(rates_hz[steps][np.argmax(spectrum[steps])])
    lift, whole, pitch = at(rate_hz, vertical), at(rate_hz, acc), at(rate_hz, gyr)
    spring = (whole - lift * up) * np.conj(lift)
    again = at(2.0 * rate_hz, acc)
    again = (again - (again @ up) * up) * np.conj(again @ up)
    walked = np.real(spring @ np.conj(again)) < OVERTONE_MIN * np.real(spring @ np.conj(spring))
    if abs(lift) < _LIFT_MIN_M_S2 or walked:
        return float("nan")
    forward = -np.imag(spring)  # velocity is fastest where the pelvis is highest
    forward = forward / max(float(np.sqrt(forward @ forward)), 1e-9)
    tip = pitch @ np.cross(forward, up)
    if abs(tip) < _PITCH_MIN_RAD_S:
        return float("nan")
    up_phase, fore_phase = np.angle(lift * np.conj(tip)), np.angle(whole @ forward * np.conj(tip))
    return float(0.5 * (np.cos(up_phase - _UP_PHASE) + np.cos(fore_phase - _FORE_PHASE)))
