# The samples that a driver has measured, until they are fetched, and the firmware's clock. A driver writes the values
# of the next sample at next_at() and calls complete(). Times are ticks_us until a sample is fetched. Nothing is
# allocated.

from array import array
from time import ticks_add, ticks_diff

import wire
from micropython import const

_DEPTH = const(64)
_WIDTH = const(10)
_US_PER_S = const(1000000)


class SampleQueue:
    """pop() returns samples in wire order and sets time_s, time_us and flags.

    sensor: its id, an index of wire.SENSORS. `standing_flags` are set in every sample, `next_flags` only in the next
    one. Also owns the firmware's clock, in seconds and microseconds, which does not wrap: call advance() at least every
    9 minutes.
    """

    def __init__(self, tick_us, sensor):
        self.sensor = sensor
        self.time_s = 0
        self.time_us = 0
        self.flags = 0
        self.standing_flags = 0
        self.next_flags = 0
        self.values = array("h", bytes(2 * _WIDTH * _DEPTH))
        self.now_us = tick_us  # ticks_us at _clock_s seconds and _clock_us microseconds
        self._clock_s = 1
        self._clock_us = 0
        self._acc_end, self._gyr_end = wire.SENSORS[sensor][3:5]
        self._gap_us = 0
        self._any = False  # a sample has been completed since the start, so missing ones are a gap
        self._settled = False  # timestamps are reliable, see pop
        self._count = 0
        self._first = 0
        self._last_us = 0  # time of the newest complete sample
        self._times = array("i", bytes(4 * _DEPTH))
        self._flags = bytearray(_DEPTH)

    def begin(self):
        """Start a new stream: discard the old samples; the clock continues."""
        self._count = 0
        self.standing_flags = 0
        self.next_flags = 0
        self._any = False

    def restart(self, period_us):
        """The chip now measures with this period; keeps complete samples."""
        self._gap_us = period_us * 8 // 5
        self._settled = self._count > 0

    def hold(self):
        """The next timestamps are not reliable; complete samples are."""
        self._settled = self._count > 0

    def advance(self, tick_us):
        """Advance the clock to `tick_us`; returns the step in us."""
        step_us = ticks_diff(tick_us, self.now_us)
        self._clock_us += step_us
        self.now_us = tick_us
        while self._clock_us >= _US_PER_S:
            self._clock_us -= _US_PER_S
            self._clock_s += 1
        return step_us

    def count(self):
        """Number of samples that pop() can return."""
        return self._count if self._settled else 0

    def room(self):
        """Number of samples that can be completed."""
        return _DEPTH - self._count

    def next_at(self):
        """Index in `values` of the next sample's ten values, in wire order; only while there is room."""
        return (self._first + self._count) % _DEPTH * _WIDTH

    def miss(self):
        """A sample is missing here."""
        if self._any:
            self.next_flags |= wire.FLAG_GAP

    def complete(self, tick_us, flags):
        """The values at next_at() are a sample that was measured at `tick_us`."""
        slot = (self._first + self._count) % _DEPTH
        at = slot * _WIDTH
        values = self.values
        flags |= self.standing_flags | self.next_flags
        self.next_flags = 0
        for i in range(at + 4, at + _WIDTH):
            end = self._acc_end if i < at + 7 else self._gyr_end
            if not -end < values[i] < end:
                flags |= wire.FLAG_CLIPPED
        if self._any and ticks_diff(tick_us, self._last_us) > self._gap_us:
            flags |= wire.FLAG_GAP
        self._any = True
        self._last_us = tick_us
        self._times[slot] = tick_us
        self._flags[slot] = flags
        self._count += 1

    def shift(self, late_us):
        """Move all waiting samples to an earlier time: their timestamps were too late."""
        for i in range(self._count):
            slot = (self._first + i) % _DEPTH
            self._times[slot] = ticks_add(self._times[slot], -late_us)
        self._last_us = ticks_add(self._last_us, -late_us)

    def settle(self):
        """The timestamps are reliable: two interrupts agree."""
        self._settled = True

    def pop(self, sample):
        """Copy the oldest complete sample; False if there is none.

        After a restart samples are held back until settle(), because the first interrupt may have been noticed late,
        which only later ones reveal. A sample whose time still does not increase is dropped.
        """
        while self._settled and self._count:
            slot = self._first
            flags = self._flags[slot]
            self._first = (slot + 1) % _DEPTH
            self._count -= 1
            if not self._set_time(ticks_diff(self.now_us, self._times[slot])):
                self.next_flags |= flags | wire.FLAG_GAP
                continue
            self.flags = flags
            at = slot * _WIDTH
            for i in range(_WIDTH):
                sample[i] = self.values[at + i]
            return True
        return False

    def _set_time(self, age_us):
        time_s = self._clock_s
        time_us = self._clock_us - age_us
        while time_us < 0:
            time_us += _US_PER_S
            time_s -= 1
        while time_us >= _US_PER_S:
            time_us -= _US_PER_S
            time_s += 1
        if time_s < self.time_s or (time_s == self.time_s and time_us <= self.time_us):
            return False
        self.time_s = time_s
        self.time_us = time_us
        return True
