# Driver of the ICM-45686 motion sensor (TDK): sets it up, reads its FIFO, and recovers it when it resets or is silent.
# From the data sheet DS-000489 1.1: FIFO, chapter 5; registers, chapters 16, 19 to 21. icm45686_setup.py has what is
# written to them. It has no quaternion. service() reads the bus; it waits only while the chip resets, 1 ms.

import asyncio
from time import ticks_us

import micropython
import wire
from machine import Pin
from micropython import const

import icm45686_setup as setup
from fifo_clock import FifoClock
from sample_queue import SampleQueue

_OFF = const(0)
_RUN = const(1)
_LOST = const(2)  # no answer after several attempts; tried again from time to time

_SILENCE_US = const(400000)  # without a frame: set up again. After a start the gyro takes 35 to 60 ms
_RETRY_US = const(5000000)
_TRIES = const(3)  # set-ups without a frame before the sensor counts as lost
_LONGEST_STEP_US = const(100000)  # a longer time between calls of service() is not counted as the chip's silence
_START_MS = const(20)

_FIFO_COUNT = const(0x12)
_FIFO_DATA = const(0x14)
_INT1_STATUS0 = const(0x19)
_RESET_DONE = const(0x80)

_FRAME = const(20)
_BURST = const(12)  # frames in one transfer
_MOST_FRAMES = const(404)  # that 8 kB hold, less some that come meanwhile
_HEADER = const(0x78)  # of a frame with 20 bit values and a time stamp; the two low bits say that the rate has changed
_HEADER_MASK = const(0xFC)
_LEFT = const(1)  # frames that stay in the FIFO: the newest may be incomplete (AN-000364)


@micropython.viper
def _convert(frame: ptr8, at: int, values: ptr16, to: int) -> int:
    # A frame's 20 bit values in the wire's scales: 19 bits of 8192 in a g, 20 bits of 131.072 in a deg/s (chapter 5).
    # Both products fit 32 bits. Returns 1 if an axis reads -2^19: there was no data yet.
    axis = 0
    found = 0
    while axis < 6:
        low = at + 1 + 2 * axis
        nibbles = int(frame[at + 17 + axis % 3])
        nibble = nibbles >> 4 if axis < 3 else nibbles & 0xF
        value = int(frame[low]) << 4 | int(frame[low + 1]) << 12 | nibble
        value -= (value & 0x80000) << 1
        if value == -0x80000:
            found = 1
        if axis < 3:  # noqa: SIM108
            value = ((value >> 1) * 5021 + 16384) >> 15  # 128 x 9.80665 / 8192 in 1/32768
        else:
            value = (value * 2234 + 8192) >> 14  # 1024 x pi / 180 / 131.072 in 1/16384
        if value > 32767:
            value = 32767
        elif value < -32767:
            value = -32767
        values[to + axis] = value
        axis += 1
    return found


