"""The age of samples when they reach the host; the least delayed packets give the offset between the two clocks.

The sensor's clock and the host's start at different times and drift apart. Only arrival times that are stored with the
packets are used, so that a replay computes the same ages.
"""

from __future__ import annotations

import math

DRIFT = 2e-4  # largest relative drift of the two clocks: ten times that of crystals


class DataAge:
    """The age of each packet's newest sample in seconds, relative to the least delayed packets."""

    def __init__(self) -> None:
        self._offset_s = math.inf  # arrival minus sensor time of the least delayed packets
        self._arrival_s = -math.inf

    def heard(self, sample_s: float, arrival_s: float) -> float:
        """Age of a packet that arrived at arrival_s (host time), newest sample measured at sample_s (sensor time)."""
        since_s = max(arrival_s - self._arrival_s, 0.0) if math.isfinite(self._arrival_s) else 0.0
        self._arrival_s = arrival_s
        self._offset_s = min(self._offset_s + DRIFT * since_s, arrival_s - sample_s)
        return arrival_s - sample_s - self._offset_s
