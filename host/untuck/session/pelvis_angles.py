"""Angles of the newest samples, for drawing: tilt, obliquity and rotation in degrees, and lean of a second clip.

The orientation is the pipeline's. Rotation is relative to the mean heading of the last two strides.
"""

from __future__ import annotations

import numpy as np

from untuck.model import Floats
from untuck.motion.pipeline import Pipeline
from untuck.motion.strides.stride_kernels import pelvis_angles

MEAN_S = 1.4  # about two strides
TRUNK_S = 0.3  # a sample of the trunk that is older is not drawn
TILT, OBLIQUITY, ROTATION, LEAN = range(4)


class AngleReader:
    """Reads the samples that a pipeline has added since the last call; one reader for each session."""

    def __init__(self) -> None:
        self._next = 0

    def newest(self, pipeline: Pipeline) -> tuple[Floats, Floats]:
        """time_s (n,) and angles (n,3) in degrees since the last call; rotation minus its moving mean."""
        time_s, quat = _last(pipeline, MEAN_S)
        new = min(pipeline.history.end - self._next, len(time_s))
        self._next = pipeline.history.end
        if new <= 0:
            return np.empty(0), np.empty((0, 3))
        angles = np.empty((len(time_s), 3))
        pelvis_angles(quat, 0, len(quat), pipeline.calibration.sensor_to_pelvis, angles)
        angles[-new:, ROTATION] -= angles[:, ROTATION].mean()
        return time_s[-new:].copy(), np.degrees(angles[-new:])


def lean_at(pipeline: Pipeline, time_s: Floats) -> Floats:
    """Lean of the trunk in degrees (n,) at these times, the newest of the pelvis's samples; NaN where it is unknown."""
    history, calibration = pipeline.trunk_history, pipeline.trunk_calibration
    unknown = np.full(len(time_s), np.nan)
    if history is None or calibration is None or calibration.source == "nominal" or len(time_s) == 0:
        return unknown
    first = history.find(float(time_s[0]) - TRUNK_S, history.end)
    trunk_s, quat = history.time(first, history.end), history.column("quat", first, history.end)
    if len(trunk_s) == 0 or not pipeline.trunk_present:
        return unknown
    angles = np.empty((len(trunk_s), 3))
    pelvis_angles(quat, 0, len(quat), calibration.sensor_to_pelvis, angles)
    lean_deg = np.degrees(np.interp(time_s, trunk_s, angles[:, TILT]))
    return np.where(time_s - trunk_s[-1] <= TRUNK_S, lean_deg, np.nan)


def _last(pipeline: Pipeline, length_s: float) -> tuple[Floats, Floats]:
    """Views of time_s (n,) and quat (n,4) over the last length_s."""
    h = pipeline.history
    if h.end == 0:
        return np.empty(0), np.empty((0, 4))
    first = h.find(float(h.time(h.end - 1, h.end)[0]) - length_s, h.end)
    return h.time(first, h.end), h.column("quat", first, h.end)
