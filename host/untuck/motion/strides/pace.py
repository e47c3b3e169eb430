"""Running speed estimated from contact time: rough, but enough to correct tilt for most of a bend's acceleration.

A power law fitted on development runners at 2.5, 3.5 and 4.5 m/s; its error is 13 % there and 10 % on other runners
(SD). The estimate is never shown as a speed.
"""

from __future__ import annotations

from collections import deque
from math import exp, log, nan

_LOG_FACTOR, _POWER = 9.328, -1.488  # ln(m/s) against ln(ms)
_STEPS = 10  # an even number, because the feet differ


class Pace:
    """Follows the estimated speed; speed_m_s is NaN while the runner does not run."""

    def __init__(self) -> None:
        self._contacts_ms: deque[float] = deque(maxlen=_STEPS)
        self.speed_m_s = nan

    def push(self, contact_ms: float) -> None:
        """Add the contact time of a step in ms, of either foot, so that a mirrored runner has the same speed."""
        self._contacts_ms.append(contact_ms)
        mean_ms = sum(self._contacts_ms) / len(self._contacts_ms)
        self.speed_m_s = exp(_LOG_FACTOR + _POWER * log(mean_ms)) if mean_ms > 0 else nan

    def stop(self) -> None:
        """Running has ended."""
        self._contacts_ms.clear()
        self.speed_m_s = nan
