# MicroPython's `machine` for the virtual clip: pins and buses become messages to bus_server.py (UNTUCK_BUS_PORT).
# One request per write and one answer per transaction; edges of the interrupt line come in between, with their time.
# deepsleep() returns at once, as a restart, where a wake-up pin has its level already; else the process ends "asleep".
# UNTUCK_PAUSE "every:us": a pause before one of so many interrupts is handled, like a garbage collection.
# Only what the firmware uses. Transfers and levels allocate nothing, to measure the firmware's own allocations.

import os
import socket
import time

import uselect
import utime

_HEAD = bytearray(4)
_STAMP = bytearray(8)
_REQUEST = bytearray(4 + 304)
_REST = b"B\0\0\0"
_REST_EVERY_US = 2000
_poll = uselect.poll()
_socket = None
_levels = {}  # of input pins
_handlers = {}  # pin number: (handler, pin, trigger)
_int_pin = None
_listener = None
_pause_every, _pause_us = [int(part) for part in (os.getenv("UNTUCK_PAUSE") or "0:0").split(":")]
_interrupts = 0
_reading = False
_rested_us = 0
_FALL_ASLEEP_MS = 200  # what asserts itself in deep sleep does so within this time


def _open():
    global _socket
    if _socket is None:
        _socket = socket.socket()
        _socket.connect(socket.getaddrinfo("127.0.0.1", int(os.getenv("UNTUCK_BUS_PORT")))[0][-1])
        _socket.setsockopt(6, 1, 1)  # TCP_NODELAY
        _poll.register(_socket, uselect.POLLIN)
        time.idle = _wait
        time.rest = _rest


def _rest():
    """Tell the bus server that the firmware has done all that was due: time may go on."""
    global _rested_us
    now_us = utime.ticks_us()
    if now_us - _rested_us >= _REST_EVERY_US and not _reading:
        _rested_us = now_us
        _socket.write(_REST)


def _read(buffer):
    if _socket.readinto(buffer) != len(buffer):
        raise SystemExit("the bus server is gone")


def _edge():
    """Read the rest of an edge message; run its handler at the edge's own time, or after a pause."""
    global _interrupts
    _read(_STAMP)
    level = _HEAD[1]
    number = _HEAD[2] | _HEAD[3] << 8
    if number:  # another pin than the interrupt
        _levels[number] = level
        return
    _levels[_int_pin] = level
    entry = _handlers.get(_int_pin)
    if entry and entry[2] & (Pin.IRQ_RISING if level else Pin.IRQ_FALLING):
        stamp = 0
        for i in range(7, -1, -1):
            stamp = stamp << 8 | _STAMP[i]
        _interrupts += 1
        if _pause_every and _interrupts % _pause_every == 0:
            stamp += _pause_us
            while time.now_us() < stamp:  # the pause is meant: time goes on
                _socket.write(_REST)
                utime.sleep_us(1000)
        time.interrupt_us = stamp
        try:
            entry[0](entry[1])
        finally:
            time.interrupt_us = -1


def _wait(timeout_ms):
    """Handle one edge if it comes within `timeout_ms` of real time; returns whether one came."""
    global _reading
    came = False
    if _reading:  # a handler reads a pin's level
        return came
    for _ in _poll.ipoll(timeout_ms):
        came = _reading = True
        _read(_HEAD)
        _edge()
        _reading = False
    return came


def _drain():
    while _wait(0):
        pass


def _send(operation, argument, number, data=None):
    _open()
    _REQUEST[0] = operation
    _REQUEST[1] = argument
    _REQUEST[2] = number & 0xFF
    _REQUEST[3] = number >> 8
    size = 4
    if operation in (87, 88):  # a write; without data it writes zeros
        for i in range(number):
            _REQUEST[4 + i] = data[i] if data else 0
        size += number
    _socket.write(_REQUEST, size)


def _answer(buffer):
    """Wait for a transaction's answer, read its data into `buffer`. Raises OSError with the chip's status."""
    global _reading
    _reading = True
    try:
        while True:
            _read(_HEAD)
            if _HEAD[0] == 65:
                break
            _edge()
        if _HEAD[1]:
            raise OSError(_HEAD[1])
        if buffer is not None:
            _read(buffer)
    finally:
        _reading = False


def _listen():
    import asyncio.core

    while True:
        yield asyncio.core._io_queue.queue_read(_socket)
        _drain()


def reset():
    raise SystemExit("reset")


class PWM:
    def __init__(self, pin, freq, duty_u16):
        self._pin = pin

    def freq(self, hz):
        self._hz = hz

    def duty_u16(self, duty):
        _send(80, self._pin._number, self._hz if duty else 0)


class ADC:
    def __init__(self, pin):
        pass

    def read_uv(self):
        return int(os.getenv("UNTUCK_CELL_UV") or 1950000)


def deepsleep():
    import esp32

    _send(83, 0, 1 if esp32.deep_hold else 0)
    time.sleep_ms(_FALL_ASLEEP_MS)
    for pin in esp32.wake_pins:
        if not pin.value():
            raise SystemExit("woken at once by pin %d" % pin._number)
    raise SystemExit("asleep")


class RTC:
    def datetime(self, _):
        """The machine's clock runs already."""


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, number, mode=-1, pull=-1, value=None, hold=None):
        self._number = number
        self._level = 1
        self._out = mode == Pin.OUT
        if mode == Pin.IN:
            _levels.setdefault(number, 1)
        if value is not None:
            self.value(value)
        if hold is not None:
            _send(72, number, 1 if hold else 0)

    def value(self, level=None):
        if level is not None:
            self._level = level
            _send(80, self._number, level)
        elif not self._out:
            _drain()
            return _levels[self._number]
        else:
            return self._level

    def irq(self, handler, trigger):
        global _int_pin, _listener
        _open()
        _int_pin = self._number
        _handlers[self._number] = (handler, self, trigger)
        if not _listener:
            import asyncio

            _listener = asyncio.create_task(_listen())


class I2C:
    def __init__(self, number, scl, sda, freq, timeout):
        pass

    def readfrom_into(self, address, buffer):
        _send(82, address, len(buffer))
        _answer(buffer)

    def writeto(self, address, data, stop=True):
        _send(87, address, len(data), data)
        _answer(None)
        return len(data)


class SPI:
    def __init__(self, number, baudrate, polarity, phase, sck, mosi, miso):
        if not polarity or not phase:
            raise ValueError("the sensors speak SPI mode 3")

    def readinto(self, buffer, write=0):
        _send(88, 0, len(buffer))
        _answer(buffer)

    def write_readinto(self, data, buffer):
        _send(88, 0, len(data), data)
        _answer(buffer)
