# MicroPython's `select` on the virtual clip's clock: timeouts are virtual milliseconds.
# Only `poll`, which asyncio waits with.

from time import speed

import uselect as _real
from uselect import *  # noqa: F403


class poll:
    def __init__(self):
        self._poll = _real.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister
        self.modify = self._poll.modify

    def poll(self, timeout_ms=-1):
        return self._poll.poll(_scale(timeout_ms))

    def ipoll(self, timeout_ms=-1):
        return self._poll.ipoll(_scale(timeout_ms))


def _scale(timeout_ms):
    return timeout_ms if timeout_ms < 0 else (timeout_ms + speed - 1) // speed
