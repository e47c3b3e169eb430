# Joins the BNO085's acceleration, quaternion and gyro reports into samples, by the times of measurement. Each sensor
# has a track of waiting reports; a gyro report becomes a sample of sample_queue.py as soon as the other two tracks
# reach its time. Nothing is allocated.

from array import array
from time import ticks_add, ticks_diff

import wire
from micropython import const

ACC = const(0)
QUAT = const(1)
GYR = const(2)

_WAIT = const(0)
_FOUND = const(1)
_MISSING = const(2)

_DEPTH = const(64)  # capacity in reports; a full cargo has at most 27 reports of a sensor
_CARGO = const(28)
_PATIENCE = const(16)  # gyro reports that wait for a silent sensor; then samples are completed without it
_SAME_US = const(300)  # reports this close count as simultaneous; timestamps have steps of 100 us


class Track:
    """The waiting reports of one sensor, oldest first, each with its time and `width` values."""

    def __init__(self, width):
        self.count = 0
        self._width = width
        self._first = 0
        self._longest_us = 0
        self._times = array("i", bytes(4 * _DEPTH))
        self._values = array("h", bytes(2 * _DEPTH * width))

    def clear(self, period_us):
        """Discard all reports; more than 1.6 periods between two reports count as a gap."""
        self.count = 0
        self._longest_us = period_us * 8 // 5

    def push(self, tick_us, buffer, offset):
        """Append the little-endian 16 bit values at `offset`; drops the oldest report if the track is full."""
        if self.count == _DEPTH:
            self.drop()
        if self.count:
            last_us = self._times[(self._first + self.count - 1) % _DEPTH]
            if ticks_diff(tick_us, last_us) <= 0:  # interrupt latency can reverse the order of two timestamps
                tick_us = ticks_add(last_us, 1)
        slot = (self._first + self.count) % _DEPTH
        self._times[slot] = tick_us
        at = slot * self._width
        for i in range(self._width):
            value = buffer[offset] | buffer[offset + 1] << 8
            self._values[at + i] = value - ((value & 0x8000) << 1)
            offset += 2
        self.count += 1

    def shift(self, late_us):
        """Move all reports to an earlier time."""
        for i in range(self.count):
            slot = (self._first + i) % _DEPTH
            self._times[slot] = ticks_add(self._times[slot], -late_us)

    def drop(self):
        """Drop the oldest report."""
        self._first = (self._first + 1) % _DEPTH
        self.count -= 1

    def time_us(self):
        """ticks_us of the oldest report."""
        return self._times[self._first]

    def copy(self, out, at):
        """Copy the oldest report's values."""
        source = self._first * self._width
        for i in range(self._width):
            out[at + i] = self._values[source + i]

    def find(self, tick_us, out, at):
        """Copy the values at a time into `out`: a report's own, else interpolated linearly between two reports."""
        while self.count > 1 and ticks_diff(self._times[(self._first + 1) % _DEPTH], tick_us) <= _SAME_US:
            self.drop()
        if not self.count:
            return _WAIT
        behind_us = ticks_diff(tick_us, self._times[self._first])
        if -_SAME_US <= behind_us <= _SAME_US:
            self.copy(out, at)
            return _FOUND
        if behind_us < 0:
            return _MISSING
        if self.count == 1:
            return _WAIT
        step_us = ticks_diff(self._times[(self._first + 1) % _DEPTH], self._times[self._first])
        if step_us > self._longest_us:
            return _MISSING
        self._blend((behind_us << 8) // (step_us >> 2 or 1), out, at)
        return _FOUND

    def _blend(self, share, out, at):
        """Interpolate between the two oldest reports, at `share` / 1024. Quaternions of opposite sign are equal."""
        width = self._width
        values = self._values
        a = self._first * width
        b = (self._first + 1) % _DEPTH * width
        sign = 1
        if width == 4:
            dot = 0
            for i in range(4):
                dot += (values[a + i] >> 2) * (values[b + i] >> 2)
            if dot < 0:
                sign = -1
        for i in range(width):
            start = values[a + i]
            out[at + i] = start + (((sign * values[b + i] - start) * share + 512) >> 10)


class SampleSync:
    """push() takes reports; join() puts complete samples into `queue`, a SampleQueue."""

    def __init__(self, queue):
        self.queue = queue
        self._tracks = Track(3), Track(4), Track(3)
        self._gyr = self._tracks[GYR]

    def restart(self, acc_us, quat_us, gyr_us):
        """The sensors now report with these periods; keeps complete samples, discards incomplete ones."""
        self._tracks[ACC].clear(acc_us)
        self._tracks[QUAT].clear(quat_us)
        self._gyr.clear(gyr_us)
        self.queue.restart(gyr_us)

    def has_room(self):
        """Whether there is room for another cargo's reports."""
        return self.queue.room() - self._gyr.count >= _CARGO

    def push(self, kind, tick_us, buffer, offset):
        """Add a report of sensor ACC, QUAT or GYR, measured at `tick_us`, with its values at `offset`."""
        self._tracks[kind].push(tick_us, buffer, offset)

    def shift(self, late_us):
        """Move all waiting reports and samples to an earlier time: their timestamps were too late."""
        for kind in range(3):
            self._tracks[kind].shift(late_us)
        self.queue.shift(late_us)

    def join(self):
        """Complete all samples whose reports have arrived."""
        gyr = self._gyr
        queue = self.queue
        values = queue.values
        while gyr.count and queue.room():
            tick_us = gyr.time_us()
            at = queue.next_at()
            acc = self._tracks[ACC].find(tick_us, values, at + 4)
            quat = self._tracks[QUAT].find(tick_us, values, at)
            if gyr.count < _PATIENCE and (acc == _WAIT or quat == _WAIT):
                return
            if acc == _FOUND:
                gyr.copy(values, at + 7)
                self._complete(values, at, tick_us, quat == _FOUND)
            else:
                queue.miss()
            gyr.drop()

    def _complete(self, values, at, tick_us, has_quat):
        if has_quat:  # the BNO085 reports i j k real, a packet has w x y z
            real = values[at + 3]
            for i in range(3):
                values[at + 3 - i] = values[at + 2 - i]
            values[at] = real
        else:
            for i in range(4):
                values[at + i] = 0
        self.queue.complete(tick_us, 0 if has_quat else wire.FLAG_NO_QUAT)
