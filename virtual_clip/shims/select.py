# MicroPython's `select` on the virtual clip's clock: timeouts are virtual milliseconds.
# Only `poll`, which asyncio waits with: who waits for time to pass says so (time.rest), and looks again soon.

import time as _time

import uselect as _real
from uselect import *  # noqa: F403


class poll:
    def __init__(self):
        self._poll = _real.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister
        self.modify = self._poll.modify

    def poll(self, timeout_ms=-1):
        return self._poll.poll(self._wait(timeout_ms))

    def ipoll(self, timeout_ms=-1):
        return self._poll.ipoll(self._wait(timeout_ms))

    def _wait(self, timeout_ms):
        """Real milliseconds to wait at most; without a timeout it waits here, in naps, until something has come."""
        if timeout_ms == 0:
            return 0
        if _time.rest is None:
            return timeout_ms if timeout_ms < 0 else _real_ms(timeout_ms)
        _time.rest()
        if timeout_ms > 0:
            return min(_time.NAP_MS, _real_ms(timeout_ms))
        while not self._poll.poll(_time.NAP_MS):
            _time.rest()
        return 0


def _real_ms(timeout_ms):
    return (timeout_ms + _time.speed - 1) // _time.speed
