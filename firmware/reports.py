# Parses the BNO085's input cargos into reports, computes when each was measured, and passes it to SampleSync. A
# report's time is the interrupt's time, minus the cargo's base timestamp, plus the report's delay. While the
# interpreter is busy (a garbage collection takes 2 to 290 ms) an interrupt is noticed late, never early; this is
# detected from the even spacing of the reports and corrected. Owns report layouts and timestamps.

from array import array
from time import ticks_add, ticks_diff

from micropython import const

from sample_sync import ACC, GYR, QUAT
from shtp import ROOM

_REBASE = const(0xFA)
_BASE = const(0xFB)
_ACC_REPORT = const(0x01)
_GYR_REPORT = const(0x02)
_QUAT_REPORT = const(0x08)
REPORTS = bytes((_ACC_REPORT, _QUAT_REPORT, _GYR_REPORT))  # in the order of ACC, QUAT, GYR
# Bytes in each report. An unknown report ends the parsing of its cargo, as the start of the next one is unknown.
_LENGTHS = {
    0x01: 10,
    0x02: 10,
    0x03: 10,
    0x04: 10,
    0x05: 14,
    0x06: 10,
    0x08: 12,
    0x10: 5,
    0x11: 12,
    0x13: 6,
    0x18: 8,
    0x28: 14,
    0x29: 12,
    _REBASE: 5,
    _BASE: 5,
}

_STEP_US = const(100)  # unit of the chip's timestamps
_OLDEST_STEPS = const(600000)  # a base timestamp of more than a minute is invalid
_LATE_US = const(1000)  # an interrupt later than the spacing predicts by this much was noticed late
_ODD_CARGOS = const(8)  # this many in a row: the assumed spacing is wrong
_LONGEST_PERIOD_US = const(100000)
_LONGEST_RUN = const(64)  # sequence numbers from one report to the next; beyond that the spacing is not used
_FINER = const(6)  # fraction bits of the measured period in us


class Reports:
    """`errors` counts cargos that could not be parsed completely; `listening`: reports are passed to `sync`."""

    def __init__(self, sync):
        self.errors = 0
        self.listening = False
        self._sync = sync
        self._newest_us = 0  # measurement time of the newest report
        self._silence_us = array("i", bytes(12))  # time since each sensor's last report
        self._heard = 0  # one bit for each sensor that has reported since the restart
        self._cargo_us = 0  # time of the interrupt of the current cargo
        self._reference = 0  # the cargo's base timestamp relative to it, in steps
        self._unchecked = False  # the cargo's first report has not been parsed
        self._odd = 0  # cargos in a row that do not match the spacing
        self._carry = bytearray(ROOM)
        self._carried = 0
        self._known = bytearray(3)  # 1: there is an earlier report to compare with
        self._sequence = bytearray(3)
        self._last_us = array("i", bytes(12))
        self._period = array("i", bytes(12))

    def restart(self, acc_us, quat_us, gyr_us):
        """The sensors now report with these periods."""
        self._sync.restart(acc_us, quat_us, gyr_us)
        self._period[ACC] = acc_us << _FINER
        self._period[QUAT] = quat_us << _FINER
        self._period[GYR] = gyr_us << _FINER
        for kind in range(3):
            self._known[kind] = 0
            self._silence_us[kind] = 0
        self._heard = 0
        self._newest_us = self._sync.queue.now_us
        self._carried = self._odd = 0
        self.listening = True

    def has_backlog(self, now_us):
        """Whether reports are probably waiting in the chip."""
        return self.listening and ticks_diff(now_us, self._newest_us) > self._period[GYR] >> (_FINER - 1)

    def silence(self, step_us):
        """Add `step_us` to each sensor's silence; returns the longest."""
        longest_us = 0
        for kind in range(3):
            silence_us = self._silence_us[kind] + step_us
            self._silence_us[kind] = silence_us
            if silence_us > longest_us:
                longest_us = silence_us
        return longest_us

    def all_heard(self):
        """Whether every sensor has reported since the restart."""
        return self._heard == 7

    def begin_cargo(self, interrupt_us):
        """Start a cargo that an interrupt announced at that time."""
        self._cargo_us = interrupt_us
        self._unchecked = True

    def parse(self, buffer, at, end, continued):
        """Parse a cargo or a fragment of one: the bytes of buffer[at:end]."""
        if continued:
            at -= self._carried
            for i in range(self._carried):
                buffer[at + i] = self._carry[i]
        else:
            self._reference = 0
            if self._carried:
                self.errors += 1
        self._carried = 0
        while at < end:
            report = buffer[at]
            size = _LENGTHS.get(report, 0)
            if not size:
                self.errors += 1
                return
            if at + size > end:
                self._carry_over(buffer, at, end)
                return
            if report < _REBASE:
                self._take_report(report, buffer, at)
            elif not self._take_base(report, buffer, at):
                self.errors += 1
                return
            at += size

    def _carry_over(self, buffer, at, end):
        self._carried = end - at
        for i in range(self._carried):
            self._carry[i] = buffer[at + i]

    def _take_base(self, report, buffer, at):
        steps = buffer[at + 1] | buffer[at + 2] << 8 | buffer[at + 3] << 16
        if buffer[at + 4] == 0xFF:
            steps -= 0x1000000
        elif buffer[at + 4]:
            return False
        reference = -steps if report == _BASE else self._reference + steps
        if not -_OLDEST_STEPS < reference < _OLDEST_STEPS:
            return False  # nor is it used for the cargo's next fragment: ticks_add would raise an OverflowError
        self._reference = reference
        return True

    def _take_report(self, report, buffer, at):
        if report == _GYR_REPORT:
            kind = GYR
        elif report == _ACC_REPORT:
            kind = ACC
        elif report == _QUAT_REPORT:
            kind = QUAT
        else:
            return
        self._silence_us[kind] = 0
        self._heard |= 1 << kind
        if not self.listening:
            return
        steps = self._reference + (((buffer[at + 2] & 0xFC) << 6) | buffer[at + 3])
        sequence = buffer[at + 1]
        tick_us = ticks_add(self._cargo_us, steps * _STEP_US)
        if self._unchecked:  # only the first report: the others share its timestamp
            self._unchecked = False
            if self._known[kind]:
                tick_us = ticks_add(tick_us, -self._check(kind, sequence, tick_us))
        self._known[kind] = 1
        self._sequence[kind] = sequence
        self._last_us[kind] = tick_us
        self._newest_us = tick_us
        self._sync.push(kind, tick_us, buffer, at + 4)

    def _check(self, kind, sequence, tick_us):
        """How late this cargo's interrupt was noticed. If earlier ones were late instead, their samples are moved."""
        run = (sequence - self._sequence[kind]) & 0xFF
        if not 0 < run <= _LONGEST_RUN:
            return 0
        step_us = ticks_diff(tick_us, self._last_us[kind])
        late_us = step_us - (run * self._period[kind] >> _FINER)
        if -_LATE_US <= late_us <= _LATE_US:
            self._odd = 0
            self._period[kind] += ((step_us << _FINER) // run - self._period[kind]) >> _FINER
            self._sync.queue.settle()
            return 0
        self._odd += 1
        if self._odd == _ODD_CARGOS:
            self._odd = 0
            if 0 < step_us < run * _LONGEST_PERIOD_US:
                self._period[kind] = (step_us << _FINER) // run
            return 0
        if late_us > 0:
            self._cargo_us = ticks_add(self._cargo_us, -late_us)
            return late_us
        self._sync.shift(-late_us)
        for other in range(3):
            self._last_us[other] = ticks_add(self._last_us[other], late_us)
        return 0
