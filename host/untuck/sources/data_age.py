"""How old samples are when they reach the host: the least delayed packets tell how the two clocks stand.

The sensor's clock and the host's start at different times and drift apart. Only arrival times that are stored with the
packets are used, so that a replay finds the same ages. How old data are is decided here and nowhere else.
"""

from __future__ import annotations

import math

DRIFT = 2e-4  # how much faster one clock may run than the other: ten times what crystals do


class DataAge:
    """Age of the newest samples as packets come, in seconds beyond that of the least delayed ones."""

    def __init__(self) -> None:
        self._offset_s = math.inf  # arrival minus sensor time of the least delayed packets
        self._arrival_s = -math.inf

    def heard(self, sample_s: float, arrival_s: float) -> float:
        """A packet whose newest sample was taken at sample_s, sensor time, came at arrival_s, host time."""
        since_s = max(arrival_s - self._arrival_s, 0.0) if math.isfinite(self._arrival_s) else 0.0
        self._arrival_s = arrival_s
        self._offset_s = min(self._offset_s + DRIFT * since_s, arrival_s - sample_s)
        return arrival_s - sample_s - self._offset_s
