# Driver of the BNO085 motion sensor: sets it up, reads every report, and recovers it when it resets or hangs. service()
# reads the bus and advances a state machine; it does not wait, except for the chip to wake up before a command on SPI.
# reports.py parses the measurements, bno085_commands.py has the commands.

import asyncio
from time import ticks_diff, ticks_us

import wire
from machine import Pin
from micropython import const

import bno085_commands
import shtp
from reports import REPORTS, Reports
from sample_queue import SampleQueue
from sample_sync import ACC, GYR, QUAT, SampleSync

_OFF = const(0)
_BOOT = const(1)  # in reset; the chip reports when it has started
_ASK = const(2)  # product id requested
_SETUP = const(3)  # calibration and reports are being configured
_RUN = const(4)
_LOST = const(5)  # no answer after several resets; retried from time to time

_BOOT_US = const(1000000)
_ANSWER_US = const(500000)
_DOUBT_US = const(350000)  # a sensor without a report for so long: ask the chip whether its reports are enabled
_SILENCE_US = const(1000000)  # after this, enable the reports again, whatever the chip answers
_RETRY_US = const(5000000)
_TRIES = const(2)  # resets before the sensor counts as lost
_FAULTS = const(8)  # failed transfers in a row, and
_HUNG_US = const(200000)  # for so long: the bus hangs. A few failures are usual on I2C: the chip stretches the clock
_LONGEST_STEP_US = const(100000)  # a longer time between calls of service() is not counted as the chip's silence
_TURNS = const(64)  # maximum transfers in one service()
_AGAIN_US = const(2000)  # from the start of a transfer to the next interrupt, if the chip has a backlog

_PRODUCT_ID = const(0xF8)
_FEATURE = const(0xFC)
_COMMAND_RESPONSE = const(0xF1)
_RESET_DONE = const(1)  # on the executable channel
_ANSWER_LENGTHS = {_COMMAND_RESPONSE: 16, _PRODUCT_ID: 16, _FEATURE: 17}


