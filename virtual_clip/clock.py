"""The time of the virtual clip: real time, or real time sped up, shared with the MicroPython process.

Both processes read the machine's monotonic clock and scale it by the same rule; the MicroPython side is shims/time.py.
How the two sides agree on a time lives here.
"""

from __future__ import annotations

import os
import time

TICKS_PERIOD_US = 1 << 30  # ticks_us of an ESP32 wraps here


def affordable_speed(most: int) -> int:
    """How many times as fast as real time the clip may run here now: a machine that lags makes the sensor time out."""
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    return max(1, min(most, round(3 / max(busy, 0.75))))


class Clock:
    """Microseconds since the clock was made, times `speed` (a whole number).

    ticks_start_us: what ticks_us says in MicroPython at time 0; near 2**30 it soon wraps.
    """

    def __init__(self, speed: int = 1, ticks_start_us: int = 0) -> None:
        self.speed = speed
        self._epoch_us = time.monotonic_ns() // 1000
        self._ticks_start_us = ticks_start_us

    def now_us(self) -> int:
        """Virtual time in microseconds."""
        return (time.monotonic_ns() // 1000 - self._epoch_us) * self.speed

    def real_s(self, until_us: int) -> float:
        """Real seconds from now until virtual time `until_us`; 0 if that has passed."""
        return max(0, until_us - self.now_us()) / self.speed / 1e6

    def monotonic_s(self, time_us: int) -> float:
        """What time.monotonic() says, or said, at virtual time `time_us`."""
        return (self._epoch_us + time_us / self.speed) / 1e6

    def environment(self) -> dict[str, str]:
        """What the MicroPython process needs to run on this clock."""
        return {"UNTUCK_CLOCK": f"{self._epoch_us}:{self.speed}:{self._ticks_start_us}"}
