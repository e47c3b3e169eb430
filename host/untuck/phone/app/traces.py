"""What the coach's view of the page draws: tilt through the last seconds, and the last strides against the baseline."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from untuck.motion.pipeline import Pipeline
from untuck.session.pelvis_angles import TILT, AngleReader

TRACE_S = 60.0
EVERY_S = 0.1  # between points of the trace: six of a fast stride
MOST_STRIDES = 60


class Traces:
    """Collects samples, strides and cues of one session."""

    def __init__(self) -> None:
        self._angles = AngleReader()
        self._tilt: deque[tuple[float, float]] = deque()  # time in s, deg
        self._strides: deque[tuple[float | None, bool]] = deque(maxlen=MOST_STRIDES)  # against usual, judged
        self._cues: deque[float] = deque(maxlen=10)

    def read(self, pipeline: Pipeline) -> None:
        """Take in the newest samples of a pipeline."""
        time_s, angles_deg = self._angles.newest(pipeline)
        for now_s, tilt_deg in zip(time_s.tolist(), angles_deg[:, TILT].tolist(), strict=True):
            if not self._tilt or now_s - self._tilt[-1][0] >= EVERY_S:
                self._tilt.append((now_s, round(tilt_deg, 1)))
        while self._tilt and self._tilt[-1][0] - self._tilt[0][0] > TRACE_S:
            self._tilt.popleft()

    def stride(self, stride: np.void) -> None:
        """Take in a stride, a STRIDE_DTYPE record."""
        against_deg = float(stride["tilt_deg"] - stride["tilt_usual_deg"])
        known = round(against_deg, 1) if np.isfinite(against_deg) else None
        self._strides.append((known, bool(stride["valid"]) and not stride["reason"]))

    def cue(self, time_s: float) -> None:
        """Take in a cue."""
        self._cues.append(time_s)

    def value(self) -> dict[str, Any]:
        """Times in s before the newest sample, tilt and tilt against usual in degrees (None: unknown), as lists."""
        end_s = self._tilt[-1][0] if self._tilt else 0.0
        return {
            "length_s": TRACE_S,
            "time": [round(time_s - end_s, 2) for time_s, _ in self._tilt],
            "tilt": [tilt_deg for _, tilt_deg in self._tilt],
            "strides": [list(stride) for stride in self._strides],
            "cues": [round(time_s - end_s, 2) for time_s in self._cues if end_s - time_s <= TRACE_S],
        }
