# MicroPython's `time` on the virtual clip's clock (UNTUCK_CLOCK, see virtual_clip/clock.py).
# ticks_us wraps at 2**30 as on an ESP32. asyncio takes its ticks from here; select.py scales its waiting.
# Within an interrupt ticks_us is the interrupt's own time, however late the message came.
# The clock waits at the end of its lease (a word in the file UNTUCK_CLOCK_LEASE), which the bus server extends while
# the firmware says, by `rest`, that it has nothing to do. Nothing here allocates.

import os
from array import array

import utime as _real
from utime import *  # noqa: F403

_epoch_us, speed, _start_us = [int(part) for part in (os.getenv("UNTUCK_CLOCK") or "0:1:0").split(":")]
# asyncio queues what a socket wakes by real ticks, compared modulo 2**30: virtual ones must be ahead of them
_epoch_ms = (_epoch_us // 1000) + (1 << 28)
_UNIT_US = 64
_BITS = 31
_lease = open(os.getenv("UNTUCK_CLOCK_LEASE"), "rb") if os.getenv("UNTUCK_CLOCK_LEASE") else None
_word = array("l", [0])  # a "q" would be read into a long integer, which allocates
_known = 0  # what the lease's word was; one value, since the radio's interrupts ask for the time too

_PERIOD = 1 << 30
interrupt_us = -1  # the time of the interrupt being handled, -1 outside
idle = None  # set by machine.py: waits so many real milliseconds, handling interrupts that come
rest = None  # set by machine.py: says that the firmware waits for time to pass
NAP_MS = 5 if _lease else 1 << 30  # the longest real sleep: then the clock may have waited, and is looked at again


def now_us():
    """Virtual microseconds since the clock was made.

    The lease first, then the real time, which is cut at its end: a stall between the two cannot turn the clock back.
    """
    global _known
    word = _known
    real_us = _real.ticks_us() - _epoch_us
    if _lease and real_us >= (word >> _BITS) * _UNIT_US:  # real time since the epoch until which it holds
        _lease.seek(0)
        _lease.readinto(_word)
        word = _known = _word[0]
        real_us = min(_real.ticks_us() - _epoch_us, (word >> _BITS) * _UNIT_US)
    return (real_us - (word & (1 << _BITS) - 1) * _UNIT_US) * speed


def ticks_us():
    now = now_us() if interrupt_us < 0 else interrupt_us
    return (now + _start_us) & (_PERIOD - 1)


def ticks_ms():
    return _epoch_ms + now_us() // 1000


def ticks_diff(end, start):
    return ((end - start + _PERIOD // 2) & (_PERIOD - 1)) - _PERIOD // 2


def ticks_add(ticks, delta):
    if not -_PERIOD // 2 < delta < _PERIOD // 2:
        raise OverflowError("ticks interval overflow")  # as on a board
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
        if rest and left_us >= 1000:
            rest()
        if idle and left_us >= 1000:
            idle(min(left_us // 1000, NAP_MS))
        else:
            _real.sleep_us(min(left_us, NAP_MS * 1000))


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(s):
    sleep_us(int(s * 1000000))
