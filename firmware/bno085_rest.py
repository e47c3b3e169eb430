# Brings the BNO085 to rest before the board's deep sleep, which ends at once if INT is low: repeats each command until
# the chip has answered it, and reads all that waits in the chip, until INT stays high.

from time import sleep_ms, ticks_diff, ticks_ms

from micropython import const

import bno085_commands
import shtp
from reports import REPORTS

_ANSWER_MS = const(200)
_PATIENCE_MS = const(1500)  # includes a boot of the chip
_QUIET_MS = const(50)  # INT high for so long: nothing more is coming
_PAUSE_MS = const(10)
_MOTIONS = const(3)
_FEATURE = const(0xFC)
_ANSWERED = const(1)
_MOVED = const(2)
_QUIET = const(4)


def rest(link, int_pin, rst_pin, until_motion):
    """Disable all reports, and enable or disable significant motion; False if the chip does not obey or INT is low.

    Before it gives up, it resets the chip and tries again.
    """
    if _rest(link, int_pin, until_motion):
        return True
    link.reset(rst_pin)
    return _rest(link, int_pin, until_motion)


def _rest(link, int_pin, until_motion):
    # The chip reports a significant motion only once; one that comes meanwhile is read, and the report enabled again.
    for report in REPORTS:
        if not _order(link, int_pin, bno085_commands.set_feature(report, 0)):
            return False
    for _ in range(_MOTIONS):
        if not _order(link, int_pin, bno085_commands.significant_motion(until_motion)):
            return False
        seen = _drain(link, int_pin, None, _PATIENCE_MS)
        if not seen & _MOVED:
            return bool(seen & _QUIET)
    return False


def _order(link, int_pin, command):
    """Send a feature command until the chip has confirmed it; False if it does not."""
    started_ms = ticks_ms()
    while ticks_diff(ticks_ms(), started_ms) < _PATIENCE_MS:
        if not link.send(shtp.CONTROL, command):
            sleep_ms(_PAUSE_MS)
        elif _drain(link, int_pin, command, _ANSWER_MS) & _ANSWERED:
            return True
    return False


def _drain(link, int_pin, command, patience_ms):
    """Read until the answer to `command` has come, or without one until INT stays high; returns what was seen."""
    seen = 0
    started_ms = read_ms = ticks_ms()
    while ticks_diff(ticks_ms(), started_ms) < patience_ms:
        if link.held or not int_pin.value():
            seen |= _read(link, command)
            if seen & _ANSWERED:
                break
            read_ms = ticks_ms()
        elif command is None and ticks_diff(ticks_ms(), read_ms) > _QUIET_MS:
            return seen | _QUIET
        else:
            sleep_ms(1)
    return seen


def _read(link, command):
    got = link.receive()
    if got == shtp.FAULT:
        sleep_ms(1)
    if got != shtp.RECEIVED:
        return 0
    if link.channel == shtp.WAKE_INPUT:
        return _MOVED
    answer = link.buffer
    at = link.start
    if command is None or link.channel != shtp.CONTROL or answer[at] != _FEATURE or answer[at + 1] != command[1]:
        return 0
    is_on = answer[at + 5] | answer[at + 6] | answer[at + 7]
    wanted = command[5] | command[6] | command[7]
    return _ANSWERED if bool(is_on) == bool(wanted) else 0
