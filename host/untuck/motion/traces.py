"""Angles of every sample of a recording, for plots: tilt, obliquity, and rotation with its drift removed.

Within a stride rotation is heading less the line fitted over that stride; between strides, less a moving mean.
Per stride numbers come from strides.py; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from untuck.model import Floats
from untuck.motion.kernels import pelvis_angles
from untuck.motion.strides import LINE_WEIGHTS, PHASE

_MEAN_S = 1.4  # about two strides


def angle_traces(
    time_s: Floats, quat: Floats, mounts: Sequence[tuple[float, Floats]], strides: NDArray[np.void]
) -> tuple[Floats, Floats, Floats]:
    """(tilt, obliquity, rotation), each (N,) in degrees, from quat (N,4).

    mounts: since when (s, the first from the start) each mount (3,3) with rows P.x, P.y, P.z holds.
    """
    angles = np.empty((len(time_s), 3))
    edges = [*np.searchsorted(time_s, [since_s for since_s, _ in mounts]), len(time_s)]
    for (_, mount), a, b in zip(mounts, edges, edges[1:], strict=False):
        pelvis_angles(quat, a, b, mount, angles[a:b])
    heading = angles[:, 2] if len(mounts) == 1 else np.unwrap(angles[:, 2])
    reference = _moving_mean(time_s, heading)
    if len(strides):
        starts, durations = strides["start_s"], strides["duration_s"]
        curves = np.interp(starts[:, None] + PHASE * durations[:, None], time_s, heading)
        drift = curves @ LINE_WEIGHTS
        level = curves.mean(axis=1) - drift / 2
        at = np.searchsorted(starts, time_s, side="right") - 1
        part = (time_s - starts[at]) / durations[at]
        reference = np.where((at >= 0) & (part < 1.0), level[at] + drift[at] * part, reference)
    degrees = np.degrees(angles)
    return degrees[:, 0].copy(), degrees[:, 1].copy(), np.degrees(heading - reference)


def _moving_mean(time_s: Floats, values: Floats) -> Floats:
    """Mean of values (N,) over _MEAN_S around each sample, by time."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    lo = np.searchsorted(time_s, time_s - _MEAN_S / 2)
    hi = np.searchsorted(time_s, time_s + _MEAN_S / 2, side="right")
    mean: Floats = (sums[hi] - sums[lo]) / (hi - lo)
    return mean
