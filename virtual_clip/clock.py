"""The time of the virtual clip: real time, or real time sped up, shared with the MicroPython process.

Both processes read the machine's monotonic clock and scale it by the same rule; the MicroPython side is shims/time.py.
The clock may be leased: it runs to the end of its lease and waits there until someone extends it. bus_server.py does so
while firmware, sensor and host keep up, so that a busy machine makes the clip slow and never late.
"""

from __future__ import annotations

import os
import struct
import tempfile
import time
import weakref

TICKS_PERIOD_US = 1 << 30  # ticks_us of an ESP32 wraps here
UNIT_US = 64  # of the lease, so that its two numbers fit into one word of a file, which is read and written at once
_BITS = 31
_FOREVER = (1 << _BITS) - 1  # units: 38 hours


_waited_s = 0.0  # while any clock waited
_counted_s = 0.0  # time.monotonic() up to which that is counted
_latest_s = 0.0  # what unwaited_s last said
_clocks: weakref.WeakSet[Clock] = weakref.WeakSet()


def unwaited_s() -> float:
    """time.monotonic() without the time that clocks of this process have waited: for arrivals of what a clip sends.

    It stands still while one waits, and never goes back.
    """
    global _latest_s
    now_s = time.monotonic()
    waits_s = max((now_s - max(clock.lease_end_s(), _counted_s) for clock in _clocks), default=0.0)
    _latest_s = max(_latest_s, now_s - _waited_s - max(waits_s, 0.0))
    return _latest_s


class Clock:
    """Microseconds since the clock was made, times `speed`, without the time that it waited.

    speed: a whole number, as MicroPython's side reads it as one; TypeError otherwise.
    ticks_start_us: what ticks_us says in MicroPython at time 0; near 2**30 it soon wraps.
    """

    def __init__(self, speed: int = 1, ticks_start_us: int = 0) -> None:
        if not isinstance(speed, int):
            raise TypeError(f"the speed of a virtual clock is a whole number, not {speed!r}")
        self.speed = speed
        self._epoch_us = time.monotonic_ns() // 1000
        self._ticks_start_us = ticks_start_us
        self._lease = _FOREVER, 0  # (units of real time until which the clock runs, units that it has waited)
        self._file = tempfile.NamedTemporaryFile(prefix="untuck-clock-", buffering=0)  # noqa: SIM115
        self._share()
        _clocks.add(self)

    def now_us(self) -> int:
        """Virtual time in microseconds."""
        until, waited = self._lease
        return (min(self._real_us(), until * UNIT_US) - waited * UNIT_US) * self.speed

    def real_s(self, until_us: int) -> float:
        """Real seconds from now until virtual time `until_us` if the clock does not wait; 0 if that has passed."""
        return max(0, until_us - self.now_us()) / self.speed / 1e6

    def monotonic_s(self, time_us: int) -> float:
        """What time.monotonic() says, or said, at virtual time `time_us` of a clock that never waited."""
        return (self._epoch_us + time_us / self.speed) / 1e6

    def environment(self) -> dict[str, str]:
        """What the MicroPython process needs to run on this clock."""
        return {
            "UNTUCK_CLOCK": f"{self._epoch_us}:{self.speed}:{self._ticks_start_us}",
            "UNTUCK_CLOCK_LEASE": self._file.name,
        }

    def extend(self, seconds: float) -> None:
        """Let the clock run for so many real seconds from now; what has passed since its lease ended never was."""
        global _waited_s, _counted_s
        now_s = time.monotonic()
        if self.lease_end_s() < now_s:  # once, where two clocks waited at the same time
            _waited_s += max(0.0, now_s - max(self.lease_end_s(), _counted_s))
            _counted_s = now_s
        until, waited = self._lease
        now = self._real_us() // UNIT_US
        behind = max(0, now - until)
        self._lease = now + round(seconds * 1e6) // UNIT_US, waited + behind
        self._share()

    def release(self) -> None:
        """Let the clock run without a lease."""
        self.extend(0)
        self._lease = _FOREVER, self._lease[1]
        self._share()

    def waited_s(self) -> float:
        """Real seconds for which the clock has waited so far."""
        return self._lease[1] * UNIT_US / 1e6

    def lease_end_s(self) -> float:
        """time.monotonic() at the end of its lease."""
        return (self._epoch_us + self._lease[0] * UNIT_US) / 1e6

    def _real_us(self) -> int:
        return time.monotonic_ns() // 1000 - self._epoch_us

    def _share(self) -> None:
        until, waited = self._lease
        os.pwrite(self._file.fileno(), struct.pack("=q", until << _BITS | waited), 0)
