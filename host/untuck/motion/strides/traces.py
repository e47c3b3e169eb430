"""Angles of every sample of a recording, for plots: tilt, obliquity, and rotation with its drift removed.

Within a stride, rotation is heading less the line fitted over that stride; between strides, less a moving mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from untuck.model import Floats
from untuck.motion.strides.stride_kernels import pelvis_angles

_MEAN_S = 1.4  # about two strides


def angle_traces(
    time_s: Floats, quat: Floats, mounts: Sequence[tuple[float, Floats]], strides: NDArray[np.void]
) -> tuple[Floats, Floats, Floats]:
    """(tilt, obliquity, rotation), each (N,) in degrees, from quat (N,4).

    mounts: each mount (3,3) with rows P.x, P.y, P.z and the time in s from which it is used, the first from the start.
    """
    angles = np.empty((len(time_s), 3))
    edges = [*np.searchsorted(time_s, [since_s for since_s, _ in mounts]), len(time_s)]
    for (_, mount), a, b in zip(mounts, edges, edges[1:], strict=False):
        if a < b:  # a mount that was replaced before the next sample has none
            pelvis_angles(quat, a, b, mount, angles[a:b])
    heading = angles[:, 2] if len(mounts) == 1 else np.unwrap(angles[:, 2])
    degrees = np.degrees(angles)
    return degrees[:, 0].copy(), degrees[:, 1].copy(), np.degrees(heading - _reference(time_s, heading, strides))


def _reference(time_s: Floats, heading: Floats, strides: NDArray[np.void]) -> Floats:
    """Reference of rotation (N,): the line fitted to heading in each stride, a moving mean between strides."""
    starts, durations = strides["start_s"], strides["duration_s"]
    ends = starts + durations
    first = np.searchsorted(time_s, starts)
    end = np.minimum(np.searchsorted(time_s, ends), np.append(first[1:], len(time_s))[: len(first)])
    size = len(time_s) + 1
    steps = np.bincount(first, minlength=size) - np.bincount(end, minlength=size)
    within = np.cumsum(steps[:-1]) > 0
    reference = np.empty(len(time_s))
    number = np.repeat(np.arange(len(starts)), end - first)
    drift = np.radians(strides["turn_deg_s"])
    mid = _means(time_s, heading, starts, ends)
    reference[within] = mid[number] + drift[number] * (time_s[within] - 0.5 * (starts + ends)[number])
    reference[~within] = _moving_mean(time_s, heading, time_s[~within])
    return reference


def _means(time_s: Floats, values: Floats, from_s: Floats, to_s: Floats) -> Floats:
    """Means (n,) of values (N,), interpolated linearly, from each of from_s (n,) to to_s (n,)."""
    from_s, to_s = np.maximum(from_s, time_s[:1]), np.maximum(to_s, time_s[:1])  # older samples may be dropped
    area = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * np.diff(time_s))])

    def until(t_s: Floats) -> Floats:
        row = np.clip(np.searchsorted(time_s, t_s, side="right") - 1, 0, len(time_s) - 2)
        dt = t_s - time_s[row]
        slope = (values[row + 1] - values[row]) / (time_s[row + 1] - time_s[row])
        total: Floats = area[row] + dt * (values[row] + 0.5 * slope * dt)
        return total

    return (until(to_s) - until(from_s)) / np.maximum(to_s - from_s, 1e-9)


def _moving_mean(time_s: Floats, values: Floats, around_s: Floats) -> Floats:
    """Means (n,) of values (N,) over _MEAN_S around each of around_s (n,)."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    lo = np.searchsorted(time_s, around_s - _MEAN_S / 2)
    hi = np.searchsorted(time_s, around_s + _MEAN_S / 2, side="right")
    mean: Floats = (sums[hi] - sums[lo]) / (hi - lo)
    return mean
