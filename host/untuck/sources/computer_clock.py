"""Whether this computer's clock is right: a small computer without a battery for its clock starts with an old time.

Linux reports whether the time was taken from the network (adjtimex), and lists the clocks that run while it is off.
"""

from __future__ import annotations

import ctypes
import sys
import time
from pathlib import Path

CLOCKS = Path("/sys/class/rtc")  # those with a battery of their own
_NOT_SYNCHRONISED = 5  # TIME_ERROR
_TIMEX_BYTES = 256  # of struct timex: 208 on 64 bits
_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def is_set() -> bool:
    """Whether wall time can be used: there is a clock with a battery, or the time came from the network."""
    if not sys.platform.startswith("linux") or any(CLOCKS.glob("rtc*")):
        return True
    try:
        return bool(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) != _NOT_SYNCHRONISED)
    except (OSError, AttributeError):
        return True


def offset_s() -> float:
    """Wall time minus the time since the computer was switched on, in seconds; it changes when the clock is set."""
    elapsed_s = time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)
    return time.time() - elapsed_s