class Icm45686:
    """One ICM-45686 on `bus` (registers.py), with its INT1 pin. CONTRIBUTING.md explains what a driver must give."""

    name = "ICM-45686"

    def __init__(self, bus, int_pin):
        self.ready = asyncio.ThreadSafeFlag()
        self.resets = 0
        self.present = False
        self.version = None  # the chip has none
        self.errors = 0
        self._bus = bus
        self._int = int_pin
        self._edge_us = ticks_us()  # last falling edge of INT
        self._edges = self._edges_seen = 0
        self.samples = SampleQueue(self._edge_us, wire.SENSOR_ICM45686)
        self._clock = FifoClock(self.samples)
        self._state = _OFF
        self._rate_hz = 0
        self._patience_us = 0
        self._tries = 0  # set-ups since the last frame
        frames = memoryview(bytearray(_BURST * _FRAME))
        self._bursts = [frames[: count * _FRAME] for count in range(_BURST + 1)]
        self._count = bytearray(2)
        self._status = bytearray(1)
        int_pin.irq(self._on_int, Pin.IRQ_FALLING)

    async def start(self, rate_hz):
        """Reset the chip and start measuring. Returns the granted rate in 1/1000 Hz, 0 without an answer."""
        self._tries = 0
        self._rate_hz = rate_hz
        self.samples.begin()
        while not self._set_up():
            if self._state == _LOST:
                self._state = _OFF
                return 0
            await asyncio.sleep_ms(_START_MS)
        self.resets = 0
        return 1000 * rate_hz

    def stop(self):
        """Stop measuring; the chip sleeps."""
        if self._state != _OFF:
            self._state = _OFF
            setup.sleep(self._bus)

    def calibrate(self, on):
        """Nothing to do: the chip does not calibrate itself."""

    def rest(self, until_motion):
        """Put the chip to sleep; until_motion: its interrupt wakes the board.

        False: the chip does not obey, or INT is low, so that INT cannot wake the board.
        """
        import icm45686_rest  # here, as it is needed once, when the rest of the clip has stopped and memory is free

        self._state = _OFF
        return icm45686_rest.rest(self._bus, self._int, until_motion)

    def service(self):
        """Read all frames that the chip has measured; returns the number of complete samples waiting."""
        step_us = min(self.samples.advance(ticks_us()), _LONGEST_STEP_US)
        if self._state == _OFF:
            return 0
        low = not self._int.value()  # frames wait. After its own reset the chip only pulses INT
        called = low or self._edges != self._edges_seen
        if called and self._state == _RUN and self.samples.room() > _BURST:
            try:
                self._read(low)
            except OSError:  # the bus failed; if that lasts, the chip is silent
                self.errors += 1
        self._patience_us -= step_us
        if self._patience_us < 0:
            if self._state == _RUN:
                self._mark_break()
            self._set_up()
        return self.samples.count()

    def _on_int(self, _pin):
        self._edge_us = ticks_us()
        self._edges = (self._edges + 1) & 0xFFFF
        self.ready.set()

    def _read(self, low):
        # Not low: the edge is that of a pulse. No new edge: its handler has not run yet.
        edge_us = self._edge_us if low and self._edges != self._edges_seen else None
        self._edges_seen = self._edges
        self._bus.read(_FIFO_COUNT, self._count)
        count = self._count[0] | self._count[1] << 8
        if count > _MOST_FRAMES:  # it overflows, or is no chip
            self._drop_all()
        else:
            self._read_frames(count - _LEFT, edge_us, ticks_us())
        self._bus.read(_INT1_STATUS0, self._status)  # INT is released
        if self._status[0] & _RESET_DONE:
            self._mark_break()
            self._set_up()

    def _read_frames(self, waiting, edge_us, counted_us):
        count = min(waiting, self.samples.room())
        all_read = count == waiting > 0
        first = True
        while count > 0:
            size = min(count, _BURST)
            frames = self._bursts[size]
            self._bus.read(_FIFO_DATA, frames)
            for number in range(size):
                at = number * _FRAME
                if frames[at] & _HEADER_MASK != _HEADER:
                    self._drop_all()
                    return
                self._take(frames, at, edge_us if first else None)
                first = False
            count -= size
        if all_read:
            self._clock.bound(counted_us)

    def _take(self, frames, at, edge_us):
        samples = self.samples
        values = samples.values
        to = samples.next_at()
        clock = self._clock
        if clock.take(frames[at + 15] | frames[at + 16] << 8, edge_us):
            samples.miss()
        if _convert(frames, at, values, to + 4):
            return  # the gyro has not started
        for i in range(4):
            values[to + i] = 0
        samples.complete(clock.frame_us, wire.FLAG_NO_QUAT)
        self._patience_us = _SILENCE_US
        self._tries = 0

    def _drop_all(self):
        """Empty the FIFO: what is in it cannot be read."""
        self.errors += 1
        setup.flush(self._bus)
        self._clock.forget()
        self.samples.miss()

    def _mark_break(self):
        """Count an interruption of the stream and flag it in the next sample."""
        self.resets += 1
        self.samples.next_flags |= wire.FLAG_RESET | wire.FLAG_GAP

    def _set_up(self):
        """Reset the chip and start measuring; False if it does not answer."""
        period_us = 1000000 // self._rate_hz
        self._tries += 1
        if self._tries > _TRIES:
            self.present = False
            self._state = _LOST
            self._tries = 0
            self._patience_us = _RETRY_US
            return False
        self._state = _RUN
        self._patience_us = _SILENCE_US
        try:
            if not setup.start(self._bus, self._rate_hz):
                return False
        except OSError:
            return False
        self._clock.restart(period_us)
        self.samples.restart(period_us)
        self.present = True
        return True
