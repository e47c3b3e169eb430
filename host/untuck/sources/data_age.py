"""The age of samples when they reach the host; the least delayed packets give the offset between the two clocks.

The sensor's clock and the host's start at different times and drift apart. A host's clock may also be corrected while a
session runs, by seconds within half a minute (chrony does so): all packets are then later than the earliest ones, for
good. Late data come in another way: a queue grows, empties, or is full and loses packets. So the same least delay for
a minute, with nothing lost, is that of the clocks. Only arrival times that are stored with the packets are used, so
that a replay computes the same ages.
"""

from __future__ import annotations

import math
from collections import deque

DRIFT = 2e-4  # largest relative drift of the two clocks: ten times that of crystals
_PART_S = 5.0  # of which the least delay is kept
_PARTS = 12  # as many with the same least delay show the clocks' offset
_SAME_S = 0.1  # what two connection events differ by; a queue of 1 s that empties in 3 min changes by more


class DataAge:
    """The age of each packet's newest sample in seconds, relative to the least delayed packets."""

    def __init__(self) -> None:
        self._offset_s = math.inf  # arrival minus sensor time of the least delayed packets
        self._arrival_s = -math.inf
        self._lost = 0
        self._least_s = deque[float](maxlen=_PARTS)  # delays of the newest parts
        self._part_least_s, self._part_end_s = math.inf, math.inf

    def heard(self, sample_s: float, arrival_s: float, lost: int = 0) -> float:
        """Age of a packet that arrived at arrival_s (host time), newest sample measured at sample_s (sensor time).

        lost: packets that are missing so far.
        """
        since_s = max(arrival_s - self._arrival_s, 0.0)
        delay_s, self._arrival_s = arrival_s - sample_s, arrival_s
        broken = lost != self._lost or since_s > _PART_S
        if broken:
            self._lost = lost
            self._least_s.clear()
        elif arrival_s >= self._part_end_s:
            self._least_s.append(self._part_least_s)
            if len(self._least_s) == _PARTS and max(self._least_s) - min(self._least_s) < _SAME_S:
                self._offset_s = max(self._offset_s, min(self._least_s))
        if broken or arrival_s >= self._part_end_s:
            self._part_least_s, self._part_end_s = math.inf, arrival_s + _PART_S
        self._part_least_s = min(self._part_least_s, delay_s)
        self._offset_s = min(self._offset_s + DRIFT * since_s, delay_s)
        return delay_s - self._offset_s
