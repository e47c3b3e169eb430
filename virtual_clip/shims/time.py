# MicroPython's `time` on the virtual clip's clock (UNTUCK_CLOCK, see virtual_clip/clock.py).
# ticks_us wraps at 2**30 as on an ESP32. asyncio takes its ticks from here; select.py scales its waiting.
# Within an interrupt ticks_us is the interrupt's own time, however late the message came.

import os

import utime as _real
from utime import *  # noqa: F403

_epoch_us, speed, _start_us = [int(part) for part in (os.getenv("UNTUCK_CLOCK") or "0:1:0").split(":")]
_epoch_ms = _epoch_us // 1000  # asyncio's own queue uses real ticks too: virtual ones must never be behind them

_PERIOD = 1 << 30
interrupt_us = -1  # the time of the interrupt being handled, -1 outside
idle = None  # set by machine.py: waits so many real milliseconds, handling interrupts that come


def now_us():
    """Virtual microseconds since the clock was made."""
    return (_real.ticks_us() - _epoch_us) * speed


def ticks_us():
    now = now_us() if interrupt_us < 0 else interrupt_us
    return (now + _start_us) & (_PERIOD - 1)


def ticks_ms():
    return _epoch_ms + now_us() // 1000


def ticks_diff(end, start):
    return ((end - start + _PERIOD // 2) & (_PERIOD - 1)) - _PERIOD // 2


def ticks_add(ticks, delta):
    total = ticks + delta
    return total & (_PERIOD - 1) if ticks < _PERIOD else total


def time():
    return _real.time()


def sleep_us(us):
    end_us = now_us() + us
    while True:
        left_us = (end_us - now_us()) // speed
        if left_us <= 0:
            return
        if idle and left_us >= 1000:
            idle(left_us // 1000)
        else:
            _real.sleep_us(left_us)


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(s):
    sleep_us(int(s * 1000000))