class Bno085:
    """One BNO085 on a link of shtp.py, with its interrupt and reset pins.

    Call service() at least every 100 ms, ideally when the interrupt has set `ready`, and while the sensor is off at
    least every 9 min, for its clock; then call samples.pop() until it
    returns False. After a long pause repeat this while service() returns samples.
    resets: how often the chip was set up again since start(). present: False while the chip does not answer. version:
    (major, minor, patch) of the chip's software.
    """

    name = "BNO085"

    def __init__(self, link, int_pin, rst_pin):
        self.ready = asyncio.ThreadSafeFlag()
        self.resets = 0
        self.present = False
        self.version = None
        self._shtp = shtp.Shtp(link)
        self._int = int_pin
        self._rst = rst_pin
        self._edge_us = ticks_us()  # last falling edge of INT
        self._read_us = self._edge_us  # start of the last transfer
        self.samples = SampleQueue(self._edge_us, wire.SENSOR_BNO085)
        self._sync = SampleSync(self.samples)
        self._reports = Reports(self._sync)
        self._state = _OFF
        self._patience_us = 0  # time left for an answer
        self._tries = 0  # resets since all sensors last reported
        self._silent = False  # set up again because of silence; not all sensors have reported since
        self._doubting = False  # asked whether the reports are enabled; none received since
        self._step = 0  # next command of the set-up
        self._command_seq = 0
        self._calibrating = False  # last requested of the chip
        self._faults = 0
        self._fault_us = 0  # the interrupt before the first of them
        self._probing = False  # the version is all that is asked
        self._asked_us = 0
        self._granted_us = [0, 0, 0]
        int_pin.irq(self._on_int, Pin.IRQ_FALLING)

    @property
    def errors(self):
        """Number of cargos that could not be parsed completely."""
        return self._reports.errors

    async def start(self, rate_hz):
        """Reset the chip and enable its reports. Returns the granted rate in 1/1000 Hz, 0 without an answer."""
        self._tries = 0
        self._silent = False
        self._asked_us = 1000000 // rate_hz
        self.samples.begin()
        self._reset_chip()
        while self._state != _RUN and self._state != _LOST:
            await asyncio.sleep_ms(2)
            self.service()
        if self._state == _LOST:
            self._state = _OFF
            return 0
        self.resets = 0
        return 1000000000 // self._granted_us[GYR]

    async def probe(self):
        """Reset the chip and ask for its version; enables no report. Returns whether it answers."""
        self._tries = 0
        self._probing = True
        self._reset_chip()
        while self._state != _OFF and self._state != _LOST:
            await asyncio.sleep_ms(2)
            self.service()
        answers = self._state == _OFF
        self._state = _OFF
        self._probing = False
        return answers

    def stop(self):
        """Disable the reports; the chip sleeps."""
        if self._state != _OFF:
            for kind in (ACC, QUAT, GYR):
                if not self._send_feature(kind, 0):
                    self._send_feature(kind, 0)
            self._state = _OFF

    def calibrate(self, on):
        """Switch the accelerometer's calibration on or off; running would disturb it."""
        if self._state == _RUN and on != self._calibrating:
            self._send_calibration(on)

    def rest(self, until_motion):
        """Disable all reports; until_motion: enable significant motion, whose interrupt wakes the board.

        False: the chip does not obey, or INT is low, so that INT cannot wake the board.
        """
        import bno085_rest  # here, as it is needed once, when the rest of the clip has stopped and memory is free

        self._state = _OFF
        return bno085_rest.rest(self._shtp, self._int, self._rst, until_motion)

    def service(self):
        """Read all that the chip has sent; returns the number of complete samples waiting."""
        step_us = min(self.samples.advance(ticks_us()), _LONGEST_STEP_US)
        if self._state == _OFF:
            return 0
        link = self._shtp
        for _ in range(_TURNS):
            if not self._sync.has_room() or not (link.held or self._has_data()) or not self._read():
                break
        self._supervise(step_us)
        return self.samples.count()

    def _on_int(self, _pin):
        self._edge_us = ticks_us()
        self.ready.set()

    def _has_data(self):
        """Whether the chip requests a transfer. With a backlog, wait shortly for its next request."""
        while self._int.value():
            now_us = ticks_us()
            if ticks_diff(now_us, self._read_us) > _AGAIN_US or not self._reports.has_backlog(now_us):
                return False
        return True

    def _read(self):
        link = self._shtp
        edge_us = self._edge_us
        if ticks_diff(edge_us, self._read_us) <= 0:  # the interrupt's handler has not run yet
            edge_us = ticks_us()
        lost = link.lost
        got = link.receive()
        self._read_us = link.begun_us()
        if link.lost != lost and link.channel == shtp.INPUT:
            self.samples.next_flags |= wire.FLAG_GAP
        if got == shtp.FAULT:
            if not self._faults:
                self._fault_us = edge_us
            self._faults += 1
        else:
            self._faults = 0
        if got != shtp.RECEIVED:
            return got == shtp.DROPPED
        if link.channel == shtp.INPUT:
            if not link.continued:
                self._reports.begin_cargo(self._fault_us if link.repeated else edge_us)
            self._reports.parse(link.buffer, link.start, link.end, link.continued)
            self._sync.join()
        elif link.channel == shtp.CONTROL:
            self._take_control()
        elif link.channel == shtp.EXECUTABLE and link.end > link.start and link.buffer[link.start] == _RESET_DONE:
            self._chip_is_up()
        return True

    def _take_control(self):
        link = self._shtp
        buffer = link.buffer
        at = link.start
        while at < link.end:
            report = buffer[at]
            size = _ANSWER_LENGTHS.get(report, 0)
            if not size or at + size > link.end:
                self._reports.errors += 1
                return
            if report == _PRODUCT_ID and self._state == _ASK:
                self.version = buffer[at + 2], buffer[at + 3], buffer[at + 12] | buffer[at + 13] << 8
                if self._probing:
                    self._state = _OFF
                else:
                    self._set_up()
            elif report == _FEATURE:
                self._take_feature(buffer, at)
            elif report == _COMMAND_RESPONSE and buffer[at + 2] == bno085_commands.CALIBRATION and buffer[at + 5] == 0:
                self.samples.standing_flags = wire.FLAG_CALIBRATING if self._calibrating else 0
            at += size

    def _take_feature(self, buffer, at):
        period_us = buffer[at + 5] | buffer[at + 6] << 8 | buffer[at + 7] << 16
        for kind in (ACC, QUAT, GYR):
            if REPORTS[kind] == buffer[at + 1]:
                self._granted_us[kind] = period_us
        if self._doubting and self._state == _RUN and not period_us:
            self._mark_break()
            self._set_up()
        elif self._state == _SETUP and self._granted_us[ACC] and self._granted_us[QUAT] and self._granted_us[GYR]:
            self._reports.restart(self._granted_us[ACC], self._granted_us[QUAT], self._granted_us[GYR])
            self.present = True
            self._state = _RUN

    def _supervise(self, step_us):
        """Send the next command of the set-up; react to faults, silence and missing answers."""
        if self._state == _SETUP and self._step < 4 and not self._shtp.held:
            self._send_step()
        elif self._state == _ASK and self._step < 1 and not self._shtp.held:
            self._step = self._shtp.send(shtp.CONTROL, bno085_commands.product_id_request())
        if self._faults >= _FAULTS and ticks_diff(self.samples.now_us, self._fault_us) > _HUNG_US:
            self._recover()
        elif self._state == _RUN:
            self._check_silence(step_us)
        else:
            self._patience_us -= step_us
            if self._patience_us < 0:
                self._recover()

    def _check_silence(self, step_us):
        """If an enabled sensor is silent, enable the reports again; if that does not help, reset the chip."""
        silence_us = self._reports.silence(step_us)
        if silence_us > _SILENCE_US:
            if self._silent:
                self._recover()
            else:
                self._silent = True
                self._mark_break()
                self._set_up()
        elif silence_us > _DOUBT_US:
            if not self._doubting:
                self._doubting = self._shtp.send(shtp.CONTROL, bno085_commands.ask_feature(REPORTS[GYR]))
        elif self._reports.all_heard():
            self._doubting = False
            self._silent = False
            self._tries = 0

    def _recover(self):
        """The bus hangs or an answer is missing: reset the chip, or wait before the next attempt."""
        self._faults = 0
        if self._state == _RUN:
            self._mark_break()
        self._tries += 1
        if self._tries > _TRIES:
            self.present = False
            self._state = _LOST
            self._tries = 0
            self._patience_us = _RETRY_US
        else:
            self._reset_chip()

    def _mark_break(self):
        """Count an interruption of the stream and flag it in the next sample."""
        self.resets += 1
        self.samples.next_flags |= wire.FLAG_RESET | wire.FLAG_GAP

    def _reset_chip(self):
        self._shtp.reset(self._rst)
        self._faults = 0
        self._enter(_BOOT, _BOOT_US)

    def _chip_is_up(self):
        """The chip has restarted: its reports are disabled and its calibration is enabled again."""
        if self._state == _RUN:
            self._mark_break()
        self._shtp.restart()
        self._enter(_ASK, _ANSWER_US)

    def _set_up(self):
        """Disable the accelerometer's calibration, which running would disturb; then enable the reports."""
        self.samples.standing_flags = wire.FLAG_CALIBRATING
        for kind in range(3):
            self._granted_us[kind] = 0
        self._enter(_SETUP, _ANSWER_US)

    def _enter(self, state, patience_us):
        self._state = state
        self._reports.listening = False
        self._doubting = False
        self._step = 0
        self._patience_us = patience_us

    def _send_step(self):
        step = self._step
        if self._send_feature(step - 1, self._asked_us) if step else self._send_calibration(False):
            self._step += 1

    def _send_calibration(self, accelerometer):
        command = bno085_commands.calibrate(self._command_seq, accelerometer)
        self._command_seq = (self._command_seq + 1) & 0xFF
        sent = self._shtp.send(shtp.CONTROL, command)
        if sent:
            self._calibrating = accelerometer
        return sent

    def _send_feature(self, kind, period_us):
        return self._shtp.send(shtp.CONTROL, bno085_commands.set_feature(REPORTS[kind], period_us))
