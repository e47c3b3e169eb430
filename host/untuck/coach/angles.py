"""Angles of the newest samples and of each stride, for drawing: tilt, obliquity and rotation in degrees.

Poses come from the pipeline, heading is shown against its own mean of the last two strides. Nothing is decided here:
the numbers that findings rest on are the pipeline's.
"""

from __future__ import annotations

import numpy as np

from untuck.model import Floats
from untuck.motion.pipeline import Pipeline
from untuck.motion.strides.kernels import pelvis_angles
from untuck.motion.strides.stride import LINE_WEIGHTS, PHASE

MEAN_S = 1.4  # about two strides
TILT, OBLIQUITY, ROTATION = range(3)


class AngleReader:
    """Reads a pipeline as it grows; one for each session."""

    def __init__(self) -> None:
        self._next = 0

    def newest(self, pipeline: Pipeline) -> tuple[Floats, Floats]:
        """(time_s (n,), angles (n,3) in degrees) of the samples since the last call; rotation less its moving mean."""
        time_s, quat = _last(pipeline, MEAN_S)
        new = min(pipeline.history.end - self._next, len(time_s))
        self._next = pipeline.history.end
        if new <= 0:
            return np.empty(0), np.empty((0, 3))
        angles = np.empty((len(time_s), 3))
        pelvis_angles(quat, 0, len(quat), pipeline.calibration.sensor_to_pelvis, angles)
        angles[-new:, ROTATION] -= angles[:, ROTATION].mean()
        return time_s[-new:].copy(), np.degrees(angles[-new:])

    def stride(self, pipeline: Pipeline, start_s: float, duration_s: float) -> Floats | None:
        """Curves (3, PHASES) in degrees over one stride, rotation less its drift; None if it is not kept any more."""
        time_s, quat = _last(pipeline, duration_s + MEAN_S)
        if len(time_s) == 0 or time_s[0] > start_s:
            return None
        angles = np.empty((len(time_s), 3))
        pelvis_angles(quat, 0, len(quat), pipeline.calibration.sensor_to_pelvis, angles)
        grid_s = start_s + PHASE * duration_s
        curves = np.array([np.interp(grid_s, time_s, angles[:, each]) for each in range(3)])
        heading = curves[ROTATION]
        drift = float(LINE_WEIGHTS @ heading)
        curves[ROTATION] = heading - heading.mean() - drift * (PHASE - 0.5)
        degrees: Floats = np.degrees(curves)
        return degrees


def _last(pipeline: Pipeline, length_s: float) -> tuple[Floats, Floats]:
    """Views on time_s (n,) and quat (n,4) of the last length_s."""
    h = pipeline.history
    if h.end == 0:
        return np.empty(0), np.empty((0, 4))
    first = h.find(float(h.time(h.end - 1, h.end)[0]) - length_s, h.end)
    return h.time(first, h.end), h.column("quat", first, h.end)
